// bench data check: whether a data set can be read, before days are spent on it.
import ArgumentParser
import Datasets
import Engine
import Foundation
import Text

struct DataCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Read a whole data set: its counts and checksum, and which pictures are broken.",
    discussion: """
      Of an image-folder every picture is decoded once, which also tells how many a core decodes in \
      a second. Exit code: 0 all sound, 1 something cannot be used or a class has no image, 2 bad \
      input.
      """)

  @Argument(help: "\(DatasetName.allCases.map(\.rawValue).joined(separator: ", ")).")
  var name: String

  @Option(help: "The data set's folder or archive. (default: searched, see 'bench data list')")
  var path: String?

  @Option(help: "Height and width in pixels. (default: the data set's own)")
  var size: Int?

  @Option(
    help: "Of an image-folder, the shorter side before the middle is cut out. (default: size)")
  var resize: Int?

  @Option(
    help: "Of an image-folder without test pictures, how much of each class is held for these.")
  var testShare: Double?

  @Option(help: "Threads that decode. (default: the cores)")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): give a number from 1 to 1024")
    }
  }

  func run() throws {
    let opened = try endingOnBadInput { () throws(DatasetError) in
      try DatasetLoader.open(
        DatasetRequest(
          name: try DataPreviewCommand.name(name), path: path, size: size, resize: resize,
          testShare: testShare))
    }
    var isSound = true
    for split in [opened.train, opened.test] {
      let counts = split.classCounts
      let range = "\(counts.min() ?? 0) to \(counts.max() ?? 0)"
      print(
        "\(split.split.rawValue): \(split.count) images \(split.shape), "
          + "\(split.classNames.count) classes of \(range)")
      print("  SHA-256 \(split.checksum)")
      var problems = split.problems
      var usable = counts
      if let folder = split as? ImageFolder {
        let result = folder.check(
          threads: threads ?? MachineCores.usable)
        problems += result.broken
        usable = result.usable
        let rate = String(format: "%.0f", result.picturesPerCoreSecond)
        print("  decoded: \(rate) pictures/s on one core")
      }
      for note in split.notes { print("  note: \(note.printable)") }
      for problem in problems { print("  not used: \(problem.printable)") }
      let missing = Self.missingClasses(split.classNames, usable)
      if let missing { print("  \(missing)") }
      if !problems.isEmpty || missing != nil { isSound = false }
    }
    if !isSound { throw ExitCode(1) }
  }

  /// What to say of classes without an image that can be used; nil where all have one.
  static func missingClasses(_ names: [String], _ counts: [Int]) -> String? {
    let missing = zip(names, counts).filter { $0.1 == 0 }.map(\.0.printable)
    guard !missing.isEmpty else { return nil }
    let shown = missing.prefix(8).joined(separator: ", ")
    let more = missing.count > 8 ? " and \(missing.count - 8) more" : ""
    return "no usable image of \(missing.count) of \(names.count) classes: \(shown)\(more)"
  }
}
