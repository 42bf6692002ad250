// Folders of pictures: what is found, in which order, how it is varied, and what is passed over.
import Crypto
import Foundation
import Testing
import Text

@testable import Datasets
@testable import Numerics

@Suite struct ImageFolderTests {
  let folders: TemporaryFolders

  init() throws { folders = try TemporaryFolders() }

  /// Three classes of 3, 1 and 2 pictures for training, one each for testing; 10 rows of 14.
  func tree() throws -> TemporaryFolder {
    let folder = try folders.make()
    for (name, bright) in [
      ("b/1.png", 10), ("b/2.PNG", 20), ("b/10.jpeg", 30), ("a/z.jpg", 40), ("C/x.png", 50),
      ("C/y.JPG", 60),
    ] { try write(folder, "train/\(name)", bright) }
    for name in ["a", "b", "C"] { try write(folder, "val/\(name)/1.png", 70) }
    return folder
  }

  func write(_ folder: TemporaryFolder, _ name: String, _ brightness: Int) throws {
    let pixels = PictureFixture.smooth(height: 10, width: 14, brightness: brightness)
    try folder.write(
      name.lowercased().hasSuffix("png")
        ? try PictureFixture.png(pixels, height: 10, width: 14)
        : try PictureFixture.jpeg(pixels, height: 10, width: 14), name)
  }

  func opened(
    _ folder: TemporaryFolder, size: Int = 8, resize: Int? = nil, train: Int? = nil,
    classes: Int? = nil
  ) throws -> (train: ImageFolder, test: ImageFolder) {
    let folders = try ImageFolders(
      DatasetRequest(
        name: .imageFolder, path: folder.path, size: size, trainCount: train, resize: resize,
        classes: classes))
    return (folders.train, folders.test)
  }

  @Test func classesAreSortedAndTakeTurns() throws {
    let folder = try tree()
    let (train, test) = try opened(folder)
    #expect(train.classNames == ["C", "a", "b"])
    #expect(train.labels == [0, 1, 2, 0, 2, 2])
    let names = (0..<6).map { train.path(of: $0).replacing(folder.path + "/train/", with: "") }
    #expect(names == ["C/x.png", "a/z.jpg", "b/1.png", "C/y.JPG", "b/10.jpeg", "b/2.PNG"])
    #expect(test.labels == [0, 1, 2] && test.classNames == train.classNames)
    #expect(train.problems.isEmpty && train.shape.description == "3x8x8")
    let four = try opened(folder, train: 4).train
    #expect(four.labels == [0, 1, 2, 0])
    #expect(message { _ = try opened(folder, train: 7) }.contains("trainCount 7"))
    #expect(message { _ = try opened(folder, classes: 4) }.contains("3 class folders, not 4"))
    let counts = try FolderCounts.of(folder.path)
    #expect(counts.classes == 3 && counts.train == 6 && counts.test == 3)
  }

  @Test func whatIsNoPictureIsNamed() throws {
    let folder = try tree()
    let b = folder.path + "/train/b/"
    try folder.write([1], "train/b/notes.txt")
    try folder.write([1], "train/b/.hidden")
    try folder.write([1], "train/readme.txt")
    try folder.write([1], "train/b/deep.jpg/inside.jpg")
    try #require(mkfifo(b + "pipe.png", 0o600) == 0)
    try FileManager.default.createSymbolicLink(
      atPath: b + "loop.jpg", withDestinationPath: b + "loop.jpg")
    try FileManager.default.createSymbolicLink(
      atPath: b + "link.png", withDestinationPath: b + "1.png")
    try FileManager.default.createDirectory(
      atPath: folder.path + "/train/empty", withIntermediateDirectories: true)
    let train = try opened(folder).train
    #expect(train.count == 8)
    #expect(
      train.problems == [
        b + "loop.jpg is not a regular file",
        b + "notes.txt is no picture by its name; pictures end in .jpg, .jpeg, .jfif, .png, .bmp, "
          + ".webp, .ppm, .pgm, .tif, .tiff", b + "pipe.png is not a regular file",
        folder.path
          + "/train/empty has no pictures, but counts as a class; remove it, or put some there",
      ])
    let untested =
      folder.path + "/val has no pictures of 1 of 4 classes: empty; the test error leaves these out"
    #expect(try FolderCounts.of(folder.path).warnings == [train.problems[3], untested])
    try folder.write([1], "train/a/z.jpg")
    #expect(try opened(folder).train.check(threads: 2).usable == [2, 0, 4, 0])
    #expect(train.classNames == ["C", "a", "b", "empty"])
  }

  @Test func otherLayoutsAreRefused() throws {
    var folder = try folders.make()
    func problem() -> String { message { _ = try opened(folder) } }
    #expect(problem().contains("has no folder train with a folder for each class"))
    try write(folder, "train/a/1.png", 10)
    #expect(problem().contains("has no folder test or val"))
    // ImageNet's test folder has no classes.
    try write(folder, "test/1.png", 10)
    #expect(problem().contains("neither a folder for each class nor a list of their labels"))
    try write(folder, "val/a/1.png", 10)
    #expect(try opened(folder).test.path(of: 0).contains("/val/a/"))
    try write(folder, "test/a/1.png", 10)
    #expect(try opened(folder).test.path(of: 0).contains("/test/a/"))
    try write(folder, "test/stranger/1.png", 10)
    #expect(problem().contains("has the class stranger"))
    folder = try folders.make()
    try folder.write([1], "train/a/1.txt")
    try write(folder, "val/a/1.png", 10)
    #expect(problem().contains("has no pictures"))
  }

  func loader(
    _ folder: TemporaryFolder, batch: Int, augmentation: Augmentation = .none,
    broken: BrokenFiles = BrokenFiles(), shuffle: Bool = false
  ) throws -> BatchLoader {
    let train = try opened(folder, resize: 9).train
    return BatchLoader(
      dataset: train, preprocessing: Preprocessing(training: train, mean: .none),
      augmentation: augmentation, batch: batch, seed: 3, shuffle: shuffle, brokenFiles: broken)
  }

  @Test func batchesHaveTheMiddles() throws {
    let folder = try tree()
    let loader = try loader(folder, batch: 6)
    let batch = try batch(loader, 0)
    #expect(batch.labels == [0, 1, 2, 0, 2, 2])
    let decoded = try opened(folder, resize: 9).train.decoded()
    let expected = decoded.pixels.map { Float($0) / 255 }
    let difference = zip(batch.images, expected).map { abs($0 - $1) }.max()
    #expect(try #require(difference) < 1e-6)
    // The blue channel is the picture's brightness.
    #expect(Array(decoded.pixels.prefix(3))[2] == 50)
  }

  @Test func brokenTrainingFilesAreReplacedByTheNext() throws {
    let folder = try tree()
    try folder.write([], "train/a/z.jpg")
    let cut = try PictureFixture.png(height: 10, width: 14).prefix(60)
    try folder.write(Array(cut), "train/b/1.png")
    let broken = BrokenFiles()
    let loader = try loader(folder, batch: 6, broken: broken)
    let first = try batch(loader, 0)
    #expect(first.labels == [0, 0, 0, 0, 2, 2])
    #expect(broken.count == 2)
    let notes = broken.takeNew().sorted()
    #expect(notes.count == 2)
    #expect(notes[0].contains("a/z.jpg is not a sound picture: it is empty"))
    #expect(notes[1].contains("b/1.png is not a sound"))
    #expect(try batch(loader, 1) == first)
    #expect(broken.takeNew().isEmpty && broken.count == 2)
    let strict = try self.loader(folder, batch: 6, broken: BrokenFiles(isStrict: true))
    #expect(message { _ = try batch(strict, 0) }.contains("a/z.jpg"))
    for name in ["C/x.png", "C/y.JPG", "b/10.jpeg", "b/2.PNG"] {
      try FileManager.default.removeItem(atPath: folder.path + "/train/" + name)
    }
    // What is wrong now, not what was found before.
    let text = message { _ = try batch(loader, 0) }
    #expect(text.contains("6 training pictures in a row"))
    #expect(text.contains("C/x.png: No such file") && text.hasSuffix("; and 3 more"), "\(text)")
  }

  @Test func brokenTestFilesAreLeftOut() throws {
    let folder = try tree()
    try folder.write([1, 2, 3], "val/a/1.png")
    let test = try opened(folder).test
    let broken = BrokenFiles()
    let batches = EvaluationBatches(
      EvaluationLoader(
        dataset: test, preprocessing: Preprocessing(training: test, mean: .perChannel),
        brokenFiles: broken), batch: 2)
    #expect(batches.steps == 2)
    let prefetcher = Prefetcher(source: batches, steps: 0..<2, threads: 2)
    var labels: [Int32] = []
    while let batch = try prefetcher.next() {
      labels += UnsafeBufferPointer(start: batch.labels, count: batch.count)
    }
    #expect(labels == [0, 2] && broken.count == 1)
    var image = [Float](repeating: 0, count: 192)
    var label: Int32 = 0
    #expect(
      try batches.loader.fill(1..<2, images: &image, labels: &label)
        == BatchContent(count: 0, broken: 1))
  }

  @Test func scalingAtRandomIsAFunctionOfSeedEpochAndExample() throws {
    let folder = try tree()
    let augmentation = Augmentation(padding: 0, flip: true, scale: 8...20)
    let loader = try loader(folder, batch: 4, augmentation: augmentation, shuffle: true)
    let forward = try (0..<9).map { try batch(loader, $0) }
    let again = try self.loader(folder, batch: 4, augmentation: augmentation, shuffle: true)
    let prefetcher = Prefetcher(source: again, steps: 0..<9, threads: 3)
    for step in 0..<9 {
      let prepared = try #require(try prefetcher.next())
      let images = UnsafeBufferPointer(start: prepared.images, count: 4 * 192)
      #expect(Array(images) == forward[step].images)
    }
    #expect(Set(forward.map(\.images)).count == 9)
  }

  @Test func plansCoverTheirRange() {
    let plans = (0..<2000).map {
      CropPlan(scale: 256...480, flip: true, seed: 1, epoch: 0, example: $0)
    }
    let sides = plans.map(\.shorterSide)
    #expect(sides.min() == 256 && sides.max() == 480)
    #expect(abs(sides.reduce(0, +) / 2000 - 368) < 6)
    for place in [plans.map(\.row), plans.map(\.column)] {
      #expect(place.allSatisfy { (0..<1).contains($0) })
      #expect(abs(place.reduce(0, +) / 2000 - 0.5) < 0.03)
    }
    #expect((900...1100).contains(plans.count { $0.mirrored }))
    #expect(plans[5] == CropPlan(scale: 256...480, flip: true, seed: 1, epoch: 0, example: 5))
    #expect(plans[5] != CropPlan(scale: 256...480, flip: true, seed: 1, epoch: 1, example: 5))
    let unflipped = CropPlan(scale: 9...9, flip: false, seed: 1, epoch: 0, example: 5)
    #expect(unflipped.shorterSide == 9 && !unflipped.mirrored)
  }

  @Test func mirroredIsMirrored() throws {
    let folder = try tree()
    let train = try opened(folder).train
    let preprocessing = Preprocessing(training: train, mean: .none)
    func image(_ flip: Bool, epoch: Int) throws -> [Float] {
      var output = [Float](repeating: 0, count: 192)
      try train.write(
        0, seed: 2, epoch: epoch, augmentation: Augmentation(padding: 0, flip: flip, scale: 9...15),
        preprocessing: preprocessing, to: &output)
      return output
    }
    var mirrored = 0
    for epoch in 0..<20 {
      let straight = try image(false, epoch: epoch)
      let flipped = try image(true, epoch: epoch)
      var reversed: [Float] = []
      for row in 0..<8 {
        for column in (0..<8).reversed() {
          let first = 24 * row + 3 * column
          reversed += Array(straight[first..<first + 3])
        }
      }
      #expect(flipped == straight || flipped == reversed)
      if flipped == reversed { mirrored += 1 }
    }
    #expect((4...16).contains(mirrored))
  }

  @Test func checksumIsOfNamesAndContents() throws {
    let folder = try tree()
    func checksum(train: Int? = nil) throws -> String {
      try opened(folder, train: train).train.checksum
    }
    let first = try checksum()
    #expect(first.count == 64)
    #expect(try checksum() == first)
    #expect(try checksum(train: 5) != first)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/train/b/1.png"))
    try write(folder, "train/b/1.png", 11)
    let changed = try checksum()
    #expect(changed != first)
    try folder.write(Array(bytes), "train/b/1.png")
    #expect(try checksum() == first)
    try FileManager.default.moveItem(
      atPath: folder.path + "/train/b/1.png", toPath: folder.path + "/train/b/0.png")
    #expect(try checksum() != first)
  }

  /// The version of the pixels, the names, the files.
  @Test func checksumBeginsWithTheVersionOfThePixels() throws {
    let folder = try folders.make()
    for split in ["train", "val"] { try folder.write([7, 8], "\(split)/a/1.png") }
    let text = "pixels \(ImageDecoder.version)\0names and contents\0a\u{0}0 2\u{0}a/1.png\0"
    var hash = SHA256()
    hash.update(data: Data(text.utf8) + [7, 8])
    #expect(try opened(folder).train.checksum == hexadecimal(hash.finalize()))
  }

  @Test func statisticsAreThoseOfTheMiddles() throws {
    let train = try opened(try tree()).train
    let decoded = try train.decoded()
    let direct = Preprocessing(training: train, mean: .perPixel, dividesByDeviation: true)
    let expected = Preprocessing(training: decoded, mean: .perPixel, dividesByDeviation: true)
    #expect(direct.mean == expected.mean)
    #expect(direct.inverseDeviation == expected.inverseDeviation)
    let some = Preprocessing(training: train, examples: [0, 2], mean: .perChannel)
    let two = Preprocessing(training: decoded, examples: [0, 2], mean: .perChannel)
    #expect(some.mean == two.mean && some.mean != direct.mean)
  }

  @Test func requestsAreChecked() {
    func problem(_ request: DatasetRequest) -> String { message { try request.validate() } }
    #expect(problem(DatasetRequest(name: .imageFolder)).contains("needs a path"))
    #expect(
      problem(DatasetRequest(name: .imageFolder, path: "x", size: 64, resize: 63))
        .contains("allowed are 64"))
    #expect(
      problem(DatasetRequest(name: .shapes, resize: 64)).contains("belong to image-folder"))
    #expect(
      message { _ = try DatasetLoader.open(DatasetRequest(name: .imageFolder, path: "/none")) }
        .contains("has no folder train"))
  }
}
