// The one error type of this module.

/// Why a data set cannot be found, read or made: what is wrong, where, and what to do about it.
public struct DatasetError: Error, Equatable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
