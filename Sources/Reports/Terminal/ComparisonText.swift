// What `bench compare` prints.
import Specs
import Statistics
import Text

extension Comparison {
  /// The comparison for a terminal.
  public var text: String {
    let sides = zip(["a", "b"], zip(names, diverged)).map { letter, side in
      "\(letter): \(side.0.printable)\(lost(side.1))\n"
    }
    var parts = [sides.joined()]
    for (title, differences) in [
      ("configuration", configuration), ("code", code), ("environment", environment),
    ] {
      parts.append(
        differences.isEmpty
          ? "\(title): no difference\n"
          : TextTable(
            header: [title, "a", "b"],
            rows: differences.map { [$0.field, Self.cut($0.first), Self.cut($0.second)] }
          ).text)
    }
    parts.append(metricTable)
    if let paired {
      parts.append(paired.text)
    } else if let pairedObstacle {
      parts.append("example by example: \(pairedObstacle.printable)\n")
    }
    return parts.joined(separator: "\n")
  }

  private func lost(_ diverged: Int) -> String {
    guard diverged > 0 else { return "" }
    return isOfRuns ? " (diverged)" : " (\(diverged) diverged, not counted below)"
  }

  /// Long values, such as a list of hosts, in one column.
  private static func cut(_ text: String) -> String {
    text.count > 60 ? text.prefix(59) + "…" : text
  }

  private var metricTable: String {
    guard !metrics.isEmpty else { return "No numbers yet.\n" }
    let isTested = metrics.contains { $0.welch != nil }
    let header =
      ["metric", "a", "b", "a − b"]
      + (isTested ? ["95 % interval", "Welch p", "permutation p (smallest)", "g"] : [])
    let rows = metrics.map { compared in
      let metric = compared.metric
      var cells = [
        metric.name, Self.values(compared.first, metric),
        Self.values(compared.second, metric),
        compared.difference.map { NumberText.difference($0, metric: metric) } ?? "",
      ]
      if isTested {
        cells += [
          NumberText.interval(compared.welch?.interval(), metric: metric),
          compared.welch.map { NumberText.probability($0.twoSidedP) } ?? "",
          compared.permutation?.shortText ?? "", compared.effect.map { NumberText.value($0) } ?? "",
        ]
      }
      return cells
    }
    let table = TextTable(
      header: header, rows: rows, rightAligned: Set(1..<header.count)
    ).text
    let note = "p is two-sided and not corrected for the number of metrics.\n"
    return isTested ? "\(table)\n\(note)" : table
  }

  private static func values(_ values: [Double], _ metric: Metric) -> String {
    let text = NumberText.summary(values, metric: metric)
    return values.count > 1 ? "\(text) (n = \(values.count))" : text
  }

  /// The comparison for other programs.
  public var json: String {
    func list(_ differences: [Difference]) -> CanonicalJSON {
      .list(
        differences.map {
          .object(["field": .text($0.field), "a": .text($0.first), "b": .text($0.second)])
        })
    }
    let members: [String: CanonicalJSON] = [
      "a": .text(names[0]), "b": .text(names[1]), "configuration": list(configuration),
      "code": list(code), "environment": list(environment), "metrics": .list(metrics.map(\.json)),
      "paired": paired.map(\.json) ?? .null,
      "diverged": .list(diverged.map { .integer($0) }),
    ]
    let order = ["field", "metric", "a", "b", "configuration", "code", "environment", "metrics"]
    return JSONText.printable(CanonicalJSON.object(members).indented(order: order)) + "\n"
  }
}

extension Comparison.ComparedMetric {
  fileprivate var json: CanonicalJSON {
    .object([
      "metric": .text(metric.name), "a": .numbers(first), "b": .numbers(second),
      "difference": .optional(difference), "interval": .interval(welch?.interval()),
      "welchP": .optional(welch?.twoSidedP), "permutation": permutation.map(\.json) ?? .null,
      "hedgesG": .optional(effect),
    ])
  }
}

extension PairedComparison {
  /// Both runs on the same test examples.
  fileprivate var text: String {
    let neither = count - both - onlyFirst - onlySecond
    var lines = [
      "example by example, \(count) test images: both right \(both), only a \(onlyFirst), only b "
        + "\(onlySecond), neither \(neither)",
      "McNemar's exact " + NumberText.equation("p", mcNemarP)
        + (correlation.map { ", correlation of the answers " + NumberText.value($0) } ?? ""),
    ]
    if let interval = interval() {
      lines.append(
        "test error a − b \(NumberText.difference(difference)), 95 % interval "
          + "\(NumberText.interval(interval)) (\(interval.method.rawValue))")
    }
    lines.append(
      "This is about these two trained nets; what another seed would give, it does not tell.")
    return lines.map { $0 + "\n" }.joined()
  }

  fileprivate var json: CanonicalJSON {
    .object([
      "count": .integer(count), "both": .integer(both), "onlyA": .integer(onlyFirst),
      "onlyB": .integer(onlySecond), "mcNemarP": .number(mcNemarP),
      "difference": .number(difference), "interval": .interval(interval()),
      "correlation": .optional(correlation),
    ])
  }
}
