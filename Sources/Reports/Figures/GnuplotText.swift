// Text and numbers as gnuplot reads them.
import Foundation
import Text

/// Literals of the gnuplot language.
enum GnuplotText {
  /// Single-quoted strings, in which nothing is special, joined at the text's own quotes: a doubled
  /// quote would not do, for gnuplot misreads one at the beginning. Control characters are written
  /// out, and an overlong text is cut.
  static func quoted(_ text: String, limit: Int = 110) -> String {
    var printable = text.printable
    if printable.count > limit { printable = printable.prefix(limit - 1) + "…" }
    return "'" + printable.replacing("'", with: #"'."'".'"#) + "'"
  }

  /// A number with at most 6 significant digits.
  static func number(_ value: Double) -> String { String(format: "%.6g", value) }
}
