// Which cores of OpenBLAS are less than the CPU has, case by case.
import Testing

@testable import Engine

@Suite struct OpenBLASCoreTests {
  /// A core, a CPU, and the better core; nil where there is nothing to say.
  static let cases: [(core: String, cpu: VectorInstructions, better: String?)] = [
    ("Prescott", .avx512, "SkylakeX"), ("Prescott", .avx2, "Haswell"), ("Prescott", .sse, nil),
    ("PRESCOTT", .avx2, "Haswell"), ("Nehalem", .avx2, "Haswell"), ("Core2", .avx512, "SkylakeX"),
    ("Opteron_SSE3", .avx2, "Haswell"),
    ("Sandybridge", .avx2, "Haswell"), ("Sandybridge", .avx512, "SkylakeX"),
    ("Sandybridge", .sse, nil), ("Piledriver", .avx2, "Haswell"),
    ("Haswell", .avx2, nil), ("Zen", .avx2, nil), ("Excavator", .avx2, nil),
    ("Haswell", .avx512, "SkylakeX"), ("Zen", .avx512, "SkylakeX"), ("Haswell", .sse, nil),
    ("SkylakeX", .avx512, nil), ("Cooperlake", .avx512, nil), ("SapphireRapids", .avx512, nil),
    ("SkylakeX", .avx2, nil),
    // Of a later version, of another kind of CPU, unknown.
    ("ZenNext", .avx512, nil), ("NEOVERSEN1", .sse, nil), ("", .avx512, nil),
  ]

  @Test(arguments: cases.indices) func lesserCoresAreTold(index: Int) {
    let (core, cpu, better) = Self.cases[index]
    let found = LesserCore(core, on: cpu)
    #expect(found?.better == better, "\(core) on \(cpu)")
    #expect(found.map { $0.core == core && $0.available == cpu && $0.uses < cpu } ?? true)
  }
}
