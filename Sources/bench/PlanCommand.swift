// bench plan: what an experiment will cost, before anything runs.
import ArgumentParser
import Experiments
import Foundation
import Results
import Specs
import Verdicts

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "List an experiment's runs with parameters, MACs, memory and time; run nothing.",
    discussion: """
      The time is estimated from a few training steps and a pass over test images of each variant; \
      what the database has already is not counted. MACs are multiply-adds of one image's forward \
      pass. The spec is checked as by `bench run`.

      For each claim of the spec it is said how many seeds have 80 % power to decide it: at the \
      reference's difference, with the spread of the seeds that have run already, if any.
      """)

  @OptionGroup var experiment: ExperimentOptions

  @Flag(
    inversion: .prefixedNo,
    help: "Measure a few training steps of each variant for the time.")
  var calibration = true

  @Option(
    help: ArgumentHelp(
      "Say what fits into this time, such as 8h, 90m or 1h30m; seeds are dropped last.",
      valueName: "time"))
  var budget: TimeSpan?

  @OptionGroup var database: DatabaseOptions

  func validate() throws {
    if budget != nil, !calibration {
      throw ValidationError("--budget needs the times that --no-calibration leaves out.")
    }
    if let budget, budget.seconds == 0 {
      throw ValidationError("Nothing fits into no time; give --budget some, such as 8h.")
    }
  }

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
    let claims = chosen.spec.claims(of: chosen.allVariants)
    print(PowerText.text(try power(chosen, claims)), terminator: "")
    if let budget, let part = BudgetPlan(plan, claims: claims, budget: budget.seconds) {
      print(PowerText.text(part, of: plan, claims: claims), terminator: "")
    }
  }

  /// The power of the claims, with the spread of what has run.
  private func power(
    _ chosen: ExperimentOptions.Chosen, _ claims: [Claim]
  ) throws -> PowerPlan {
    var finals: [FinalValue] = []
    if FileManager.default.fileExists(atPath: database.path) {
      finals = try endingOnBadInput { () throws(ResultsError) in
        try ResultsReader(path: database.path).finals(experiment: chosen.spec.name)
      }
      finals += ErrorGap.finals(finals)
    }
    return PowerPlan(claims, seeds: chosen.seeds.count) { metric, variant in
      finals.filter {
        $0.metric == metric.name && $0.key.variant == variant && $0.status == .complete
      }.map(\.value)
    }
  }

  /// What the database, if there is one, has of the experiment.
  private func states(of experiment: String) throws -> [AttemptState] {
    guard FileManager.default.fileExists(atPath: database.path) else { return [] }
    return try endingOnBadInput { () throws(ResultsError) in
      try ResultsReader(path: database.path).attemptStates(experiment: experiment)
    }
  }
}
