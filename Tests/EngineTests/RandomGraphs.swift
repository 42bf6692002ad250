// Small networks that cover every operation and every way in which the plan fuses them.
@testable import Numerics

/// The kinds of residual join that the plan treats differently.
enum JoinKind: String, CaseIterable {
  case plain, original, originalProjection, zeroPadding, pre, preProjection, preZeroPadding
  case projectionWithBias, sumBeforeNorm, sumOfReLUs, noNorm
  case reluOnlyPre, scaled, scaledBoth, gated, exclusivelyGated, gatedStream, dropout
}

/// A network of a stem, two blocks of a kind and a head.
func makeGraph(
  _ kind: JoinKind, input: ImageShape, channels: Int, classes: Int, stride: Int = 2,
  withPooling: Bool = false, kernelSize: Int = 3
) -> Graph {
  var g = Graph(input: input)
  var x = g.convolution(
    g.input, name: "stem", outputChannels: channels, kernelSize: kernelSize, padding: kernelSize / 2
  )
  let isPre = [.pre, .preProjection, .preZeroPadding].contains(kind)
  if !isPre && kind != .noNorm { x = g.relu(g.batchNorm(x, name: "stem.bn")) }
  if withPooling { x = g.maxPool(x, kernelSize: 3, stride: 2, padding: 1) }
  for block in 0..<3 {
    let name = "block\(block)"
    let isChange = block == 1
    let s = isChange ? stride : 1
    let width = block == 0 ? channels : channels + 5
    func conv(_ x: ValueID, _ i: Int, stride: Int) -> ValueID {
      g.convolution(
        x, name: "\(name).conv\(i)", outputChannels: width, kernelSize: 3, stride: stride,
        padding: 1, hasBias: kind == .projectionWithBias || kind == .noNorm)
    }
    func project(_ x: ValueID) -> ValueID {
      g.convolution(
        x, name: "\(name).down", outputChannels: width, kernelSize: 1, stride: s,
        hasBias: kind == .projectionWithBias)
    }
    let start = x
    switch kind {
    case .plain, .original, .originalProjection, .zeroPadding, .projectionWithBias:
      var y = g.relu(g.batchNorm(conv(x, 1, stride: s), name: "\(name).bn1"))
      y = g.batchNorm(conv(y, 2, stride: 1), name: "\(name).bn2")
      if kind == .plain {
        x = g.relu(y)
      } else if kind == .projectionWithBias && isChange {
        x = g.relu(g.add(y, project(start)))
      } else if kind == .originalProjection && isChange {
        x = g.relu(g.add(y, g.batchNorm(project(start), name: "\(name).downbn")))
      } else {
        let shortcut =
          isChange ? g.zeroPaddingShortcut(start, stride: s, outputChannels: width) : start
        x = g.relu(g.add(y, shortcut))
      }
    case .reluOnlyPre:
      var y = g.batchNorm(conv(g.relu(x), 1, stride: s), name: "\(name).bn1")
      y = g.batchNorm(conv(g.relu(y), 2, stride: 1), name: "\(name).bn2")
      x = g.add(
        y, isChange ? g.zeroPaddingShortcut(start, stride: s, outputChannels: width) : start)
    case .scaled, .scaledBoth, .gated, .exclusivelyGated, .gatedStream, .dropout:
      var y = g.relu(g.batchNorm(conv(x, 1, stride: s), name: "\(name).bn1"))
      y = g.batchNorm(conv(y, 2, stride: 1), name: "\(name).bn2")
      var way = isChange ? g.zeroPaddingShortcut(start, stride: s, outputChannels: width) : start
      switch kind {
      case .scaled, .scaledBoth:
        way = g.scale(way, by: 0.5)
        if kind == .scaledBoth { y = g.scale(y, by: -0.75) }
      case .dropout: way = g.dropout(way, rate: 0.4)
      default:
        let logits = g.convolution(
          start, name: "\(name).gate", outputChannels: width, kernelSize: 1, stride: s,
          hasBias: true, initialization: .gate(bias: -0.5))
        way = g.gate(way, logits: logits, isComplement: true)
        if kind == .exclusivelyGated { y = g.gate(y, logits: logits, isComplement: false) }
      }
      let sum = g.add(y, way)
      x = kind == .gatedStream ? sum : g.relu(sum)
    case .pre, .preProjection, .preZeroPadding:
      let a = g.relu(g.batchNorm(x, name: "\(name).bn1"))
      var y = conv(a, 1, stride: s)
      y = conv(g.relu(g.batchNorm(y, name: "\(name).bn2")), 2, stride: 1)
      let shortcut =
        !isChange
        ? start
        : kind == .preZeroPadding
          ? g.zeroPaddingShortcut(start, stride: s, outputChannels: width) : project(a)
      x = g.add(y, shortcut)
    case .sumBeforeNorm:
      let y = g.relu(g.batchNorm(conv(x, 1, stride: s), name: "\(name).bn1"))
      let z = conv(y, 2, stride: 1)
      let sum = g.add(z, isChange ? project(start) : start)
      x = g.relu(g.batchNorm(sum, name: "\(name).bn2"))
    case .sumOfReLUs:
      var y = g.relu(g.batchNorm(conv(x, 1, stride: s), name: "\(name).bn1"))
      y = g.relu(g.batchNorm(conv(y, 2, stride: 1), name: "\(name).bn2"))
      x = g.add(
        y, isChange ? g.zeroPaddingShortcut(start, stride: s, outputChannels: width) : start)
    case .noNorm:
      let y = conv(g.relu(conv(x, 1, stride: s)), 2, stride: 1)
      x = g.relu(isChange ? y : g.add(y, start))
    }
  }
  if kind == .reluOnlyPre { x = g.relu(x) }
  if isPre { x = g.relu(g.batchNorm(x, name: "last.bn")) }
  x = g.globalAveragePool(x)
  _ = g.linear(x, name: "fc", outputs: classes)
  return g
}

/// Random normal numbers for a test.
func randomNumbers(_ count: Int, seed: UInt64) -> [Float] {
  var random = CounterRandom(seed: seed, purpose: .statistics)
  return (0..<count).map { _ in random.normal() }
}

/// Random labels for a test.
func randomLabels(_ count: Int, classes: Int, seed: UInt64) -> [Int32] {
  var random = CounterRandom(seed: seed, purpose: .subset)
  return (0..<count).map { _ in Int32(random.integer(below: classes)) }
}

/// ‖a − b‖ / max(‖b‖, tiny); infinite where the counts differ.
func relativeError(_ a: [Double], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  var difference = 0.0
  var norm = 0.0
  for i in a.indices {
    difference += (a[i] - b[i]) * (a[i] - b[i])
    norm += b[i] * b[i]
  }
  return (difference / max(norm, 1e-20)).squareRoot()
}
