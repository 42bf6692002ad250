// Every number that a run records, or that is made of recorded ones: the one list of metrics.

/// A number of a run, at one step or at several, with what tables, figures, claims and checks must
/// know of it. Two metrics of one name are the same.
public struct Metric: Sendable {
  /// What a number says of a net.
  public enum Kind: Sendable {
    /// A share of the images, in percent; lower is better.
    case error
    /// What training minimizes; lower is better.
    case loss
    /// Neither good nor bad in itself.
    case other
  }

  /// What a number is taken of.
  public enum Scope: Sendable {
    case run
    /// Of each layer one, stored under the name that `LayerMetric` makes.
    case layer
  }

  /// What a protocol must have for the metric to be recorded.
  public enum Need: Sendable {
    case validationImages
    case moreThanFiveClasses
    case looksIntoLayers
    case imageFolder
    case tenCrop
  }

  /// The name in the database, in specs and in files for programs.
  public let name: String
  /// In words, without the unit.
  public let title: String
  public let unit: String?
  public let kind: Kind
  public let scope: Scope
  public let needs: [Need]
  /// Whether the value depends on the clock, so that no repetition gives it again.
  public let isTimed: Bool
  /// Whether runs store it; what is derived is made of stored ones by whoever reads them.
  public let isRecorded: Bool
  /// Whether claims and figures of a spec may name it.
  public let isInSpecs: Bool

  private init(
    _ name: String, _ title: String, unit: String? = nil, kind: Kind = .other,
    of scope: Scope = .run,
    needs: [Need] = [], isTimed: Bool = false, isRecorded: Bool = true, isInSpecs: Bool = true
  ) {
    self.name = name
    self.title = title
    self.unit = unit
    self.kind = kind
    self.scope = scope
    self.needs = needs
    self.isTimed = isTimed
    self.isRecorded = isRecorded
    self.isInSpecs = isInSpecs
  }

  /// All metrics, in the order in which specs list them.
  public static let all: [Metric] = [
    learningRate, trainLoss, trainError, testLoss, testError, testTop5Error, tenCropError,
    tenCropTop5Error,
    validationLoss,
    validationError, validationTop5Error, selectedTestError, selectedStep, brokenFiles,
    untestedClasses,
    imagesPerSecond, gradientNorm, errorGap, bestTestError, responseDeviation, layerGradientNorm,
    updateRatio,
    deadShare,
  ]

  // MARK: Of the batches trained on since the last record

  public static let learningRate = Metric("learningRate", "learning rate")
  public static let trainLoss = Metric("trainLoss", "training loss", kind: .loss)
  public static let trainError = Metric("trainError", "training error", unit: "%", kind: .error)
  /// Of the last step's gradient, over all parameters.
  public static let gradientNorm = Metric("gradientNorm", "gradient norm")
  public static let imagesPerSecond = Metric("imagesPerSecond", "images/s", isTimed: true)
  /// How often a file could not be used.
  public static let brokenFiles = Metric(
    "brokenFiles", "brokenFiles", needs: [.imageFolder], isInSpecs: false)

  /// Classes of which no picture could be tested with; recorded only where there is one.
  public static let untestedClasses = Metric(
    "untestedClasses", "untestedClasses", needs: [.imageFolder], isInSpecs: false)

  // MARK: Of the images that are not trained on

  public static let testLoss = Metric("testLoss", "test loss", kind: .loss)
  public static let testError = Metric("testError", "test error", unit: "%", kind: .error)
  /// Of the first five guesses.
  public static let testTop5Error = Metric(
    "testTop5Error", "top-5 test error", unit: "%", kind: .error, needs: [.moreThanFiveClasses])
  /// Of ten crops of each picture together, and of their first five guesses.
  public static let tenCropError = Metric(
    "tenCropError", "ten-crop test error", unit: "%", kind: .error, needs: [.tenCrop])
  public static let tenCropTop5Error = Metric(
    "tenCropTop5Error", "ten-crop top-5 test error", unit: "%", kind: .error,
    needs: [.tenCrop, .moreThanFiveClasses])
  public static let validationLoss = Metric(
    "validationLoss", "validation loss", kind: .loss, needs: [.validationImages])
  public static let validationError = Metric(
    "validationError", "validation error", unit: "%", kind: .error, needs: [.validationImages])
  public static let validationTop5Error = Metric(
    "validationTop5Error", "top-5 validation error", unit: "%", kind: .error,
    needs: [.validationImages, .moreThanFiveClasses])
  /// Of the evaluation with the lowest validation error so far.
  public static let selectedTestError = Metric(
    "selectedTestError", "test error at best validation", unit: "%", kind: .error,
    needs: [.validationImages])
  /// The step of that evaluation.
  public static let selectedStep = Metric(
    "selectedStep", "selectedStep", needs: [.validationImages], isInSpecs: false)

  // MARK: Derived

  /// Test error minus training error.
  public static let errorGap = Metric(
    "errorGap", "test − training error", unit: "%", isRecorded: false)

  /// The smallest on the way, chosen on the test images themselves.
  public static let bestTestError = Metric(
    "bestTestError", "best on test", unit: "%", kind: .error, isRecorded: false, isInSpecs: false)

  // MARK: Of each layer with weights

  /// Standard deviation of the responses (He et al. 2015, Fig. 7).
  public static let responseDeviation = Metric(
    "responseDeviation", "standard deviation of responses", of: .layer, needs: [.looksIntoLayers])
  public static let layerGradientNorm = Metric(
    "layerGradientNorm", "gradient norm of the weights", of: .layer, needs: [.looksIntoLayers])
  /// Relative change of the weights in one step.
  public static let updateRatio = Metric(
    "updateRatio", "relative change of the weights", of: .layer, needs: [.looksIntoLayers])
  /// Share of the following rectifier's channels that are always 0.
  public static let deadShare = Metric(
    "deadShare", "share of dead rectifiers", of: .layer, needs: [.looksIntoLayers])
}

extension Metric: Hashable {
  public static func == (a: Metric, b: Metric) -> Bool { a.name == b.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Metric {
  /// Those that a spec's claims and figures may name.
  static let inSpecs = all.filter(\.isInSpecs)

  private static let known = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// The metric of a stored name; of one that is not in the list, such as a layer's or another
  /// version's, nothing is known but its name.
  public init(named name: String) {
    self = Self.known[name] ?? Metric(name, name)
  }

  /// The title with its unit: `test error (%)`.
  public var label: String { unit.map { "\(title) (\($0))" } ?? title }

  /// Whether it is an error, or a difference of two.
  public var isPercent: Bool { unit == "%" }

  /// The magnitude of the numbers that a value may be the small difference of, which says what of it
  /// is rounding: 100 % for errors, nothing known for others.
  public var scale: Double { isPercent ? 100 : 0 }

  /// Why a training by this protocol does not record it, as it follows "it …"; nil where it does.
  func obstacle(_ own: TrainingProtocol) -> String? {
    needs.lazy.compactMap { $0.obstacle(own) }.first
  }
}

extension Metric.Need {
  fileprivate func obstacle(_ own: TrainingProtocol) -> String? {
    switch self {
    case .looksIntoLayers where own.evaluation.layersEvery == nil:
      "looks into no layers (evaluation.layersEvery)"
    case .validationImages where own.data.validationCount == 0:
      "holds no images out (data.validationCount)"
    case .moreThanFiveClasses:
      own.data.classes.flatMap { classes in
        classes < 6 ? "has \(classes) classes, so five guesses are nearly all of them" : nil
      }
    case .imageFolder where !own.data.isFolder: "reads no files while it trains (data.name)"
    case .tenCrop where !own.evaluation.tenCrop: "takes no ten crops (evaluation.tenCrop)"
    case .looksIntoLayers, .validationImages, .imageFolder, .tenCrop: nil
    }
  }
}

/// A metric of one layer. Its name is `QUANTITY:POSITION:LAYER`, such as
/// `responseDeviation:0002:layer1.0.conv1`; the view `layers` takes it apart again.
public struct LayerMetric: Hashable, Sendable {
  /// What was measured, as the view calls it.
  public var quantity: Metric
  /// The layer's place in the network, from 1.
  public var position: Int
  public var layer: String

  public init(_ quantity: Metric, position: Int, layer: String) {
    precondition(quantity.scope == .layer, "\(quantity.name) is no number of single layers")
    self.quantity = quantity
    self.position = position
    self.layer = layer
  }

  /// The metric's name.
  public var name: String {
    let digits = String(position)
    let padding = String(repeating: "0", count: max(0, 4 - digits.count))
    return "\(quantity.name):\(padding)\(digits):\(layer)"
  }

  /// Whether a metric is one layer's, and not the run's.
  public static func isName(_ name: String) -> Bool { name.contains(":") }
}
