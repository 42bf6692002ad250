// The one error type of this module.
import Numerics

/// Why a data set cannot be found, read or made: what is wrong, where, and what to do about it.
public struct DatasetError: Error, Equatable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension MachineMemory {
  /// Refuses data that this machine cannot hold, before anything is allocated.
  /// - Throws: `DatasetError` where the bytes exceed three quarters of the memory.
  static func check(dataBytes bytes: Int, purpose: String) throws(DatasetError) {
    if let obstacle = obstacle(dataBytes: bytes, purpose: purpose) { throw DatasetError(obstacle) }
  }
}
