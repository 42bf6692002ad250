// What has changed since a saved result of `bench perf`.
import Engine
import Foundation
import Numerics
import Reports

/// Why a saved result cannot be used.
struct PerfError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Two results side by side.
struct PerfComparison {
  let before: PerfReport
  let after: PerfReport

  /// The largest file that is read, in bytes.
  private static let largestFile = 64 << 20

  /// Reads what `bench perf --format json` has printed.
  static func load(_ path: String) throws(PerfError) -> PerfReport {
    let advice = "save one with 'bench perf --format json > FILE'"
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    guard attributes?[.type] as? FileAttributeType == .typeRegular else {
      throw PerfError(
        "--compare \(path): \(attributes == nil ? "there is no such file" : "not a file"); \(advice)"
      )
    }
    guard (attributes?[.size] as? Int ?? 0) <= largestFile,
      let data = try? Data(contentsOf: URL(filePath: path))
    else { throw PerfError("--compare \(path): cannot be read as a result; \(advice)") }
    do {
      return try JSONDecoder().decode(PerfReport.self, from: data)
    } catch DecodingError.keyNotFound(let key, _) {
      throw PerfError(
        "--compare \(path): not a result of this 'bench perf': '\(key.stringValue)' is missing; "
          + advice)
    } catch DecodingError.typeMismatch(_, let context) {
      let key = context.codingPath.last?.stringValue ?? "the whole"
      throw PerfError(
        "--compare \(path): not a result of 'bench perf': '\(key)' is of another kind; \(advice)")
    } catch {
      throw PerfError("--compare \(path): not JSON; \(advice)")
    }
  }

  /// What makes the two hard to compare, one sentence each.
  var warnings: [String] {
    func identity(_ report: PerfReport) -> String {
      "\(report.numericIdentity.backend), \(report.numericIdentity.instructionSet)"
    }
    let pairs = [
      ("network", before.name, after.name), ("mode", before.mode, after.mode),
      ("batch", "\(before.batch)", "\(after.batch)"), ("input", before.input, after.input),
      ("threads", "\(before.threads)", "\(after.threads)"),
      (
        "precision", (before.precision ?? .fp32).rawValue, (after.precision ?? .fp32).rawValue
      ),
      ("processor", before.cpu, after.cpu),
      ("backend and instruction set", identity(before), identity(after)),
    ]
    // Backend and instruction set stand above, and another engine's speed is what is asked for.
    let others = after.numericIdentity.differences(since: before.numericIdentity).filter {
      !["engine version", "backend", "instruction set"].contains($0.name)
    }.map { ($0.name, $0.earlier, $0.now) }
    var result = (pairs + others).filter { $0.1 != $0.2 }.map { name, old, new in
      "the \(name) differs: \(old) before, \(new) now"
    }
    let ratio = after.peakGFLOPS / before.peakGFLOPS
    if result.isEmpty, !(0.95...1.05).contains(ratio) {
      let (old, new) = (before.peakGFLOPS, after.peakGFLOPS)
      result.append(
        "the measured FMA peak was \(PerfText.number(old, 0)) and is \(PerfText.number(new, 0)) "
          + "GFLOP/s: something else was running, or the clock has changed")
    }
    return result
  }

  private static func change(_ old: Double, _ new: Double) -> String {
    guard old > 0 else { return "" }
    return String(format: "%+.1f", 100 * (new / old - 1))
  }

  /// The step as a whole, then each operation.
  func text(all: Bool) -> String {
    func row(_ name: String, _ digits: Int, _ value: (PerfReport) -> Double) -> [String] {
      let (old, new) = (value(before), value(after))
      return [
        name, PerfText.number(old, digits), PerfText.number(new, digits), Self.change(old, new),
      ]
    }
    let whole = TextTable(
      header: ["step", "before", "now", "change%"],
      rows: [
        row("images/s", 1) { $0.imagesPerSecond }, row("ms", 2) { $0.milliseconds },
        row("GFLOP/s", 1) { $0.gflops }, row("FMA peak, GFLOP/s", 1) { $0.peakGFLOPS },
        row("share of peak, %", 1) { 100 * $0.peakShare },
        row("copy, GB/s", 1) { $0.copyGBPerSecond }, row("peak memory, MB", 1) { $0.peakMemoryMB },
      ], rightAligned: [1, 2, 3])
    return whole.text + "\n" + operations(all: all)
  }

  private func operations(all: Bool) -> String {
    func key(_ group: PerfText.Group) -> [String] {
      [group.name, group.members[0].summary, group.members[0].pass]
    }
    let old = Dictionary(
      PerfText.groups(before.operations, all: all).map { (key($0), $0.milliseconds) },
      uniquingKeysWith: +)
    let groups = PerfText.groups(after.operations, all: all)
    let rows = groups.map { group in
      let earlier = old[key(group)]
      return [
        group.name, group.members.count == 1 ? "" : "\(group.members.count)",
        group.members[0].summary, group.members[0].pass,
        earlier.map { PerfText.number($0, 2) } ?? "", PerfText.number(group.milliseconds, 2),
        earlier.map { Self.change($0, group.milliseconds) } ?? "new",
        earlier.map { String(format: "%+.2f", group.milliseconds - $0) } ?? "",
      ]
    }
    let known = Set(groups.map(key))
    let gone = old.keys.count { !known.contains($0) }
    let table = TextTable(
      header: ["operation", "n", "what", "pass", "before ms", "now ms", "change%", "ms"],
      rows: rows, rightAligned: [1, 4, 5, 6, 7])
    return table.text + (gone == 0 ? "" : "\(gone) operations of the saved result are no more.\n")
  }
}
