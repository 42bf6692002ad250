// bench data: what data sets there are, and what they look like.
import ArgumentParser
import Datasets
import Foundation

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List the data sets, and look at their images.",
    subcommands: [DataListCommand.self, DataPreviewCommand.self])
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
    guard let name = DatasetName(rawValue: name) else {
      throw DatasetError(
        "there is no data set '\(name)'; allowed are "
          + DatasetName.allCases.map(\.rawValue).joined(separator: ", "))
    }
    guard let split = DatasetSplit(rawValue: split) else {
      throw DatasetError("there is no split '\(split)'; allowed are train, test")
    }
    // Generated images cost time, so only as many as the sheet shows are made.
    let count = name == .shapes ? Shapes.classNames.count * max(1, min(countPerClass, 100)) : nil
    let splits = try DatasetLoader.load(
      DatasetRequest(
        name: name, path: path, size: size, trainCount: count, testCount: count,
        labels: try labels.map(Self.labels)))
    return split == .train ? splits.train : splits.test
  }

  private static func labels(_ word: String) throws(DatasetError) -> LabelLevel {
    if let labels = LabelLevel(rawValue: word) { return labels }
    throw DatasetError("there are no labels '\(word)'; allowed are fine, coarse")
  }
}
