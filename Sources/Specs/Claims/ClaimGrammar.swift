// The keys of a claim: what a paper states, as data.

extension SpecGrammar {
  static let claim = SpecShape.object([
    SpecField("id", .name, required: true, "The claim's name in verdicts."),
    SpecField(
      "kind", .choice(Claim.Kind.allCases.map(\.rawValue)), required: true,
      "superiority: a differs from b in the direction. equivalence: they differ by less than the "
        + "margin. order: every variant of the sequence differs from the next in the direction. "
        + "diagnostic: a statistic of a (or its difference to b's) is above or below a threshold."),
    SpecField("statement", .line(maximumLength: 200), "The claim in words, for reports."),
    SpecField("a", side, "One variant, by as many levels as tell it from the others."),
    SpecField("b", side, "The variant that a is compared with."),
    SpecField(
      "sequence", .list(of: side, count: 2...100), "The variants of an order, in that order."),
    SpecField(
      "metric", .choice(Metric.inSpecs.map(\.name)),
      "Its last value of each run is compared; testError. errorGap is test error minus training "
        + "error, the last of each. A diagnostic can take a quantity of the "
        + "layers, which are then the series: those of the last look, from the input on."),
    SpecField(
      "direction", .choice(Claim.directions),
      "a>b or a<b of a superiority, increasing or decreasing of an order, above or below of a "
        + "diagnostic."),
    SpecField(
      "margin", .number(0...1e6, above: true),
      "The largest difference that counts as none, in the metric's unit; of an equivalence."),
    SpecField(
      "statistic", .choice(Claim.Statistic.allCases.map(\.rawValue)),
      "What a diagnostic takes from a run's series: its last, mean, smallest or largest value, or "
        + "the slope of the values or of their natural logarithms, per 1000 steps or per layer; last."
    ),
    SpecField(
      "threshold", .number(-1e9...1e9, above: false), "What a diagnostic's statistic is held to."),
    SpecField("reference", reference, "What the source of the claim found."),
  ])

  private static let side = SpecShape.object(
    allFactors.map { SpecField($0.key, .level($0.key), $0.summary) })

  private static let number = SpecShape.number(-1e9...1e9, above: false)

  private static let reference = SpecShape.object([
    SpecField(
      "source", .line(maximumLength: 200), required: true, "Such as He et al. 2015, Table 6."),
    SpecField("a", number, "Its value for a."),
    SpecField("b", number, "Its value for b."),
    SpecField(
      "difference", number,
      "a − b, from which the number of seeds is estimated; from a and b if left out."),
    SpecField("values", .list(of: number, count: 2...100), "Its values along a sequence."),
    SpecField("note", .line(maximumLength: 200), "What a reader must know beside the numbers."),
  ])
}
