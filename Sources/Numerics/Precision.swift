// The number formats in which a network can be trained, and the order of sums in each.

/// How activations are kept and products are made; weights, sums and the loss are fp32 or double in
/// either.
public enum Precision: String, CaseIterable, Codable, Hashable, Sendable {
  /// IEEE 754 single precision throughout.
  case fp32
  /// Activations and their gradients stored as bfloat16, rounded to nearest even; products of
  /// bfloat16 numbers, summed in fp32.
  case bf16
}

/// In which order products of bf16 numbers are summed up. Either is what an instruction computes, and
/// any CPU with fused multiply-adds computes both.
public enum HalfModel: String, CaseIterable, Codable, Hashable, Sendable {
  /// As VDPBF16PS does (AVX512_BF16): pair by pair onto the sum.
  case pairs
  /// As TDPBF16PS does (AMX): 32 products in two chains, whose sum is added.
  case tiles
}

/// What a training computes in: its precision, and in bf16 the order of sums.
public enum Arithmetic: Hashable, Sendable {
  case fp32
  case bf16(HalfModel)

  public init(_ precision: Precision, _ model: HalfModel) {
    switch precision {
    case .fp32: self = .fp32
    case .bf16: self = .bf16(model)
    }
  }

  public var precision: Precision {
    switch self {
    case .fp32: .fp32
    case .bf16: .bf16
    }
  }

  /// As identities have it: `fp32`, `bf16 pairs`.
  public var name: String {
    switch self {
    case .fp32: precision.rawValue
    case .bf16(let model): "\(precision.rawValue) \(model.rawValue)"
    }
  }

  /// From its name; nil where that is none of these.
  public init?(name: String) {
    let all = [Arithmetic.fp32] + HalfModel.allCases.map(Arithmetic.bf16)
    guard let one = all.first(where: { $0.name == name }) else { return nil }
    self = one
  }
}
