// A trained network that answers: its weights, what its images are, what its classes are called.
import Datasets
import Engine
import Foundation
import Networks
import Numerics
import Specs
import Text
import Weights

/// What a caller says of a network where the weights do not, or other than they do.
public struct NetworkRequest: Sendable {
  public var network: String?
  public var classNames: [String]?
  /// Of each channel, in units of full brightness.
  public var mean: [Float]?
  public var deviation: [Float]?
  /// Height and width of the images.
  public var size: Int?
  /// The shorter side of a picture before the middle is cut out of it.
  public var resize: Int?

  public init() {}
}

/// What was assumed of a network because neither the caller nor the weights say it.
public enum NetworkNote: Hashable, Sendable {
  /// Whose tensors the file has.
  case recognized(network: String)
  /// Height and width of images.
  case assumedSize(Int)
  /// ImageNet's mean and standard deviation.
  case assumedNormalization
  /// What is known of files of this kind, a sentence.
  case other(String)
}

/// A network with its weights, and what it takes.
public struct TrainedNetwork: Sendable {
  public let architecture: Architecture
  public let classes: Int
  /// Nil where nobody has said.
  public let classNames: [String]?
  /// Of its images.
  public let shape: ImageShape
  /// The shorter side of a picture before the middle is cut out of it.
  public let resize: Int
  public let arithmetic: Arithmetic
  /// What a user should know of it.
  public let notes: [NetworkNote]
  let state: NetworkState
  private let normalization: Normalization

  /// What is done to pixels.
  private enum Normalization: Sendable {
    case perChannel(mean: [Float], deviation: [Float])
    /// A mean image, of one size only.
    case fixed(Preprocessing)
  }

  /// ImageNet's values, as torchvision's weights take them.
  private static let imageNetMean: [Float] = [0.485, 0.456, 0.406]
  private static let imageNetDeviation: [Float] = [0.229, 0.224, 0.225]
  /// Networks that a file may be of without saying so.
  private static let candidates = [
    "resnet-18", "resnet-34", "resnet-50", "resnet-101", "resnet-152",
  ]

  /// A network in a file. What the request does not say is in the file's metadata, or else ImageNet's.
  /// - Throws: `WeightsError` where the file is none, or of no known network; `ArchitectureError` where
  ///   the request's network cannot be.
  public init(file path: String, _ request: NetworkRequest) throws {
    let file = try SafetensorsFile(path: path)
    let metadata = file.metadata
    var notes: [NetworkNote] = []
    let architecture = try Self.architecture(of: file, request, &notes)
    self.architecture = architecture
    let probe = try architecture.graph(
      input: ImageShape(height: 64, width: 64, channels: 3), classes: Self.probedClasses)
    classes = try NetworkWeights(architecture, probe).classes(
      of: file, besides: Self.probedClasses)
    let stored = metadata[NetworkWeights.inputKey].flatMap(Self.shape)
    let size = request.size ?? stored?.height ?? (architecture.family == .cifar ? 32 : 224)
    shape = ImageShape(
      height: size, width: stored.map { $0.width * size / $0.height } ?? size,
      channels: stored?.channels ?? 3)
    resize = try Self.resize(
      request, shape, stored: metadata[NetworkWeights.resizeKey].flatMap { Int($0) })
    if stored == nil, request.size == nil {
      notes.append(.assumedSize(size))
    }
    classNames = try Self.names(
      request.classNames ?? metadata[NetworkWeights.classNamesKey].flatMap(Self.list),
      classes: classes)
    normalization = try Self.normalization(request, metadata, shape, path, &notes)
    arithmetic = .fp32
    let graph = try architecture.graph(input: shape, classes: classes)
    let weights = NetworkWeights(architecture, graph)
    state = NetworkState(graph)
    notes += try weights.fill(state, from: file).map { .other($0) }
    self.notes = notes
  }

  /// The network of a finished run, on images as the run had them.
  /// - Parameter weights: the file of its final weights.
  /// - Throws: where the file is missing or its images are not there.
  public init(run plan: RunPlan, weights path: String, _ request: NetworkRequest) throws {
    let settings = plan.variant.trainingProtocol
    let prepared = try DataLibrary().prepared(settings, seed: UInt64(bitPattern: plan.seed))
    let own = prepared.preprocessing
    architecture = plan.variant.architecture
    classes = prepared.train.classNames.count
    classNames = try Self.names(
      request.classNames ?? prepared.train.classNames, classes: classes)
    let size = request.size ?? own.shape.height
    shape = ImageShape(height: size, width: size, channels: own.shape.channels)
    resize = try Self.resize(request, shape, stored: settings.data.resize)
    var notes: [NetworkNote] = []
    if request.mean != nil || request.deviation != nil || settings.mean != .perPixel {
      let channels = own.shape.channels
      let mean = request.mean ?? Array(own.mean.prefix(channels))
      normalization = .perChannel(
        mean: try Self.fitting(mean, "the mean", shape),
        deviation: try Self.fitting(
          request.deviation ?? own.inverseDeviation.map { 1 / $0 }, "the deviation", shape))
    } else {
      guard shape == own.shape else {
        throw DatasetError(
          "the run subtracts a mean image of \(own.shape); it takes no other size without means of the "
            + "channels")
      }
      normalization = .fixed(own)
    }
    arithmetic = plan.arithmetic
    let graph = try architecture.graph(input: shape, classes: classes)
    state = NetworkState(graph)
    notes += try NetworkWeights(architecture, graph).fill(
      state, from: try SafetensorsFile(path: path)
    ).map { .other($0) }
    self.notes = notes
  }

  /// An executor for images of one size.
  func executor(_ shape: ImageShape, batch: Int, threads: Int) throws -> NetworkExecutor {
    NetworkExecutor(
      try architecture.graph(input: shape, classes: classes), batch: batch,
      pool: WorkerPool(threads: threads), state: state, trains: false, arithmetic: arithmetic)
  }

  /// From bytes to what the network sees.
  func preprocessing(_ shape: ImageShape) -> Preprocessing {
    switch normalization {
    case .fixed(let preprocessing): preprocessing
    case .perChannel(let mean, let deviation):
      Preprocessing(
        shape: shape, mean: (0..<shape.count).map { mean[$0 % shape.channels] },
        inverseDeviation: deviation.map { 1 / $0 })
    }
  }

  /// Whether images of any size can be taken.
  var takesAnySize: Bool {
    if case .perChannel = normalization { true } else { false }
  }

  /// `mean 0.485 0.456 0.406, deviation 0.229 0.224 0.225`
  public var normalizationText: String {
    switch normalization {
    case .fixed: "the training images' mean image subtracted"
    case .perChannel(let mean, let deviation):
      "mean \(mean.map { "\($0)" }.joined(separator: " ")), deviation "
        + deviation.map { "\($0)" }.joined(separator: " ")
    }
  }
}

// MARK: What a file does not say

extension TrainedNetwork {
  private static let probedClasses = 997

  private static func architecture(
    of file: SafetensorsFile, _ request: NetworkRequest, _ notes: inout [NetworkNote]
  ) throws -> Architecture {
    if let name = request.network ?? file.metadata[NetworkWeights.networkKey] {
      return try Architecture(name: name)
    }
    for name in candidates {
      let architecture = try Architecture(name: name)
      let probe = try architecture.graph(
        input: ImageShape(height: 64, width: 64, channels: 3), classes: probedClasses)
      let weights = NetworkWeights(architecture, probe)
      if weights.problems(in: file, newHead: true).isEmpty {
        notes.append(.recognized(network: name))
        return architecture
      }
    }
    throw WeightsError(
      "\(printable(file.path, limit: 4096)) does not say of which network it is, and its tensors are "
        + "not those of \(candidates.joined(separator: ", "))", remedy: .nameNetwork)
  }

  /// `3x224x224`
  private static func shape(_ text: String) -> ImageShape? {
    let sides = text.split(separator: "x").compactMap { Int($0) }
    guard sides.count == 3, sides.allSatisfy({ (1...4096).contains($0) }) else { return nil }
    return ImageShape(height: sides[1], width: sides[2], channels: sides[0])
  }

  private static func resize(
    _ request: NetworkRequest, _ shape: ImageShape, stored: Int?
  ) throws -> Int {
    let size = max(shape.height, shape.width)
    // 256 for 224, as the papers and torchvision have it.
    let usual = size >= 64 ? (size * 8 + 3) / 7 : size
    let resize = request.resize ?? (request.size == nil ? stored : nil) ?? usual
    guard resize >= size else {
      throw DatasetError(
        "a shorter side of \(resize) pixels is smaller than the images, \(size) pixels")
    }
    return resize
  }

  private static func fitting(
    _ values: [Float], _ name: String, _ shape: ImageShape
  ) throws -> [Float] {
    guard values.count == shape.channels else {
      throw DatasetError(
        "\(name) has \(values.count) numbers, the images have \(shape.channels) channels")
    }
    return values
  }

  private static func normalization(
    _ request: NetworkRequest, _ metadata: [String: String], _ shape: ImageShape, _ path: String,
    _ notes: inout [NetworkNote]
  ) throws -> Normalization {
    func numbers(_ key: String) -> [Float]? {
      metadata[key]?.split(separator: " ").compactMap { Float($0) }
    }
    if request.mean == nil, metadata[NetworkWeights.meanKey] == NetworkWeights.perPixel {
      throw WeightsError(
        "\(printable(path, limit: 4096)) is of a run that subtracts a mean image, which the file does "
          + "not have", remedy: .nameRun)
    }
    let isKnown = request.mean != nil || metadata[NetworkWeights.meanKey] != nil
    if !isKnown {
      notes.append(.assumedNormalization)
    }
    let mean = request.mean ?? numbers(NetworkWeights.meanKey) ?? imageNetMean
    let deviation =
      request.deviation ?? numbers(NetworkWeights.deviationKey)
      ?? (isKnown ? mean.map { _ in 1 } : imageNetDeviation)
    return .perChannel(
      mean: try fitting(mean, "the mean", shape),
      deviation: try fitting(deviation, "the deviation", shape))
  }

  private static func names(_ names: [String]?, classes: Int) throws -> [String]? {
    guard let names else { return nil }
    guard names.count == classes else {
      throw DatasetError(
        "there are \(names.count) class names, and the network has \(classes) classes")
    }
    return names
  }

  /// A JSON list of texts.
  private static func list(_ json: String) -> [String]? {
    try? JSONDecoder().decode([String].self, from: Data(json.utf8))
  }
}
