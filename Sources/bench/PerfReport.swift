// What `bench perf` has measured, as it is saved and compared.
import Engine
import Numerics

/// One measurement. Speeds are of the median step.
struct PerfReport: Codable {
  let name: String
  /// `training` or `evaluation`.
  let mode: String
  let batch: Int
  /// Channels, height and width.
  let input: String
  let threads: Int
  let steps: Int
  let milliseconds: Double
  let imagesPerSecond: Double
  let bestImagesPerSecond: Double
  /// 2 operations per multiply-add of direct convolution.
  let gflops: Double
  let peakGFLOPS: Double
  let peakShare: Double
  let copyGBPerSecond: Double
  let peakMemoryMB: Double
  let cpu: String
  let numericIdentity: NumericIdentity
  /// Nothing in results from before there were several: fp32.
  let precision: Precision?
  /// What `peakGFLOPS` are of; nothing in earlier results: `FMA`.
  let unit: String?
  let operations: [PerfOperation]
}

extension NumericIdentity: Codable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }

  /// The stored fields; the engine's version is a number, as it always was in saved results.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for (name, value) in fields {
      if name == "engineVersion", let number = Int(value) {
        try container.encode(number, forKey: Key(name))
      } else {
        try container.encode(value, forKey: Key(name))
      }
    }
  }

  /// What a result of an earlier version lacks is unknown.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let version = try container.decode(Int.self, forKey: Key("engineVersion"))
    let backend = try container.decode(String.self, forKey: Key("backend"))
    let instructionSet = try container.decode(String.self, forKey: Key("instructionSet"))
    func text(_ name: String) -> String? {
      try? container.decodeIfPresent(String.self, forKey: Key(name))
    }
    self.init { name in
      switch name {
      case "engineVersion": String(version)
      case "backend": backend
      case "instructionSet": instructionSet
      default: text(name)
      }
    }
  }
}

/// One pass of one operation, or a part of the step that belongs to no single one.
struct PerfOperation: Codable {
  /// The layer's path, such as `layer1.0.conv1`, or what is done, such as `optimizer`.
  let name: String
  /// What the operation does to what; empty for what belongs to no single one.
  let summary: String
  /// `forward`, `backward`, or empty.
  let pass: String
  /// Median over the steps.
  let milliseconds: Double
  /// Of the sum over all operations.
  let share: Double
  /// Multiply-adds of direct convolution, counted twice, in 10⁹.
  let gigaOperations: Double
  /// What the pass must read and write, in 10⁶ bytes; see `OperationCost` for what is counted.
  let megabytes: Double
  let gflops: Double
  /// Time at the limit that binds over the time taken; above 1 where Winograd multiplies less.
  let limitShare: Double
  /// `FMA`, the unit for bf16, or `memory`: which limit takes longer.
  let limit: String

  init(
    name: String, summary: String, pass: String, seconds: Double, total: Double, macs: Int,
    bytes: Int, limits: MachineLimits
  ) {
    self.name = name
    self.summary = summary
    self.pass = pass
    milliseconds = 1000 * seconds
    share = total > 0 ? seconds / total : 0
    gigaOperations = 2 * Double(macs) / 1e9
    megabytes = Double(bytes) / 1e6
    let (arithmetic, memory) = (
      gigaOperations / limits.peakGFLOPS, megabytes / 1000 / limits.copyGBPerSecond
    )
    gflops = seconds > 0 ? gigaOperations / seconds : 0
    limitShare = seconds > 0 ? max(arithmetic, memory) / seconds : 0
    limit = arithmetic >= memory ? limits.unit : "memory"
  }
}
