// bench data: what data sets there are, and what they look like.
import ArgumentParser
import Datasets
import Foundation

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List the data sets, look at their images, check them.",
    subcommands: [DataListCommand.self, DataPreviewCommand.self, DataCheckCommand.self])
}

struct DataListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract:
      "List the known data sets: where each was found, or where to put it and how to get it.")

  func run() {
    for description in DatasetDescription.all {
      print("\(description.name.rawValue): \(description.summary)")
      if description.isGenerated {
        print("  built in")
      } else if description.files.isEmpty {
        print("  \(description.instructions)")
      } else if let place = description.location() {
        print("  found in \(place)")
      } else {
        print("  not found in")
        for folder in description.searchedFolders { print("    \(folder)") }
        for line in description.instructions.split(separator: "\n") { print("  \(line)") }
      }
    }
  }
}

struct DataPreviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preview",
    abstract: "Draw a contact sheet: some examples of every class, with its name.")

  @Argument(
    help: "\(DatasetName.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var name: String

  @Option(help: "The PNG file to write.")
  var out: String

  @Option(help: "The data set's folder or archive. (default: searched, see 'bench data list')")
  var path: String?

  @Option(help: "Height and width in pixels. (default: the data set's own)")
  var size: Int?

  @Option(
    help: "Of an image-folder, the shorter side before the middle is cut out. (default: size)")
  var resize: Int?

  @Option(help: "CIFAR-100's labels, fine or coarse. (default: fine)")
  var labels: String?

  @Option(help: "train or test.")
  var split = DatasetSplit.train.rawValue

  @Option(help: "Examples of each class.")
  var countPerClass = 10

  func run() throws {
    do {
      let dataset = try dataset()
      try ContactSheet.write(dataset, countPerClass: countPerClass, to: out)
      print("\(out): \(dataset.name), \(dataset.classNames.count) classes, images \(dataset.shape)")
    } catch let error as DatasetError {
      printError(error.description)
      throw ExitCode(2)
    }
  }

  private func dataset() throws -> ImageDataset {
    let name = try Self.name(name)
    let known = DatasetDescription.of(name)
    guard let split = DatasetSplit(rawValue: split) else {
      throw DatasetError("there is no split '\(split)'; allowed are train, test")
    }
    // Generated images cost time, so only as many as the sheet shows are made.
    // Pictures of a folder are decoded, the classes in turn.
    let perClass = max(1, min(countPerClass, 100))
    var count: Int?
    if known.isGenerated { count = known.classes().map { $0 * perClass } }
    if known.isFolder, let path {
      let counts = try FolderCounts.of(path)
      count = min(counts.classes * perClass, counts.train, counts.test)
    }
    let splits = try DatasetLoader.load(
      DatasetRequest(
        name: name, path: path, size: size, trainCount: count, testCount: count,
        labels: try labels.map(Self.labels), resize: resize))
    return split == .train ? splits.train : splits.test
  }

  static func name(_ word: String) throws(DatasetError) -> DatasetName {
    if let name = DatasetName(rawValue: word) { return name }
    throw DatasetError(
      "there is no data set '\(word)'; allowed are "
        + DatasetName.allCases.map(\.rawValue).joined(separator: ", "))
  }

  private static func labels(_ word: String) throws(DatasetError) -> LabelLevel {
    if let labels = LabelLevel(rawValue: word) { return labels }
    throw DatasetError("there are no labels '\(word)'; allowed are fine, coarse")
  }
}
