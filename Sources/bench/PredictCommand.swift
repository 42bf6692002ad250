// bench predict: what a trained network says of pictures.
import ArgumentParser
import Datasets
import Foundation
import Text
import Training

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Ask a trained network what pictures show.",
    discussion: """
      Prints the likeliest classes of each picture with their probabilities. A picture that cannot \
      be used is named, and the others are answered; the exit code is then 1.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
  }

  @OptionGroup var options: NetworkOptions

  @Argument(
    help: ArgumentHelp(
      "Pictures, folders of pictures, or - for a picture on standard input.", valueName: "picture"),
    completion: .file())
  var pictures: [String]

  @Option(help: ArgumentHelp("How many classes to print for each picture.", valueName: "count"))
  var top = 5

  @Flag(help: "With --format json: print the network's output for every class, too.")
  var logits = false

  @Option(help: "text or json; json is one line for each picture.")
  var format = Format.text

  func validate() throws {
    if pictures.isEmpty { throw ValidationError("name at least one picture") }
    if top < 1 { throw ValidationError("--top \(top): give at least 1") }
    if pictures.count(where: { $0 == "-" }) > 1 {
      throw ValidationError("standard input has one picture; give - once")
    }
  }

  func run() throws {
    let (network, _) = try options.open()
    for note in network.notes { printError("note: \(ErrorText.note(note))") }
    let sources: [Predictor.Source]
    let predictor: Predictor
    do {
      sources = try pictures.flatMap { name throws -> [Predictor.Source] in
        guard name == "-" else { return try PictureFiles.paths(name).map { .file($0) } }
        return [.bytes(Array(FileHandle.standardInput.readDataToEndOfFile()), name: "-")]
      }
      predictor = try Predictor(network, threads: options.threadCount)
    } catch {
      printError(ErrorText.text(error))
      throw ExitCode(2)
    }
    var failed = false
    for first in stride(from: 0, to: sources.count, by: predictor.batch) {
      let some = Array(sources[first..<min(first + predictor.batch, sources.count)])
      for (source, result) in zip(some, predictor.answers(some)) {
        switch result {
        case .success(let answer):
          print(text(name(source), answer, network), terminator: "")
        case .failure(let error):
          failed = true
          printError(ErrorText.text(error))
        }
      }
    }
    if failed { throw ExitCode(1) }
  }

  private func name(_ source: Predictor.Source) -> String {
    switch source {
    case .file(let path): path
    case .bytes(_, let name): name
    }
  }

  private func text(_ picture: String, _ answer: Answer, _ network: TrainedNetwork) -> String {
    let probabilities = answer.probabilities
    let best = answer.best(top)
    func name(_ index: Int) -> String { network.classNames?[index] ?? "class \(index)" }
    switch format {
    case .text:
      return "\(picture.printable)\n"
        + best.map {
          let percent = PerfText.number(100 * probabilities[$0], 1)
          return String(repeating: " ", count: max(0, 7 - percent.count)) + percent
            + " %  \(name($0).printable)\n"
        }.joined()
    case .json:
      var members: [String: CanonicalJSON] = [
        "picture": .text(picture),
        "classes": .list(
          best.map {
            .object([
              "class": .integer($0), "name": .text(name($0)),
              "probability": .number(probabilities[$0]),
            ])
          }),
      ]
      if logits { members["logits"] = .list(answer.logits.map { .number(Double($0)) }) }
      return CanonicalJSON.object(members).text + "\n"
    }
  }
}
