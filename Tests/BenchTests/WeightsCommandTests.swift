// Weights through the built program: kept, exported, shown, started from.
import Foundation
import Testing

@Suite struct WeightsCommandTests {
  static func spec(name: String, steps: Int = 3, more: String = "") -> String {
    """
    {"name": "\(name)", "title": "Weights", "protocol": {"name": "tiny",
      "data": {"name": "shapes", "size": 16, "trainCount": 64, "testCount": 20},
      "batch": 16, "iterations": \(steps), "optimizer": {"learningRate": 0.05},
      "evaluation": {"every": \(steps), "recordEvery": 1}},
     "factors": {"network": ["residual"], "depth": [8]}, "seeds": [0]\(more)}
    """
  }

  @Test func weightsAreKeptExportedAndStartedFrom() throws {
    let bench = try BuiltBinary()
    let first = try bench.write("first.json", Self.spec(name: "first"))
    #expect(try bench("run", first, "--quiet").status == 0)
    let export = try bench("weights", "export", "first/resnet-8/0", "out.safetensors")
    #expect(export.status == 0, "\(export.errors)")
    let shown = try bench("weights", "show", "out.safetensors")
    #expect(
      shown.output.contains("layer1.0.conv1.weight") && shown.output.contains("[16, 16, 3, 3]"))
    #expect(shown.output.contains("strideLocation: 3x3"))
    let json = try bench("weights", "show", "out.safetensors", "--format", "json")
    struct Shown: Decodable {
      struct Tensor: Decodable { let name: String, dtype: String, shape: [Int] }
      let metadata: [String: String], tensors: [Tensor]
    }
    let content = try JSONDecoder().decode(Shown.self, from: Data(json.output.utf8))
    #expect(content.metadata["network"] == "resnet-8" && content.metadata["step"] == "3")
    #expect(content.tensors.first { $0.name == "fc.weight" }?.shape == [10, 64])
    #expect(content.tensors.first { $0.name == "bn1.num_batches_tracked" }?.dtype == "I64")

    // The same net as an ONNX model, which begins with the version of its format.
    for arguments in [[], ["--fold-batch-norm"]] {
      let onnx = try bench.start(
        ["weights", "export", "first/resnet-8/0", "out.onnx", "--format", "onnx"] + arguments
      ).collect()
      #expect(onnx.status == 0 && onnx.output == "out.onnx: the net of first/resnet-8/0\n")
      let bytes = try Data(contentsOf: bench.folder.appending(path: "out.onnx"))
      #expect(bytes.starts(with: [0x08, 0x08, 0x12, 0x05] + Array("bench".utf8)))
    }
    let misplaced = try bench(
      "weights", "export", "first/resnet-8/0", "x.safetensors", "--fold-batch-norm")
    #expect(
      misplaced.status == 2
        && misplaced.errors.contains("--fold-batch-norm belongs to --format onnx"))

    // From these weights, another seed's data order: neither random weights nor those unchanged.
    let second = try bench.write(
      "second.json", Self.spec(name: "second", more: #", "initialWeights": "out.safetensors""#))
    let run = try bench("run", second, "--no-weights")
    #expect(run.status == 0, "\(run.errors)")
    let hashes = try bench(
      "query", "SELECT DISTINCT weightsHash FROM runs", "--format", "csv")
    #expect(hashes.output.split(separator: "\n").count == 3)
    let missing = try bench("weights", "export", "second/resnet-8/0", "x.safetensors")
    #expect(missing.status == 2 && missing.errors.contains("were not kept"))
  }

  @Test func weightsThatDoNotFitAreRefusedBeforeAnything() throws {
    let bench = try BuiltBinary()
    let fixture = bench.root.appending(
      path: "Tests/ExperimentsTests/Fixtures/pytorch-basic.safetensors")
    let spec = try bench.write(
      "spec.json", Self.spec(name: "bad", more: #", "initialWeights": "\#(fixture.path)""#))
    for command in ["run", "plan"] {
      let result = try bench(command, spec)
      #expect(result.status == 2)
      #expect(
        result.errors.contains(
          "conv1.weight has shape [2, 3, 3, 3], the network's has [16, 3, 3, 3]"),
        "\(result.errors)")
    }
    let exists = FileManager.default.fileExists(
      atPath: bench.folder.appending(path: "results/bench.sqlite").path)
    #expect(!exists)
    let notOne = try bench("weights", "show", spec)
    #expect(notOne.status == 2 && notOne.errors.contains("not a sound safetensors file"))
  }

  @Test func anotherNumberOfClassesTakesANewHead() throws {
    let bench = try BuiltBinary()
    let fixture = bench.root.appending(
      path: "Tests/ExperimentsTests/Fixtures/pytorch-basic.safetensors")
    let text = Self.spec(name: "anew", more: #", "initialWeights": "\#(fixture.path)""#)
      .replacing(#""depth": [8]"#, with: #""depth": [8], "shortcut": ["B"], "width": [0.125]"#)
    let spec = try bench.write("spec.json", text)
    let refused = try bench("run", spec)
    #expect(
      refused.status == 2
        && refused.errors.contains("fc.weight has shape [7, 8], the network's has [10, 8]"),
      "\(refused.errors)")
    let plan = try bench("plan", spec, "--new-head")
    #expect(
      plan.status == 0
        && (plan.output + plan.errors).contains("the classifier starts anew, with 10 classes"),
      "\(plan.output) \(plan.errors)")
    let run = try bench("run", spec, "--new-head", "--quiet")
    #expect(run.status == 0, "\(run.errors)")
    // The spec that is kept says it, so the run can be made again.
    let stored = try bench("query", "SELECT specJSON FROM experiment", "--format", "csv")
    #expect(stored.output.contains("newHead"), "\(stored.output) \(stored.errors)")
    let again = try bench("reproduce", "anew/resnet-8-shortcut=B-width=0.125/0")
    #expect(again.status == 0 && again.output.contains("identical"), "\(again.output)")
  }

  @Test func damagedWeightsAreNotExported() throws {
    let bench = try BuiltBinary()
    let spec = try bench.write("first.json", Self.spec(name: "first"))
    #expect(try bench("run", spec, "--quiet").status == 0)
    let folder = bench.folder.appending(path: "results/weights")
    let name = try #require(FileManager.default.contentsOfDirectory(atPath: folder.path).first)
    let file = folder.appending(path: name)
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count - 3] ^= 1
    try bytes.write(to: file)
    let export = try bench("weights", "export", "first/resnet-8/0", "out.safetensors")
    #expect(export.status == 2 && export.errors.contains("is damaged"), "\(export.errors)")
  }
}
