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
  let operations: [PerfOperation]
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
  /// `FMA` or `memory`: which limit takes longer.
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
    limit = arithmetic >= memory ? "FMA" : "memory"
  }
}
