// What is not as it was when an attempt was made.
import Numerics
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
  /// What makes it as it was, where that has a short name, such as `BENCH_CONV=winograd`.
  public var remedy = ""

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
    let (was, present) = (recorded.numericIdentity, now.numericIdentity)
    let changes = present.differences(since: was).map { change in
      ProvenanceDifference(
        kind: change.name == "engine version" ? .code : .machine,
        description: printable("\(change)", limit: 500), isHarmless: false, remedy: change.remedy)
    }
    /// The multiplying library's version and code are told of above; where they count as the same,
    /// its other text has no influence.
    func library(_ name: String) -> ProvenanceDifference? {
      let isTold = name == was.backend && !was.codeClass.isEmpty && !present.codeClass.isEmpty
      guard name != "convolution",
        !isTold
          || (was.backendVersion, was.codeClass) == (present.backendVersion, present.codeClass)
      else { return nil }
      return pair(
        name == "bench" ? .code : .machine, name, old[name] ?? "", new[name] ?? "",
        harmless: isTold)
    }
    // A name that only one of the two knows tells of another version of bench, not of libraries.
    let libraries = Set(old.keys).intersection(new.keys).sorted().map(library)
    var differences: [ProvenanceDifference?] = [
      recorded.numericChanges.isEmpty
        ? nil
        : ProvenanceDifference(
          kind: .machine,
          description: "the recorded run itself went on under a change: "
            + printable(recorded.numericChanges, limit: 500), isHarmless: false),
      pair(.data, "checksum", short(recorded.dataChecksum), short(now.dataChecksum)),
    ]
    differences += changes.filter { $0.kind == .code }
    differences += [
      pair(.code, "commit", short(recorded.commit), short(now.commit))
    ]
    if recorded.diff != now.diff {
      let state = { (diff: String) in diff.isEmpty ? "none" : "\(short(sha256(diff)))" }
      differences.append(
        pair(.code, "uncommitted changes", state(recorded.diff), state(now.diff)))
    }
    differences += changes.filter { $0.kind == .machine }
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
