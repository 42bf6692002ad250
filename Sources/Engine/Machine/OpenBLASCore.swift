// Whether OpenBLAS uses what the CPU has: it goes by the CPU's model, and an older version takes a
// newer CPU for a very old one. Debian's 0.3.21 takes Intel's Raptor, Arrow and Lunar Lake and
// Emerald Rapids for a Pentium 4.
import CKernels
import Numerics

/// Vector instructions of x86-64, each with those before it.
public enum VectorInstructions: Int, Comparable, Sendable {
  case sse
  case avx
  case avx2
  case avx512

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// What this CPU has, as far as matters here: AVX alone is not told from less.
  static let ofThisCPU: VectorInstructions =
    if bench_sweeps_named("avx512") != nil {
      .avx512
    } else if bench_sweeps_named("avx2") != nil {
      .avx2
    } else {
      .sse
    }
}

/// A core of OpenBLAS that uses less than the CPU has.
public struct LesserCore: Hashable, Sendable {
  /// Its whole name, such as `Prescott`.
  public let core: String
  public let uses: VectorInstructions
  public let available: VectorInstructions
  /// The value of OPENBLAS_CORETYPE that chooses a core for what is available.
  public let better: String

  /// - Parameters:
  ///   - core: the name of the core that OpenBLAS has chosen.
  ///   - cpu: what the CPU has.
  /// - Returns: nil where the core uses all of it, or is not known here.
  init?(_ core: String, on cpu: VectorInstructions) {
    let name = core.lowercased()
    guard let uses = Self.cores.first(where: { $0.names.contains(name) })?.uses, uses < cpu,
      let better = Self.better[cpu]
    else { return nil }
    self.core = core
    self.uses = uses
    available = cpu
    self.better = better
  }

  /// The core of this process's OpenBLAS where that multiplies and could do more; nil otherwise.
  public static let current: LesserCore? =
    NumericIdentity.current.backend == "openblas"
    ? LesserCore(NumericIdentity.current.codeClass, on: .ofThisCPU) : nil

  /// OpenBLAS's cores for x86-64, by what their products of single precision use.
  private static let cores: [(uses: VectorInstructions, names: Set<String>)] = [
    (
      .sse,
      [
        "katmai", "coppermine", "northwood", "prescott", "banias", "atom", "core2", "penryn",
        "dunnington", "nehalem", "athlon", "opteron", "opteron_sse3", "barcelona", "bobcat", "nano",
      ]
    ),
    (.avx, ["sandybridge", "bulldozer", "piledriver", "steamroller"]),
    (.avx2, ["haswell", "zen", "excavator"]),
    (.avx512, ["skylakex", "cooperlake", "sapphirerapids"]),
  ]

  private static let better: [VectorInstructions: String] = [
    .avx2: "Haswell", .avx512: "SkylakeX",
  ]
}
