// What the textbook prints of its net epoch by epoch, to stand beside what was measured.

/// A run of the textbook's ResNet-18 as an edition of the book prints it.
package struct PublishedEpochs: Hashable, Sendable {
  /// The numbers after one epoch. Accuracies are 0…1.
  package struct Epoch: Hashable, Sendable {
    package let trainLoss: Double
    package let trainAccuracy: Double
    package let testAccuracy: Double
  }

  /// The edition, in a word.
  package let name: String
  package let source: String
  /// The data set's name here, and the images' size in pixels.
  package let data: String
  package let size: Int
  /// From the first on.
  package let epochs: [Epoch]
  /// Training images in a second and on what, as a note.
  package let speed: String

  /// He et al. print no tables by epoch; both editions of Dive into Deep Learning do, for Fashion-MNIST
  /// at 96 pixels, batch 256 and rate 0.05.
  package static let all = [
    PublishedEpochs(
      name: "Gluon", source: "Dive into Deep Learning, Gluon edition, Residual Networks",
      epochs: [
        (0.4914, 0.829, 0.896), (0.2421, 0.911, 0.909), (0.186, 0.931, 0.908),
        (0.1346, 0.952, 0.917), (0.0999, 0.965, 0.914),
      ], speed: "57.2 s an epoch on one GPU"),
    PublishedEpochs(
      name: "Java", source: "Dive into Deep Learning, Java edition, section 7.6",
      epochs: [
        (1.29, 0.73, 0.81), (0.34, 0.87, 0.65), (0.27, 0.90, 0.78), (0.22, 0.92, 0.79),
        (0.19, 0.93, 0.87), (0.16, 0.94, 0.49), (0.14, 0.95, 0.75), (0.11, 0.96, 0.42),
        (0.09, 0.97, 0.81), (0.08, 0.97, 0.89),
      ], speed: "2432.9 images/s on four GPUs"),
  ]

  private init(
    name: String, source: String, epochs: [(Double, Double, Double)], speed: String
  ) {
    self.name = name
    self.source = source
    data = "fashion-mnist"
    size = 96
    self.epochs = epochs.map {
      Epoch(trainLoss: $0.0, trainAccuracy: $0.1, testAccuracy: $0.2)
    }
    self.speed = speed
  }
}
