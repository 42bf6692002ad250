// Where the parts of a figure stand, so that any number of panels and legends of any length fit.
import Foundation
import Text

/// Sizes in pixels of the smaller picture, places as fractions of it from below and from the left.
struct FigureLayout {
  /// One panel's axes, from the left and from below.
  struct Frame {
    var left: String
    var right: String
    var top: String
    var bottom: String
    /// The axes of the learning rate below; equal where there are none.
    var trackTop: String
    var trackBottom: String
    /// gnuplot's options for the legend.
    var key: String
    /// Whether it has the labels of the vertical axis.
    var isFirstInRow: Bool
  }

  let width: Int
  let height: Int
  /// What stands above the panels: each line with its place and whether it belongs to the title.
  let headLines: [(text: String, height: String, isTitle: Bool)]
  let frames: [Frame]

  /// - Parameter panelWidth: of the axes of a single panel; narrow where the picture may be shrunk.
  init(_ figure: Figure, panelWidth: Int = 560) {
    let count = figure.panels.count
    let columns = count <= 3 ? max(1, count) : (count == 4 ? 2 : 3)
    let rows = (count + columns - 1) / columns
    let isNamed = !figure.x.names.isEmpty
    func longest(_ labels: [String: String]) -> Int {
      labels.values.map { min(Figure.longestLabel, $0.count) }.max() ?? 0
    }
    let longestName = longest(figure.axisLabels)
    let left = isNamed ? 40 + 17 * longestName / 2 : 76
    let gap = 44
    let plotWidth = [panelWidth, 426, 340][columns - 1]
    let width = left + columns * plotWidth + (columns - 1) * gap + 30
    let plotHeight = isNamed ? max(70, 28 * figure.x.names.count) : 250
    let trackHeight = figure.panels.contains { !$0.track.isEmpty } ? 46 : 0
    let trackGap = trackHeight > 0 ? 14 : 0
    let titled = figure.panels.contains { !$0.title.isEmpty } ? 28 : 0
    let longestLabel = longest(figure.legendLabels)
    let entries = figure.panels.map(\.labels.count).max() ?? 0
    let keyColumns = max(1, min(entries, plotWidth / (9 * longestLabel + 60)))
    let keyRows = (entries + keyColumns - 1) / keyColumns
    var headLines: [(text: String, y: Int, isTitle: Bool)] = []
    var head = 14
    if !figure.title.isEmpty {
      head = 24
      for line in Self.wrapped(figure.title, limit: (width - 20) / 10) {
        headLines.append((line, head, true))
        head += 26
      }
      for text in [figure.subtitle, figure.legend] {
        for line in Self.wrapped(text, limit: (width - 20) * 2 / 15) {
          headLines.append((line, head, false))
          head += 21
        }
      }
    }
    let rowHeight = titled + plotHeight + trackGap + trackHeight + 78 + 25 * keyRows
    let height = head + rows * rowHeight + 6
    func across(_ pixels: Int) -> String { Self.fraction(pixels, of: width) }
    func down(_ pixels: Int) -> String { Self.fraction(height - pixels, of: height) }
    self.width = width
    self.height = height
    self.headLines = headLines.map { ($0.text, down($0.y), $0.isTitle) }
    frames = (0..<count).map { index in
      let x = left + index % columns * (plotWidth + gap)
      let y = head + index / columns * rowHeight + titled
      let trackTop = y + plotHeight + trackGap
      let keyTop = trackTop + trackHeight + 66
      return Frame(
        left: across(x), right: across(x + plotWidth), top: down(y), bottom: down(y + plotHeight),
        trackTop: down(trackTop), trackBottom: down(trackTop + trackHeight),
        key: "at screen \(across(x + plotWidth / 2)),\(down(keyTop)) center top horizontal "
          + "maxcols \(keyColumns) Left reverse samplen 2 noenhanced",
        isFirstInRow: index % columns == 0)
    }
  }

  /// Lines of at most so many characters, broken between words; a longer word is not broken, and
  /// what does not fit into three lines is cut off.
  static func wrapped(_ text: String, limit: Int) -> [String] {
    var lines: [String] = []
    for word in text.printable.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= limit {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(String(word))
      }
    }
    guard lines.count > 3 else { return lines }
    return lines.prefix(2) + ["\(lines[2])…"]
  }

  private static func fraction(_ pixels: Int, of whole: Int) -> String {
    String(format: "%.4f", Double(pixels) / Double(whole))
  }
}
