// Answers as table, CSV and JSON, and refused queries with their place.
import Results
import Testing

@testable import Reports

@Suite struct QueryTextTests {
  let result = QueryResult(
    columns: ["name", "n", "value"],
    rows: [
      [.text("a,\"b\""), .integer(12), .real(1.0 / 3)],
      [.text("line\nbreak\u{1B}[31m"), .null, .real(2)],
      [.text(""), .integer(-1), .null],
    ])

  @Test func tableIsAlignedAndHarmless() {
    let lines = [
      "name                      n     value",
      "---------------------  ----  --------",
      "a,\"b\"                    12  0.333333",
      "line\\nbreak\\u{1B}[31m  NULL         2",
      "                         -1      NULL",
    ]
    #expect(result.table == lines.map { $0 + "\n" }.joined())
  }

  @Test func csvIsQuotedAsInRFC4180() {
    #expect(
      result.csv == "name,n,value\n\"a,\"\"b\"\"\",12,0.3333333333333333\n"
        + "\"line\nbreak\u{1B}[31m\",,2.0\n\"\",-1,\n")
  }

  @Test func jsonIsEscaped() {
    #expect(
      result.json == #"""
        [
          {"name": "a,\"b\"", "n": 12, "value": 0.3333333333333333},
          {"name": "line\nbreak\u001b[31m", "n": null, "value": 2.0},
          {"name": "", "n": -1, "value": null}
        ]

        """#)
    #expect(QueryResult(columns: ["a"], rows: []).json == "[]\n")
  }

  @Test func equalColumnNamesStayApart() {
    let twins = QueryResult(columns: ["a", "a"], rows: [[.integer(1), .blob([10, 255])]])
    #expect(twins.json == "[\n  {\"a\": 1, \"a_2\": \"0aff\"}\n]\n")
    #expect(twins.csv == "a,a\n1,0aff\n")
    #expect(twins.table.contains("x'0aff'"))
  }

  @Test func aRefusedQueryIsMarkedInItsLine() {
    let sql = "SELECT é,\n  wrong FROM runs"
    let error = ResultsError("no such column: wrong", sqlOffset: 13)
    #expect(
      QueryErrorText.text(error, sql: sql) == """
        no such column: wrong (line 2, column 3)
            wrong FROM runs
            ^
        """)
    #expect(QueryErrorText.text(ResultsError("locked"), sql: sql) == "locked")
    #expect(
      QueryErrorText.text(ResultsError("incomplete input", sqlOffset: 999), sql: sql)
        == "incomplete input")
  }
}
