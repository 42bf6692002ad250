// What is not as it was when an attempt was made.
import Results
import Specs
import Text

/// One thing that differs between a recorded attempt and this process.
public struct ProvenanceDifference: Hashable, Sendable, CustomStringConvertible {
  /// Where the cause of other numbers may lie.
  public enum Kind: String, Sendable {
    case code
    case data
    case machine
  }

  public let kind: Kind
  public let description: String
  /// Whether the engine promises the same bits in spite of it.
  public let isHarmless: Bool

  /// Everything in which the two differ, what may change bits first.
  public static func all(_ recorded: Provenance, _ now: Provenance) -> [ProvenanceDifference] {
    func pair(
      _ kind: Kind, _ name: String, _ old: String, _ new: String, harmless: Bool = false
    ) -> ProvenanceDifference? {
      guard old != new else { return nil }
      func shown(_ text: String) -> String { text.isEmpty ? "unknown" : printable(text) }
      return ProvenanceDifference(
        kind: kind, description: "\(name) \(shown(old)), now \(shown(new))", isHarmless: harmless)
    }
    func short(_ hash: String) -> String { String(hash.prefix(12)) }
    func versions(_ text: String) -> [String: String] {
      let node = try? JSONReader.read(Array(text.utf8))
      return Dictionary(
        (node?.members ?? []).map { ($0.key, $0.value.text ?? "") },
        uniquingKeysWith: { first, _ in first })
    }
    let (old, new) = (versions(recorded.versionsJSON), versions(now.versionsJSON))
    // A name that only one of the two knows tells of another version of bench, not of libraries.
    let libraries = Set(old.keys).intersection(new.keys).sorted().map { name in
      pair(name == "bench" ? .code : .machine, name, old[name] ?? "", new[name] ?? "")
    }
    var differences = [
      recorded.numericChanges.isEmpty
        ? nil
        : ProvenanceDifference(
          kind: .machine,
          description: "the recorded run itself went on under a change: "
            + printable(recorded.numericChanges, limit: 500), isHarmless: false),
      pair(.data, "checksum", short(recorded.dataChecksum), short(now.dataChecksum)),
      pair(.code, "engine version", recorded.engineVersion, now.engineVersion),
      pair(.code, "commit", short(recorded.commit), short(now.commit)),
    ]
    if recorded.diff != now.diff {
      let state = { (diff: String) in diff.isEmpty ? "none" : "\(short(sha256(diff)))" }
      differences.append(
        pair(.code, "uncommitted changes", state(recorded.diff), state(now.diff)))
    }
    differences += [
      pair(.machine, "backend", recorded.backend, now.backend),
      pair(.machine, "instruction set", recorded.instructionSet, now.instructionSet),
    ]
    differences += libraries
    differences += [
      pair(.machine, "processor", recorded.cpu, now.cpu),
      pair(.machine, "system", recorded.operatingSystem, now.operatingSystem),
      pair(.machine, "host", recorded.host, now.host, harmless: true),
      pair(
        .machine, "threads", String(recorded.threads), String(now.threads), harmless: true),
    ]
    let found = differences.compactMap { $0 }
    return found.filter { !$0.isHarmless } + found.filter(\.isHarmless)
  }
}
