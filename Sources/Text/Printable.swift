// Text from files and users, made safe to print on a terminal, and the system's own words.
import Foundation

extension String {
  /// The text with every control character written out, so that it can neither move a terminal's
  /// cursor nor break a line: `\n`, `\t`, `\u{1B}`. Marks that reorder text are written out too.
  public var printable: String {
    guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.isUnprintable:
        text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}

extension Unicode.Scalar {
  /// Control characters, line and paragraph separators, and marks of text direction.
  package var isUnprintable: Bool {
    switch properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    default:
      (0x200E...0x200F).contains(value) || (0x202A...0x202E).contains(value)
        || (0x2066...0x2069).contains(value)
    }
  }
}

/// Text as it may appear in a message: one line, cut off at `limit`, nothing a terminal obeys.
package func printable(_ text: String, limit: Int = 60) -> String {
  var result = ""
  for scalar in text.unicodeScalars.prefix(limit) {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return text.unicodeScalars.count > limit ? result + "…" : result
}

/// The system's word for what went wrong with a file, which Foundation hides.
package func systemReason(_ error: any Error) -> String {
  let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
  if let underlying, underlying.domain == NSPOSIXErrorDomain {
    return String(cString: strerror(Int32(underlying.code)))
  }
  return switch (error as? CocoaError)?.code {
  case .fileWriteFileExists?, .fileWriteUnknown?:
    "a part of its path is a file where a folder is needed, or nothing can be made there"
  case .fileReadUnknown?: "it cannot be read"
  default: error.localizedDescription
  }
}
