// What decides bits: how it is read, stored and compared.
import Testing

@testable import Numerics

@Suite struct NumericIdentityTests {
  static let identity = NumericIdentity(
    engineVersion: "3", backend: "openblas", backendVersion: "0.3.21", codeClass: "Zen",
    instructionSet: "avx2", convolution: "winograd")

  /// Texts of libxsmm 1.17, and of OpenBLAS built for every CPU, for one, and without threads.
  @Test(arguments: [
    ("1.17, target hsw", "1.17", "hsw"),
    ("1.17, target skx", "1.17", "skx"),
    ("1.17, target clx", "1.17", "skx"),
    ("1.17, target cpx", "1.17", "skx"),
    (
      "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY Cooperlake MAX_THREADS=64", "0.3.21",
      "Cooperlake"
    ),
    ("OpenBLAS 0.3.29 USE_OPENMP HASWELL MAX_THREADS=64 ", "0.3.29", "HASWELL"),
    ("OpenBLAS 0.3.21 NO_AFFINITY Prescott SINGLE_THREADED", "0.3.21", "Prescott"),
    ("OpenBLAS 0.3.21", "", ""), ("1.17", "", ""), ("nonsense, aim hsw", "", ""), ("", "", ""),
  ])
  func librariesSayWhatTheyAre(text: String, version: String, code: String) {
    let identity = NumericIdentity(
      engineVersion: "3", backend: "any", libraryText: text, instructionSet: "avx2",
      convolution: "direct")
    #expect(identity.backendVersion == version && identity.codeClass == code, "\(identity)")
  }

  @Test func targetsOfEqualBitsAreOneClass() {
    let targets = ["skx", "clx", "cpx", "hsw", "snb", "wsm"].map { target in
      NumericIdentity(
        engineVersion: "3", backend: "libxsmm", backendVersion: "1.17", codeClass: target,
        instructionSet: "avx512", convolution: "winograd")
    }
    #expect(Set(targets.prefix(3)).count == 1 && Set(targets).count == 4)
    #expect(targets[2].differences(since: targets[0]) == [])
    #expect(
      targets[3].differences(since: targets[0]).map(\.description)
        == ["libxsmm target skx, now hsw"])
    #expect(targets[3].differences(since: targets[0]).map(\.remedy) == ["LIBXSMM_TARGET=skx"])
  }

  @Test func theStandardPrecisionStaysOutOfStoredText() {
    let names = ["engineVersion", "backend", "backendVersion", "codeClass", "instructionSet"]
    #expect(Self.identity.fields.map(\.name) == names + ["convolution"])
    var other = Self.identity
    other.precision = "bf16 pairs"
    #expect(other.fields.map(\.name) == names + ["convolution", "precision"])
    #expect(Self.identity.label == "3 openblas avx2" && other.label == "3 openblas avx2 bf16 pairs")
    #expect(Self.identity.summary == "3, openblas 0.3.21 Zen, avx2, winograd")
    #expect(other.summary == "3, openblas 0.3.21 Zen, avx2, winograd, bf16 pairs")
    for identity in [Self.identity, other] {
      let stored = Dictionary(uniqueKeysWithValues: identity.fields.map { ($0.name, $0.value) })
      #expect(NumericIdentity { stored[$0] } == identity)
    }
  }

  @Test func whatIsUnknownIsNoDifferenceAndIsFilled() {
    let early = NumericIdentity(engineVersion: "3", backend: "openblas", instructionSet: "avx2")
    #expect(early.differences(since: Self.identity) == [])
    #expect(Self.identity.differences(since: early) == [])
    #expect(early.summary == "3, openblas, avx2")
    #expect(early.filled(from: Self.identity) == Self.identity)
    #expect(Self.identity.filled(from: early) == Self.identity)
  }

  /// Of another library, neither version nor code says anything.
  @Test func anotherLibraryIsOneDifference() {
    var other = Self.identity
    (other.backend, other.backendVersion, other.codeClass) = ("libxsmm", "1.17", "hsw")
    let found = other.differences(since: Self.identity)
    #expect(found.map(\.description) == ["backend openblas, now libxsmm"])
    #expect(found.map(\.remedy) == ["BENCH_GEMM=blas"])
    #expect(Self.identity.differences(since: other).map(\.remedy) == ["BENCH_GEMM=libxsmm"])
  }

  @Test func everyFieldIsCompared() {
    var other = Self.identity
    other.engineVersion = "4"
    other.backendVersion = "0.3.22"
    other.codeClass = "Prescott"
    other.instructionSet = "baseline"
    other.convolution = "direct"
    other.precision = "bf16 tiles"
    let found = other.differences(since: Self.identity)
    #expect(
      found.map(\.description) == [
        "engine version 3, now 4", "OpenBLAS 0.3.21, now 0.3.22", "OpenBLAS core Zen, now Prescott",
        "instruction set avx2, now baseline", "convolution winograd, now direct",
        "precision fp32, now bf16 tiles",
      ])
    #expect(
      found.map(\.remedy) == [
        "a program of engine version 3", "OpenBLAS 0.3.21", "OPENBLAS_CORETYPE=Zen",
        "BENCH_ISA=avx2", "BENCH_CONV=winograd", "",
      ])
  }
}
