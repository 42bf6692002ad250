// Ten crops of each picture: the four corners and the middle, each also mirrored (Krizhevsky et al. 2012).
import Datasets
import Engine
import Numerics

/// Ten crops of some pictures each, one after the other.
struct TenCropBatches: BatchSource {
  private let folder: ImageFolder
  private let resize: Int
  private let preprocessing: Preprocessing
  private let pictures: Int
  private let brokenFiles: BrokenFiles
  private let reader = PictureReader()

  init(
    _ folder: ImageFolder, resize: Int, preprocessing: Preprocessing, pictures: Int,
    brokenFiles: BrokenFiles
  ) {
    self.folder = folder
    self.resize = resize
    self.preprocessing = preprocessing
    self.pictures = pictures
    self.brokenFiles = brokenFiles
  }

  var shape: ImageShape { folder.shape }
  var batch: Int { 10 * pictures }
  var steps: Int { (folder.count + pictures - 1) / pictures }

  func fill(
    step: Int, images: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>
  ) throws(DatasetError) -> BatchContent {
    var content = BatchContent(count: 0)
    for example in step * pictures..<min((step + 1) * pictures, folder.count) {
      do throws(DatasetError) {
        let picture = try folder.picture(example, reader, shorterSide: resize)
        for crop in Self.crops(of: picture, size: shape.height) {
          let image = picture.crop(row: crop.row, column: crop.column, size: shape.height)
          image.withUnsafeBufferPointer {
            preprocessing.write(
              $0, mirrored: crop.mirrored, to: images + content.count * shape.count)
          }
          labels[content.count] = folder.labels[example]
          content.count += 1
        }
      } catch {
        try brokenFiles.note(error.description)
        content.broken += 1
      }
    }
    return content
  }

  /// Top left, top right, bottom left, bottom right, middle; then the same mirrored.
  private static func crops(
    of picture: ScaledPicture, size: Int
  ) -> [(row: Int, column: Int, mirrored: Bool)] {
    let (down, across) = (picture.height - size, picture.width - size)
    let places = [(0, 0), (0, across), (down, 0), (down, across), picture.middle(size)]
    return places.map { ($0.0, $0.1, false) }
      + places.map { row, column in (row, column, true) }
  }

  /// Evaluates a network on all pictures; the probabilities of a picture's crops are averaged.
  /// - Parameters:
  ///   - network: of batches of at least ten.
  ///   - preparers: threads that prepare batches.
  /// - Returns: nil if asked to stop.
  func evaluate(
    _ network: NetworkExecutor, classes: Int, _ preparers: Int, _ shouldStop: () -> Bool
  ) throws -> NetworkEvaluation? {
    let prefetcher = Prefetcher(source: self, steps: 0..<steps, threads: preparers)
    defer { prefetcher.stop() }
    var result = NetworkEvaluation()
    while let prepared = try prefetcher.next() {
      if shouldStop() { return nil }
      result.broken += prepared.content.broken
      guard prepared.count > 0 else { continue }
      network.input.update(from: prepared.images, count: prepared.count * shape.count)
      let logits = network.predict(count: prepared.count)
      for picture in 0..<prepared.count / 10 {
        var mean = [Double](repeating: 0, count: classes)
        for view in picture * 10..<picture * 10 + 10 {
          let own = logits[view * classes..<(view + 1) * classes]
          for (index, p) in Answer.softmax(own).enumerated() { mean[index] += p / 10 }
        }
        result.add(mean, label: Int(prepared.labels[picture * 10]))
      }
    }
    return result
  }
}
