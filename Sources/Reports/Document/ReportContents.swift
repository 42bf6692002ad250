// What stands in an experiment's report: answers, results, comparisons, departures, provenance.
import Networks
import Papers
import Results
import Specs
import Statistics
import Text
import Verdicts

extension ExperimentReport {
  /// What a format has room for.
  enum Extent {
    /// For a terminal: no figures, no provenance.
    case short
    /// Without figures, for a paper.
    case tables
    case full
  }

  static let chanceMark = "†"
  static let reproductionMark = "‡"
  static let untestedMark = "§"

  func document(_ extent: Extent) -> ReportDocument {
    var blocks = [ReportDocument.Block.paragraphs(notes)]
    if !verdicts.isEmpty { blocks.append(.table(claimTable)) }
    blocks += (resultTables + epochTables).map { .table($0) }
    if !verdicts.isEmpty { blocks.append(.table(comparisonTable)) }
    if extent == .full {
      blocks += figureSpecs.map { .figure(name: $0.name, title: $0.title) }
    }
    if let departureTable { blocks.append(.table(departureTable)) }
    if extent != .short, !provenance.isEmpty { blocks.append(.table(provenanceTable)) }
    return ReportDocument(
      title: experiment.title, experiment: experiment.name, spec: experiment.specPath,
      blocks: blocks)
  }

  // MARK: Results

  /// The test error first: the last step's is the headline.
  private var resultTables: [ReportDocument.Table] {
    let test = resultTable(
      .testError, title: "Test error of the last step", values: rows.map(\.testErrors))
    let train = resultTable(
      .trainError, title: "Training error, as last recorded", values: rows.map(\.trainErrors))
    let gaps = rows.map { values(.errorGap, of: $0.variant) }
    return [test] + (rows.contains { !$0.trainErrors.isEmpty } ? [train] : [])
      + (usesGap && gaps.contains { !$0.isEmpty }
        ? [
          resultTable(
            .errorGap, title: "Test error − training error, as last recorded", values: gaps)
        ] : [])
  }

  /// Whether a figure or a claim is about the gap between the errors.
  var usesGap: Bool {
    (spec?.figures.flatMap(\.allMetrics) ?? []).contains(.errorGap)
      || claims.contains { $0.metric == .errorGap }
  }

  /// The runs of a variant by what keeps them out of its mean: `3 diverged, 1 failed`.
  private func notCounted(_ variant: String) -> String {
    missing(variant).map { "\($0.count) \($0.status.rawValue)" }.joined(separator: ", ")
  }

  /// How many runs of a variant have no result, by their status.
  func missing(_ variant: String) -> [(status: RunStatus, count: Int)] {
    let own = runs.filter { $0.key.variant == variant }
    return [RunStatus.diverged, .failed, .interrupted, .running, .waiting].compactMap { status in
      let count = own.count { $0.status == status }
      return count > 0 ? (status, count) : nil
    }
  }

  private func resultTable(
    _ metric: Metric, title: String, values: [[Double]]
  ) -> ReportDocument.Table {
    let isTest = metric == .testError
    let published = rows.map { self.published(metric, of: $0.variant) }
    let hasPublished = published.contains { $0 != nil }
    let others = isTest ? otherMetrics : []
    let missing = rows.map { notCounted($0.variant) }
    let isComplete = missing.allSatisfy(\.isEmpty)
    var table = ReportDocument.Table(
      title: title,
      header: [
        "variant", "parameters", "n", metric.label, "95 % interval", "each seed",
      ] + others.map(\.header) + (isTest ? ["best on test"] : [])
        + (hasPublished ? ["published"] : []),
      rows: [], rightAligned: [1, 2, 3])
    table.rightAligned.formUnion(Set(6..<max(6, table.header.count)))
    if !isComplete { table.header.append("not in n") }
    for (index, row) in rows.enumerated() {
      let own = values[index]
      var cells = [
        row.variant, String(row.parameters), String(row.n), marked(own, metric, row.variant),
        Self.intervalText(own, metric), own.map { NumberText.value($0) }.joined(separator: ", "),
      ]
      cells += others.map { NumberText.summary(self.values($0.metric, of: row.variant)) }
      if isTest { cells.append(NumberText.summary(row.bestTestErrors)) }
      if hasPublished {
        cells.append(published[index].map { Self.text($0) } ?? "")
      }
      if !isComplete { cells.append(missing[index]) }
      table.rows.append(cells)
    }
    table.notes =
      others.compactMap(\.note)
      + notes(of: values, metric, published.compactMap { $0 }) + otherReferences(metric)
    return table
  }

  /// What stands beside the test error where it was measured: the top-5 error of nets for ImageNet's
  /// classes or pictures, and what the images held out say.
  private var otherMetrics: [(metric: Metric, header: String, note: String?)] {
    let isLarge = experiment.classes.map { $0 >= 100 } ?? false
    let hasPictures = resolved.values.contains { $0.trainingProtocol.data.isFolder }
    let all: [(metric: Metric, header: String, note: String?)] =
      (isLarge || hasPictures ? [(.testTop5Error, "top-5", nil)] : []) + [
        (.validationError, "validation", nil),
        (
          .selectedTestError, "at best validation",
          "At best validation is the test error of the evaluation with the lowest validation error, "
            + "the earliest of equals: chosen without the test images."
        ),
      ]
    return all.filter { other in
      rows.contains { !values(other.metric, of: $0.variant).isEmpty }
    }
  }

  /// How many classes the test error of a variant leaves out, at most, over its seeds.
  private func untestedClasses(_ variant: String) -> Int {
    Int(values(.untestedClasses, of: variant).max() ?? 0)
  }

  /// `25.00 ± 2.83`, marked where it is no better than guessing, and where it leaves classes out.
  private func marked(_ values: [Double], _ metric: Metric, _ variant: String) -> String {
    var text = NumberText.summary(values)
    if [.testError, .testTop5Error].contains(metric), untestedClasses(variant) > 0 {
      text += " \(Self.untestedMark)"
    }
    guard metric != .errorGap, let mean = Statistics.mean(values),
      isNoBetterThanGuessing(mean)
    else { return text }
    return "\(text) \(Self.chanceMark)"
  }

  private static func intervalText(_ values: [Double], _ metric: Metric) -> String {
    Statistics.interval(values, scale: metric.scale).map {
      "\(NumberText.interval($0)) (\($0.method.rawValue))"
    } ?? ""
  }

  private static func text(_ published: PublishedError) -> String {
    NumberText.value(published.value) + (published.isReproduction ? " \(reproductionMark)" : "")
  }

  /// Where claims refer to another number for a net than the one that stands here as published. What
  /// they cite of nets of other depths is no number of this net.
  private func otherReferences(_ metric: Metric) -> [String] {
    var order: [String] = []
    var claimsByNote: [String: [String]] = [:]
    for claim in claims where claim.metric == metric {
      guard let reference = claim.reference else { continue }
      let values =
        claim.kind == .order ? reference.values.map(Optional.some) : [reference.a, reference.b]
      let depths = PaperCitation(reference.source)?.depths ?? []
      for (variant, value) in zip(claim.variants, values) {
        guard let value, let published = published(metric, of: variant), published.value != value,
          let depth = resolved[variant]?.architecture.depth,
          depths.isEmpty || depths.contains(depth)
        else { continue }
        let note = reference.note.map { ", \($0)" } ?? ""
        let text =
          "\(variant): published here is \(NumberText.value(published.value)) "
          + "(\(published.source)), but \(NumberText.value(value)) "
          + "(\(reference.source)\(note)) is what is referred to by"
        if claimsByNote[text] == nil { order.append(text) }
        claimsByNote[text, default: []].append(claim.id)
      }
    }
    return order.map { "\($0) \((claimsByNote[$0] ?? []).listed())." }
  }

  private func notes(
    of values: [[Double]], _ metric: Metric, _ published: [PublishedError]
  ) -> [String] {
    var notes: [String] = []
    let largest = values.map(\.count).max() ?? 0
    if largest > 1 {
      let method =
        largest < Statistics.bootstrapThreshold
        ? "Student's t" : "Student's t (t) below 8 seeds, the BCa bootstrap (BCa) from 8 on"
      notes.append(
        "Mean ± sample standard deviation over n seeds; the interval of the mean is by \(method).")
    } else if largest == 1 {
      notes.append("One seed: no spread is known.")
    } else {
      notes.append("No run counts yet, so there is no mean.")
    }
    if metric == .testError {
      notes.append(
        "Best on test is the smallest test error on the way, chosen on the test images themselves: "
          + "for comparison with sources that report it, not an estimate.")
    }
    let untested = rows.map { untestedClasses($0.variant) }.max() ?? 0
    if metric == .testError, untested > 0 {
      notes.append(
        "\(Self.untestedMark) leaves out \(untested) \(untested == 1 ? "class" : "classes"), of which "
          + "no picture could be tested with.")
    }
    if metric == .errorGap {
      notes.append(
        "The training error is that of the augmented batches on the way, so the gap can be negative."
      )
    } else if let chanceError,
      values.contains(where: { isNoBetterThanGuessing(Statistics.mean($0) ?? 0) })
    {
      notes.append(
        "\(Self.chanceMark) no better than guessing, which is wrong in "
          + "\(GnuplotText.number(chanceError)) % of the cases.")
    }
    for isReproduction in [false, true] {
      let sources = published.filter { $0.isReproduction == isReproduction }.map {
        "\($0.source) (\($0.data), \($0.statistic))"
      }.uniqued.joined(separator: "; ")
      guard !sources.isEmpty else { continue }
      notes.append(
        isReproduction
          ? "\(Self.reproductionMark) measured by another reproduction: \(sources)."
          : "Published, under the papers' own protocol: \(sources).")
    }
    return notes
  }

  // MARK: Claims

  private var claimTable: ReportDocument.Table {
    // What holds of all claims alike stands in the summary below them.
    let areAlike = Set(verdicts.map(\.isPapersProtocol)).count == 1
    return ReportDocument.Table(
      title: "Claims", header: ["claim", "verdict", "statement", "reference"],
      rows: verdicts.map { verdict in
        [
          verdict.claim.id,
          areAlike
            ? verdict.answer : verdict.answer(underProtocol: experiment.protocolName),
          verdict.claim.statement + (verdict.reason.isEmpty ? "" : " (\(verdict.reason))"),
          verdict.claim.reference?.text ?? "",
        ]
      }, notes: [verdictSummary, Self.verdictRule],
      rowStyles: verdicts.map { $0.outcome.rawValue.replacing(" ", with: "-") },
      shares: [0.17, 0.14, 0.38, 0.23], isProse: true)
  }

  private var comparisonTable: ReportDocument.Table {
    let rows = verdicts.flatMap { verdict in
      verdict.tests.indices.map { verdict.comparison($0) }
    }
    return ReportDocument.Table(
      title: "Comparisons",
      header: [
        "claim", "metric", "difference of", "difference", "95 % interval", "t (df)", "p", "Holm p",
        "permutation p (smallest)", "g",
      ], rows: rows, rightAligned: [3, 5, 6, 7, 8, 9],
      notes: [
        "Interval (of an order's pairs, 95 % for all of them together), t and degrees of freedom by "
          + "Welch, against a fixed number by the one-sample t; p is one-sided in the claimed direction (of an "
          + "equivalence, the larger of two one-sided tests) and Holm p is corrected over all claims; "
          + "the permutation p is two-sided, beside the smallest that so many seeds can give; g is "
          + "Hedges' effect size."
      ])
  }

  // MARK: Departures and provenance

  private var departureTable: ReportDocument.Table? {
    guard let ledger else { return nil }
    let sources = ledger.sources.joined(separator: "; ")
    return ReportDocument.Table(
      title: "Deviations from the papers",
      header: ["field", "here", "papers'", "variants"],
      rows: ledger.rows.map { row in
        [
          row.departure.field, row.departure.ours, row.departure.papers,
          row.scope,
        ]
      },
      notes: [
        ledger.rows.isEmpty
          ? "None: every field is as in \(sources)." : "Compared with \(sources), field by field.",
        PaperProtocol.remark,
      ], shares: [0.18, 0.24, 0.24, 0.26])
  }

  private var provenanceTable: ReportDocument.Table {
    ReportDocument.Table(
      title: "Provenance",
      header: ["runs", "code", "machine", "engine", "threads", "data", "command"],
      rows: provenance.map { group in
        let source = group.provenance
        let changes = source.diff.isEmpty ? "" : ", with uncommitted changes"
        return [
          String(group.runs),
          (source.commit.isEmpty ? "no repository" : String(source.commit.prefix(12))) + changes,
          "\(source.cpu), \(source.operatingSystem)",
          [
            source.numericIdentity.engineVersion, source.numericIdentity.backend,
            source.numericIdentity.instructionSet,
          ].joined(separator: ", "),
          String(source.threads), String(source.dataChecksum.prefix(16)), source.commandLine,
        ]
      }, rightAligned: [0, 4],
      notes: [
        "Spec \(experiment.specPath), SHA-256 \(experiment.specHash.prefix(16)); `bench show RUN` has "
          + "everything about one run."
      ], shares: [0.06, 0.12, 0.19, 0.11, 0.09, 0.12, 0.17])
  }
}

extension Verdict {
  /// One row of the comparisons; what belongs to the claim as a whole stands in the first.
  fileprivate func comparison(_ index: Int) -> [String] {
    let test = tests[index]
    let metric = claim.metric
    let sides = test.b.map { "\(test.a.variant) − \($0.variant)" } ?? test.a.variant
    var statistic = ""
    if let welch = test.welch {
      let free = NumberText.value(welch.degreesOfFreedom)
      statistic = "\(NumberText.value(welch.statistic())) (\(free))"
    }
    let holm = index == 0 ? adjustedP : nil
    return [
      index == 0 ? claim.id : "", metric.name, sides,
      test.difference.map { NumberText.difference($0, metric: metric) } ?? "–",
      test.interval.map { NumberText.fineInterval($0, metric: metric) } ?? "", statistic,
      test.p.map(NumberText.probability) ?? "", holm.map(NumberText.probability) ?? "",
      test.permutation?.shortText ?? "",
      test.effect.map { NumberText.value($0) } ?? "",
    ]
  }
}
