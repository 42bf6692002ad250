// The tables of `bench perf`.
import Engine
import Foundation
import Numerics
import Reports

enum PerfText {
  static func number(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  private static func precision(_ report: PerfReport) -> String {
    switch report.precision ?? .fp32 {
    case .fp32: ""
    case .bf16:
      ", \(report.numericIdentity.precision) by \(report.unit ?? "FMA")"
    }
  }

  /// The step as a whole.
  static func summary(_ report: PerfReport) -> String {
    """
    \(report.name), \(report.mode), batch \(report.batch) of \(report.input), \
    \(report.threads) threads, \(report.numericIdentity.backend), \
    \(report.numericIdentity.instructionSet)\(precision(report))
    step (median)   \(number(report.milliseconds, 1)) ms, \
    \(number(report.imagesPerSecond, 1)) images/s \
    (best \(number(report.bestImagesPerSecond, 1)))
    arithmetic      \(number(report.gflops, 0)) GFLOP/s, \
    \(number(100 * report.peakShare, 1)) % of the \(number(report.peakGFLOPS, 0)) measured
    memory          \(number(report.peakMemoryMB, 0)) MB peak; \
    copy \(number(report.copyGBPerSecond, 0)) GB/s

    """
  }

  /// Operations of one kind, shape and pass.
  struct Group {
    let name: String
    let members: [PerfOperation]

    var milliseconds: Double { members.reduce(0) { $0 + $1.milliseconds } }
    var share: Double { members.reduce(0) { $0 + $1.share } }
    var megabytes: Double { members.reduce(0) { $0 + $1.megabytes } }
    var gflops: Double {
      milliseconds > 0
        ? members.reduce(0) { $0 + $1.gigaOperations } / milliseconds * 1000 : 0
    }
    /// What all members would take at the limits that bind them, in ms.
    var limitMilliseconds: Double {
      members.reduce(0) { $0 + $1.limitShare * $1.milliseconds }
    }
    var limitShare: Double { milliseconds > 0 ? limitMilliseconds / milliseconds : 0 }
  }

  /// Puts equal layers together, in the order of the first of each; forward before backward.
  static func groups(_ operations: [PerfOperation], all: Bool) -> [Group] {
    struct Key: Hashable {
      let summary: String
      let depth: Int
      let name: String
    }
    var order: [Key] = []
    var members: [Key: [PerfOperation]] = [:]
    for operation in operations {
      let isSingle = all || operation.summary.isEmpty
      let depth = operation.name.split(separator: ".").count
      let key = Key(
        summary: operation.summary, depth: depth, name: isSingle ? operation.name : "")
      if members[key] == nil { order.append(key) }
      members[key, default: []].append(operation)
    }
    return order.flatMap { key in
      let all = members[key] ?? []
      let name = pattern(all.map(\.name))
      return ["forward", "backward", ""].compactMap { pass in
        let ofPass = all.filter { $0.pass == pass }
        return ofPass.isEmpty ? nil : Group(name: name, members: ofPass)
      }
    }
  }

  /// What names have in common: `layer1.0.conv1` and `layer1.2.conv2` give `layer1.*.conv*`.
  static func pattern(_ names: [String]) -> String {
    let parts = names.map { $0.split(separator: ".").map(String.init) }
    guard let first = parts.first, parts.allSatisfy({ $0.count == first.count }) else {
      return names.first ?? ""
    }
    return first.indices.map { i in
      let column = parts.map { $0[i] }
      if column.allSatisfy({ $0 == first[i] }) { return first[i] }
      let common = column.reduce(first[i]) { $0.commonPrefix(with: $1) }
      return common + "*"
    }.joined(separator: ".")
  }

  /// The table of operations, at most 120 characters wide.
  static func table(_ report: PerfReport, all: Bool) -> String {
    let rows = groups(report.operations, all: all).map { group in
      let first = group.members[0]
      let hasLimit = group.limitMilliseconds > 0
      let over = group.milliseconds - group.limitMilliseconds
      return [
        group.name, group.members.count == 1 ? "" : "\(group.members.count)", first.summary,
        first.pass, number(group.milliseconds, 2), number(100 * group.share, 1),
        group.gflops > 0 ? number(group.gflops, 0) : "",
        group.megabytes > 0 ? number(group.megabytes, 1) : "",
        hasLimit ? number(100 * group.limitShare, 0) : "", hasLimit ? first.limit : "",
        number(over, 1),
      ]
    }
    let table = TextTable(
      header: [
        "operation", "n", "what", "pass", "ms", "share%", "GFLOP/s", "MB", "limit%", "bound",
        "gap ms",
      ], rows: rows, rightAligned: [1, 4, 5, 6, 7, 8, 10])
    return table.text + """

      ms: median over the steps. GFLOP/s: 2 per multiply-add of direct convolution, so Winograd may
      pass 100 %. MB: each tensor once per pass. limit%: time at the limit that binds (FMA peak or
      copy bandwidth) over the time taken, above 100 where data stays in the cache; gap: the rest.

      """
  }
}
