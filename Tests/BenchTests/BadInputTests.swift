// What people and disks put where a spec, a data set or a title belongs: exit code 2 with a message
// that says what, where and what to do; hostile text comes out as text everywhere.
import Foundation
import TestSupport
import Testing

@Suite struct BadInputTests {
  private let bench: BuiltBinary

  init() throws { bench = try BuiltBinary() }

  static func spec(
    name: String = "\"bad\"", title: String = "\"Bad\"",
    data: String = #"{"name": "shapes", "size": 16, "trainCount": 20, "testCount": 10}"#,
    factors: String = #"{"network": ["plain"], "depth": [8], "width": [0.25]}"#
  ) -> String {
    """
    {"name": \(name), "title": \(title), "protocol": {"name": "tiny", "data": \(data),
      "batch": 8, "iterations": 4, "optimizer": {"learningRate": 0.02},
      "evaluation": {"every": 4, "recordEvery": 1}},
     "factors": \(factors), "seeds": [0]}
    """
  }

  private static func depth(_ level: String) -> String {
    spec(factors: "{\"network\": [\"plain\"], \"depth\": [\(level)]}")
  }

  private static let specs: [(text: [UInt8], mention: String)] = [
    (Array("hello".utf8), "'hello' is not JSON"),
    (
      Array(spec().utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }), "the file is UTF-16; save"
    ),
    (
      Array(spec().utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }), "the file is UTF-16; save"
    ),
    (Array(spec().utf8.flatMap { [$0, 0, 0, 0] }), "the file is UTF-32; save it as UTF-8"),
    ([0xFF, 0xFE, 0, 0, 0x7B, 0, 0, 0], "the file is UTF-32; save it as UTF-8"),
    (
      Array(spec().replacing(#""protocol": {"#, with: #""protocol": null, "x": {"#).utf8),
      "protocol: expected a word or an object, found null"
    ),
    ([0xFF, 0xFE, 0x7B, 0], "the file is UTF-16; save it as UTF-8"),
    ([0xEF, 0xBB, 0xBF] + Array(spec().utf8), "byte-order mark"),
    (Array("{\"title\": \"caf".utf8) + [0xE9] + Array("\"}".utf8), "not valid UTF-8"),
    ([], "the file is empty"),
    (Array("{\"name\": \"a\", \"name\": \"b\"}".utf8), "for the second time"),
    ([UInt8](repeating: UInt8(ascii: "["), count: 100_000), "nested deeper than 32 levels"),
    (Array(depth("1e9").utf8), "depth"), (Array(depth("-0").utf8), "-0 is a negative zero"),
    (Array(depth("1e999").utf8), "beyond every number"), (Array(depth("\"NaN\"").utf8), "depth"),
    (Array(spec(name: "\"../../etc/passwd\"").utf8), "expected a name of"),
    (Array(spec(name: "\"a/b\"").utf8), "expected a name of"),
    (Array(spec(name: "\"\u{1F600}\"").utf8), "expected a name of"),
    (Array(spec(title: "\"a\\u001b[2J\"").utf8), "the control character U+1b"),
    (Array(spec(title: "\"a\u{1b}[2J\"").utf8), "control character"),
    (Array(spec(data: #"{"name": "cifar-10", "path": "/nowhere"}"#).utf8), "is not in /nowhere"),
  ]

  /// No result, no folder, no control character on the terminal, and nobody waits.
  private func refuses(_ arguments: [String], _ mention: String) throws {
    let begin = ContinuousClock.now
    let result = try bench.start(arguments).collect()
    let seconds = (ContinuousClock.now - begin) / .seconds(1)
    #expect(result.status == 2, "\(arguments): \(result.status) \(result.errors)")
    #expect(result.errors.hasPrefix("bench: "), "\(result.errors)")
    #expect(result.errors.contains(mention), "\(mention) in \(result.errors)")
    let isClean = result.errors.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 }
    #expect(isClean, "\(result.errors.debugDescription)")
    #expect(seconds < 30, "\(seconds) s")
  }

  @Test(arguments: specs.indices) func specsAreRefused(_ index: Int) throws {
    let (text, mention) = Self.specs[index]
    let file = bench.folder.appending(path: "bad.json")
    try Data(text).write(to: file)
    for command in ["run", "plan"] where command == "run" || !mention.contains("nowhere") {
      try refuses([command, "bad.json"], mention)
    }
    let hasResults = FileManager.default.fileExists(
      atPath: bench.folder.appending(path: "results").path)
    #expect(hasResults == mention.contains("nowhere"))
  }

  @Test func whatIsNoFileIsRefusedAsASpec() throws {
    let folder = bench.folder
    #expect(mkfifo(folder.appending(path: "pipe.json").path, 0o600) == 0)
    try FileManager.default.createDirectory(
      at: folder.appending(path: "folder.json"), withIntermediateDirectories: true)
    symlink("loop.json", folder.appending(path: "loop.json").path)
    let giant = folder.appending(path: "giant.json")
    try Data().write(to: giant)
    // Holes: nothing on the disk.
    #expect(truncate(giant.path, 8 << 30) == 0)
    for (name, mention) in [
      ("pipe.json", "is not a file"), ("folder.json", "is not a file"),
      ("loop.json", "is a link that leads to no file"), ("giant.json", "at most 1048576 are read"),
      ("none.json", "there is no such file"),
      ("", "the path of the spec is empty"), ("a\u{1b}[31m.json", "there is no such file"),
    ] { try refuses(["run", name], mention) }
  }

  @Test func dataThatCannotBeIsRefused() throws {
    let folder = bench.folder
    func file(_ path: String, _ bytes: [UInt8]) throws {
      let url = folder.appending(path: path)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: url)
    }
    for name in ["data_batch_1", "data_batch_2", "data_batch_3", "test_batch"] {
      try file("short/\(name).bin", [1, 2, 3])
    }
    try file("empty.tar.gz", [])
    try file("noise.tar.gz", (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 167) })
    try file("outside.tar", Self.archive(name: "../data_batch_1.bin"))
    try file("absolute.tar", Self.archive(name: "/etc/data_batch_1.bin"))
    #expect(mkfifo(folder.appending(path: "pipe.tar").path, 0o600) == 0)
    symlink("loop.tar", folder.appending(path: "loop.tar").path)
    for (path, mention) in [
      ("short", "it is truncated or another file"), ("empty.tar.gz", "not a sound gzip file"),
      ("noise.tar.gz", "not a sound gzip file"), ("outside.tar", "points outside the archive"),
      ("absolute.tar", "points outside the archive"), ("pipe.tar", "is not a regular file"),
      ("loop.tar", "is not in"),
    ] {
      let place = folder.appending(path: path).path
      _ = try bench.write(
        "data.json", Self.spec(data: "{\"name\": \"cifar-10\", \"path\": \"\(place)\"}"))
      try refuses(["run", "data.json"], mention)
      try refuses(
        ["data", "preview", "cifar-10", "--path", place, "--out", "sheet.png"], mention)
    }
    let notes = try bench.write("notes.txt", "mine")
    try refuses(["data", "preview", "shapes", "--out", notes], "is no PNG picture")
    #expect(try String(contentsOfFile: notes, encoding: .utf8) == "mine")
    for _ in 0..<2 {
      #expect(try bench("data", "preview", "shapes", "--out", "sheet.png").status == 0)
    }
  }

  /// A tar archive of one empty member.
  private static func archive(name: String) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    put(name, 0)
    put("00000000000", 124)
    put("        0ustar", 148)
    header[154] = 0x20
    put("0", 156)
    put("ustar", 257)
    let digits = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
    put(String(repeating: "0", count: 6 - digits.count) + digits, 148)
    header[154] = 0
    return header + [UInt8](repeating: 0, count: 1024)
  }

  @Test func queriesOnlyRead() throws {
    #expect(try bench("run", try bench.write("s.json", Self.spec()), "--quiet").status == 0)
    let before = try bench("query", "SELECT count(*) FROM metric").output
    let target = bench.folder.appending(path: "stolen.sqlite").path
    for sql in [
      "DELETE FROM metric", "UPDATE run SET seed = 1", "DROP TABLE metric",
      "CREATE TABLE a (b)", "ATTACH '\(target)' AS o", "VACUUM INTO '\(target)'",
      "PRAGMA journal_mode = DELETE", "PRAGMA writable_schema = ON",
      "SELECT load_extension('/tmp/x.so')", "SELECT writefile('\(target)', 'x')",
      "SELECT readfile('/etc/passwd')", "SELECT 1; DELETE FROM metric", "BEGIN EXCLUSIVE", "",
      "SELECT fts3_tokenizer('simple')", "SELECT FTS3_Tokenizer('simple', x'4141414141414141')",
      "PRAGMA optimize", "pragma main.optimize(-1)", "SELECT * FROM pragma_optimize",
    ] {
      let result = try bench("query", sql)
      #expect(result.status == 2 && !result.errors.isEmpty, "\(sql): \(result.output)")
    }
    #expect(!FileManager.default.fileExists(atPath: target))
    #expect(try bench("query", "SELECT count(*) FROM metric").output == before)
    #expect(try bench("db", "check").status == 0)
  }

  /// Nothing that a title says is obeyed by a shell, gnuplot, a browser, LaTeX or a terminal.
  @Test func hostileTitlesAreText() throws {
    let title =
      "`touch pwned`\"; system(\"touch pwned\") 'x' $(touch pwned) "
      + "<script>alert(1)</script> \\input{/etc/passwd} %s &amp; =cmd,| \u{202E}\u{1F600}"
    let quoted = String(
      decoding: try JSONEncoder().encode(title), as: UTF8.self)
    let spec = try bench.write("s.json", Self.spec(title: quoted))
    let run = try bench("run", spec)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("`touch pwned`") && !run.output.contains("\u{202E}"))
    for format in ["text", "markdown", "latex", "csv", "claims-csv", "json", "html"] {
      let report = try bench("report", "bad", "--format", format)
      #expect(report.status == 0, "\(format): \(report.errors)")
      #expect(!report.output.contains("\u{202E}"), "\(format)")
      if format == "latex" {
        #expect(
          !report.output.split(separator: "\n").contains {
            !$0.hasPrefix("%") && $0.contains("\\input{")
          })
      }
    }
    let page = try String(
      contentsOf: bench.folder.appending(path: "results/reports/bad.html"), encoding: .utf8)
    #expect(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert(1)"))
    let plot = try bench("report", "bad", "--plot")
    #expect(plot.status == 0, "\(plot.errors)")
    let names = FileManager.default.enumerator(atPath: bench.folder.path)?
      .compactMap { $0 as? String }
    #expect(names?.contains { $0.hasSuffix("pwned") } == false)
    #expect(names?.contains("results/reports/bad.md") == true)
  }

  /// A gnuplot that fails: the numbers and the scripts are there, no picture is half-written.
  @Test func aFailingGnuplot() throws {
    #expect(try bench("run", try bench.write("s.json", Self.spec()), "--quiet").status == 0)
    let environment = try GnuplotProgram.fake(
      "echo 'no terminal today' >&2; exit 3", in: bench.folder)
    let result = try bench("report", "bad", "--plot", environment: environment)
    #expect(result.status == 1, "\(result.errors)")
    #expect(
      result.errors.contains("gnuplot ended with exit code 3")
        && result.errors.contains("no terminal today"))
    let plots = try FileManager.default.contentsOfDirectory(
      atPath: bench.folder.appending(path: "plots/bad").path)
    #expect(plots.allSatisfy { $0.hasSuffix(".gp") || $0.hasSuffix(".dat") }, "\(plots)")
  }

  /// A gnuplot that lacks one terminal: the other formats' pictures are kept, and the lack is said.
  @Test func onePictureFormatFails() throws {
    #expect(try bench("run", try bench.write("s.json", Self.spec()), "--quiet").status == 0)
    let script = """
      case "$*" in *png*) echo 'no pngcairo here' >&2; exit 1;; esac
      PATH=${PATH#*:} exec gnuplot "$@"
      """
    let result = try bench(
      "report", "bad", "--plot", environment: try GnuplotProgram.fake(script, in: bench.folder))
    #expect(result.status == 1)
    #expect(
      result.errors.contains("figure6.png was not drawn: gnuplot ended with exit code 1")
        && result.errors.contains("no pngcairo here"), "\(result.errors)")
    #expect(result.output.contains("figure6.svg") && !result.output.contains("figure6.png"))
    let plots = try FileManager.default.contentsOfDirectory(
      atPath: bench.folder.appending(path: "plots/bad").path)
    #expect(plots.sorted() == ["figure6.dat", "figure6.gp", "figure6.svg"])
  }

  /// A signal to the program alone ends gnuplot too, and what that has begun goes.
  @Test func aSignalEndsGnuplotToo() throws {
    #expect(try bench("run", try bench.write("s.json", Self.spec()), "--quiet").status == 0)
    let script = """
      touch .partial-$PPID-figure6.svg
      echo $$ > pid.new; mv pid.new pid
      exec sleep 100
      """
    let (process, collect) = try bench.start(
      ["report", "bad", "--plot"],
      environment: try GnuplotProgram.fake(script, in: bench.folder))
    let folder = bench.folder.appending(path: "plots/bad")
    let file = folder.appending(path: "pid").path
    for _ in 0..<3000 where !FileManager.default.fileExists(atPath: file) { usleep(10_000) }
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let pid = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(kill(pid, 0) == 0)
    process.terminate()
    let result = try collect()
    #expect(process.terminationReason == .exit && result.status == 143, "\(result.errors)")
    #expect(kill(pid, 0) != 0 && errno == ESRCH)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(!names.contains { $0.hasPrefix(".partial") }, "\(names)")
  }
}
