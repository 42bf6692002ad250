// bench evaluate: a trained network's errors on labelled images.
import ArgumentParser
import Datasets
import Foundation
import Numerics
import Reports
import Statistics
import Text
import Training

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a trained network's top-1 and top-5 accuracy on labelled images.",
    discussion: """
      What is not given follows the run, or else the file's metadata, or else ImageNet's values; \
      what was assumed is said. Pictures become the numbers that torchvision's Resize, CenterCrop, \
      ToTensor and Normalize make of them.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
  }

  @OptionGroup var options: NetworkOptions

  @Option(
    help: ArgumentHelp(
      "A folder of pictures with a folder for each class (or with train and val), or a data set's name; by default the run's test images.",
      valueName: "place"), completion: .directory)
  var data: String?

  @Option(help: ArgumentHelp("The first this many images.", valueName: "images"))
  var count: Int?

  @Flag(help: "Average over the corners and the middle, each also mirrored.")
  var tenCrop = false

  @Option(
    help: ArgumentHelp(
      "Average over whole pictures, also mirrored, whose shorter side has these lengths, such as 224,256,384,480,640.",
      valueName: "pixels"))
  var scales: String?

  @Option(help: ArgumentHelp("Images that go through the network together.", valueName: "images"))
  var batch = 8

  @Option(help: "text or json.")
  var format = Format.text

  private static let mostScales = 16

  func validate() throws {
    if tenCrop, scales != nil { throw ValidationError("give --ten-crop or --scales, not both") }
    if !(1...4096).contains(batch) {
      throw ValidationError("--batch \(batch): give a number from 1 to 4096")
    }
    if let count, count < 1 { throw ValidationError("--count \(count): give at least 1") }
    _ = try views()
  }

  private func views() throws -> EvaluationViews {
    guard let scales else { return tenCrop ? .tenCrop : .center }
    let parts = scales.split(separator: ",", omittingEmptySubsequences: false)
    let sides = parts.compactMap { Int($0) }
    guard sides.count == parts.count, (1...Self.mostScales).contains(sides.count),
      sides.allSatisfy({ (32...2048).contains($0) })
    else {
      throw ValidationError(
        "--scales \(scales): give up to \(Self.mostScales) numbers from 32 to 2048, with commas")
    }
    return .scales(sides)
  }

  func run() throws {
    let (network, plan) = try options.open()
    let views = try views()
    for note in network.notes { printError("note: \(ErrorText.note(note))") }
    let broken = BrokenFiles()
    let result: NetworkEvaluation
    let images: any ImageCollection
    do {
      images = try EvaluationData.open(data, network, plan: plan, count: count)
      for problem in images.problems { printError("note: \(problem)") }
      let evaluator = try NetworkEvaluator(
        network, images, threads: options.threadCount, batch: batch)
      result = try evaluator.run(views, brokenFiles: broken)
    } catch {
      printError(ErrorText.text(error))
      throw ExitCode(2)
    }
    if result.broken > 0 {
      printError("\(result.broken) files could not be used and are left out")
    }
    let text = EvaluationText(
      network: network, images: images,
      place: data ?? plan?.variant.trainingProtocol.data.name ?? "",
      views: views, threads: options.threadCount, result: result)
    switch format {
    case .text: print(text.text, terminator: "")
    case .json: print(text.json.text)
    }
  }
}

/// The images that an evaluation is on.
enum EvaluationData {
  /// - Parameters:
  ///   - place: a folder or a data set's name; nil for the run's own test images.
  ///   - plan: the run; nil where the network is a file's.
  static func open(
    _ place: String?, _ network: TrainedNetwork, plan: RunPlan?, count: Int?
  ) throws -> any ImageCollection {
    let size = network.shape.height
    guard let place else {
      guard let plan else {
        throw DatasetError("a file of weights has no images; name some with --data")
      }
      var data = plan.variant.trainingProtocol.data
      guard data.size == size || data.isFolder else {
        throw DatasetError("the run's images have \(data.size) pixels; leave --size out")
      }
      data.size = size
      if data.isFolder { data.resize = network.resize }
      if let count { data.testCount = min(count, data.testCount) }
      return try DatasetLoader.open(data.datasetRequest()).test
    }
    if let name = DatasetName(rawValue: place), name != .imageFolder {
      return try DatasetLoader.open(
        DatasetRequest(
          name: name, size: DatasetDescription.of(name).size == size ? nil : size, testCount: count)
      ).test
    }
    return try ImageFolder.forEvaluation(
      path: place, size: size, resize: network.resize, count: count)
  }
}

/// What `bench evaluate` prints.
struct EvaluationText {
  let network: TrainedNetwork
  let images: any ImageCollection
  let place: String
  let views: EvaluationViews
  let threads: Int
  let result: NetworkEvaluation

  private var viewsText: String {
    switch views {
    case .center:
      images.isDecodedOnTheFly
        ? "the middle \(network.shape.height) of \(network.resize) pixels" : "as they are"
    case .tenCrop: "ten crops of \(network.shape.height) of \(network.resize) pixels"
    case .scales(let sides):
      "whole pictures and mirrored, shorter side \(sides.map(String.init).joined(separator: ", "))"
    }
  }

  private func share(_ correct: Int) -> (percent: Double, low: Double, high: Double) {
    let interval = Statistics.shareInterval(correct, of: result.images)
    return (
      100 * Double(correct) / Double(result.images), 100 * interval.low, 100 * interval.high
    )
  }

  private func line(_ name: String, _ correct: Int) -> String {
    let (percent, low, high) = share(correct)
    return "\(name)   \(PerfText.number(percent, 2)) % right, "
      + "\(PerfText.number(100 - percent, 2)) % wrong "
      + "(95 %: \(PerfText.number(100 - high, 2)) to \(PerfText.number(100 - low, 2)))\n"
  }

  var text: String {
    "\(network.architecture.name), \(PlanText.grouped(Int64(result.images))) images of "
      + "\(printable(place, limit: 4096)) in \(images.classNames.count) classes, \(viewsText)\n"
      + "\(network.normalizationText); \(network.arithmetic.name)\n"
      + line("top-1", result.correct)
      + (network.classes > 5 ? line("top-5", result.correctInFive) : "")
      + "loss    \(PerfText.number(result.loss, 4))\n"
      + "speed   \(PerfText.number(result.imagesPerSecond, 1)) images/s, \(threads) threads\n"
  }

  var json: CanonicalJSON {
    func object(_ correct: Int) -> CanonicalJSON {
      let (percent, low, high) = share(correct)
      return .object([
        "accuracy": .number(percent), "error": .number(100 - percent),
        "errorInterval95": .list([.number(100 - high), .number(100 - low)]),
      ])
    }
    var members: [String: CanonicalJSON] = [
      "network": .text(network.architecture.name), "images": .integer(result.images),
      "broken": .integer(result.broken), "classes": .integer(network.classes),
      "size": .integer(network.shape.height), "views": .integer(views.count),
      "precision": .text(network.arithmetic.name),
      "normalization": .text(network.normalizationText),
      "top1": object(result.correct), "loss": .number(result.loss),
      "imagesPerSecond": .number(result.imagesPerSecond), "threads": .integer(threads),
      "notes": .list(network.notes.map { .text(ErrorText.note($0)) }),
    ]
    if images.isDecodedOnTheFly { members["resize"] = .integer(network.resize) }
    if network.classes > 5 { members["top5"] = object(result.correctInFive) }
    if case .scales(let sides) = views { members["scales"] = .list(sides.map { .integer($0) }) }
    return .object(members)
  }
}
