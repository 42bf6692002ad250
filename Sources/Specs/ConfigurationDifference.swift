// What differs between two stored configurations.
import Text

/// One field in which two configurations differ.
public struct ConfigurationDifference: Hashable, Sendable {
  /// Dotted, such as `protocol.optimizer.learningRate`.
  public var field: String
  /// As JSON; nil where the first has no such field.
  public var first: String?
  /// As JSON; nil where the second has no such field.
  public var second: String?

  /// The fields that differ, sorted; none where the two are equal.
  /// - Throws: `SpecError` where a text is no JSON.
  public static func between(
    _ first: String, _ second: String
  ) throws(SpecError) -> [ConfigurationDifference] {
    let (a, b) = (try leaves(first), try leaves(second))
    return Set(a.keys).union(b.keys).sorted().compactMap { field in
      a[field] == b[field]
        ? nil : ConfigurationDifference(field: field, first: a[field], second: b[field])
    }
  }

  private static func leaves(_ json: String) throws(SpecError) -> [String: String] {
    let node: JSONNode
    do {
      node = try JSONReader.read(Array(json.utf8))
    } catch {
      throw SpecError("a stored configuration is no JSON: \(error.message)")
    }
    var leaves: [String: String] = [:]
    collect(node, path: [], &leaves)
    return leaves
  }

  /// Lists are compared as a whole: a milestone more is one difference.
  private static func collect(
    _ node: JSONNode, path: [String], _ leaves: inout [String: String]
  ) {
    guard case .object(let members) = node.content, !members.isEmpty else {
      leaves[joined(path)] = text(node)
      return
    }
    for member in members { collect(member.value, path: path + [member.key], &leaves) }
  }

  private static func text(_ node: JSONNode) -> String {
    switch node.content {
    case .null: "none"
    case .flag(let flag): flag ? "true" : "false"
    case .number(let digits): node.double.map(canonical) ?? digits
    case .text(let text): text
    case .list(let elements): elements.map(text).joined(separator: ", ")
    case .object: "{}"
    }
  }
}
