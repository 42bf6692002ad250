// What a sweep is to do, as it stands in its folder for all its tasks.
import Experiments
import Foundation
import Results
import Text

/// An experiment on its way through many tasks: `sweep.json`. It is replaced as a whole, and only by
/// what has the same runs and more.
public struct SweepDescription: Codable, Equatable, Sendable {
  /// What is known of a variant before it runs.
  public struct Variant: Codable, Equatable, Sendable {
    public var configurationHash: String
    /// Multiply-adds of one image's forward pass.
    public var macs: Int64
    /// Estimated seconds of a whole run on the machine that submitted it; nil where not measured.
    public var seconds: Double?

    public init(configurationHash: String, macs: Int64, seconds: Double?) {
      self.configurationHash = configurationHash
      self.macs = macs
      self.seconds = seconds
    }
  }

  public struct Run: Codable, Hashable, Sendable {
    public var variant: String
    public var seed: Int64

    public init(variant: String, seed: Int64) {
      self.variant = variant
      self.seed = seed
    }
  }

  /// When a run is given up, and when its owner counts as gone.
  public struct Rules: Codable, Equatable, Sendable {
    /// Time-outs and failures after which a run is not taken any more.
    public var maximumTimeouts: Int
    public var maximumFailures: Int
    /// Seconds without a sign of an owner.
    public var staleAfter: Double

    public init(maximumTimeouts: Int = 3, maximumFailures: Int = 2, staleAfter: Double = 180) {
      self.maximumTimeouts = maximumTimeouts
      self.maximumFailures = maximumFailures
      self.staleAfter = staleAfter
    }
  }

  /// Of the file's layout; a program refuses another than its own.
  public var format = Self.currentFormat
  /// UUID; the ids of its runs follow from it.
  public var id: String
  public var experiment: String
  /// The spec's absolute path, and the folder in which its runs are made.
  public var spec: String
  public var workingFolder: String
  /// Whether classifiers start anew (`ExperimentSpec.init`).
  public var newHead: Bool
  /// Of the program that wrote it.
  public var version: String
  /// Of the engine: bits are equal for one version.
  public var engineVersion: String
  public var variants: [String: Variant]
  /// In the order in which they are to be made.
  public var runs: [Run]
  public var rules: Rules

  static let currentFormat = 1

  public init(
    experiment: String, spec: String, workingFolder: String, newHead: Bool, version: String,
    engineVersion: String, variants: [String: Variant], runs: [Run], rules: Rules
  ) {
    id = UUID().uuidString.lowercased()
    self.experiment = experiment
    self.spec = spec
    self.workingFolder = workingFolder
    self.newHead = newHead
    self.version = version
    self.engineVersion = engineVersion
    self.variants = variants
    self.runs = runs
    self.rules = rules
  }

  /// A run's name among the files: it says which run it is, and differs where two runs do.
  func folderName(_ run: Run) -> String {
    let hash = variants[run.variant]?.configurationHash ?? ""
    let digest = sha256("\(run.variant)\n\(run.seed)\n\(hash)").prefix(8)
    let allowed = run.variant.unicodeScalars.map { scalar in
      scalar.isASCII
        && (scalar.properties.isAlphabetic || "0123456789-_=.".unicodeScalars.contains(scalar))
        ? Character(scalar) : "_"
    }
    let name = String(allowed.prefix(100))
    return "\(name.hasPrefix(".") ? "_" : "")\(name)-s\(run.seed)-\(digest)"
  }

  /// A run's UUID, the same in every task.
  public func runId(_ key: RunKey) -> String {
    let digits = Array(sha256("\(id) \(key)").prefix(32))
    let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
    return parts.joined(separator: "-")
  }

  /// Stands for the runs that it has.
  var runsDigest: String {
    let lines = runs.map { "\(folderName($0))\n" }.sorted()
    return String(sha256(lines.joined()).prefix(12))
  }

  func key(_ run: Run) -> RunKey {
    RunKey(experiment: experiment, variant: run.variant, seed: run.seed)
  }

  /// This description with the runs of an earlier one, whose id it takes.
  /// - Throws: `ExperimentError` where the two cannot be one sweep.
  func joined(to earlier: SweepDescription, in folder: String) throws(ExperimentError)
    -> SweepDescription
  {
    let place = printable(folder, limit: 4096)
    guard earlier.experiment == experiment else {
      throw ExperimentError("\(place) has the sweep of another experiment, \(earlier.experiment)")
    }
    guard earlier.engineVersion == engineVersion else {
      throw ExperimentError(
        "\(place) was begun with version \(earlier.engineVersion) of the engine, and this program "
          + "has \(engineVersion): its numbers and those still to come would differ in their bits",
        remedy: .anotherFolder)
    }
    let changed = variants.keys.sorted().filter { name in
      earlier.variants[name].map { $0.configurationHash != variants[name]?.configurationHash }
        ?? false
    }
    guard changed.isEmpty else {
      let shown = changed.prefix(3).joined(separator: ", ")
      throw ExperimentError(
        "the spec has changed since \(place) was begun: \(shown)"
          + (changed.count > 3 ? " and \(changed.count - 3) more variants are" : " would be")
          + " trained in another way", remedy: .anotherFolder)
    }
    var joined = self
    joined.id = earlier.id
    joined.variants = earlier.variants.merging(variants) { old, new in
      var variant = new
      variant.seconds = new.seconds ?? old.seconds
      return variant
    }
    let known = Set(runs)
    joined.runs = runs + earlier.runs.filter { !known.contains($0) }
    return joined
  }
}
