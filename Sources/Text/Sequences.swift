// Lists of words and keys.

extension Sequence where Element: Hashable {
  /// Each element once, at its first place.
  package var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}

/// Joins keys and indices into a key path: `factors.depth[1]`.
package func joined(_ path: [String]) -> String {
  path.reduce("") { $0.isEmpty || $1.hasPrefix("[") ? $0 + $1 : $0 + "." + $1 }
}

extension [String] {
  /// `a, b, c`, or the first few `and 7 more`.
  package func listed(limit: Int = 6) -> String {
    guard count > limit + 1 else { return joined(separator: ", ") }
    return "\(prefix(limit).joined(separator: ", ")) and \(count - limit) more"
  }
}
