// Text as LaTeX sets it, under every engine: nothing that it would obey, nothing that it cannot set.
import Foundation
import Text

/// Text for LaTeX documents under pdfLaTeX, LuaLaTeX and XeLaTeX.
enum LaTeX {
  /// How text may be broken besides between words.
  enum Breaking {
    /// Not at all: a cell that is as wide as its text.
    case never
    /// Words of more than this many characters: in a sentence, or in a narrow column.
    case words(longerThan: Int)

    static let sentence = words(longerThan: 24)
    static let column = words(longerThan: 9)
  }

  private static let longestWord = 16
  private static let longestPiece = 10

  /// Sets a character that no command stands for where the font has it, and its number elsewhere.
  static let characterMacro = """
    \\ifdefined\\benchchar\\else\\DeclareRobustCommand{\\benchchar}[1]{\\ifdefined\\Umathchar
      \\iffontchar\\font"#1 \\char"#1 \\else\\texttt{U+#1}\\fi\\else\\texttt{U+#1}\\fi}\\fi

    """

  /// The text with every character replaced that LaTeX would obey or does not know.
  static func escaped(_ text: String, _ breaking: Breaking = .never) -> String {
    let characters = Array(text.printable)
    guard case .words(let limit) = breaking else { return set(characters[...], breakable: false) }
    let words = characters.split(separator: " ", omittingEmptySubsequences: false)
    return words.enumerated().map { place, word in
      // Words of a language are LaTeX's to break, which it does not at the start of a cell; numbers
      // are not broken.
      let isWord = word.count <= longestWord && word.allSatisfy(\.isLetter)
      let isLong = word.count > limit && word.contains(where: \.isLetter)
      let start = isWord && isLong && place == 0 ? "\\hspace{0pt}" : ""
      return start + set(word, breakable: isLong && !isWord)
    }.joined(separator: " ")
  }

  /// A sentence of ours, in which what stands between back-quotes is code.
  static func sentence(_ text: String) -> String {
    CodeSpans.map(
      text, plain: { escaped($0, .sentence) }, code: { "\\texttt{\(escaped($0, .sentence))}" })
  }

  /// The text on one line, for a comment.
  static func comment(_ text: String) -> String { text.printable }

  /// - Parameter breakable: whether lines may end behind punctuation and before capitals, and within
  ///   what is still long without these.
  private static func set(_ characters: ArraySlice<Character>, breakable: Bool) -> String {
    var text = ""
    let breaks = breakable ? breaks(in: characters) : []
    for (place, character) in zip(characters.indices, characters) {
      let previous = place > characters.startIndex ? characters[place - 1] : nil
      if breaks.contains(place) { text += "\\allowbreak{}" }
      // Two of these would become one: an en dash, a quotation mark.
      if character == previous, "-',".contains(character) { text += "{}" }
      text += command(character)
    }
    return text
  }

  /// Before which characters a line may end.
  private static func breaks(in characters: ArraySlice<Character>) -> Set<Int> {
    var breaks: Set<Int> = []
    var start = characters.startIndex
    for place in characters.indices.dropFirst() + [characters.endIndex] {
      let isEnd = place == characters.endIndex
      guard
        isEnd || "-_./=:,;@+".contains(characters[place - 1])
          || characters[place].isUppercase && characters[place - 1].isLowercase
      else { continue }
      if place - start > longestPiece {
        breaks.formUnion(stride(from: start + 4, to: place, by: 4))
      }
      if !isEnd { breaks.insert(place) }
      start = place
    }
    return breaks
  }

  private static func command(_ character: Character) -> String {
    if let command = commands[character] { return command }
    if character.isASCII { return String(character) }
    if let accented = accented(character) { return accented }
    return character.unicodeScalars.filter { !$0.properties.isDefaultIgnorableCodePoint }
      .map { "\\benchchar{\(String($0.value, radix: 16, uppercase: true))}" }.joined()
  }

  /// `\'{e}` for é: understood by every encoding of fonts.
  private static func accented(_ character: Character) -> String? {
    let scalars = Array(String(character).decomposedStringWithCanonicalMapping.unicodeScalars)
    guard scalars.count == 2, scalars[0].isASCII, scalars[0].properties.isAlphabetic,
      let accent = accents[scalars[1].value]
    else { return nil }
    return "\\\(accent){\(Character(scalars[0]))}"
  }

  private static let accents: [UInt32: String] = [
    0x300: "`", 0x301: "'", 0x302: "^", 0x303: "~", 0x304: "=", 0x306: "u", 0x307: ".",
    0x308: "\"", 0x30A: "r", 0x30B: "H", 0x30C: "v", 0x323: "d", 0x327: "c", 0x331: "b",
  ]

  private static let commands: [Character: String] = {
    var commands: [Character: String] = [
      "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "&": "\\&", "%": "\\%", "$": "\\$",
      "#": "\\#", "_": "\\_", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
      "<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}", "\"": "\\char34{}",
      "`": "\\char96{}", "−": "$-$", "–": "--", "—": "---", "…": "\\ldots{}",
      "†": "\\textdagger{}", "‡": "\\textdaggerdbl{}", "‘": "`", "’": "'", "“": "``", "”": "''",
      "ß": "\\ss{}", "æ": "\\ae{}", "Æ": "\\AE{}", "ø": "\\o{}", "Ø": "\\O{}", "ł": "\\l{}",
      "Ł": "\\L{}", "œ": "\\oe{}", "Œ": "\\OE{}", "ı": "\\i{}", "§": "\\S{}", "¶": "\\P{}",
      "©": "\\copyright{}", "£": "\\pounds{}", "•": "\\textbullet{}", "\u{A0}": "~",
      "\u{2009}": "\\,", "\u{202F}": "\\,", "\u{2010}": "-", "\u{2011}": "-",
    ]
    for (symbol, command) in mathematics { commands[symbol] = "$\(command)$" }
    for (greek, name) in greek { commands[greek] = "$\(name)$" }
    for (digit, raised) in zip("0123456789+−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻") {
      commands[raised] = "$^{\(digit == "−" ? "-" : String(digit))}$"
    }
    for (digit, lowered) in zip("0123456789", "₀₁₂₃₄₅₆₇₈₉") { commands[lowered] = "$_{\(digit)}$" }
    return commands
  }()

  private static let mathematics: [Character: String] = [
    "±": "\\pm", "∓": "\\mp", "×": "\\times", "÷": "\\div", "·": "\\cdot", "⋅": "\\cdot",
    "≤": "\\le", "≥": "\\ge", "≠": "\\ne", "≈": "\\approx", "≡": "\\equiv", "≪": "\\ll",
    "≫": "\\gg", "«": "\\ll", "»": "\\gg", "∼": "\\sim", "∞": "\\infty", "√": "\\surd",
    "∑": "\\sum", "∏": "\\prod", "∫": "\\int", "∂": "\\partial", "∇": "\\nabla", "∆": "\\Delta",
    "∈": "\\in", "∉": "\\notin", "∀": "\\forall", "∃": "\\exists", "∅": "\\emptyset",
    "∩": "\\cap", "∪": "\\cup", "⊂": "\\subset", "⊆": "\\subseteq", "∧": "\\wedge", "∨": "\\vee",
    "¬": "\\neg", "→": "\\rightarrow", "←": "\\leftarrow", "↔": "\\leftrightarrow",
    "⇒": "\\Rightarrow", "⇐": "\\Leftarrow", "⇔": "\\Leftrightarrow", "↑": "\\uparrow",
    "↓": "\\downarrow", "∘": "\\circ", "∝": "\\propto", "⊕": "\\oplus", "⊙": "\\odot",
    "‖": "\\Vert", "°": "{}^\\circ", "µ": "\\mu", "½": "\\frac12", "¼": "\\frac14",
    "¾": "\\frac34", "′": "'", "ℓ": "\\ell",
  ]

  private static let greek: [(Character, String)] = {
    let small = [
      "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
      "lambda", "mu", "nu", "xi", "", "pi", "rho", "varsigma", "sigma", "tau", "upsilon", "varphi",
      "chi", "psi", "omega",
    ]
    let capital = "ABΓΔEZHΘIKΛMNΞOΠP\u{0}ΣTΥΦXΨΩ"
    let named: [Character: String] = [
      "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma",
      "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
    ]
    var greek: [(Character, String)] = [("ϕ", "\\phi"), ("ϵ", "\\epsilon"), ("ϑ", "\\vartheta")]
    for (offset, name) in small.enumerated() {
      guard let scalar = Unicode.Scalar(0x3B1 + UInt32(offset)) else { continue }
      greek.append((Character(scalar), name.isEmpty ? "o" : "\\\(name)"))
    }
    for (offset, letter) in capital.enumerated() where letter != "\u{0}" {
      guard let scalar = Unicode.Scalar(0x391 + UInt32(offset)) else { continue }
      greek.append((Character(scalar), named[letter].map { "\\\($0)" } ?? "\\mathrm{\(letter)}"))
    }
    return greek
  }()
}
