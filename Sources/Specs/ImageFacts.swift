// What a network's graph depends on besides its architecture, and the one way from both to the graph.
import Datasets
import Networks
import Numerics
import Text

/// What a network has to know of the images that it learns.
public struct ImageFacts: Hashable, Sendable, CustomStringConvertible {
  /// Of one image, as the network sees it.
  public let shape: ImageShape
  /// How many classes the images have.
  public let classes: Int

  package init(shape: ImageShape, classes: Int) {
    self.shape = shape
    self.classes = classes
  }

  /// Of images that have been opened.
  package init(_ images: any ImageCollection) {
    self.init(shape: images.shape, classes: images.classNames.count)
  }

  /// `3x32x32 in 10 classes`
  public var description: String { "\(shape) in \(classes) classes" }
}

extension DataSpecification {
  /// How many classes are assumed where nobody knows.
  private static let assumedClasses = 10

  /// Where the images are from, for messages.
  private var place: String { printable(path ?? name, limit: 4096) }

  /// The images as they are planned for, before they are opened. What the request does not say of a
  /// folder of pictures is counted in the folder.
  /// - Returns: the facts, and a sentence where one of them is no more than an assumption.
  package var expectedFacts: (facts: ImageFacts, assumption: String?) {
    let shape = ImageShape(height: size, width: size, channels: description?.channels ?? 3)
    if let classes { return (ImageFacts(shape: shape, classes: classes), nil) }
    if isFolder, let path,
      let counts = try? FolderCounts.of(
        path, testShare: testShare, testSeed: testSeed)
    {
      return (ImageFacts(shape: shape, classes: counts.classes), nil)
    }
    return (
      ImageFacts(shape: shape, classes: Self.assumedClasses),
      "data.classes is not given and \(place) is not there to be counted, so "
        + "\(Self.assumedClasses) classes are assumed; give data.classes"
    )
  }

  /// Checks images that have been opened against what was planned for.
  /// - Throws: `DatasetError` with both where they differ.
  package func checkFacts(of images: any ImageCollection) throws(DatasetError) {
    let (expected, assumption) = expectedFacts
    let found = ImageFacts(images)
    guard found != expected else { return }
    throw DatasetError(
      "the images of \(place) are \(found), but the run was planned for \(expected)"
        + (assumption.map { ": \($0)" }
          ?? "; they have changed since the experiment was read: run it again"))
  }
}

extension Variant {
  /// The network for the images that the protocol asks for: of the plan, the run, and all checks.
  /// - Throws: `ArchitectureError` where it cannot be built for them.
  package func graph() throws(ArchitectureError) -> Graph {
    let images = trainingProtocol.data.expectedFacts.facts
    return try architecture.graph(input: images.shape, classes: images.classes)
  }

  /// Refuses a batch in which batch norm sees one value of a channel: that has no variance, and what
  /// is left of it is zero.
  /// - Throws: `ArchitectureError` with the layer and what helps.
  package func checkStatistics(of graph: Graph) throws(ArchitectureError) {
    guard trainingProtocol.batch == 1 else { return }
    for node in graph.nodes {
      guard case .batchNorm = node.operation else { continue }
      guard node.shape.pixels == 1 else { continue }
      throw ArchitectureError(
        "\(node.name) sees one value of each channel, for its maps are 1x1 and a batch is one image: "
          + "that has no variance, and training needs more (PyTorch refuses it too); take a batch of "
          + "2 or more, or larger images than \(graph.inputShape)")
    }
  }
}
