// bench manual: the manual page, made from what the commands say of themselves.
import ArgumentParser
import Foundation

/// Prints the page that `make install` installs. It is no command for people and not in the help.
struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Print the manual page in roff.", shouldDisplay: false)

  func run() throws {
    print(try ManualPage(dump: Bench._dumpHelp(), version: Bench.version).text, terminator: "")
  }
}

/// A manual page of all commands, in the `man` macros of roff.
struct ManualPage {
  let text: String

  /// - Parameter dump: the parser's description of all commands, in JSON.
  init(dump: String, version: String) throws {
    let tool = try JSONDecoder().decode(Tool.self, from: Data(dump.utf8))
    var lines = [
      "." + #"\" Made by `bench manual`."#,
      #".TH BENCH 1 "" "bench \#(version)" "User Commands""#,
      ".nh", ".ad l", ".SH NAME", "bench \\- ablation studies of deep residual networks",
      ".SH SYNOPSIS", ".B bench", ".I command", #"[\fIarguments\fR] [\fIoptions\fR]"#,
      ".SH DESCRIPTION",
    ]
    lines += Self.paragraphs(Self.description)
    lines.append(".SH COMMANDS")
    for command in tool.command.subcommands ?? [] { lines += Self.section(command, after: "bench") }
    lines.append(".SH EXIT STATUS")
    for (code, meaning) in Self.exitCodes { lines += [".TP", ".B \(code)", Self.escaped(meaning)] }
    lines.append(".SH ENVIRONMENT")
    for (name, meaning) in Self.environment {
      lines += [".TP", ".B \(name)", Self.escaped(meaning)]
    }
    lines.append(".SH FILES")
    for (name, meaning) in Self.files {
      lines += [".TP", ".I \(Self.escaped(name))", Self.escaped(meaning)]
    }
    lines.append(".SH EXAMPLES")
    for (meaning, example) in Self.examples {
      lines += [
        ".PP", Self.escaped(meaning), ".PP", ".nf", ".RS", Self.escaped(example), ".RE", ".fi",
      ]
    }
    lines += [".SH SEE ALSO", ".BR gnuplot (1),", ".BR sqlite3 (1)"]
    text = lines.map { $0 + "\n" }.joined()
  }

  // MARK: Commands

  /// A command's description, then those of the commands below it.
  private static func section(_ command: Command, after parent: String) -> [String] {
    guard command.shouldDisplay ?? true else { return [] }
    let name = "\(parent) \(command.commandName)"
    let below = command.subcommands ?? []
    let arguments = (command.arguments ?? []).filter {
      ($0.shouldDisplay ?? true) && !["help", "version"].contains($0.preferredName?.name)
    }
    var lines = [".SS " + escaped(name)]
    if below.isEmpty {
      lines += [".PP", usage(name, arguments)]
    }
    lines += paragraphs(command.abstract ?? "") + paragraphs(command.discussion ?? "")
    for (place, argument) in arguments.enumerated() where !isNegation(place, in: arguments) {
      var label = label(argument)
      if isNegation(place + 1, in: arguments) { label += ", " + self.label(arguments[place + 1]) }
      lines += [".TP", label, escaped(meaning(argument))]
    }
    return lines + below.flatMap { section($0, after: name) }
  }

  /// Whether a flag is the `--no-` of the one before, which stands beside it.
  private static func isNegation(_ place: Int, in arguments: [Argument]) -> Bool {
    guard arguments.indices.contains(place), place > 0, arguments[place].kind == "flag",
      let name = arguments[place].preferredName?.name,
      let before = arguments[place - 1].preferredName?.name
    else { return false }
    return name == "no-\(before)"
  }

  private static func usage(_ name: String, _ arguments: [Argument]) -> String {
    let words = arguments.map { argument in
      let word = label(argument)
      let repeated = argument.isRepeating ?? false ? #"\ \&..."# : ""
      return argument.isOptional ?? false ? "[\(word)]\(repeated)" : word + repeated
    }
    return ([#"\fB\#(escaped(name))\fR"#] + words).joined(separator: "\n")
  }

  /// `\-\-db file` with the type faces for it.
  private static func label(_ argument: Argument) -> String {
    let value = #"\fI\#(escaped(argument.valueName ?? "value"))\fR"#
    guard argument.kind != "positional" else { return value }
    let names = (argument.names ?? []).map { name in
      #"\fB\#(escaped((name.kind == "long" ? "--" : "-") + name.name))\fR"#
    }
    return names.joined(separator: ", ") + (argument.kind == "option" ? #"\ "# + value : "")
  }

  private static func meaning(_ argument: Argument) -> String {
    let text = argument.abstract ?? ""
    guard argument.kind != "flag", let value = argument.defaultValue, !text.contains("(default:")
    else { return text }
    return "\(text) (default: \(value))"
  }

  // MARK: Roff

  /// Paragraphs as they are filled, indented lines as they stand.
  private static func paragraphs(_ text: String) -> [String] {
    text.components(separatedBy: "\n\n").filter { !$0.isEmpty }.flatMap { paragraph in
      let body = paragraph.split(separator: "\n").map { escaped(String($0)) }
      return paragraph.hasPrefix("  ") ? [".PP", ".nf"] + body + [".fi"] : [".PP"] + body
    }
  }

  /// Text in which nothing is a request or an escape; a hyphen stays one that can be copied.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += #"\(rs"#
      case "-": result += #"\-"#
      case "'": result += #"\(aq"#
      case "`": result += #"\(ga"#
      case "^": result += #"\(ha"#
      case "~": result += #"\(ti"#
      default:
        if scalar.isASCII {
          result.unicodeScalars.append(scalar)
        } else {
          let digits = String(scalar.value, radix: 16, uppercase: true)
          result += "\\[u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
        }
      }
    }
    return result.hasPrefix(".") ? #"\&"# + result : result
  }

  // MARK: What no single command says

  private static let description = """
    One JSON file, the spec, names the factors of an experiment. bench expands it into variants, \
    trains every variant with every seed on the CPU, keeps every number in one SQLite database, and \
    says with statistics and charts which of the papers' claims reproduced.

    Experiments, variants and runs are named as they are in the spec: EXPERIMENT, \
    EXPERIMENT/VARIANT, EXPERIMENT/VARIANT/SEED. Completion in bash, zsh and fish knows those that \
    the database has.
    """

  private static let exitCodes = [
    ("0", "All is well."),
    ("1", "A run failed, or a check found something wrong."),
    ("2", "Bad input: options, a spec, data, a database. Nothing was done."),
    ("130, 143", "Interrupted by SIGINT or SIGTERM. The same command goes on."),
    (
      "138, 140",
      "Preempted: stopped by SIGUSR1 or SIGUSR2, a scheduler's warning. The same command goes on."
    ),
  ]

  private static let environment = [
    ("BENCH_GEMM", "libxsmm or blas: the library of matrix products."),
    ("BENCH_ISA", "avx512, avx2 or baseline: lesser instructions than the CPU has."),
    ("BENCH_CONV", "direct switches Winograd's method off."),
    ("BENCH_BF16", "pairs or tiles: the order of sums in which runs in bf16 begin."),
    ("BENCH_DATA", "The folder where data sets are looked for first."),
    ("BENCH_BUSY_TIMEOUT", "Seconds that a write waits for other programs that use the database."),
    ("BENCH_HEARTBEAT_LIMIT", "Seconds after which a silent run counts as gone."),
    (
      "SLURM_CPUS_PER_TASK",
      "Set by SLURM: at most as many threads by default, and no more than the affinity mask has."
    ),
  ]

  private static let files = [
    (DatabaseOptions.defaultPath, "The results database, unless --db names another."),
    (
      "results/weights, results/checkpoints, results/logs",
      "What runs leave beside their database: final weights, checkpoints, logs."
    ),
    ("results/reports", "Reports, unless --out names a folder."),
    ("plots", "Figures, with the gnuplot scripts and data that draw them."),
  ]

  private static let examples = [
    ("Train an experiment, or go on with it:", "bench run experiments/smoke.json"),
    ("See how far it is, then its report with figures:", "bench status\nbench report smoke --plot"),
    (
      "Ask the database:",
      "bench query \"SELECT variant, n, mean FROM summary WHERE metric = 'testError'\""
    ),
  ]
}

/// The parser's description of a program; only what the page needs.
private struct Tool: Decodable { let command: Command }

private struct Command: Decodable {
  let commandName: String
  let shouldDisplay: Bool?
  let abstract: String?
  let discussion: String?
  let subcommands: [Command]?
  let arguments: [Argument]?
}

private struct Argument: Decodable {
  struct Name: Decodable {
    let kind: String
    let name: String
  }

  let kind: String
  let shouldDisplay: Bool?
  let isOptional: Bool?
  let isRepeating: Bool?
  let names: [Name]?
  let preferredName: Name?
  let valueName: String?
  let defaultValue: String?
  let abstract: String?
}
