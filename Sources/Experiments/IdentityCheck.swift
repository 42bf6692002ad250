// The argument for residual blocks, checked: functions of deeper residual nets contain those of
// shallower ones, for a block can be the identity (He et al. 2015, section 1; Dive into Deep
// Learning, section 7.6).
import Datasets
import Engine
import Networks
import Numerics

/// Statements about identities, each tried out on the engine itself.
public struct IdentityCheck: Sendable {
  /// A statement with what was found.
  public struct Finding: Sendable {
    public let statement: String
    public let holds: Bool
    /// What was compared, in numbers.
    public let detail: String
  }

  /// Steps for which the shallower nets are trained before they are deepened.
  public static let trainingSteps = 60
  private static let batch = 32
  private static let classes = 10

  private let images: [Float]
  private let labels: [Int32]
  private let pool: WorkerPool
  private let arithmetic: Arithmetic
  private let shape = ImageShape(height: 16, width: 16, channels: 3)

  /// - Parameters:
  ///   - threads: that compute.
  ///   - precision: how activations are kept. Sums with zero are exact in any.
  /// - Throws: `DatasetError` where the built-in images cannot be made.
  public init(threads: Int, precision: Precision = .fp32) throws {
    arithmetic = .current(precision)
    let data = try Shapes.dataset(split: .train, count: 512, size: 16)
    images = data.pixels.map { Float($0) / 255 - 0.5 }
    labels = data.labels
    pool = WorkerPool(threads: threads)
  }

  /// Every statement, in the order in which the argument goes.
  /// - Throws: `ArchitectureError` never for the nets that are used here.
  public func findings() throws -> [Finding] {
    var findings: [Finding] = []
    for (name, block) in [("basic", "resnet-20"), ("bottleneck", "resnet-29-bottleneck")] {
      findings.append(try blockIsIdentity(kind: name, of: block))
    }
    findings.append(try deepened("resnet-8", to: "resnet-20"))
    findings.append(try deepened("resnet-11-bottleneck", to: "resnet-29-bottleneck"))
    findings.append(try plainIsBlind("plain-8", to: "plain-20"))
    return findings
  }

  /// The second block of a zero-initialised net on the rectified output of the first.
  private func blockIsIdentity(kind: String, of name: String) throws -> Finding {
    let zero = try Architecture(name: "\(name)-zeroinit")
    let graph = try zero.graph(input: shape, classes: Self.classes)
    // The same net cut off behind its first block, and behind its second.
    let values = (0...1).map { index in
      let cut = graph.prefix(through: "layer1.\(index).relu")
      let network = NetworkExecutor(
        cut, batch: Self.batch, pool: pool, trains: false, arithmetic: arithmetic)
      network.state.initialize(seed: 1)
      // With scales at 0 the first block would be an identity as well.
      network.state.setValues(
        .init(repeating: 1, count: cut.shape(of: cut.output).channels),
        of: "layer1.0.bn\(zero.block == .basic ? 2 : 3).weight")
      fill(network, first: 0)
      return network.predict(count: Self.batch)
    }
    let equal = zip(values[0], values[1]).count { $0.bitPattern == $1.bitPattern }
    let positive = values[0].count { $0 > 0 }
    return Finding(
      statement: "a \(kind) residual block whose last batch norm is zero is the identity on what a "
        + "rectifier gives",
      holds: equal == values[0].count && positive > 0,
      detail: "\(equal) of \(values[0].count) numbers equal to the bit, \(positive) of them above 0"
    )
  }

  /// A trained net with such blocks added to every stage.
  private func deepened(_ shallow: String, to deep: String) throws -> Finding {
    let (first, second) = try answers(shallow, deep)
    let equal = zip(first, second).count { $0.bitPattern == $1.bitPattern }
    let count = first.count / Self.classes
    let answers = Set((0..<count).map { Self.best(first, image: $0) }).count
    return Finding(
      statement: "\(deep), made from a trained \(shallow) with such blocks, computes the same "
        + "function",
      holds: equal == first.count && answers > 1,
      detail: "\(equal) of \(first.count) logits equal to the bit on \(count) images, after "
        + "\(Self.trainingSteps) steps of training; \(answers) different answers")
  }

  /// The same without shortcuts: what enters such a block is lost.
  private func plainIsBlind(_ shallow: String, to deep: String) throws -> Finding {
    let (first, second) = try answers(shallow, deep)
    let count = first.count / Self.classes
    func distinct(_ logits: [Float]) -> Int {
      Set((0..<count).map { Array(logits[$0 * Self.classes..<($0 + 1) * Self.classes]) }).count
    }
    let (before, after) = (distinct(first), distinct(second))
    return Finding(
      statement: "\(deep), made from a trained \(shallow) in the same way, does not: a plain net "
        + "loses its input in such a block",
      holds: before > 1 && after == 1,
      detail: "\(before) different outputs on \(count) images before, \(after) after")
  }

  /// The logits of a trained net, and of the deeper one that has its blocks and further ones whose
  /// last batch norm is zero.
  private func answers(_ shallow: String, _ deep: String) throws -> ([Float], [Float]) {
    let (small, large) = (try Architecture(name: shallow), try Architecture(name: deep))
    let trained = NetworkExecutor(
      try small.graph(input: shape, classes: Self.classes), batch: Self.batch, pool: pool,
      arithmetic: arithmetic)
    trained.state.initialize(seed: 1)
    for step in 0..<Self.trainingSteps {
      let first = step * Self.batch % labels.count
      fill(trained, first: first)
      labels.withUnsafeBufferPointer { labels in
        guard let start = labels.baseAddress else { return }
        _ = trained.trainStep(
          labels: start + first, count: Self.batch, optimizer: SGD(), learningRate: 0.05)
      }
    }
    let extended = NetworkExecutor(
      try large.graph(input: shape, classes: Self.classes), batch: Self.batch, pool: pool,
      arithmetic: arithmetic)
    extended.state.initialize(seed: 2)
    let known = Set(trained.state.specifications.map(\.name))
    for tensor in extended.state.specifications {
      if known.contains(tensor.name), let values = trained.state.values(of: tensor.name) {
        extended.state.setValues(values, of: tensor.name)
      } else if tensor.name.hasSuffix(".bn\(large.block == .basic ? 2 : 3).weight") {
        extended.state.setValues(.init(repeating: 0, count: tensor.count), of: tensor.name)
      }
    }
    fill(trained, first: 0)
    fill(extended, first: 0)
    return (trained.predict(count: Self.batch), extended.predict(count: Self.batch))
  }

  private func fill(_ network: NetworkExecutor, first: Int) {
    let size = shape.count
    for i in 0..<Self.batch * size { network.input[i] = images[first * size + i] }
  }

  private static func best(_ logits: [Float], image: Int) -> Int {
    let row = logits[image * classes..<(image + 1) * classes]
    return row.indices.max { row[$0] < row[$1] }.map { $0 - row.startIndex } ?? 0
  }
}
