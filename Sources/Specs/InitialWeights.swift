// Weights from a file, with which every run of an experiment starts: the value, never opened here.

/// A file of weights, known by its content.
public struct InitialWeights: Hashable, Sendable {
  /// Where the file is.
  public let path: String
  /// SHA-256 of the file, hexadecimal: what counts for the configuration. Empty for a file that was
  /// not looked at, with which nothing can be trained.
  public let sha256: String
  /// Whether the classifier starts anew where the file's has another number of classes.
  public var newHead: Bool

  public init(path: String, sha256: String, newHead: Bool = false) {
    self.path = path
    self.sha256 = sha256
    self.newHead = newHead
  }

  /// Stands for a file that is not looked at, such as in a report on runs that were made long ago.
  public static func unread(_ path: String) -> InitialWeights {
    InitialWeights(path: path, sha256: "")
  }

  /// Looks at a file of weights when a spec or a stored configuration names one.
  public typealias Opener = (_ path: String) throws -> InitialWeights
}
