// The one error of this module.

/// Why a file of weights cannot be read, written or used: what, where, and what to do.
public struct WeightsError: Error, Equatable, CustomStringConvertible {
  /// What a user can do, where that takes an option, which only the program can name.
  public enum Remedy: Hashable, Sendable {
    /// Make the run again that the weights are of.
    case runAnew
    /// Say of which network a file is.
    case nameNetwork
    /// Name the run in place of its file, or say how images are normalised.
    case nameRun
  }

  public let description: String
  public let remedy: Remedy?

  public init(_ description: String, remedy: Remedy? = nil) {
    self.description = description
    self.remedy = remedy
  }
}
