// Takes the times of `bench perf`: whole steps, their phases, and the machine's limits between them.
import Engine
import Experiments
import Foundation
import Numerics

/// One network that is timed on random images.
final class PerfMeasurement {
  /// Steps are timed with the papers' optimizer.
  static let optimizer: any Optimizer = SGD()

  let network: NetworkExecutor
  private let labels: [Int32]
  private let isEvaluation: Bool
  private let meter: MachineLimitMeter
  private(set) var times: [Double] = []
  /// Rates of multiply-adds over as long as a step takes, in GFLOP/s.
  private(set) var arithmeticRates: [Double] = []

  init(_ graph: Graph, batch: Int, threads: Int, isEvaluation: Bool, precision: Precision) {
    let pool = WorkerPool(threads: threads)
    network = NetworkExecutor(
      graph, batch: batch, pool: pool, trains: !isEvaluation,
      arithmetic: .current(precision))
    meter = MachineLimitMeter(pool: pool, arithmetic: network.arithmetic)
    self.isEvaluation = isEvaluation
    network.state.initialize(seed: 0)
    var random = CounterRandom(seed: 0, purpose: .statistics)
    for i in 0..<batch * graph.inputShape.count { network.input[i] = random.normal() }
    let classes = graph.shape(of: graph.output).channels
    labels = (0..<batch).map { _ in Int32(random.integer(below: classes)) }
  }

  /// The limits that the bursts between the steps have shown so far.
  var limits: MachineLimits { meter.limits }

  private func step() {
    if isEvaluation {
      _ = network.evaluate(labels: labels, count: network.batch)
    } else {
      _ = network.trainStep(
        labels: labels, count: network.batch, optimizer: Self.optimizer, learningRate: 0.01)
    }
  }

  func warmUp() {
    for _ in 0..<3 { step() }
    meter.measureArithmetic(bursts: 8)
  }

  /// Times `count` steps, with bursts at the machine's limit between them and at the end.
  func run(steps count: Int) {
    let clock = ContinuousClock()
    for index in 0..<count {
      let start = clock.now
      step()
      times.append((clock.now - start) / .seconds(1))
      if index % max(1, count / 5) == 0 { meter.measureArithmetic(bursts: 3) }
    }
    meter.measureArithmetic(bursts: 8)
  }

  /// Times `count` steps in turns with as much time of multiply-adds.
  func runBesideArithmetic(steps count: Int) {
    for _ in 0..<count {
      run(steps: 1)
      arithmeticRates.append(meter.arithmeticRate(seconds: medianSeconds))
    }
  }

  var medianSeconds: Double { Self.median(times) }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// Warms up, times `steps` steps and their phases, and judges them.
  func report(name: String, steps: Int) -> PerfReport {
    warmUp()
    let profile = StepProfile()
    network.profile = profile
    run(steps: steps)
    network.profile = nil
    // Before the copies, which need memory of their own.
    let memory = Self.peakMemoryMB()
    meter.measureCopy(bursts: 12)
    let operations = operations(profile, limits: limits)
    let operationsOfStep = operations.reduce(0) { $0 + $1.gigaOperations }
    let batch = Double(network.batch)
    return PerfReport(
      name: name, mode: isEvaluation ? "evaluation" : "training", batch: network.batch,
      input: network.graph.inputShape.description, threads: network.threads, steps: steps,
      milliseconds: 1000 * medianSeconds, imagesPerSecond: batch / medianSeconds,
      bestImagesPerSecond: batch / (times.min() ?? 0), gflops: operationsOfStep / medianSeconds,
      peakGFLOPS: limits.peakGFLOPS,
      peakShare: operationsOfStep / medianSeconds / limits.peakGFLOPS,
      copyGBPerSecond: limits.copyGBPerSecond, peakMemoryMB: memory,
      cpu: ProvenanceCollector.cpu(), numericIdentity: .current.with(network.arithmetic),
      precision: network.precision, unit: limits.unit, operations: operations)
  }

  /// All passes in the order of the layers, then what belongs to no single layer.
  private func operations(_ profile: StepProfile, limits: MachineLimits) -> [PerfOperation] {
    let costs = network.operationCosts(count: network.batch)
    func median(_ phase: StepProfile.Phase, _ operation: Int) -> Double {
      Self.median(profile.seconds(phase, operation: operation))
    }
    let all = StepProfile.Phase.allCases.map { phase in costs.indices.map { median(phase, $0) } }
    let total = all.reduce(0) { $0 + $1.reduce(0, +) }
    var rows: [PerfOperation] = []
    func add(_ cost: OperationCost, _ pass: String, _ seconds: Double, macs: Int, bytes: Int) {
      rows.append(
        PerfOperation(
          name: cost.name, summary: cost.summary, pass: pass, seconds: seconds, total: total,
          macs: macs, bytes: bytes, limits: limits))
    }
    for (index, cost) in costs.enumerated() {
      add(
        cost, "forward", all[StepProfile.Phase.forward.rawValue][index], macs: cost.forwardMACs,
        bytes: cost.forwardBytes)
      if isEvaluation { continue }
      add(
        cost, "backward", all[StepProfile.Phase.backward.rawValue][index],
        macs: cost.backwardMACs, bytes: cost.backwardBytes)
    }
    for (phase, name, bytes) in sharedParts(costs) {
      let seconds = all[phase.rawValue].reduce(0, +)
      if seconds == 0 { continue }
      rows.append(
        PerfOperation(
          name: name, summary: "", pass: "", seconds: seconds, total: total, macs: 0, bytes: bytes,
          limits: limits))
    }
    return rows
  }

  /// The parts of a step that belong to no single layer, with the bytes that each reads and
  /// writes.
  private func sharedParts(
    _ costs: [OperationCost]
  ) -> [(StepProfile.Phase, String, bytes: Int)] {
    let parameters = network.graph.parameterCount * MemoryLayout<Float>.stride
    return [
      (.preparation, "weights prepared", costs.reduce(0) { $0 + $1.preparationBytes }),
      (.statistics, "batch statistics", 0), (.loss, "loss", 0),
      (.weightSums, "weight-gradient sums", costs.reduce(0) { $0 + $1.weightSumBytes }),
      (.gradientSums, "batch-norm gradients", 0), (.gradientNorm, "gradient norm", parameters),
      (.optimizer, "optimizer", Self.optimizer.accessesPerParameter * parameters),
    ]
  }

  /// The most memory that this process has had, in 10⁶ bytes.
  static func peakMemoryMB() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) * 1024 / 1e6
  }
}
