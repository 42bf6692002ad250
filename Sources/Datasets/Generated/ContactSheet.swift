// A picture with some examples of every class, to see what a network will see.
import Numerics

/// Rows of classes, each with its name and its first examples.
public enum ContactSheet {
  /// Examples of a class that one sheet can show.
  public static let countsPerClass = 1...100
  /// Images smaller than this are enlarged by a whole factor, in pixels.
  private static let smallestCell = 64
  private static let textZoom = 2
  private static let gap = 4

  /// Draws the sheet and writes it as a PNG file; an existing file is replaced only when the new one
  /// is complete.
  ///
  /// - Parameters:
  ///   - countPerClass: examples shown of each class, within `countsPerClass`.
  ///   - path: the file.
  /// - Throws: `DatasetError` where the count is out of range or the file cannot be written.
  public static func write(
    _ dataset: ImageDataset, countPerClass: Int, to path: String
  ) throws(DatasetError) {
    guard countsPerClass.contains(countPerClass) else {
      throw DatasetError(
        "count-per-class \(countPerClass) is not possible; allowed are "
          + "\(countsPerClass.lowerBound) to \(countsPerClass.upperBound)")
    }
    try canvas(dataset, countPerClass: countPerClass).write(to: path)
  }

  static func canvas(_ dataset: ImageDataset, countPerClass: Int) -> Canvas {
    let shape = dataset.shape
    let zoom = max(1, smallestCell / max(shape.height, shape.width))
    let (cellWidth, cellHeight) = (shape.width * zoom + gap, shape.height * zoom + gap)
    let advance = BitmapFont.advance * textZoom
    let textHeight = BitmapFont.height * textZoom
    let longest = dataset.classNames.map(\.count).max() ?? 0
    let left = 2 * gap + longest * advance
    let top = 4 * gap + textHeight
    let title = "\(dataset.name) \(dataset.split.rawValue): \(dataset.count) of \(shape)"
    var canvas = Canvas(
      width: max(left + countPerClass * cellWidth, 2 * gap + title.count * advance),
      height: top + dataset.classNames.count * max(cellHeight, textHeight + gap))
    canvas.draw(title, x: gap, y: 2 * gap, zoom: textZoom)
    var shown = [Int](repeating: 0, count: dataset.classNames.count)
    for (label, name) in dataset.classNames.enumerated() {
      let y = top + label * max(cellHeight, textHeight + gap)
      canvas.draw(name, x: gap, y: y + (cellHeight - gap - textHeight) / 2, zoom: textZoom)
    }
    for (example, label) in dataset.labels.enumerated() where shown[Int(label)] < countPerClass {
      canvas.draw(
        dataset, example: example, x: left + shown[Int(label)] * cellWidth,
        y: top + Int(label) * max(cellHeight, textHeight + gap), zoom: zoom)
      shown[Int(label)] += 1
    }
    return canvas
  }
}
