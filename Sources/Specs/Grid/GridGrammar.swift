// The keys that say which combinations of levels there are.

extension SpecGrammar {
  /// In the order in which they act: the grid from factors to exclude, then what stands beside it.
  static let cellFields = [
    SpecField(
      "factors", factors,
      "The grid: each factor with its levels. Their product are the variants; the factor that "
        + "comes first changes slowest."),
    SpecField(
      "zip", .list(of: .list(of: factorName, count: 2...100), count: 1...100),
      "Factors of the grid whose levels go together, the first with the first, in place of their "
        + "product: each entry the factors of one group, which have equally many levels."),
    SpecField(
      "when", .list(of: whenRule, count: 1...1000),
      "Levels that only some combinations of the grid have; entries act in their order."),
    SpecField(
      "exclude", .list(of: match, count: 1...1000),
      "Combinations of the grid to leave out: each entry those that have all its levels."),
    SpecField(
      "ablate", ablate,
      "One factor off: a base variant, and the same with each single change. Besides the grid."),
    SpecField(
      "include", .list(of: single, count: 1...10_000),
      "Single variants besides the grid; factors left out have the papers' default."),
  ]

  /// Levels of one combination.
  private static let single = SpecShape.object(factorFields { $0 })

  private static let factorName = SpecShape.choice(allFactors.map(\.key))

  private static let whenRule = SpecShape.object([
    SpecField("match", match, required: true, "Which combinations: those with all these levels."),
    SpecField(
      "factors", factors, required: true,
      "The levels of these factors there: in place of the grid's, or of a factor that only these "
        + "combinations have."),
  ])

  private static let ablate = SpecShape.object([
    SpecField("base", single, required: true, "The levels of the base."),
    SpecField(
      "change", .either([.list(of: single, count: 1...1000), factors]), required: true,
      "A list of changes, each an object of what differs from the base; or an object of factors, "
        + "each level of which is a change."),
  ])
}
