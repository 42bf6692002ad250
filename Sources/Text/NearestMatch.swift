// "Did you mean …?": the allowed word closest to the one found.

/// The end of a message about a word that is not allowed: the nearest allowed one, if any is near,
/// and all of them.
package func suggestion(for word: String, among allowed: [String]) -> String {
  let nearest = nearestMatch(to: word, among: allowed).map { "did you mean \($0)? " } ?? ""
  return "\(nearest)Allowed: \(allowed.joined(separator: ", "))"
}

/// The candidate at the smallest edit distance; where more than a third of it differs, one that
/// starts with the same three letters (`resnet`, `residual`); else nil.
func nearestMatch(to word: String, among candidates: [String]) -> String? {
  let word = Array(word.lowercased().prefix(64))
  let best = candidates.map {
    (candidate: $0, distance: editDistance(word, Array($0.lowercased())))
  }
  .min { $0.distance < $1.distance }
  if let best, best.distance <= max(1, max(word.count, best.candidate.count) / 3) {
    return best.candidate
  }
  return candidates.first { word.count >= 3 && $0.lowercased().starts(with: word.prefix(3)) }
}

/// Insertions, deletions, replacements and swaps of neighbours between two words (optimal string
/// alignment).
func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var beforePrevious: [Int] = []
  var previous = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var row = [i + 1]
    for (j, y) in b.enumerated() {
      var cost = min(previous[j] + (x == y ? 0 : 1), previous[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, x == b[j - 1], a[i - 1] == y { cost = min(cost, beforePrevious[j - 1] + 1) }
      row.append(cost)
    }
    beforePrevious = previous
    previous = row
  }
  return previous[b.count]
}
