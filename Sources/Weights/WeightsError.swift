// The one error of this module.

/// Why a file of weights cannot be read, written or used: what, where, and what to do.
public struct WeightsError: Error, Equatable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
