// The number formats in which a network can be trained.

/// How activations are kept and products are made; weights, sums and the loss are fp32 or double in
/// either.
public enum Precision: String, CaseIterable, Codable, Hashable, Sendable {
  /// IEEE 754 single precision throughout.
  case fp32
  /// Activations and their gradients stored as bfloat16, rounded to nearest even; products of
  /// bfloat16 numbers, summed in fp32.
  case bf16
}
