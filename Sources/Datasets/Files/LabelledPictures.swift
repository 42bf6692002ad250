// Pictures of all classes in one folder, whose classes stand in a text file.
import Foundation

/// Finds the lists of labels that data sets come with: Tiny-ImageNet's, ImageNet's, and plain ones.
enum LabelledPictures {
  private static let groundTruth = "ILSVRC2012_validation_ground_truth.txt"

  /// The files that are looked for, in the split's folder and beside it.
  static func names(of split: String) -> [String] {
    let own = [
      "\(split)_annotations.txt", "\(split)_labels.txt", "\(split).txt", "\(split).csv",
      "\(split)_labels.csv",
    ]
    return own + (split.hasPrefix("val") ? ["LOC_val_solution.csv", groundTruth] : [])
  }

  /// - Parameters:
  ///   - folder: a split's, with the pictures in it or in its folder `images`.
  ///   - split: its name in lower case.
  ///   - root: the data set's.
  ///   - classes: those of the training pictures, in order.
  /// - Returns: nil where there is no list.
  /// - Throws: `DatasetError` where the list does not fit the pictures or the classes.
  static func find(
    _ folder: StoredName, split: String, root: StoredName, classes: [StoredName]
  ) throws(DatasetError) -> FolderScan? {
    let names = Self.names(of: split)
    let kit = root.appending("ILSVRC2012_devkit_t12/data")
    let places = [folder, root, kit, root.appending("data")]
    let lists =
      ["labels.txt", "labels.csv"].map { folder.appending($0) }
      + places.flatMap { place in names.map { place.appending($0) } }
    guard let list = lists.first(where: { $0.isRegularFile }) else { return nil }
    let inner = folder.appending("images")
    let source = inner.isFolder ? inner : folder
    let pictures = try FolderEntry.entries(of: source)
      .filter { $0.kind == .file && $0.name.ends(inOneOf: PictureFormat.endings) }.map(\.name)
    // A folder of classes needs no list.
    guard !pictures.isEmpty else { return nil }
    let prefix = inner.isFolder ? StoredName("images") : StoredName("")
    let lines = try Self.lines(of: list)
    var files = [[StoredName]](repeating: [], count: classes.count)
    var problems: [String] = []
    if list.lastComponent == StoredName(groundTruth) {
      let labels = try Self.labels(lines, list: list, pictures: pictures.count, classes: classes)
      for (picture, label) in zip(pictures, labels) {
        files[label].append(prefix.appending(picture))
      }
    } else {
      let found = try Self.labelled(lines, list: list, classes: classes)
      for picture in pictures {
        guard let label = found[picture] ?? found[picture.withoutEnding] else {
          problems.append("\(source.appending(picture).text) has no class in \(list.text)")
          continue
        }
        files[label].append(prefix.appending(picture))
      }
    }
    return FolderScan(folder: folder, classNames: classes, files: files, problems: problems)
  }

  private static func lines(of list: StoredName) throws(DatasetError) -> [[UInt8]] {
    let file = try InputFile(list)
    guard file.size <= 1 << 28 else {
      throw DatasetError(
        "\(list.text) has \(file.size) bytes; lists of at most \(1 << 28) are read")
    }
    return try file.bytes(file.size, of: file.path)
      .split { $0 == 0x0A || $0 == 0x0D }.map(Array.init)
  }

  /// A file and its class in each line, with a tab, a comma, a semicolon or spaces between; the class
  /// is a folder's name, or its place among them from 0 on.
  private static func labelled(
    _ lines: [[UInt8]], list: StoredName, classes: [StoredName]
  ) throws(DatasetError) -> [StoredName: Int] {
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    var labels: [StoredName: Int] = [:]
    for (number, line) in lines.enumerated() {
      let separator = [0x09, 0x2C, 0x3B].first { line.contains($0) } ?? 0x20
      let fields = line.split(separator: separator, omittingEmptySubsequences: true)
      guard fields.count > 1 else { continue }
      let name = StoredName(Array(fields[0])).lastComponent
      // Kaggle's list of ImageNet goes on with boxes after the class.
      let whole = Self.trimmed(fields[1])
      let first = Self.trimmed(fields[1].drop { $0 == 0x20 }.prefix { $0 != 0x20 })
      let index = Int(String(decoding: first, as: UTF8.self))
      guard
        let label = places[StoredName(whole)] ?? places[StoredName(first)]
          ?? index.flatMap({ classes.indices.contains($0) ? $0 : nil })
      else {
        // The names of the columns.
        if number == 0 { continue }
        throw DatasetError(
          "\(list.text):\(number + 1): \(StoredName(whole).text) is no class of the training "
            + "pictures; give the name of a class folder, or its place from 0 to "
            + "\(classes.count - 1)")
      }
      labels[name] = label
    }
    guard !labels.isEmpty else {
      throw DatasetError("\(list.text) has no line with a file and its class")
    }
    return labels
  }

  private static func trimmed(_ field: ArraySlice<UInt8>) -> [UInt8] {
    var field = field.drop { $0 == 0x20 }
    while field.last == 0x20 { field.removeLast() }
    return Array(field)
  }

  /// The development kit's ground truth: a number for each picture in the order of their names; which
  /// class a number is stands in `meta.mat` beside it.
  private static func labels(
    _ lines: [[UInt8]], list: StoredName, pictures: Int, classes: [StoredName]
  ) throws(DatasetError) -> [Int] {
    let numbers = lines.compactMap {
      Int(String(decoding: Self.trimmed($0[...]), as: UTF8.self))
    }
    guard numbers.count == lines.count, numbers.count == pictures else {
      throw DatasetError(
        "\(list.text) has \(numbers.count) numbers in \(lines.count) lines for \(pictures) pictures; "
          + "it needs one in each line for each picture")
    }
    let folder = StoredName(Array(list.bytes.dropLast(list.lastComponent.bytes.count + 1)))
    let names = try SynsetTable.read(folder.appending("meta.mat"))
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    var labels: [Int] = []
    for number in numbers {
      guard let name = names[number], let label = places[StoredName(name)] else {
        throw DatasetError(
          "\(list.text) has the class \(number)\(names[number].map { " (\($0))" } ?? ""), which is "
            + "no class of the training pictures; put all of these there")
      }
      labels.append(label)
    }
    return labels
  }
}

extension StoredName {
  /// The name up to its last dot.
  fileprivate var withoutEnding: StoredName {
    StoredName(Array(bytes.prefix(upTo: bytes.lastIndex(of: UInt8(ascii: ".")) ?? bytes.count)))
  }
}
