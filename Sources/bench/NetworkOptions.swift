// Which trained network a command asks, and how it prepares pictures for it.
import ArgumentParser
import Engine
import Experiments
import Foundation
import Results
import Specs
import Text
import Training
import Weights

struct NetworkOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "A safetensors file; or a finished run: its id, the beginning of one, or EXPERIMENT/VARIANT/SEED.",
      valueName: "weights"), completion: NameCompletion.runs)
  var weights: String

  @Option(help: "The file's network, such as resnet-50; by default what the file says.")
  var network: String?

  @Option(
    help: ArgumentHelp(
      "A text file with the name of each class on a line of its own, in the order of the outputs.",
      valueName: "file"), completion: .file())
  var classes: String?

  @Option(
    help: ArgumentHelp(
      "What is subtracted from each channel, in units of full brightness, such as 0.485,0.456,0.406.",
      valueName: "numbers"))
  var mean: String?

  @Option(
    name: .customLong("std"),
    help: ArgumentHelp("What each channel is then divided by.", valueName: "numbers"))
  var deviation: String?

  @Option(
    help: ArgumentHelp(
      "The shorter side that pictures are scaled to before the middle is cut out.",
      valueName: "pixels"))
  var resize: Int?

  @Option(help: ArgumentHelp("Height and width of what is cut out.", valueName: "pixels"))
  var size: Int?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Threads; by default the machine's.", valueName: "count"))
  var threads: Int?

  @OptionGroup var database: DatabaseOptions

  func validate() throws {
    for (option, value) in [("--resize", resize), ("--size", size)] {
      if let value, !(8...2048).contains(value) {
        throw ValidationError("\(option) \(value): give a number from 8 to 2048")
      }
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): give a number from 1 to 1024")
    }
    for (option, text) in [("--mean", mean), ("--std", deviation)] {
      guard let text else { continue }
      guard let values = Self.numbers(text), option == "--mean" || values.allSatisfy({ $0 > 0 })
      else {
        throw ValidationError("\(option) \(text): give one number for each channel, with commas")
      }
    }
  }

  private static func numbers(_ text: String) -> [Float]? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let values = parts.compactMap { Float($0.trimmingCharacters(in: .whitespaces)) }
    return values.count == parts.count && values.allSatisfy(\.isFinite) ? values : nil
  }

  /// Threads that work.
  var threadCount: Int { threads ?? MachineCores.usable }

  private func request() throws -> NetworkRequest {
    var request = NetworkRequest()
    request.network = network
    request.mean = mean.flatMap(Self.numbers)
    request.deviation = deviation.flatMap(Self.numbers)
    request.size = size
    request.resize = resize
    if let classes {
      guard let text = try? String(contentsOfFile: classes, encoding: .utf8) else {
        throw ValidationError("--classes \(classes) cannot be read as text")
      }
      var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
        $0.hasSuffix("\r") ? String($0.dropLast()) : String($0)
      }
      while lines.last?.isEmpty == true { lines.removeLast() }
      request.classNames = lines
    }
    return request
  }

  /// Opens it, with the run's plan where it is a run's; bad input ends the program.
  func open() throws -> (network: TrainedNetwork, plan: RunPlan?) {
    let request = try request()
    do {
      guard !FileManager.default.fileExists(atPath: weights) else {
        return (try TrainedNetwork(file: weights, request), nil)
      }
      guard !weights.hasSuffix(".safetensors") else {
        throw WeightsError("there is no file \(printable(weights, limit: 4096))")
      }
      let reader = try database.reader()
      let run = try reader.details(ofRun: weights).run
      guard run.status == .complete, let attempt = run.attempt else {
        throw WeightsError(
          "run \(run.key) is \(run.status.rawValue); only a complete run has final weights")
      }
      let (plan, _) = try Reproducer.plan(try reader.recordedAttempt(ofRun: weights))
      let files = RunFiles(database: reader.path, runId: run.runId, attempt: attempt)
      guard FileManager.default.fileExists(atPath: files.weights) else {
        throw WeightsError(
          "the weights of run \(run.key) are not kept: \(printable(files.weights, limit: 4096)) is "
            + "missing")
      }
      return (try TrainedNetwork(run: plan, weights: files.weights, request), plan)
    } catch let error as ExitCode {
      throw error
    } catch {
      printError(ErrorText.text(error))
      throw ExitCode(2)
    }
  }
}
