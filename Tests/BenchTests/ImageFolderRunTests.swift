// A folder of pictures from end to end: trained on, broken files named and counted, or refused.
import Foundation
import Testing

@Suite struct ImageFolderRunTests {
  let bench: BuiltBinary

  /// Two classes, four pictures each for training and two for testing; one of each kind broken.
  init() throws {
    bench = try BuiltBinary()
    for (number, folder) in ["train/a", "train/b", "val/a", "val/b"].enumerated() {
      let place = bench.folder.appending(path: "pictures/\(folder)")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for picture in 0..<(number < 2 ? 4 : 2) {
        let path = place.appending(path: "\(picture).png").path
        let drawn = try bench(
          "data", "preview", "shapes", "--size", "16", "--count-per-class", "\(1 + picture)",
          "--out", path)
        #expect(drawn.status == 0)
      }
    }
    for name in ["train/b/1.png", "val/a/0.png"] {
      try Data("no picture".utf8).write(to: bench.folder.appending(path: "pictures/\(name)"))
    }
    try Data().write(to: bench.folder.appending(path: "pictures/train/a/notes.txt"))
  }

  private func spec() throws -> String {
    try bench.write(
      "pictures.json",
      """
      {"name": "pictures", "title": "Pictures", "protocol": {"name": "tiny",
        "data": {"name": "image-folder", "path": "pictures", "size": 16, "resize": 20},
        "batch": 4, "epochs": 3, "optimizer": {"learningRate": 0.05}, "mean": "perChannel",
        "deviation": "perChannel",
        "augmentation": {"flip": true, "scale": {"from": 16, "to": 30}}},
       "include": [{"depth": 8}], "seeds": 1}
      """)
  }

  @Test func brokenPicturesAreNamedAndCounted() throws {
    let run = try bench("run", try spec())
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("not used: pictures/train/a/notes.txt is no picture by its name"))
    #expect(run.output.contains("not used: pictures/train/b/1.png is not a sound picture"))
    #expect(run.output.contains("not used: pictures/val/a/0.png is not a sound picture"))
    let query = try bench(
      "query", "SELECT value FROM finals WHERE metric = 'brokenFiles'", "--format", "csv")
    #expect(query.output.split(separator: "\n").last == "2.0")
    let log = bench.folder.appending(path: "results/logs/pictures/resnet-8-s0.log")
    let lines = try String(contentsOf: log, encoding: .utf8)
    #expect(lines.contains("note: not used: pictures/val/a/0.png"))
    let again = try bench("reproduce", "pictures/resnet-8/0")
    #expect(again.status == 0, "\(again.output)\(again.errors)")
  }

  @Test func strictDataMakesThemFatal() throws {
    let spec = try spec()
    let refused = try bench("run", spec, "--strict-data")
    #expect(refused.status == 2)
    #expect(refused.errors.contains("notes.txt"))
    try FileManager.default.removeItem(
      at: bench.folder.appending(path: "pictures/train/a/notes.txt"))
    let failed = try bench("run", spec, "--strict-data")
    #expect(failed.status == 1)
    #expect(failed.errors.contains("train/b/1.png"))
  }

  @Test func classesThatAreNotTestedAreSaidAndMarked() throws {
    // All pictures of one class are broken, and another has none.
    try Data("no picture".utf8).write(to: bench.folder.appending(path: "pictures/val/a/1.png"))
    let place = bench.folder.appending(path: "pictures/train/c")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: bench.folder.appending(path: "pictures/train/a/0.png"), to: place.appending(path: "0.png")
    )
    let run = try bench("run", try spec())
    #expect(run.status == 0, "\(run.errors)")
    let scanned = "pictures/val has no pictures of 1 of 3 classes: c"
    #expect(run.errors.contains("warning: \(scanned); the test error leaves these out"))
    let found = "the test error leaves out 2 of 3 classes, of which no picture can be used: a, c"
    #expect(run.output.contains(found), "\(run.output)")
    let query = try bench(
      "query", "SELECT value FROM finals WHERE metric = 'untestedClasses'", "--format", "csv")
    #expect(query.output.split(separator: "\n").last == "2.0")
    let report = try bench("report", "pictures")
    #expect(
      report.output.contains("§ leaves out 2 classes, of which no picture could be tested with."),
      "\(report.output)")
  }

  @Test func classesWithoutAPictureAreNamed() throws {
    for folder in ["train/c", "val/c"] {
      try FileManager.default.createDirectory(
        at: bench.folder.appending(path: "pictures/\(folder)"), withIntermediateDirectories: true)
    }
    let empty = "pictures/train/c has no pictures, but counts as a class"
    let plan = try bench("plan", try spec(), "--no-calibration")
    #expect(plan.errors.contains("warning: \(empty)"), "\(plan.errors)")
    for picture in 0..<4 {
      try Data().write(to: bench.folder.appending(path: "pictures/train/a/\(picture).png"))
    }
    let check = try bench("data", "check", "image-folder", "--path", "pictures")
    #expect(check.status == 1)
    #expect(check.output.contains("not used: \(empty)"), "\(check.output)")
    #expect(check.output.contains("  no usable image of 2 of 3 classes: a, c\n"))
    #expect(check.output.contains("  no usable image of 1 of 3 classes: c\n"))
  }

  @Test func previewShowsThem() throws {
    let sheet = try bench(
      "data", "preview", "image-folder", "--path", "pictures", "--size", "32", "--out", "s.png")
    #expect(sheet.status == 0, "\(sheet.errors)")
    #expect(sheet.output == "s.png: image-folder, 2 classes, images 3x32x32\n")
    let list = try bench("data", "list")
    #expect(list.output.contains("image-folder: your own pictures"))
  }
}
