// Where the parts of a figure stand, so that legends of any length find room.
import Foundation

/// Sizes in pixels of the smaller picture, places as fractions of it.
struct FigureLayout {
  let width: Int
  let height: Int
  let top: String
  let bottom: String
  let titleHeight: String
  let subtitleHeight: String
  let linesHeight: String
  /// Left and right side of each panel.
  let sides: [(String, String)]
  /// gnuplot's options for each panel's legend.
  let keys: [String]

  init(_ figure: Figure) {
    let names = figure.panels.map { panel in Set(panel.series.map(\.variant)) }
    let longest = names.joined().map(\.count).max() ?? 0
    let entryWidth = 9 * min(60, longest) + 60
    let two = figure.panels.count == 2
    let most = names.map(\.count).max() ?? 0
    let columns = max(1, min(most, 430 / entryWidth))
    let keyRows = two ? (most + columns - 1) / columns : 0
    let keyWidth = two ? 0 : entryWidth + 10
    let width = two ? 1000 : 640 + keyWidth
    let height = max(400 + 25 * keyRows + (two ? 58 : 0), two ? 0 : 90 + 24 * most)
    func across(_ pixels: Int) -> String { Self.fraction(pixels, of: width) }
    func up(_ pixels: Int) -> String { Self.fraction(pixels, of: height) }
    self.width = width
    self.height = height
    titleHeight = up(height - 24)
    subtitleHeight = up(height - 50)
    linesHeight = up(height - 71)
    top = up(height - (two ? 126 : 96))
    bottom = up(64 + 25 * keyRows + (two ? 24 : 0))
    sides =
      two
      ? [(across(76), across(502)), (across(546), across(972))]
      : [(across(76), across(width - 28 - keyWidth))]
    let style = "Left reverse samplen 2 noenhanced"
    keys =
      two
      ? [289, 759].map { middle in
        "at screen \(across(middle)),\(up(16 + 25 * keyRows)) center top horizontal "
          + "maxcols \(columns) \(style)"
      }
      : ["outside right top vertical spacing 1.2 \(style)"]
  }

  private static func fraction(_ pixels: Int, of whole: Int) -> String {
    String(format: "%.4f", Double(pixels) / Double(whole))
  }
}
