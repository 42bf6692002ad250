// A report as one self-contained page: no network, no script, light and dark, wide and narrow.
import Text

extension ReportDocument {
  /// The page; the same data give the same bytes.
  /// - Parameter pictures: by the figures' names.
  func html(pictures: [String: PagePicture]) -> String {
    // Texts have their types written out: joined without them, they could be GRDB's SQL.
    let body: String = blocks.map { block -> String in
      switch block {
      case .paragraphs(let lines):
        return "<section class=\"notes\">\n"
          + lines.map { "<p>\(HTML.sentence($0))</p>\n" }.joined() + "</section>\n"
      case .table(let table): return section(table)
      case .figure(let name, let title):
        guard let picture = pictures[name] else { return "" }
        let cards: String = picture.panels.map { "<div class=\"card\">\($0)</div>\n" }.joined()
        return """
          <section>
          <h2>\(HTML.escaped(title))</h2>
          <p class="note caption">\(HTML.escaped(picture.caption))</p>
          <div class="panels">
          \(cards)</div>
          </section>

          """
      }
    }.joined()
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(HTML.escaped(title))</title>
      <style>
      \(HTML.style)
      </style>
      </head>
      <body>
      <main>
      <header>
      <h1>\(HTML.escaped(title))</h1>
      <p>Experiment <code>\(HTML.escaped(experiment))</code>, spec <code>\(HTML.escaped(spec))</code></p>
      </header>
      \(body)</main>
      </body>
      </html>

      """
  }

  private func section(_ table: Table) -> String {
    func cell(_ tag: String, _ index: Int, _ text: String) -> String {
      let style = table.rightAligned.contains(index) ? " class=\"number\"" : ""
      let name =
        table.isProse && tag == "td" && index > 0
        ? " data-name=\"\(HTML.escaped(table.header[index]))\"" : ""
      return "<\(tag)\(style)\(name)>\(HTML.escaped(text))</\(tag)>"
    }
    let header: String = table.header.enumerated().map { cell("th", $0, $1) }.joined()
    let rows: String = table.rows.enumerated().map { number, row -> String in
      let style = number < table.rowStyles.count ? " class=\"\(table.rowStyles[number])\"" : ""
      let cells: String = row.enumerated().map { cell("td", $0, $1) }.joined()
      return "<tr\(style)>\(cells)</tr>\n"
    }.joined()
    let notes: String = table.notes.map { "<p class=\"note\">\(HTML.sentence($0))</p>\n" }.joined()
    let body =
      table.rows.isEmpty
      ? ""
      : """
      <div class="scroll" tabindex="0">
      <table\(table.isProse ? " class=\"prose\"" : "")>
      <thead><tr>\(header)</tr></thead>
      <tbody>
      \(rows)</tbody>
      </table>
      </div>

      """
    return """
      <section>
      <h2>\(HTML.escaped(table.title))</h2>
      \(body)\(notes)</section>

      """
  }
}

/// Text and style of a page.
enum HTML {
  /// The text with everything escaped that a page would read as markup.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.printable {
      switch character {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.append(character)
      }
    }
    return result
  }

  /// A sentence of ours, in which what stands between back-quotes is code.
  static func sentence(_ text: String) -> String {
    CodeSpans.map(text, plain: escaped) { "<code>\(escaped($0))</code>" }
  }

  /// Figures stay on white, so that their colours are those of the paper version.
  static let style = """
    :root { --ink: #1c2024; --soft: #5b6470; --paper: #ffffff; --line: #d9dee4; --shade: #f4f6f8; --shadow: #0005;
      --good: #0b6b4b; --bad: #a33a00; --open: #5b4a00; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #e6e9ec; --soft: #a3acb6; --paper: #14171a; --line: #363c43; --shade: #1d2125; --shadow: #fff6;
        --good: #5fd0a5; --bad: #ff9b66; --open: #e8cf6a; }
    }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--paper); color: var(--ink);
      font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
    main { max-width: 78rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
    h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 0.3rem; }
    h2 { font-size: 1.15rem; margin: 2.2rem 0 0.6rem; }
    header p, .note { color: var(--soft); }
    .note { font-size: 0.85rem; margin: 0.5rem 0 0; max-width: 60rem; }
    .caption { margin: 0 0 0.6rem; }
    .notes { margin-top: 1rem; padding: 0.6rem 1rem; background: var(--shade); border-radius: 8px; }
    .notes p { margin: 0.3rem 0; }
    code { font-size: 0.9em; overflow-wrap: anywhere; }
    .scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px;
      background: linear-gradient(90deg, var(--paper) 40%, transparent) left / 3rem 100% no-repeat local,
        linear-gradient(270deg, var(--paper) 40%, transparent) right / 3rem 100% no-repeat local,
        linear-gradient(90deg, var(--shadow), transparent) left / 1rem 100% no-repeat scroll,
        linear-gradient(270deg, var(--shadow), transparent) right / 1rem 100% no-repeat scroll; }
    table { border-collapse: collapse; width: 100%; font-size: 0.88rem; }
    th, td { padding: 0.45rem 0.6rem; text-align: left; vertical-align: top; }
    th { box-shadow: inset 0 -2px var(--line); vertical-align: bottom; }
    td { border-top: 1px solid var(--line); min-width: 4.5rem; }
    .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
    th.number { white-space: normal; }
    td:first-child { font-weight: 600; white-space: nowrap; }
    .reproduced td:nth-child(2) { color: var(--good); font-weight: 600; }
    .not-reproduced td:nth-child(2) { color: var(--bad); font-weight: 600; }
    .undecided td:nth-child(2), .not-tested td:nth-child(2) { color: var(--open); font-weight: 600; }
    .panels { display: grid; gap: 1rem;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); }
    .card { background: #ffffff; border: 1px solid var(--line); border-radius: 8px; padding: 0.3rem; }
    .card svg { display: block; width: 100%; max-width: 40rem; height: auto; margin: 0 auto; }
    @media (max-width: 40rem) {
      table { width: max-content; min-width: 100%; } td { max-width: 17rem; }
      table.prose, .prose tbody, .prose tr, .prose td { display: block; width: auto; max-width: none; }
      .prose thead { display: none; }
      .prose tr { padding: 0.5rem 0; border-top: 1px solid var(--line); }
      .prose tr:first-child { border-top: 0; }
      .prose td { padding: 0.1rem 0.8rem; border: 0; }
      .prose td:empty { display: none; }
      .prose td:first-child { white-space: normal; overflow-wrap: anywhere; }
      .prose td[data-name]::before { content: attr(data-name) ": "; color: var(--soft); font-weight: 400; }
    }
    @media print { .scroll { overflow: visible; } }
    """
}
