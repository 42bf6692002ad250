// The one error of this module.

/// Why a report or figure could not be made: what, where, and what to do.
public struct ReportsError: Error, Equatable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
