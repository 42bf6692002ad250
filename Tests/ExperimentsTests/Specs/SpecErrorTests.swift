// Every way in which a spec is refused, with its exact text.
import Foundation
import Testing

@testable import Numerics
@testable import Specs

@Suite struct SpecErrorTests {
  typealias F = SpecFixture

  /// A spec and what is said about it, without the file's name.
  struct Case: Sendable {
    let text: String
    let problems: String

    init(_ text: String, _ problems: String) {
      self.text = text
      self.problems = problems
    }
  }

  static let factors = SpecGrammar.allFactors.map(\.key).joined(separator: ", ")

  static let cases: [Case] = [
    // Top level.
    Case(
      "[]",
      """
      1:1: expected an object, found a list
      """),
    Case(
      "{}",
      """
      1:1: the key "name" is missing
      1:1: the key "protocol" is missing
      1:1: the key "seeds" is missing
      1:1: the key "title" is missing
      1:1: there is nothing to run: give factors, ablate, or include with single variants
      """),
    Case(
      F.text(name: nil),
      """
      1:1: the key "name" is missing
      """),
    Case(
      F.text(name: #""../etc""#),
      """
      2:11: name: expected a name of 1 to 64 lower-case letters, digits, '-', '_' or '.', \
      starting with a letter or digit, found the text "../etc"
      """),
    Case(
      F.text(name: #""a..b""#),
      """
      2:11: name: expected a name of 1 to 64 lower-case letters, digits, '-', '_' or '.', \
      starting with a letter or digit, found the text "a..b"
      """),
    Case(
      F.text(name: #""🙂""#),
      """
      2:11: name: expected a name of 1 to 64 lower-case letters, digits, '-', '_' or '.', \
      starting with a letter or digit, found the text "🙂"
      """),
    Case(
      F.text(name: #""UPPER""#),
      """
      2:11: name: expected a name of 1 to 64 lower-case letters, digits, '-', '_' or '.', \
      starting with a letter or digit, found the text "UPPER"
      """),
    Case(
      F.text(name: "7"),
      """
      2:11: name: expected a name in quotes, found the number 7
      """),
    Case(
      F.text(title: #""a\u001b[31m""#),
      """
      3:12: title: the text contains the control character U+1b
      """),
    Case(
      F.text(title: #""""#),
      """
      3:12: title: the text is empty
      """),
    Case(
      F.text(more: #""sedes": [1]"#),
      """
      7:3: sedes: unknown key; did you mean seeds? Allowed: $schema, extends, name, \
      title, protocol, factors, zip, when, exclude, ablate, include, overrides, seeds, \
      initialWeights, newHead, claims, figures
      """),
    Case(
      F.text(more: #""claim": []"#),
      """
      7:3: claim: unknown key; did you mean claims? Allowed: $schema, extends, name, \
      title, protocol, factors, zip, when, exclude, ablate, include, overrides, seeds, \
      initialWeights, newHead, claims, figures
      """),
    // Protocol: keys and types.
    Case(
      F.text(proto: F.proto(more: #""optimiser": {}"#)),
      """
      4:142: protocol.optimiser: unknown key; did you mean optimizer? Allowed: name, \
      extends, data, batch, iterations, epochs, optimizer, schedule, augmentation, mean, \
      deviation, shuffle, precision, evaluation
      """),
    Case(
      F.text(proto: F.proto(more: #""augmentation": {"pading": 4}"#)),
      """
      4:159: protocol.augmentation.pading: unknown key; did you mean padding? Allowed: padding, \
      flip, scale
      """),
    Case(
      F.text(proto: F.proto(more: #""mean": "per-pixel""#)),
      """
      4:150: protocol.mean: unknown 'per-pixel'; did you mean perPixel? Allowed: perPixel, \
      perChannel, none
      """),
    Case(
      F.text(proto: F.proto(more: #""shuffle": 1"#)),
      """
      4:153: protocol.shuffle: expected true or false, found the number 1
      """),
    Case(
      F.text(proto: F.proto(length: #""iterations": "600""#)),
      """
      4:101: protocol.iterations: expected a whole number from 1 to 100000000, found the text \
      "600"; a number has no quotes
      """),
    Case(
      F.text(proto: F.proto(length: #""iterations": 600.5"#)),
      """
      4:101: protocol.iterations: expected a whole number from 1 to 100000000, found the number \
      600.5
      """),
    Case(
      F.text(proto: F.proto(length: #""iterations": 0"#)),
      """
      4:101: protocol.iterations: expected a whole number from 1 to 100000000, found the number \
      0
      """),
    Case(
      F.text(proto: F.proto(data: #"{"name": "cifar10"}"#)),
      """
      4:50: protocol.data.name: unknown 'cifar10'; did you mean cifar-10? Allowed: shapes, \
      cifar-10, cifar-100, mnist, fashion-mnist, image-folder
      """),
    Case(
      F.text(proto: F.proto(data: #"{"size": 16}"#)),
      """
      4:41: protocol.data: the key "name" is missing
      """),
    Case(
      F.text(proto: #""quik""#),
      """
      4:15: protocol: unknown 'quik'; did you mean quick? Allowed: paper-64k, paper-64k-warmup, quick
      """),
    Case(
      F.text(proto: "[]"),
      """
      4:15: protocol: expected a word or an object, found a list
      """),
    Case(
      F.text(
        proto:
          #"{"name": "q", "data": {"name": "shapes"}, "batch": 8, "iterations": 5, "optimizer": {"learningRate": 0}}"#
      ),
      """
      4:116: protocol.optimizer.learningRate: expected a number from 1e-30 to 1000, found \
      the number 0
      """),
    Case(
      F.text(
        proto:
          #"{"name": "q", "data": {"name": "shapes"}, "batch": 8, "iterations": 5, "optimizer": {"learningRate": "NaN", "weightDecy": 1e-4}}"#
      ),
      """
      4:116: protocol.optimizer.learningRate: expected a number from 1e-30 to 1000, found \
      the text "NaN"; a number has no quotes
      4:123: protocol.optimizer.weightDecy: unknown key; did you mean weightDecay? Allowed: \
      learningRate, momentum, weightDecay, nesterov
      """),
    // Protocol: contradictions.
    Case(
      F.text(proto: F.proto(length: #""iterations": 5, "epochs": 1"#)),
      """
      4:114: protocol.epochs: contradicts iterations; give one of the two
      """),
    Case(
      F.text(proto: F.proto(length: #""shuffle": true"#)),
      """
      4:15: protocol: say how long to train: iterations or epochs is missing
      """),
    Case(
      F.text(proto: F.proto(more: #""schedule": {"kind": "step", "milestones": [400, 600]}"#)),
      """
      4:185: protocol.schedule.milestones: milestone 600 is not before the end at 600 iterations
      """),
    Case(
      F.text(proto: F.proto(more: #""schedule": {"kind": "step", "milestones": [400, 400]}"#)),
      """
      4:185: protocol.schedule.milestones: milestones ascend, each once
      """),
    Case(
      F.text(proto: F.proto(more: #""schedule": {"kind": "step"}"#)),
      """
      4:154: protocol.schedule.milestones: a step schedule needs milestones, such as [32000, \
      48000]
      """),
    Case(
      F.text(
        proto: F.proto(more: #""schedule": {"kind": "cosine", "milestones": [1], "factor": 0.1}"#)),
      """
      4:187: protocol.schedule.milestones: belongs to a step schedule; this one is cosine
      4:202: protocol.schedule.factor: belongs to a step schedule; this one is cosine
      """),
    Case(
      F.text(
        proto: F.proto(more: #""schedule": {"warmup": {"steps": 600, "learningRate": 0.01}}"#)),
      """
      4:175: protocol.schedule.warmup.steps: a warm-up of 600 steps is not before the end at 600
      """),
    Case(
      F.text(proto: F.proto(more: #""schedule": {"warmup": {"steps": 6}}"#)),
      """
      4:165: protocol.schedule.warmup: the key "learningRate" is missing
      """),
    Case(
      F.text(proto: F.proto(more: #""evaluation": {"every": 100, "recordEvery": 30}"#)),
      """
      4:186: protocol.evaluation.recordEvery: 30 does not divide every, which is 100
      """),
    Case(
      F.text(proto: F.proto(more: #""evaluation": {"every": 1000}"#)),
      """
      4:166: protocol.evaluation.every: 1000 is beyond the end at 600 iterations
      """),
    Case(
      F.text(proto: F.proto(data: #"{"name": "shapes", "size": 8}"#)),
      """
      4:68: protocol.data.size: shapes images have 16 to 224 pixels, not 8
      """),
    Case(
      F.text(proto: F.proto(data: #"{"name": "shapes", "path": "/x"}"#)),
      """
      4:68: protocol.data.path: shapes is generated and has no files; leave path out
      """),
    Case(
      F.text(proto: F.proto(data: #"{"name": "shapes", "trainCount": 100}"#)),
      """
      4:89: protocol.batch: a batch of 128 is more than the 100 training images
      """),
    Case(
      F.text(proto: F.proto(data: #"{"name": "cifar-10", "testCount": 20000}"#)),
      """
      4:75: protocol.data.testCount: cifar-10 has 10000 such images, not 20000
      """),
    Case(
      F.text(proto: F.proto(more: #""augmentation": {"padding": 16}"#)),
      """
      4:170: protocol.augmentation.padding: a padding of 16 moves 16-pixel images out of sight
      """),
    Case(
      F.text(
        proto:
          #"{"name": "q", "data": {"name": "shapes"}, "batch": 8, "iterations": 5, "optimizer": {"learningRate": 1, "momentum": 0, "nesterov": true}}"#
      ),
      """
      4:146: protocol.optimizer.nesterov: contradicts momentum 0; Nesterov's step needs a \
      momentum
      """),
    // Grid.
    Case(
      F.text(factors: nil),
      """
      1:1: there is nothing to run: give factors, ablate, or include with single variants
      """),
    Case(
      F.text(factors: "{}"),
      """
      5:14: factors: the grid is empty without a depth; add "depth": [20, 56] or the like
      """),
    Case(
      F.text(factors: #"{"depth": []}"#),
      """
      5:24: factors.depth: the list is empty; write 1 to 1000
      """),
    Case(
      F.text(factors: #"{"depth": 20}"#),
      """
      5:24: factors.depth: expected a list, found the number 20
      """),
    Case(
      F.text(factors: #"{"depth": [20, 20.0]}"#),
      """
      5:29: factors.depth[1]: 20 stands here for the second time; the first is at 5:25
      """),
    Case(
      F.text(factors: #"{"depth": [1e9]}"#),
      """
      5:25: factors.depth[0]: expected a whole number from 1 to 100000, found the number 1e9
      """),
    Case(
      F.text(factors: #"{"depth": [20], "netwrok": ["plain"]}"#),
      """
      5:30: factors.netwrok: unknown key; did you mean network? Allowed: \(factors)
      """),
    Case(
      F.text(factors: #"{"depth": [20], "network": ["resnet"]}"#),
      """
      5:42: factors.network[0]: unknown 'resnet'; did you mean residual? Allowed: plain, \
      residual
      """),
    Case(
      F.text(factors: #"{"depth": [20], "network": ["residul", "plain"]}"#),
      """
      5:42: factors.network[0]: unknown 'residul'; did you mean residual? Allowed: plain, \
      residual
      """),
    Case(
      F.text(factors: #"{"depth": [20], "width": [0, 65]}"#),
      """
      5:40: factors.width[0]: expected a number from 0.001 to 64, found the number 0
      5:43: factors.width[1]: expected a number from 0.001 to 64, found the number 65
      """),
    Case(
      F.text(factors: #"{"depth": [20], "width": [1e-300]}"#),
      """
      5:40: factors.width[0]: expected a number from 0.001 to 64, found the number 1e-300
      """),
    Case(
      F.text(
        proto:
          #"{"name": "q", "data": {"name": "shapes"}, "batch": 8, "iterations": 5, "optimizer": {"learningRate": 1e-46, "momentum": 1e-40, "weightDecay": 1e-320}}"#
      ),
      """
      4:116: protocol.optimizer.learningRate: expected a number from 1e-30 to 1000, found \
      the number 1e-46
      4:135: protocol.optimizer.momentum: expected 0 or a number of a magnitude of at least 1e-30, \
      found the number 1e-40
      4:157: protocol.optimizer.weightDecay: expected 0 or a number of a magnitude of at least \
      1e-30, found the number 1e-320
      """),
    Case(
      F.text(
        proto: F.proto(
          more: #""schedule": {"kind": "step", "milestones": [4, 5], "factor": 1e-20}"#)),
      """
      4:203: protocol.schedule.factor: makes a rate below 1e-30 at the last milestone
      """),
    Case(
      F.text(factors: #"{"depth": [20, 21, 56]}"#),
      """
      5:29: factors: depth=21 cannot be built: a CIFAR net of basic blocks has 6n+2 layers, not \
      21; the nearest are 20 and 26; take it out
      """),
    Case(
      F.text(
        factors: #"{"depth": [20, 56], "network": ["plain", "residual"], "shortcut": ["A", "B"]}"#),
      """
      5:46: factors: network=plain cannot be built: a plain net has no shortcut, so shortcut A \
      does not apply to it; add {"network": "plain"} to exclude and list nets with \
      network=plain under include, without the factor that does not apply
      """),
    Case(
      F.text(factors: #"{"depth": [20, 29], "block": ["basic", "bottleneck"]}"#),
      """
      5:44: factors: depth=29, block=basic cannot be built: a CIFAR net of basic blocks has \
      6n+2 layers, not 29; the nearest are 26 and 32; add {"depth": 29, "block": "basic"} to \
      exclude
      """),
    // Excluding what is wrong here would leave nothing of the grid.
    Case(
      F.text(factors: #"{"depth": [20, 56], "gateBias": [-6]}"#),
      """
      5:47: factors: gateBias=-6 cannot be built: gateBias belongs to the shortcuts exclusiveGating and shortcutGating \
      only; take gateBias out of the factors, \
      or give it under when for nets that can have it
      """),
    Case(
      F.text(factors: #"{"depth": [20], "batch": [128, 60000]}"#),
      """
      5:45: protocol.batch: a batch of 60000 is more than the 50000 training images (in \
      resnet-20-batch=60000)
      """),
    // Exclude, include, overrides.
    Case(
      F.text(more: #""exclude": [{}]"#),
      """
      7:15: exclude[0]: names no level, so it would leave out everything
      """),
    Case(
      F.text(more: #""exclude": [{"depth": 57}]"#),
      """
      7:25: exclude[0].depth: 57 is no level here; did you mean 56? Allowed: 20, 56
      """),
    Case(
      F.text(more: #""exclude": [{"width": 1}]"#),
      """
      7:16: exclude[0].width: is no factor of the grid; Allowed: network, depth
      """),
    Case(
      F.text(more: #""exclude": [{"depth": [20, 56]}]"#),
      """
      7:14: exclude: leaves nothing of the grid
      """),
    Case(
      F.text(more: #""include": [{"network": "plain"}]"#),
      """
      7:15: include[0]: the key "depth" is missing
      """),
    Case(
      F.text(more: #""include": [{"depth": 20, "shortcut": "A"}]"#),
      """
      7:15: include[0]: the variant resnet-20 is there already; leave out depth=20, shortcut=A
      """),
    Case(
      F.text(more: #""include": [{"depth": 110, "network": "plain", "shortcut": "A"}]"#),
      """
      7:15: include[0]: depth=110, network=plain, shortcut=A: a plain net has no shortcut, so \
      shortcut A does not apply to it
      """),
    Case(
      F.text(more: #""include": [{"depth": 20, "batch": 128}]"#),
      """
      7:15: include[0]: resnet-20-batch=128 is the same training as resnet-20; leave out \
      depth=20, batch=128
      """),
    Case(
      F.text(more: #""overrides": [{"match": {"depth": 65}, "protocol": {"batch": 64}}]"#),
      """
      7:37: overrides[0].match.depth: 65 is no level here; did you mean 56? Allowed: 20, 56
      """),
    Case(
      F.text(more: #""overrides": [{"match": {"depth": 20}}]"#),
      """
      7:17: overrides[0]: the key "protocol" is missing
      """),
    Case(
      F.text(more: #""overrides": [{"match": {"depth": 20}, "protocol": {"name": "x"}}]"#),
      """
      7:55: overrides[0].protocol.name: unknown key; Allowed: data, batch, iterations, epochs, \
      optimizer, schedule, augmentation, mean, deviation, shuffle, precision, evaluation
      """),
    Case(
      F.text(
        more:
          #""exclude": [{"network": "plain", "depth": 56}], "overrides": [{"match": {"network": "plain", "depth": 56}, "protocol": {"batch": 64}}]"#
      ),
      """
      7:75: overrides[0].match: matches no variant
      """),
    Case(
      F.text(
        more:
          #""overrides": [{"match": {"depth": 56}, "protocol": {"iterations": 50, "evaluation": {"every": 60}}}]"#
      ),
      """
      7:97: protocol.evaluation.every: 60 is beyond the end at 50 iterations (in plain-56)
      7:97: protocol.evaluation.every: 60 is beyond the end at 50 iterations (in resnet-56)
      """),
    Case(
      F.text(
        factors: #"{"depth": [20], "batch": [128, 64]}"#,
        more: #""overrides": [{"match": {"batch": 64}, "protocol": {"batch": 32}}]"#),
      """
      7:64: overrides: batch is a factor, so no override changes it (in resnet-20-batch=64)
      """),
    // Seeds and figures.
    Case(
      F.text(seeds: nil),
      """
      1:1: the key "seeds" is missing
      """),
    Case(
      F.text(seeds: "[]"),
      """
      6:12: seeds: the list is empty; write 1 to 10000
      """),
    Case(
      F.text(seeds: "0"),
      """
      6:12: seeds: expected a count from 1 to 10000, or a list, found the number 0
      """),
    Case(
      F.text(seeds: "[1, 0, 1]"),
      """
      6:19: seeds[2]: 1 stands here for the second time; the first is at 6:13
      """),
    Case(
      F.text(seeds: "[-1]"),
      """
      6:13: seeds[0]: expected a whole number from 0 to 9007199254740991, found the number -1
      """),
    Case(
      F.text(seeds: #""all""#),
      """
      6:12: seeds: expected a count from 1 to 10000, or a list, found the text "all"
      """),
    Case(
      F.text(more: #""figures": [{"name": "a", "panels": "dept"}]"#),
      """
      7:39: figures[0].panels: unknown 'dept'; did you mean depth? Allowed: \(factors)
      """),
    Case(
      F.text(more: #""figures": [{"name": "a"}, {"name": "a"}]"#),
      """
      7:39: figures[1].name: another figure has the name a already
      """),
    Case(
      F.text(more: #""figures": [{"name": "a", "panels": "depth", "lines": "depth"}]"#),
      """
      7:57: figures[0].lines: depth is the factor of the panels already
      """),
    Case(
      F.text(more: #""figures": [{"name": "a", "metrics": ["deadShare"]}]"#),
      """
      7:41: figures[0].metrics[0]: belongs to a figure of layers; this one is of curves
      """),
    Case(
      F.text(more: #""figures": [{"name": "a", "kind": "layers", "metrics": ["testError"]}]"#),
      """
      7:59: figures[0].metrics[0]: is not a number of layers, which this figure is of
      """),
    Case(
      F.text(more: #""figures": [{"name": "a", "kind": "bars", "learningRate": true}]"#),
      """
      7:45: figures[0].learningRate: belongs to a figure of curves; this one is of bars
      """),
    Case(
      F.text(more: #""figures": [{"name": "a", "colour": 1}]"#),
      """
      7:29: figures[0].colour: unknown key; Allowed: name, kind, title, panels, lines, metrics, \
      style, x, learningRate
      """),
  ]

  @Test(arguments: cases)
  func refused(_ wrong: Case) {
    #expect(F.problems(wrong.text).joined(separator: "\n") == wrong.problems)
  }

  @Test func theFactorsAreListedInFull() {
    #expect(Self.factors.hasPrefix("network, depth, block, activationOrder, shortcut, width, "))
    #expect(
      Self.factors.hasSuffix(
        "mean, deviation, shuffle, precision, evaluation.every, evaluation.recordEvery, "
          + "evaluation.layersEvery, evaluation.tenCrop"
      ))
  }

  @Test func everyLineNamesTheFile() throws {
    #expect(throws: SpecError(["sample.json:1:1: expected an object, found a list"])) {
      try SpecFixture.spec("[]")
    }
  }

  /// Damaged specs are refused or read, and every refusal says where; none of them crashes.
  @Test func mutatedSpecsNeverCrash() {
    var random = CounterRandom(seed: 1, purpose: .shuffling)
    let start = Array(
      F.text(
        proto: F.proto(more: #""schedule": {"kind": "step", "milestones": [4]}"#),
        more: #""overrides": [{"match": {"depth": 20}, "protocol": {"batch": 4}}]"#
      ).utf8)
    let pool = Array("{}[]\",:0123456789-+.eE\\u tfn\u{0}\u{ff}".utf8)
    var refused = 0
    for _ in 0..<3000 {
      var bytes = start
      for _ in 0...random.integer(below: 4) {
        let place = random.integer(below: bytes.count)
        switch random.integer(below: 4) {
        case 0: bytes.remove(at: place)
        case 1: bytes.insert(pool[random.integer(below: pool.count)], at: place)
        case 2: bytes[place] = pool[random.integer(below: pool.count)]
        default: bytes += bytes[place...].prefix(40)
        }
      }
      do {
        _ = try ExperimentSpec(bytes: bytes, file: "sample.json").expand()
      } catch {
        refused += 1
        #expect(error.problems.allSatisfy { $0.hasPrefix("sample.json:") })
      }
    }
    #expect(refused > 2000)
  }

  @Test func tooManyVariantsOrRuns() {
    let depths = (1...120).map { String($0 * 6 + 2) }.joined(separator: ", ")
    let batches = (1...120).map(String.init).joined(separator: ", ")
    let grid = "{\"depth\": [\(depths)], \"batch\": [\(batches)]}"
    #expect(
      F.problems(F.text(factors: grid))
        == ["5:14: factors: the grid has more than 10000 variants; split the experiment"])
    let many = "{\"depth\": [\(depths)]}"
    #expect(
      F.problems(F.text(factors: many, seeds: "1000"))
        == ["6:12: seeds: 120 variants with 1000 seeds are more than 100000 runs"])
  }

  @Test func filesThatCannotBeRead() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "bench-spec-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(
      throws: SpecError("the path of the spec is empty; give the path of a spec (.json)")
    ) { try ExperimentSpec(path: "") }
    let loop = folder.appending(path: "loop.json").path
    symlink(loop, loop)
    #expect(
      throws: SpecError(
        "\(loop): is a link that leads to no file; give the path of a spec (.json)")
    ) { try ExperimentSpec(path: loop) }
    let missing = folder.appending(path: "missing.json").path
    #expect(
      throws: SpecError(
        "\(missing): there is no such file; give the path of a spec (.json)")
    ) { try ExperimentSpec(path: missing) }
    #expect(
      throws: SpecError(
        "\(folder.path): is not a file; give the path of a spec (.json)")
    ) { try ExperimentSpec(path: folder.path) }
    let pipe = folder.appending(path: "pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(
      throws: SpecError(
        "\(pipe): is not a file; give the path of a spec (.json)")
    ) { try ExperimentSpec(path: pipe) }
    let large = folder.appending(path: "large.json").path
    try Data(count: 2 << 20).write(to: URL(fileURLWithPath: large))
    #expect(
      throws: SpecError(
        "\(large): the file has 2097152 bytes; at most 1048576 are read")
    ) { try ExperimentSpec(path: large) }
  }
}
