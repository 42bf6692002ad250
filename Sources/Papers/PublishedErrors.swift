// The errors that the papers print for their nets, to stand beside what was measured.
import Networks
import Specs

/// A published error of one net on one data set, in percent.
public struct PublishedError: Hashable, Sendable {
  /// `testError` or `trainError`.
  public let metric: Metric
  /// The data set's name here, such as `cifar-10`.
  public let data: String
  public let value: Double
  /// How the number came about: `one run`, `mean of 5`, `median of 5`.
  public let statistic: String
  public let source: String
  /// Whether it is another author's repetition: the papers print no errors of plain nets on CIFAR.
  public let isReproduction: Bool

  /// The errors published for a net, the paper's own before reproductions.
  public static func of(_ architecture: Architecture) -> [PublishedError] {
    table[architecture.name] ?? []
  }

  private static let table: [String: [PublishedError]] = {
    var table: [String: [PublishedError]] = [:]
    func add(
      _ name: String, _ value: Double, data: String = "cifar-10", metric: Metric = .testError,
      _ statistic: String, _ source: String, isReproduction: Bool = false
    ) {
      table[name, default: []].append(
        PublishedError(
          metric: metric, data: data, value: value, statistic: statistic, source: source,
          isReproduction: isReproduction))
    }
    for (depth, error) in [(20, 8.75), (32, 7.51), (44, 7.17), (56, 6.97), (1202, 7.93)] {
      add("resnet-\(depth)", error, "one run", "He et al. 2015, Table 6")
    }
    add("resnet-110", 6.61, "mean of 5", "He et al. 2015, Table 6")
    for (name, original, pre) in [
      ("resnet-110", 6.61, 6.37), ("resnet-164", 5.93, 5.46), ("resnet-1001", 7.61, 4.92),
    ] {
      if name != "resnet-110" {
        add(name, original, "median of 5", "He et al. 2016, Table 3")
      }
      add("\(name)-preact", pre, "median of 5", "He et al. 2016, Table 3")
    }
    for (name, error) in [
      ("resnet-110-order=normAfterAddition", 8.17), ("resnet-164-order=normAfterAddition", 6.50),
      ("resnet-110-order=reluBeforeAddition", 7.84), ("resnet-164-order=reluBeforeAddition", 6.14),
      ("resnet-110-order=reluOnlyPre", 6.71), ("resnet-164-order=reluOnlyPre", 5.91),
    ] {
      add(name, error, "median of 5", "He et al. 2016, Table 2")
    }
    // Where the table says "fail", there is no number.
    for (name, error) in [
      ("scalingBoth", 12.35), ("exclusiveGating", 8.70), ("exclusiveGating-gateBias=-7", 9.81),
      ("shortcutGating-gateBias=0", 12.86), ("shortcutGating", 6.91), ("C", 12.22),
    ] {
      add("resnet-110-shortcut=\(name)", error, "median of 5", "He et al. 2016, Table 1")
    }
    for (name, original, pre) in [("resnet-164", 25.16, 24.33), ("resnet-1001", 27.82, 22.71)] {
      add(name, original, data: "cifar-100", "median of 5", "He et al. 2016, Table 3")
      add("\(name)-preact", pre, data: "cifar-100", "median of 5", "He et al. 2016, Table 3")
    }
    for (name, error) in [
      ("plain-18", 27.94), ("plain-34", 28.54), ("resnet-18-shortcut=A", 27.88),
      ("resnet-34-shortcut=A", 25.03),
    ] {
      add(name, error, data: "imagenet", "one run, ten crops", "He et al. 2015, Table 2")
    }
    for (name, error) in [
      ("resnet-34", 24.52), ("resnet-34-shortcut=C", 24.19), ("resnet-50-stride=1x1", 22.85),
      ("resnet-101-stride=1x1", 21.75), ("resnet-152-stride=1x1", 21.43),
    ] {
      add(name, error, data: "imagenet", "one run, ten crops", "He et al. 2015, Table 3")
    }
    let reproduced = [
      ("plain-20", 9.63, 1.23), ("plain-32", 9.92, 1.35), ("plain-44", 10.36, 2.38),
      ("plain-56", 14.22, 5.24), ("resnet-20", 8.24, 0.73), ("resnet-32", 7.36, 0.21),
      ("resnet-44", 7.38, 0.13), ("resnet-56", 8.30, 0.18), ("resnet-110", 6.96, 0.06),
    ]
    for (name, test, train) in reproduced {
      let source = "ResNet from Scratch - CIFAR-10"
      add(name, test, "one run", source, isReproduction: true)
      add(name, train, metric: .trainError, "one run", source, isReproduction: true)
    }
    return table
  }()
}
