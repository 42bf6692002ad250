// bench plan: what an experiment will cost, before anything runs.
import ArgumentParser
import Experiments
import Foundation
import Results

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "List an experiment's runs with parameters, MACs, memory and time; run nothing.",
    discussion: """
      The time is estimated from a few training steps and a pass over test images of each variant; \
      what the database has already is not counted. MACs are multiply-adds of one image's forward \
      pass. The spec is checked as by `bench run`.
      """)

  @OptionGroup var experiment: ExperimentOptions

  @Flag(
    inversion: .prefixedNo,
    help: "Measure a few training steps of each variant for the time.")
  var calibration = true

  @OptionGroup var database: DatabaseOptions

  func run() throws {
    let chosen = try experiment.load()
    let services = RunServices.make()
    let states = try states(of: chosen.spec.name)
    let plan = try endingOnBadInput { () throws(ExperimentError) in
      try ExperimentPlan(
        experiment: chosen.spec.name, variants: chosen.variants, seeds: chosen.seeds,
        share: chosen.share, states: states, costs: services.costs, calibrates: calibration)
    }
    print(PlanText.text(plan, spec: chosen.spec, share: chosen.share), terminator: "")
    for warning in plan.warnings { printError("warning: \(warning)") }
    for problem in plan.memoryProblems { print("Does not fit: \(problem)") }
  }

  /// What the database, if there is one, has of the experiment.
  private func states(of experiment: String) throws -> [AttemptState] {
    guard FileManager.default.fileExists(atPath: database.path) else { return [] }
    return try endingOnBadInput { () throws(ResultsError) in
      try ResultsReader(path: database.path).attemptStates(experiment: experiment)
    }
  }
}
