// bench query: SQL on the results, read only.
import ArgumentParser
import Foundation
import Reports
import Results

struct QueryCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, csv, json
  }

  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Ask the results database in SQL, read only.",
    discussion: """
      The views are the interface: `bench query --views` lists them. Tables round fractions to 6 \
      digits; csv and json give them in full.

      Example: bench query "SELECT variant, n, mean, standardDeviation FROM summary \
      WHERE metric = 'testError'"
      """)

  @Argument(help: "One SELECT statement.")
  var sql: String?

  @Option(help: "How to print: \(Format.allCases.map(\.rawValue).joined(separator: ", ")).")
  var format: Format = .table

  @Option(
    help: ArgumentHelp(
      "Time after which the query is stopped, such as 90s or 5m.", valueName: "time"))
  var timeout = TimeSpan(seconds: 60)

  @Flag(help: "List the views with their columns.")
  var views = false

  @OptionGroup var database: DatabaseOptions

  func validate() throws {
    guard timeout.seconds > 0, timeout.seconds <= 1e6 else {
      throw ValidationError("--timeout \(timeout.seconds): give seconds above 0, at most 1000000")
    }
    if sql == nil, !views {
      throw ValidationError(
        "Please give a SELECT statement, or --views for what can be asked.")
    }
    if sql != nil, views {
      throw ValidationError("Please give either a SELECT statement or --views, not both.")
    }
  }

  func run() throws {
    guard let sql else { return try printViews() }
    let reader = try database.reader()
    let result: QueryResult
    do {
      watchClock()
      result = try reader.query(sql, timeout: timeout.duration)
    } catch {
      printError(
        error.sqlOffset == nil ? ErrorText.text(error) : QueryErrorText.text(error, sql: sql))
      throw ExitCode(2)
    }
    switch format {
    case .table: print(result.table, terminator: "")
    case .csv: print(result.csv, terminator: "")
    case .json: print(result.json, terminator: "")
    }
  }

  /// Ends the process where SQLite does not come back to look at the clock itself: a single
  /// function, such as instr() on long blobs, can take hours. Nothing is written, so
  /// nothing can be lost.
  private func watchClock() {
    let limit = timeout.seconds + 2
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: limit)
      printError("the query was stopped after \(limit) seconds, inside a single function call")
      _exit(2)
    }
  }

  /// The views of the database, or of a new one where there is none yet.
  private func printViews() throws {
    let exists = FileManager.default.fileExists(atPath: database.path)
    let views = try endingOnBadInput { () throws(ResultsError) in
      try exists
        ? ResultsReader(path: database.path).views() : ResultsReader.viewsOfNewDatabase()
    }
    let result = QueryResult(
      columns: ["view", "columns", "rows"],
      rows: views.map { view in
        [.text(view.name), .text(view.columns.joined(separator: ", ")), .text(view.summary)]
      })
    switch format {
    case .csv: print(result.csv, terminator: "")
    case .json: print(result.json, terminator: "")
    case .table:
      for view in views {
        print("\(view.name)(\(view.columns.joined(separator: ", ")))\n    \(view.summary)")
      }
    }
  }
}
