// What must be known to repeat an attempt, taken down when it starts.
import Numerics
import Text

/// Where an attempt's numbers come from: code, machine, data, command.
public struct Provenance: Equatable, Sendable {
  /// Commit of the source tree that `bench` was run in; empty outside a repository.
  public var commit: String
  /// The uncommitted changes as text; may be empty. Equal texts are stored once.
  public var diff: String
  /// Names of files that the repository does not know, as a JSON array.
  public var untracked: String
  public var host: String
  public var operatingSystem: String
  /// The processor's model name.
  public var cpu: String
  /// What decided the bits when the attempt began; `numericChanges` has what came later.
  public var numericIdentity: NumericIdentity
  public var threads: Int
  /// SHA-256 of the data as it is trained on, hexadecimal.
  public var dataChecksum: String
  /// Versions of bench, compiler and libraries, as a JSON object.
  public var versionsJSON: String
  /// The command as typed.
  public var commandLine: String
  /// Where the attempt's log is written; empty where there is none.
  public var logFile: String
  /// The file with which training started and its SHA-256; empty for random weights.
  public var initialWeights: String
  /// What may have changed bits where the attempt was taken up again; empty if nothing has.
  public var numericChanges: String

  public init(
    commit: String, diff: String, untracked: String, host: String, operatingSystem: String,
    cpu: String, numericIdentity: NumericIdentity, threads: Int, dataChecksum: String,
    versionsJSON: String, commandLine: String, logFile: String = "", initialWeights: String = "",
    numericChanges: String = ""
  ) {
    self.commit = commit
    self.diff = diff
    self.untracked = untracked
    self.host = host
    self.operatingSystem = operatingSystem
    self.cpu = cpu
    self.numericIdentity = numericIdentity
    self.threads = threads
    self.dataChecksum = dataChecksum
    self.versionsJSON = versionsJSON
    self.commandLine = commandLine
    self.logFile = logFile
    self.initialWeights = initialWeights
    self.numericChanges = numericChanges
  }
}

extension NumericIdentity {
  /// The stored fields as an object.
  package var canonicalJSON: CanonicalJSON {
    .object(Dictionary(uniqueKeysWithValues: fields.map { ($0.name, .text($0.value)) }))
  }
}
