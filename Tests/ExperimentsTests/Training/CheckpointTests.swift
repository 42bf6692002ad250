// Checkpoints on the disk: whole or passed over, the last two kept.
import Foundation
import Numerics
import TestSupport
import Testing

@testable import Numerics
@testable import Specs
@testable import Text
@testable import Training
@testable import Weights

@Suite struct CheckpointTests {
  static let identity = CheckpointIdentity(
    runId: "run", attempt: 2, configurationHash: "c0", dataChecksum: "da7a",
    numericIdentity: NumericIdentity(engineVersion: "1", backend: "blas", instructionSet: "avx2"))

  static func position(_ step: Int) -> TrainingPosition {
    var position = TrainingPosition()
    position.step = step
    position.seconds = 0.1 + Double(step)
    position.totals = RunningTotals(
      steps: 3, lossSum: 1 / 3, errors: 7, images: 24, seconds: 1e-300, brokenFiles: 5)
    position.selected =
      step % 4 == 0 ? nil : SelectedEvaluation(step: 4, validationError: 0.1, testError: 1 / 3)
    position.pendingGradientNorm = step % 2 == 0 ? nil : .ulpOfOne
    return position
  }

  static func write(_ folder: CheckpointFolder, _ step: Int) throws {
    try folder.write(
      identity, position(step),
      [SafetensorsEntry(name: "w", shape: [2], numbers: .floats { [Float(step), -1] })])
  }

  @Test func whatWasWrittenIsFoundBitByBit() throws {
    let scratch = try TemporaryFolder()
    let folder = CheckpointFolder(path: scratch.path("a/b"))
    #expect(folder.latest().checkpoint == nil)
    for step in [9, 10, 11, 101] { try Self.write(folder, step) }
    let (found, damaged) = folder.latest()
    let checkpoint = try #require(found)
    #expect(damaged == [])
    #expect(checkpoint.position == Self.position(101))
    #expect(checkpoint.identity == Self.identity)
    let w = try #require(checkpoint.file.tensor("w"))
    #expect(try checkpoint.file.floats(of: w) == [101, -1])
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(
      names
        == ["0000000011", "0000000101"].flatMap { ["step-\($0).json", "step-\($0).safetensors"] })
    #expect(Self.position(11).lastRecord == 10 && Self.position(100).lastRecord == 100)
    // The same step once more replaces, and leaves nothing half.
    try Self.write(folder, 101)
    #expect(folder.latest().checkpoint?.position.step == 101)
    folder.remove()
    #expect(!FileManager.default.fileExists(atPath: folder.path))
  }

  /// As when a run is stopped in the evaluation after a look into ResNet-1202.
  @Test func theNumbersOfAThousandLayersAreKept() throws {
    let scratch = try TemporaryFolder()
    let folder = CheckpointFolder(path: scratch.path("l"))
    var position = Self.position(7)
    for layer in 1...1202 {
      for quantity in [Metric.responseDeviation, .layerGradientNorm, .updateRatio, .deadShare] {
        let metric = LayerMetric(quantity, position: layer, layer: "layer3.\(layer / 2).conv1")
        position.pendingLayers[metric.name] = 1 / Double(layer + 2)
      }
    }
    try folder.write(
      Self.identity, position, [SafetensorsEntry(name: "w", shape: [1], numbers: .floats { [1] })])
    let (found, damaged) = folder.latest()
    #expect(damaged == [] && found?.position == position)
  }

  /// A manifest may be another version's: what it lacks is not taken for what never was.
  @Test func aPositionWithoutAFieldIsRefused() throws {
    func read(_ text: String) throws -> TrainingPosition? {
      TrainingPosition(try JSONReader.read(Array(text.utf8)))
    }
    let text = Self.position(5).canonicalJSON.text
    #expect(try read(text) == Self.position(5))
    for key in [
      "step", "seconds", "lossSum", "errors", "images", "pendingGradientNorm", "validationError",
      "testError",
    ] {
      #expect(text.contains("\"\(key)\""))
      #expect(try read(text.replacing("\"\(key)\"", with: "\"other\"")) == nil, "\(key)")
    }
    let none = Self.position(8)
    #expect(none.selected == nil)
    #expect(try read(none.canonicalJSON.text) == none)
  }

  /// Every kind of damage to the last checkpoint: it is said, and the one before is taken.
  @Test(arguments: ["json", "safetensors"], ["flip", "cut", "empty", "gone", "grown"])
  func aDamagedCheckpointIsPassedOver(file: String, damage: String) throws {
    let scratch = try TemporaryFolder()
    let folder = CheckpointFolder(path: scratch.path("c"))
    for step in [4, 6] { try Self.write(folder, step) }
    let url = URL(fileURLWithPath: "\(folder.path)/step-0000000006.\(file)")
    var bytes = try Data(contentsOf: url)
    switch damage {
    case "flip": bytes[bytes.count / 2] ^= 4
    case "cut": bytes.removeLast()
    case "empty": bytes = Data()
    case "grown": bytes.append(0x20)
    default: try FileManager.default.removeItem(at: url)
    }
    if damage != "gone" { try bytes.write(to: url) }
    let (found, damaged) = folder.latest()
    #expect(found?.position.step == 4)
    // Tensors without a manifest are no checkpoint at all: nothing to be said.
    #expect(damaged.count == (file == "json" && damage == "gone" ? 0 : 1), "\(damaged)")
    #expect(damaged.allSatisfy { $0.hasPrefix("checkpoint ") && $0.contains(folder.path) })
    // The next one replaces the damaged one and keeps the whole one for company.
    try Self.write(folder, 8)
    #expect(folder.latest().checkpoint?.position.step == 8)
  }

  /// Whatever is accepted of a damaged manifest or of damaged tensors is what was written.
  @Test func mutationsAreNeverTakenForTheOriginal() throws {
    let scratch = try TemporaryFolder()
    let folder = CheckpointFolder(path: scratch.path("m"))
    try Self.write(folder, 6)
    let files = ["m/step-0000000006.json", "m/step-0000000006.safetensors"]
    let originals = try files.map { try Data(contentsOf: scratch.url.appending(path: $0)) }
    var random = CounterRandom(seed: 8, purpose: .statistics)
    for round in 0..<4000 {
      let which = round % 2
      var bytes = originals[which]
      for _ in 0...Int(random.uniform(0, 3)) {
        let place = Int(random.uniform(0, Float(bytes.count) - 0.5))
        switch Int(random.uniform(0, 4)) {
        case 0: bytes[place] ^= 1 << UInt8(random.uniform(0, 7.99))
        case 1: bytes[place] = UInt8(random.uniform(0, 255.9))
        case 2: bytes.remove(at: place)
        default: bytes.insert(UInt8(random.uniform(32, 126)), at: place)
        }
      }
      try scratch.write(files[which], bytes)
      let found = folder.latest().checkpoint
      #expect((found != nil) == (bytes == originals[which]), "round \(round)")
      try scratch.write(files[which], originals[which])
    }
  }

  @Test func changesOfConditionsAreNamed() {
    var now = Self.identity
    #expect(now.changes(since: Self.identity) == [])
    now.numericIdentity.backend = "libxsmm"
    now.dataChecksum = "0123456789abcdef"
    #expect(
      now.changes(since: Self.identity).map(\.description)
        == ["backend blas, now libxsmm", "data da7a, now 0123456789ab"])
  }
}
