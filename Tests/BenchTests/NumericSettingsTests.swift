// The built program under every library, instruction set and kind of convolution.
import Foundation
import Testing

@Suite struct NumericSettingsTests {
  /// A net of Winograd's widths and one with a stem that pools; few steps, so that rounding has
  /// no time to grow, and residual ones, in which it grows slowly.
  private static let spec = """
    {"name": "tiny", "title": "Tiny", "protocol": {"name": "tiny",
      "data": {"name": "shapes", "size": 16, "trainCount": 128, "testCount": 40},
      "batch": 30, "iterations": 6, "optimizer": {"learningRate": 0.01},
      "evaluation": {"every": 6, "recordEvery": 1}},
     "include": [
       {"network": "residual", "depth": 8, "width": 2, "shortcut": "B"},
       {"network": "residual", "depth": 18, "width": 0.25}],
     "seeds": [0]}
    """

  /// The losses of all steps, and the hashes of the weights.
  private func train(
    _ environment: [String: String], threads: Int = 2
  ) throws -> (losses: [Double], hashes: String, identity: String) {
    let bench = try BuiltBinary()
    let spec = try bench.write("tiny.json", Self.spec)
    let result = try bench(
      "run", spec, "--quiet", "--threads", "\(threads)", environment: environment)
    #expect(result.status == 0, "\(environment): \(result.errors)")
    func query(_ sql: String) throws -> [String] {
      let result = try bench("query", sql, "--format", "csv", environment: environment)
      #expect(result.status == 0, "\(result.errors)")
      return result.output.split(separator: "\n").dropFirst().map(String.init)
    }
    let losses = try query(
      "SELECT value FROM curves WHERE metric IN ('trainLoss', 'testLoss') "
        + "ORDER BY variant, metric, step"
    ).compactMap { Double($0) }
    return (
      losses, try query("SELECT weightsHash FROM runs ORDER BY variant").joined(separator: " "),
      try query("SELECT DISTINCT backend, instructionSet FROM attempts").joined()
    )
  }

  /// Whether this CPU and this build have the setting, and it is not the usual one.
  private func isPossible(_ name: String, _ value: String, besides usual: String) throws -> Bool {
    let isUsual = value == "blas" ? usual.contains("openblas") : usual.hasSuffix(value)
    let trial = try BuiltBinary()("models", environment: [name: value])
    return !isUsual && !trial.errors.contains("not possible on this CPU")
  }

  @Test func everySettingTrainsAlike() throws {
    let usual = try train([:])
    #expect(usual.losses.count == 14 && usual.hashes.count > 128, "\(usual)")
    for (name, value) in [
      ("BENCH_GEMM", "blas"), ("BENCH_ISA", "avx2"), ("BENCH_ISA", "baseline"),
      ("BENCH_CONV", "direct"),
    ] where try isPossible(name, value, besides: usual.identity) {
      let other = try train([name: value])
      #expect(other.losses.count == usual.losses.count)
      let errors = zip(other.losses, usual.losses).map { abs($0 - $1) / $1 }
      // Each variant has its test loss and six steps. Rounding grows from step to step, a wrong
      // kernel shows at once.
      let early = errors.indices.filter { (1...3).contains($0 % 7) }.map { errors[$0] }
      #expect(early.allSatisfy { $0 < 1e-5 }, "\(name)=\(value): \(errors)")
      #expect(errors.allSatisfy { $0 < 1e-3 }, "\(name)=\(value): \(errors)")
      // The setting has reached the engine.
      let isOther = other.identity != usual.identity || other.hashes != usual.hashes
      #expect(isOther, "\(name)=\(value) changed nothing")
    }
  }

  /// A run that is begun under one setting and finished under another: refused, then allowed, and
  /// from then on named as a mixture wherever its numbers are looked at.
  @Test(arguments: [
    (
      ["BENCH_CONV": "winograd"], ["BENCH_CONV": "direct"], "convolution winograd, now direct",
      "BENCH_CONV=winograd"
    ),
    (
      ["BENCH_GEMM": "blas", "OPENBLAS_CORETYPE": "Nehalem"],
      ["BENCH_GEMM": "blas", "OPENBLAS_CORETYPE": "Prescott"],
      "OpenBLAS core Nehalem, now Prescott", "OPENBLAS_CORETYPE=Nehalem"
    ),
  ])
  func aMixtureTakesTheUsersWordAndIsNamed(
    first: [String: String], then: [String: String], change: String, remedy: String
  ) throws {
    let bench = try BuiltBinary()
    let spec = try bench.write(
      "tiny.json",
      Self.spec.replacing(#"{"network": "residual", "depth": 18, "width": 0.25}"#, with: "")
        .replacing(#""shortcut": "B"},"#, with: #""shortcut": "B"}"#))
    // Stops after the first step.
    let begun = try bench("run", spec, "--time-limit", "0.000001s", environment: first)
    #expect(begun.output.contains("interrupted after step 1 by the time limit"), "\(begun)")
    let code = try bench("query", "SELECT codeClass FROM attempts", "--format", "csv").output
    guard first["OPENBLAS_CORETYPE"].map(code.contains) ?? true else {
      try Test.cancel("this OpenBLAS is for one CPU alone")
    }

    let refused = try bench("run", spec, environment: then)
    #expect(refused.status == 1)
    let advice =
      "going on could change bits: \(change). Finish it as it was begun, with \(remedy); or "
      + "give --allow-numeric-change"
    #expect(refused.errors.contains(advice), "\(refused.errors)")

    let allowed = try bench("run", spec, "--allow-numeric-change", environment: then)
    #expect(allowed.status == 0, "\(allowed.errors)")
    #expect(allowed.output.contains("goes on in spite of a change: \(change)"))
    let name = "tiny/resnet-8-shortcut=B-width=2/0"
    let named = "after step 1: \(change)"
    #expect(try bench("show", name).output.contains(named))
    #expect(try bench("report", "tiny").output.contains(named))
    let skipped = try bench("run", spec, environment: then).output
    #expect(skipped.contains("its result is a mixture") && skipped.contains(named), "\(skipped)")
    #expect(skipped.contains("its result is of other conditions: \(change)"), "\(skipped)")

    let again = try bench("reproduce", name, environment: first)
    #expect(again.status == 1)
    #expect(again.output.contains("not identical: the recorded run is a mixture"), "\(again)")
    #expect(again.output.contains(named) && !again.output.contains("fault"), "\(again)")
    let other = try bench("reproduce", name, "--steps", "1", environment: then)
    #expect(other.output.contains("machine: \(change) (as recorded with \(remedy))"), "\(other)")
    // What was made before the change is what it was.
    let start = try bench("reproduce", name, "--steps", "1", environment: first)
    #expect(start.status == 0 && start.output.contains("identical: all"), "\(start)")
  }

  /// A run in bf16 keeps the order of sums that it began with, whatever this process would take.
  @Test func aRunKeepsItsOrderOfSums() throws {
    let bench = try BuiltBinary()
    let spec = try bench.write(
      "tiny.json",
      Self.spec.replacing(#"{"network": "residual", "depth": 18, "width": 0.25}"#, with: "")
        .replacing(#""shortcut": "B"},"#, with: #""shortcut": "B", "precision": "bf16"}"#))
    func hash(_ database: String) throws -> String {
      try bench(
        "query", "SELECT runs.weightsHash, precision FROM runs JOIN attempts USING (runId)", "--db",
        database, "--format", "csv"
      ).output
    }
    let tiles = ["BENCH_BF16": "tiles"]
    let pairs = ["BENCH_BF16": "pairs"]
    for (name, environment) in [("tiles", tiles), ("pairs", pairs)] {
      let whole = try bench("run", spec, "--db", "\(name).sqlite", environment: environment)
      guard whole.status == 0 else {
        #expect(whole.errors.contains("bf16 needs fused multiply-adds"), "\(whole.errors)")
        try Test.cancel("this CPU has no FMA")
      }
      #expect(try hash("\(name).sqlite").contains("bf16 \(name)"))
    }
    let whole = try hash("tiles.sqlite")
    #expect(whole != (try hash("pairs.sqlite")).replacing("bf16 pairs", with: "bf16 tiles"))
    // Stops after the first step, and goes on where the other order is asked for.
    let begun = try bench(
      "run", spec, "--time-limit", "0.000001s", "--db", "two.sqlite", environment: tiles)
    #expect(begun.output.contains("interrupted after step 1 by the time limit"), "\(begun)")
    let ended = try bench("run", spec, "--db", "two.sqlite", environment: pairs)
    #expect(ended.status == 0 && !ended.output.contains("change"), "\(ended)")
    #expect(try hash("two.sqlite") == whole)
    let name = "tiny/resnet-8-shortcut=B-width=2-precision=bf16/0"
    let again = try bench("reproduce", name, "--db", "two.sqlite", environment: pairs)
    #expect(again.status == 0 && again.output.contains("identical: all"), "\(again)")

    let wrong = try bench("run", spec, environment: ["BENCH_BF16": "triples"])
    #expect(wrong.status == 2, "\(wrong)")
    #expect(wrong.errors.contains("BENCH_BF16"), "\(wrong.errors)")
  }

  /// A target without code would give OpenBLAS's bits under libxsmm's name.
  @Test func libxsmmWithoutCodeIsRefused() throws {
    let bench = try BuiltBinary()
    guard try train([:]).identity.contains("libxsmm") else {
      try Test.cancel("this build has no libxsmm")
    }
    let refused = try bench("models", environment: ["LIBXSMM_TARGET": "generic"])
    #expect(refused.status == 2 && refused.errors.contains("give BENCH_GEMM=blas"))
    for environment in [
      ["LIBXSMM_TARGET": "wsm"], ["LIBXSMM_TARGET": "generic", "BENCH_GEMM": "blas"],
    ] { #expect(try bench("models", environment: environment).status == 0) }
  }

  /// OpenBLAS for a lesser CPU: said in one line beside the output, with what makes it faster.
  @Test func aLesserCoreOfOpenBLASIsTold() throws {
    let bench = try BuiltBinary()
    let lesser = ["BENCH_GEMM": "blas", "OPENBLAS_CORETYPE": "Prescott"]
    let perf = ["perf", "resnet-8", "--batch", "2", "--steps", "1", "--format", "json"]
    let result = try bench.start(perf, environment: lesser).collect()
    #expect(result.status == 0, "\(result.errors)")
    let report = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    let identity = try #require(report?["numericIdentity"] as? [String: Any])
    guard identity["codeClass"] as? String == "Prescott" else {
      try Test.cancel("this OpenBLAS is for one CPU alone")
    }
    guard try !bench("models", environment: ["BENCH_ISA": "avx2"]).errors.contains("not possible")
    else { try Test.cancel("this CPU has no more than that core uses") }
    let warning = /bench: warning: OpenBLAS takes this CPU for a Prescott .*OPENBLAS_CORETYPE=(\w+)/
    let match = try #require(try warning.firstMatch(in: result.errors), "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1)
    for command in [perf, ["verify", "identity"]] {
      let better = ["BENCH_GEMM": "blas", "OPENBLAS_CORETYPE": String(match.1)]
      #expect(try bench.start(command, environment: better).collect().errors == "")
      #expect(
        try bench.start(command, environment: lesser).collect().errors
          .contains("OPENBLAS_CORETYPE=\(match.1)"))
    }
    let spec = try bench.write("tiny.json", Self.spec)
    let run = try bench("run", spec, "--quiet", "--time-limit", "0.000001s", environment: lesser)
    #expect(run.errors.contains("OpenBLAS takes this CPU for a Prescott"), "\(run.errors)")
    #expect(
      try bench("show", "tiny/resnet-8-shortcut=B-width=2/0").output
        .contains(#/engine +\d+, openblas [0-9.]+ Prescott, /#))
  }

  /// Two processes at the same time, on different numbers of threads.
  @Test func twoProcessesAgreeToTheBit() throws {
    let spec = Self.spec
    let programs = try (0..<2).map { _ in try BuiltBinary() }
    let runs = try zip(programs, ["1", "3"]).map { bench, threads in
      let file = try bench.write("tiny.json", spec)
      return try bench.start(["run", file, "--quiet", "--threads", threads])
    }
    for run in runs {
      let result = try run.collect()
      #expect(result.status == 0, "\(result.errors)")
    }
    let hashes = try programs.map { bench in
      try bench("query", "SELECT weightsHash FROM runs ORDER BY variant", "--format", "csv").output
    }
    #expect(hashes[0] == hashes[1] && hashes[0].count > 128, "\(hashes)")
  }
}
