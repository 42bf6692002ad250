// `bench db`, `gc`, `merge` and the limits of `query`, through the built program.
import Foundation
import Testing

@Suite struct DatabaseCareTests {
  private let bench: BuiltBinary

  init() throws {
    bench = try BuiltBinary()
    #expect(try bench("run", bench.spec, "--only", "depth=8", "--quiet").status == 0)
  }

  @Test func aDatabaseIsCheckedCopiedAndMerged() throws {
    let check = try bench("db", "check")
    #expect(check.status == 0 && check.output == "results/bench.sqlite: whole\n")

    #expect(try bench("db", "backup", "copy.sqlite").status == 0)
    let again = try bench("db", "backup", "copy.sqlite")
    #expect(again.status == 2 && again.errors.contains("exists already"))
    let named = try bench("db", "backup")
    #expect(named.status == 0 && named.output.hasPrefix("results/bench.sqlite.backup-20"))

    let merged = try bench("merge", "copy.sqlite", "--db", "new.sqlite")
    #expect(merged.status == 0, "\(merged.errors)")
    #expect(merged.output.contains("1 experiment") && merged.output.contains("added"))
    let twice = try bench("merge", "copy.sqlite", "--db", "new.sqlite")
    #expect(twice.status == 0 && twice.output.contains("nothing new"))
    let sql = "SELECT runId, status, weightsHash FROM runs ORDER BY 1"
    #expect(try bench("query", sql, "--db", "new.sqlite").output == bench("query", sql).output)
    let absent = try bench("merge", "absent.sqlite", "--db", "never.sqlite")
    #expect(absent.status == 2)
    #expect(!FileManager.default.fileExists(atPath: bench.folder.path + "/never.sqlite"))
  }

  @Test func nothingIsDroppedUnasked() throws {
    let list = try bench("gc")
    #expect(list.status == 0 && list.output.contains("nothing"))
    let dropped = try bench("gc", "--delete")
    #expect(dropped.status == 0, "\(dropped.errors)")
    #expect(try bench("db", "check").status == 0)
  }

  @Test func aQueryEndsInTime() throws {
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    let result = try bench("query", endless + "SELECT max(i) FROM n", "--timeout", "0.2")
    #expect(result.status == 2 && result.errors.contains("stopped after 0.2 seconds"))
    // One function call that does not come back by itself.
    let stuck = try bench(
      "query", "SELECT instr(zeroblob(40000000), zeroblob(20000000) || x'01')", "--timeout", "0.2")
    #expect(stuck.status == 2 && stuck.errors.contains("stopped after"))
    #expect(try bench("query", "SELECT 1", "--timeout", "0").status == 2)
  }
}
