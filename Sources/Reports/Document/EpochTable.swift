// The textbook's net epoch by epoch, as the textbook prints it, beside the numbers printed there.
import Foundation
import Networks
import Papers
import Results
import Specs
import Statistics

extension ExperimentReport {
  /// A table for each variant of the textbook's net whose length is given in epochs.
  var epochTables: [ReportDocument.Table] {
    variants.compactMap { variant in
      resolved[variant.name].flatMap { epochTable($0) }
    }
  }

  private func epochTable(_ variant: Variant) -> ReportDocument.Table? {
    let proto = variant.trainingProtocol
    guard variant.architecture.family == .textbook, case .epochs(let epochs) = proto.length else {
      return nil
    }
    let books = PublishedEpochs.all.filter {
      $0.data == proto.data.name && $0.size == proto.data.size
    }
    let diverged = Set(runs.filter { $0.status == .diverged }.map(\.key))
    let own = curves.filter { $0.key.variant == variant.name && !diverged.contains($0.key) }
    let rows = (1...epochs).compactMap { epoch -> [String]? in
      let step = proto.steps(ofEpochs: epoch)
      func mean(_ metric: Metric) -> Double? {
        Statistics.mean(
          own.filter { $0.metric == metric.name }.compactMap { curve in
            curve.points.first { $0.step == step }?.value
          })
      }
      let train = mean(.trainError)
      let test = mean(.testError)
      guard train != nil || test != nil else { return nil }
      return [
        String(epoch), Self.decimals(mean(.trainLoss), 4), Self.accuracy(train),
        Self.accuracy(test), Self.decimals(mean(.imagesPerSecond), 0),
      ]
        + books.flatMap { book -> [String] in
          guard epoch <= book.epochs.count else { return ["", "", ""] }
          let printed = book.epochs[epoch - 1]
          return [
            Self.decimals(printed.trainLoss, 4), Self.decimals(printed.trainAccuracy, 3),
            Self.decimals(printed.testAccuracy, 3),
          ]
        }
    }
    guard !rows.isEmpty else { return nil }
    let header =
      ["epoch", "training loss", "training accuracy", "test accuracy", "images/s"]
      + books.flatMap { book in ["loss", "training", "test"].map { "\(book.name) \($0)" } }
    return ReportDocument.Table(
      title: "\(variant.name), epoch by epoch", header: header, rows: rows,
      rightAligned: Set(header.indices), notes: Self.notes(books, seeds: Set(own.map(\.key)).count))
  }

  private static func notes(_ books: [PublishedEpochs], seeds: Int) -> [String] {
    let means =
      "Loss and accuracy of training are those of the epoch's batches as they were trained"
      + (seeds > 1 ? "; means over \(seeds) seeds. " : ". ")
      + "Images a second are those of training alone."
    return [means] + books.map { "\($0.name): \($0.source); \($0.speed)." }
  }

  private static func accuracy(_ error: Double?) -> String {
    decimals(error.map { 1 - $0 / 100 }, 3)
  }

  private static func decimals(_ value: Double?, _ digits: Int) -> String {
    value.map { String(format: "%.\(digits)f", $0) } ?? "–"
  }
}
