// What decides the bits of a training's numbers besides its configuration and its data.

/// Two trainings of one configuration on the same data give the same bits where these are equal.
///
/// It is recorded with every attempt and in every checkpoint. Text that is empty is unknown: what
/// earlier versions did not write down.
public struct NumericIdentity: Hashable, Sendable {
  /// The engine's own version: raised whenever results change in any bit.
  public var engineVersion: String
  /// Which library multiplies matrices: `libxsmm` or `openblas`.
  public var backend: String
  /// That library's version, such as `1.17`.
  public var backendVersion: String
  /// For which CPU the library's code is: libxsmm's target or OpenBLAS's core, such as `hsw` or
  /// `Zen`; of targets that give the same bits, the first.
  public var codeClass: String
  /// Which elementwise sweeps run: `avx512`, `avx2` or `baseline`.
  public var instructionSet: String
  /// How 3×3 convolutions of stride 1 may be computed: `winograd` or `direct`.
  public var convolution: String
  /// In which numbers products are taken, and how they are rounded.
  public var precision: String

  /// Single precision, the precision of every training that says nothing else.
  public static let standardPrecision = "fp32"

  /// libxsmm's targets that were seen to give the same bits in every net of `smoke.json`: they differ
  /// in instructions for other numbers than fp32.
  static let equalTargets = [["skx", "clx", "cpx"]]

  public init(
    engineVersion: String, backend: String, backendVersion: String = "", codeClass: String = "",
    instructionSet: String, convolution: String = "",
    precision: String = NumericIdentity.standardPrecision
  ) {
    self.engineVersion = engineVersion
    self.backend = backend
    self.backendVersion = backendVersion
    self.codeClass = Self.codeClass(of: codeClass)
    self.instructionSet = instructionSet
    self.convolution = convolution
    self.precision = precision
  }
}

extension NumericIdentity {
  /// This identity, which is one of single precision, for trainings in any arithmetic.
  public func with(_ arithmetic: Arithmetic) -> NumericIdentity {
    var result = self
    if arithmetic != .fp32 { result.precision = arithmetic.name }
    return result
  }

  /// What was computed in; nil where a later version recorded what this one does not know.
  public var arithmetic: Arithmetic? { Arithmetic(name: precision) }
}

// MARK: What the library says of itself

extension NumericIdentity {
  /// - Parameter libraryText: what the library says of itself, `1.17, target hsw` or
  ///   `OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY Zen MAX_THREADS=64`; of any other text,
  ///   version and code class are unknown.
  public init(
    engineVersion: String, backend: String, libraryText: String, instructionSet: String,
    convolution: String
  ) {
    let (version, code) = Self.versionAndCode(of: libraryText)
    self.init(
      engineVersion: engineVersion, backend: backend, backendVersion: version, codeClass: code,
      instructionSet: instructionSet, convolution: convolution)
  }

  private static func versionAndCode(of text: String) -> (version: String, code: String) {
    var words = text.split(separator: " ").map(String.init)
    guard words.first == "OpenBLAS" else {
      return words.count == 3 && words[0].hasSuffix(",") && words[1] == "target"
        ? (String(words[0].dropLast()), words[2]) : ("", "")
    }
    // The core is the last word but for the one on threads.
    if let last = words.last, last.hasPrefix("MAX_THREADS") || last == "SINGLE_THREADED" {
      words.removeLast()
    }
    return words.count > 2 ? (words[1], words[words.count - 1]) : ("", "")
  }

  private static func codeClass(of target: String) -> String {
    equalTargets.first { $0.contains(target) }?.first ?? target
  }
}

// MARK: As text

extension NumericIdentity {
  /// Names and values as they are stored beside others: without what is unknown, and without the
  /// precision where it is the standard one.
  public var fields: [(name: String, value: String)] {
    [
      ("engineVersion", engineVersion), ("backend", backend), ("backendVersion", backendVersion),
      ("codeClass", codeClass), ("instructionSet", instructionSet), ("convolution", convolution),
      ("precision", precision == Self.standardPrecision ? "" : precision),
    ].filter { !$0.1.isEmpty }
  }

  /// From stored fields.
  /// - Parameter value: a field's by its name; nil where there is none.
  public init(fields value: (String) -> String?) {
    func text(_ name: String) -> String { value(name) ?? "" }
    let precision = text("precision")
    self.init(
      engineVersion: text("engineVersion"), backend: text("backend"),
      backendVersion: text("backendVersion"), codeClass: text("codeClass"),
      instructionSet: text("instructionSet"), convolution: text("convolution"),
      precision: precision.isEmpty ? Self.standardPrecision : precision)
  }

  /// In short, as logs and files of weights have it: `3 libxsmm avx2`.
  public var label: String {
    ([engineVersion, backend, instructionSet]
      + (precision == Self.standardPrecision ? [] : [precision])).joined(separator: " ")
  }

  /// All of it in words: `3, openblas 0.3.21 Zen, avx2, winograd`.
  public var summary: String {
    let library = [backend, backendVersion, codeClass].filter { !$0.isEmpty }
    let parts =
      [engineVersion, library.joined(separator: " "), instructionSet, convolution]
      + (precision == Self.standardPrecision ? [] : [precision])
    return parts.filter { !$0.isEmpty }.joined(separator: ", ")
  }

  /// This identity, its unknown fields taken from another.
  public func filled(from other: NumericIdentity) -> NumericIdentity {
    let (own, others) = (fields, other.fields)
    return NumericIdentity { name in
      (own.first { $0.name == name } ?? others.first { $0.name == name })?.value
    }
  }
}

// MARK: Differences

extension NumericIdentity {
  /// One thing in which two identities differ, so that bits may.
  public struct Difference: Hashable, Sendable, CustomStringConvertible {
    /// `convolution`, `OpenBLAS core`
    public let name: String
    public let earlier: String
    public let now: String
    /// What gives the earlier one again: an assignment of an environment variable, or a program's
    /// name and version; empty where it has no short name.
    public let remedy: String

    public init(name: String, earlier: String, now: String, remedy: String = "") {
      self.name = name
      self.earlier = earlier
      self.now = now
      self.remedy = remedy
    }

    public var description: String { "\(name) \(earlier), now \(now)" }
  }

  /// In what this differs from an earlier identity. What one of the two does not know is no
  /// difference, and of another library neither version nor code is told.
  public func differences(since earlier: NumericIdentity) -> [Difference] {
    func pair(
      _ name: String, _ field: KeyPath<NumericIdentity, String>, remedy: (String) -> String
    ) -> Difference? {
      let (old, new) = (earlier[keyPath: field], self[keyPath: field])
      guard old != new, !old.isEmpty, !new.isEmpty else { return nil }
      return Difference(name: name, earlier: old, now: new, remedy: remedy(old))
    }
    let isOpenBLAS = backend == "openblas"
    let library: [Difference?] =
      backend == earlier.backend
      ? [
        pair(isOpenBLAS ? "OpenBLAS" : backend, \.backendVersion) { version in
          "\(isOpenBLAS ? "OpenBLAS" : earlier.backend) \(version)"
        },
        pair(isOpenBLAS ? "OpenBLAS core" : "\(backend) target", \.codeClass) {
          "\(isOpenBLAS ? "OPENBLAS_CORETYPE" : "LIBXSMM_TARGET")=\($0)"
        },
      ]
      : [pair("backend", \.backend) { "BENCH_GEMM=\($0 == "openblas" ? "blas" : $0)" }]
    return
      ([pair("engine version", \.engineVersion) { "a program of engine version \($0)" }] + library
      + [
        pair("instruction set", \.instructionSet) { "BENCH_ISA=\($0)" },
        pair("convolution", \.convolution) { "BENCH_CONV=\($0)" },
        pair("precision", \.precision) { text in
          guard case .bf16(let model) = Arithmetic(name: text) else { return "" }
          return "BENCH_BF16=\(model.rawValue)"
        },
      ]).compactMap { $0 }
  }
}
