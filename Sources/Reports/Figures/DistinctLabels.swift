// Names too long for where they stand, shortened so that no two look alike.
import Text

/// Labels of legends, bars and charts for the names of variants.
enum DistinctLabels {
  /// A label of at most `limit` characters for each name; the names themselves where all are short.
  ///
  /// What all names have in common is left out, then the sections of keys (`optimizer.`); what is
  /// still too long is cut in its middle, and numbered where that makes two alike. What stands behind
  /// a comma, such as a source, stays.
  static func labels(_ names: [String], limit: Int) -> [String: String] {
    let names = names.uniqued
    guard names.contains(where: { $0.count > limit }) else {
      return Dictionary(names.map { ($0, $0) }, uniquingKeysWith: { first, _ in first })
    }
    let split = names.map { name in
      let comma = name.firstRange(of: ", ")?.lowerBound ?? name.endIndex
      return (parts: parts(of: String(name[..<comma])), rest: String(name[comma...]))
    }
    let distinct = withoutCommon(split.map(\.parts))
    let candidates = [distinct, withoutSections(distinct)].map { parts in
      zip(parts, split).map { $0.joined(separator: "-") + $1.rest }
    }
    let chosen =
      candidates.first { texts in
        texts.allSatisfy { $0.count <= limit } && Set(texts).count == texts.count
      } ?? cut(candidates.last { Set($0).count == $0.count } ?? names, limit: limit)
    return Dictionary(zip(names, chosen), uniquingKeysWith: { first, _ in first })
  }

  /// A variant's network with its depth, and each choice: `resnet-20`, `preact`, `batch=64`.
  private static func parts(of name: String) -> [String] {
    var parts: [String] = []
    for piece in name.split(separator: "-", omittingEmptySubsequences: false).map(String.init) {
      // A minus behind an equals sign is a number's or a level's own; a depth follows its network.
      let belongs = (parts.last?.contains("=") ?? false) && !piece.contains("=")
      let isDepth = parts.count == 1 && Int(piece) != nil
      if belongs || isDepth {
        parts[parts.count - 1] += "-\(piece)"
      } else {
        parts.append(piece)
      }
    }
    return parts
  }

  /// Without the parts that every name has; the name that has no others keeps its first.
  private static func withoutCommon(_ names: [[String]]) -> [[String]] {
    guard names.count > 1 else { return names }
    let common = names.dropFirst().reduce(Set(names[0])) { $0.intersection($1) }
    return names.map { parts in
      let own = parts.filter { !common.contains($0) }
      return own.isEmpty ? Array(parts.prefix(1)) : own
    }
  }

  /// `learningRate=0.1` for `optimizer.learningRate=0.1`, where no other section has such a key.
  private static func withoutSections(_ names: [[String]]) -> [[String]] {
    func key(_ part: String) -> Substring? {
      part.firstIndex(of: "=").map { part[..<$0] }
    }
    func short(_ key: Substring) -> Substring { key.split(separator: ".").last ?? key }
    let keys = Set(names.joined().compactMap(key))
    let shared = Dictionary(grouping: keys, by: short).filter { $1.count > 1 }
    return names.map { parts in
      parts.map { part in
        guard let key = key(part), shared[short(key)] == nil else { return part }
        return String(short(key) + part[key.endIndex...])
      }
    }
  }

  /// Cut in the middle, for names differ at their ends too; numbered where two would be alike.
  private static func cut(_ texts: [String], limit: Int) -> [String] {
    func cut(_ text: String, _ limit: Int) -> String {
      guard text.count > limit else { return text }
      let head = (limit - 1) / 2
      return "\(text.prefix(head))…\(text.suffix(limit - 1 - head))"
    }
    let plain = texts.map { cut($0, limit) }
    if Set(plain).count == plain.count { return plain }
    let digits = String(texts.count).count
    return texts.enumerated().map { "\($0 + 1): \(cut($1, limit - digits - 2))" }
  }
}
