// The log of one run: where it comes from, then every record, as plain text.
import Foundation
import Results
import Specs
import Text
import Training
import Weights

/// Appends to `results/logs/EXPERIMENT/VARIANT-sSEED.log`; earlier attempts stay above.
final class RunLog {
  private let handle: FileHandle
  private let path: String

  /// The logs of a database stand beside it.
  static func path(of plan: RunPlan, besideDatabase database: String) -> String {
    URL(fileURLWithPath: database).deletingLastPathComponent()
      .appending(path: "logs/\(plan.experiment)/\(plan.variant.name)-s\(plan.seed).log").path
  }

  /// Opens the log and writes the attempt's header.
  init(path: String, plan: RunPlan, run: AcquiredRun, provenance: Provenance)
    throws(ExperimentError)
  {
    self.path = path
    do {
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      if !FileManager.default.fileExists(atPath: path) {
        try Data().write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
      }
      handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try handle.seekToEnd()
    } catch {
      throw ExperimentError("cannot write the log \(path): \(systemReason(error))")
    }
    let started = Date().formatted(.iso8601)
    let header = [
      ("run", "\(plan.key) attempt \(run.attempt) id \(run.runId)"), ("started", started),
      ("command", provenance.commandLine), ("configuration", plan.variant.configurationJSON),
      ("configurationHash", plan.variant.configurationHash),
      (
        "initialWeights",
        plan.variant.initialWeights.map {
          "\($0.path) SHA-256 \($0.sha256)" + ($0.newHead ? ", new head" : "")
        } ?? "random"
      ), ("threads", "\(plan.threads)"),
      ("host", provenance.host), ("operatingSystem", provenance.operatingSystem),
      ("cpu", provenance.cpu),
      ("engine", provenance.numericIdentity.label),
      ("versions", provenance.versionsJSON), ("data", provenance.dataChecksum),
      ("commit", provenance.commit.isEmpty ? "none" : provenance.commit),
      ("uncommitted", provenance.diff.isEmpty ? "no changes" : "changes, kept in the database"),
      ("untracked", provenance.untracked),
    ]
    for (key, value) in header { try write("# \(key): \(printable(value, limit: 1 << 16))") }
  }

  /// One line for each record: `step 20 trainLoss 2.1 …`.
  func record(step: Int, metrics: [(name: String, value: Double)]) throws(ExperimentError) {
    let values = metrics.filter { !LayerMetric.isName($0.name) }.map { "\($0.name) \($0.value)" }
    if values.isEmpty { return }
    try write((["step \(step)"] + values).joined(separator: " "))
  }

  func write(_ line: String) throws(ExperimentError) {
    do {
      try handle.write(contentsOf: Data("\(line)\n".utf8))
    } catch {
      throw ExperimentError("cannot write the log \(path): \(systemReason(error))")
    }
  }

  deinit { try? handle.close() }
}
