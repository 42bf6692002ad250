// The table of final errors, for the terminal and as Markdown.
import Foundation
import Results

extension ExperimentReport {
  static let header = [
    "variant", "parameters", "n", "training error (%)", "each seed", "test error (%)", "each seed",
  ]
  static let rightAligned: Set<Int> = [1, 2, 3, 5]
  static let chanceMark = "†"

  /// The table's cells, one row per variant.
  var cells: [[String]] {
    rows.map { row in
      [
        row.variant, String(row.parameters), String(row.n), summary(row.trainErrors),
        Self.list(row.trainErrors), summary(row.testErrors), Self.list(row.testErrors),
      ]
    }
  }

  /// What the table's marks and signs mean.
  var legend: [String] {
    var lines: [String] = []
    if rows.contains(where: { $0.trainErrors.count > 1 || $0.testErrors.count > 1 }) {
      lines.append("Last recorded errors: mean ± sample standard deviation over n seeds.")
    } else {
      lines.append("Last recorded errors of one seed: no spread is known.")
    }
    let means = rows.flatMap { [Statistics.mean($0.trainErrors), Statistics.mean($0.testErrors)] }
    if let chanceError, means.contains(where: { $0.map(isNoBetterThanGuessing) ?? false }) {
      lines.append(
        "\(Self.chanceMark) no better than guessing, which is wrong in "
          + String(format: "%.4g %%", chanceError) + " of the cases.")
    }
    return lines
  }

  /// The report for a terminal.
  public var text: String {
    let table = TextTable(header: Self.header, rows: cells, rightAligned: Self.rightAligned)
    let heading = "\(experiment.name): \(experiment.title)".printable
    let notes = notes.map { $0.printable + "\n" }.joined()
    return "\(heading)\n\(notes)\n\(table.text)\n" + legend.map { $0 + "\n" }.joined()
  }

  /// The report as Markdown; the same data give the same bytes.
  public var markdown: String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    let rules = Self.header.indices.map { Self.rightAligned.contains($0) ? "---:" : "---" }
    var text = "# \(Markdown.escaped(experiment.title))\n\n"
    text += "Experiment \(Markdown.escaped(experiment.name)), "
    text += "spec \(Markdown.escaped(experiment.specPath)).\n"
    text += notes.map { Markdown.escaped($0) + "\n" }.joined()
    text += "\n" + line(Self.header) + line(rules)
    text += cells.map { line($0.map(Markdown.escaped)) }.joined()
    text += "\n" + legend.map { $0 + "\n" }.joined()
    return text
  }

  /// `25.00 ± 2.83`, `25.00` of one value, `–` of none; marked where it is no better than guessing.
  private func summary(_ values: [Double]) -> String {
    guard let mean = Statistics.mean(values) else { return "–" }
    let mark = isNoBetterThanGuessing(mean) ? " " + Self.chanceMark : ""
    guard let deviation = Statistics.standardDeviation(values) else {
      return Self.number(mean) + mark
    }
    return "\(Self.number(mean)) ± \(Self.number(deviation))\(mark)"
  }

  private static func list(_ values: [Double]) -> String {
    values.map(number).joined(separator: ", ")
  }

  private static func number(_ value: Double) -> String { String(format: "%.2f", value) }
}

/// Text as Markdown shows it.
enum Markdown {
  /// The text with everything escaped that Markdown or HTML would read as markup.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.printable {
      switch character {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\\", "`", "*", "_", "[", "]", "|", "#", "~", "$": result += "\\\(character)"
      default: result.append(character)
      }
    }
    return result
  }
}
