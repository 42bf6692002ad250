// bench weights: the weights of finished runs as files, and what a file of weights holds.
import ArgumentParser
import Foundation
import Reports
import Results
import Specs
import Text
import Training
import Weights

struct WeightsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "weights",
    abstract: "Export a run's weights for PyTorch, and look into safetensors files.",
    subcommands: [WeightsExportCommand.self, WeightsShowCommand.self])
}

struct WeightsExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a finished run's weights to a safetensors file, or its net to an ONNX model.",
    discussion: """
      In a safetensors file names and shapes are torchvision's, so that the file loads with strict=True into the \
      matching model:

        model.load_state_dict(safetensors.torch.load_file("FILE"), strict=True)

      An ONNX model (opset 17) takes "images", [N, C, H, W], normalised as in training, and gives \
      "logits", [N, classes].

      An existing FILE is replaced.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case safetensors
    case onnx
  }

  @Argument(
    help: ArgumentHelp(
      "A run's id, the beginning of one, or EXPERIMENT/VARIANT/SEED.", valueName: "run"),
    completion: NameCompletion.runs)
  var name: String

  @Argument(help: "The file to write.", completion: .file(extensions: ["safetensors", "onnx"]))
  var file: String

  @Option(help: "safetensors or onnx.")
  var format = Format.safetensors

  @Flag(help: "In an ONNX model, make batch norms right behind convolutions part of these.")
  var foldBatchNorm = false

  @OptionGroup var database: DatabaseOptions

  func validate() throws {
    if foldBatchNorm, format != .onnx {
      throw ValidationError("--fold-batch-norm belongs to --format onnx.")
    }
  }

  func run() throws {
    let reader = try database.reader()
    let run = try endingOnBadInput { () throws(ResultsError) in
      try reader.details(ofRun: name).run
    }
    try endingOnBadInput { () throws(WeightsError) in
      guard let attempt = run.attempt, let hash = run.weightsHash else {
        throw WeightsError(
          "run \(run.key) is \(run.status.rawValue); only a complete run has final weights")
      }
      let files = RunFiles(database: reader.path, runId: run.runId, attempt: attempt)
      try files.exportWeights(
        hash: hash, as: format == .onnx ? .onnx(isFolded: foldBatchNorm) : .safetensors, to: file)
    }
    print("\(file): the \(format == .onnx ? "net" : "weights") of \(run.key)")
  }
}

struct WeightsShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "List a safetensors file's tensors with types and shapes, and its metadata.")

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
  }

  @Argument(help: "The file.", completion: .file(extensions: ["safetensors"]))
  var file: String

  @Option(help: "text or json.")
  var format = Format.text

  func run() throws {
    let weights = try endingOnBadInput { () throws(WeightsError) in
      try SafetensorsFile(path: file)
    }
    switch format {
    case .text: print(WeightsText.text(weights), terminator: "")
    case .json: print(WeightsText.json(weights).text)
    }
  }
}

/// What `bench weights show` prints.
enum WeightsText {
  static func text(_ file: SafetensorsFile) -> String {
    let table = TextTable(
      header: ["tensor", "type", "shape"],
      rows: file.tensors.map { [$0.name, $0.type.rawValue, "\($0.shape)"] })
    let metadata = file.metadata.sorted { $0.key < $1.key }.map {
      "\($0.key.printable): \($0.value.printable)\n"
    }
    let numbers = PlanText.grouped(Int64(file.tensors.reduce(0) { $0 + $1.count }))
    return table.text + "\(file.tensors.count) tensors, \(numbers) numbers\n"
      + (metadata.isEmpty ? "" : "\n") + metadata.joined()
  }

  /// `{"metadata": {…}, "tensors": [{"name": …, "dtype": …, "shape": […]}, …]}`
  static func json(_ file: SafetensorsFile) -> CanonicalJSON {
    .object([
      "metadata": .object(file.metadata.mapValues { .text($0) }),
      "tensors": .list(
        file.tensors.map {
          .object([
            "name": .text($0.name), "dtype": .text($0.type.rawValue),
            "shape": .list($0.shape.map { .integer($0) }),
          ])
        }),
    ])
  }
}
