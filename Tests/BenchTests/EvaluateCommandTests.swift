// bench evaluate and bench predict against what training has recorded, and on what cannot be.
import Foundation
import Testing

@Suite struct EvaluateCommandTests {
  let bench: BuiltBinary

  /// Six classes of three pictures each for training and two for testing, some of them broad.
  init() throws {
    bench = try BuiltBinary()
    for (split, count) in [("train", 3), ("val", 2)] {
      for (number, name) in ["a", "b", "c", "d", "e", "f"].enumerated() {
        let place = bench.folder.appending(path: "pictures/\(split)/\(name)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        for picture in 0..<count {
          let drawn = try bench(
            "data", "preview", "shapes", "--size", "\(16 + 4 * (number % 2))", "--count-per-class",
            "\(1 + picture)", "--out", place.appending(path: "\(picture).png").path)
          #expect(drawn.status == 0)
        }
      }
    }
  }

  private func train(
    _ more: String = #""mean": "perChannel", "deviation": "perChannel""#
  ) throws -> String {
    let spec = try bench.write(
      "pictures.json",
      """
      {"name": "pictures", "title": "Pictures", "protocol": {"name": "tiny",
        "data": {"name": "image-folder", "path": "pictures", "size": 32, "resize": 40},
        "batch": 12, "epochs": 2, "optimizer": {"learningRate": 0.05}, \(more)},
       "include": [{"depth": 8}], "seeds": 1}
      """)
    let run = try bench("run", spec, "--quiet")
    #expect(run.status == 0, "\(run.errors)")
    return "pictures/resnet-8/0"
  }

  private struct Result: Decodable {
    struct Share: Decodable {
      let accuracy: Double
      let error: Double
      let errorInterval95: [Double]
    }
    let images: Int
    let broken: Int
    let views: Int
    let top1: Share
    let top5: Share?
    let loss: Double
    let notes: [String]
  }

  private func evaluate(_ arguments: String...) throws -> Result {
    let (process, collect) = try bench.start(["evaluate"] + arguments + ["--format", "json"])
    let result = try collect()
    #expect(process.terminationStatus == 0, "\(result.errors)")
    return try JSONDecoder().decode(Result.self, from: Data(result.output.utf8))
  }

  private func recorded(_ metric: String) throws -> Double? {
    let query = try bench(
      "query", "SELECT value FROM finals WHERE metric = '\(metric)'", "--format", "csv")
    return query.output.split(separator: "\n").last.flatMap { Double($0) }
  }

  /// A run, and its exported weights on the same pictures, give what training recorded.
  @Test func theRecordedErrorsComeOutAgain() throws {
    let run = try train()
    let result = try evaluate(run)
    #expect(result.images == 12 && result.broken == 0 && result.views == 1)
    #expect(abs(result.top1.error - (try #require(try recorded("testError")))) < 1e-9)
    let five = try #require(result.top5)
    #expect(abs(five.error - (try #require(try recorded("testTop5Error")))) < 1e-9)
    #expect(abs(result.loss - (try #require(try recorded("testLoss")))) < 1e-6)
    #expect(result.top1.errorInterval95[0] <= result.top1.error)
    #expect(result.top1.errorInterval95[1] >= result.top1.error && result.notes.isEmpty)

    let export = try bench("weights", "export", run, "net.safetensors")
    #expect(export.status == 0, "\(export.errors)")
    let file = try evaluate("net.safetensors", "--data", "pictures")
    #expect(file.top1.error == result.top1.error && abs(file.loss - result.loss) < 1e-6)
    #expect(file.notes.isEmpty, "\(file.notes)")
    // The split's own folder does as well.
    let split = try evaluate("net.safetensors", "--data", "pictures/val")
    #expect(split.loss == file.loss)
    let text = try bench("evaluate", run).output
    #expect(text.contains("top-1") && text.contains("the middle 32 of 40 pixels"), "\(text)")
  }

  /// A picture's views are answered one by one and averaged.
  @Test func severalViewsAreAveraged() throws {
    let run = try train(
      #""mean": "perChannel", "deviation": "perChannel", "evaluation": {"tenCrop": true}"#)
    let center = try evaluate(run)
    let ten = try evaluate(run, "--ten-crop")
    // The spec asks for the same at the end of training.
    #expect(abs(ten.top1.error - (try #require(try recorded("tenCropError")))) < 1e-9)
    #expect(try recorded("tenCropTop5Error") != nil)
    #expect(ten.images == 12 && ten.views == 10 && ten.loss != center.loss)
    // Of a picture that is no larger than the crop all crops are one, and its mirror image.
    let small = try evaluate(run, "--ten-crop", "--resize", "32", "--batch", "1")
    let large = try evaluate(run, "--ten-crop", "--resize", "32", "--batch", "64")
    #expect(abs(small.loss - large.loss) < 1e-6)
    let several = try evaluate(run, "--scales", "32,40,48", "--threads", "1")
    let again = try evaluate(run, "--scales", "32,40,48", "--threads", "3")
    #expect(several.views == 6 && abs(several.loss - again.loss) < 1e-12)
  }

  /// At a scale that leaves pictures as they are, with those and their mirror images answered one by one.
  @Test func scalesAverageThePictureAndItsMirrorImage() throws {
    let run = try train()
    let side = 32
    func pixel(_ x: Int, _ y: Int, _ number: Int) -> [UInt8] {
      [7 * x + 3 * y, x * x / 4 + 40 * number, 255 - 6 * x].map { UInt8($0 % 256) }
    }
    for (number, name) in ["a", "b", "c", "d", "e", "f"].enumerated() {
      for (kind, mirrored) in [("straight", false), ("mirrored", true)] {
        let place = bench.folder.appending(path: "\(kind)/val/\(name)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        var bytes = Array("P6 \(side) \(side) 255\n".utf8)
        for y in 0..<side {
          for x in 0..<side { bytes += pixel(mirrored ? side - 1 - x : x, y, number) }
        }
        try Data(bytes).write(to: place.appending(path: "0.ppm"))
      }
    }
    func probabilities(_ kind: String) throws -> [Double] {
      let answers = try bench(
        "predict", run, "\(kind)/val", "--resize", "\(side)", "--format", "json", "--top", "6")
      return try answers.output.split(separator: "\n").map {
        let answer = try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        return try #require(
          answer.classes.first { answer.picture.split(separator: "/")[2] == $0.name }
        ).probability
      }
    }
    let pairs = zip(try probabilities("straight"), try probabilities("mirrored"))
    let losses = pairs.map { -log(($0 + $1) / 2) }
    #expect(losses.count == 6 && pairs.contains { abs($0 - $1) > 1e-3 }, "\(pairs)")
    let result = try evaluate(run, "--data", "straight/val", "--scales", "\(side)")
    #expect(abs(result.loss - losses.reduce(0, +) / 6) < 1e-6, "\(result) \(losses)")
  }

  private struct Line: Decodable {
    struct Class: Decodable {
      let `class`: Int
      let name: String
      let probability: Double
    }
    let picture: String
    let classes: [Class]
    let logits: [Double]?
  }

  @Test func picturesAreAnswered() throws {
    let run = try train()
    let picture = "pictures/val/a/0.png"
    let text = try bench("predict", run, picture, "--top", "2")
    let lines = text.output.split(separator: "\n")
    #expect(text.status == 0 && lines.count == 3 && lines[0] == picture, "\(text)")
    #expect(lines[1].contains(" %  ") && "abcdef".contains(lines[1].last ?? "?"))

    let all = try bench(
      "predict", run, "pictures/val", "--format", "json", "--top", "6", "--logits")
    let answers = try all.output.split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
    #expect(answers.count == 12 && answers[0].picture == picture)
    for answer in answers {
      let sum = answer.classes.reduce(0) { $0 + $1.probability }
      #expect(abs(sum - 1) < 1e-12)
      let outputs = try #require(answer.logits)
      #expect(answer.classes.map { outputs[$0.class] } == outputs.sorted(by: >))
    }
    // The errors are those of evaluation.
    let wrong = answers.count { $0.classes[0].name != $0.picture.split(separator: "/")[2] }
    #expect(abs(100 * Double(wrong) / 12 - (try #require(try recorded("testError")))) < 1e-9)
  }

  @Test func whatCannotBeIsSaid() throws {
    let run = try train()
    func refusal(_ arguments: String...) throws -> String {
      let (process, collect) = try bench.start(arguments)
      let result = try collect()
      #expect(process.terminationStatus == 2, "\(arguments): \(result)")
      return result.errors
    }
    #expect(try refusal("evaluate", "no.safetensors").contains("there is no file no.safetensors"))
    #expect(try refusal("evaluate", "pictures/resnet-9/0").contains("there is no run"))
    #expect(
      try refusal("evaluate", run, "--ten-crop", "--scales", "32").contains("not both"))
    #expect(try refusal("evaluate", run, "--scales", "7").contains("numbers from 32 to 2048"))
    #expect(try refusal("evaluate", run, "--resize", "16").contains("smaller than the images"))
    #expect(try refusal("evaluate", run, "--data", "nowhere").contains("nowhere"))
    #expect(try refusal("evaluate", run, "--std", "0,1,1").contains("--std 0,1,1"))
    #expect(
      try refusal("evaluate", run, "--mean", "0.5").contains("the mean has 1 numbers"))
    let export = try bench("weights", "export", run, "net.safetensors")
    #expect(export.status == 0)
    #expect(try refusal("evaluate", "net.safetensors").contains("name some with --data"))
    #expect(
      try refusal("evaluate", "net.safetensors", "--network", "resnet-20", "--data", "pictures")
        .contains("does not fit resnet-20"))
    _ = try bench.write("names.txt", "one\ntwo\n")
    #expect(
      try refusal("predict", run, "--classes", "names.txt", "pictures/val/a/0.png")
        .contains("there are 2 class names, and the network has 6 classes"))
    #expect(try refusal("predict", run, "nowhere.jpg").contains("there is no nowhere.jpg"))
    // One broken picture among others.
    try Data("no picture".utf8).write(to: bench.folder.appending(path: "pictures/val/a/0.png"))
    let some = try bench("predict", run, "pictures/val/a")
    #expect(some.status == 1 && some.output.contains("pictures/val/a/1.png"))
    #expect(some.errors.contains("0.png is not a sound picture"), "\(some.errors)")
    let left = try bench("evaluate", run, "--ten-crop")
    #expect(left.status == 0 && left.errors.contains("1 files could not be used"), "\(left)")
  }

  /// Ten crops at the end of training are of pictures, and go through the network together.
  @Test func tenCropsNeedPicturesAndABatch() throws {
    func problem(_ data: String, batch: Int) throws -> String {
      let spec = try bench.write(
        "crops.json",
        """
        {"name": "crops", "title": "Crops", "protocol": {"name": "tiny", "data": \(data),
          "batch": \(batch), "epochs": 1, "optimizer": {"learningRate": 0.05},
          "evaluation": {"tenCrop": true}},
         "include": [{"depth": 8}], "seeds": 1}
        """)
      let plan = try bench("plan", spec)
      return plan.status == 0 ? "" : plan.errors
    }
    let folder = #"{"name": "image-folder", "path": "pictures", "size": 32}"#
    #expect(try problem(folder, batch: 10) == "")
    #expect(try problem(folder, batch: 9).contains("ten crops need a batch of at least 10, not 9"))
    #expect(
      try problem(#"{"name": "shapes"}"#, batch: 10).contains(
        "crops are of the pictures of an image-folder, not shapes"))
  }

  /// A mean image has one size, and does not fit into a file of weights.
  @Test func aMeanImageBelongsToItsRun() throws {
    let run = try train(#""mean": "perPixel""#)
    let own = try evaluate(run).top1.error
    #expect(abs(own - (try #require(try recorded("testError")))) < 1e-9)
    #expect(try bench("weights", "export", run, "net.safetensors").status == 0)
    let refused = try bench("evaluate", "net.safetensors", "--data", "pictures")
    #expect(refused.status == 2 && refused.errors.contains("name the run instead"), "\(refused)")
    let given = try bench(
      "evaluate", "net.safetensors", "--data", "pictures", "--mean", "0.5,0.5,0.5")
    #expect(given.status == 0, "\(given)")
    #expect(try evaluate(run, "--ten-crop").views == 10)
    let scales = try bench("evaluate", run, "--scales", "32,40")
    #expect(scales.status == 2 && scales.errors.contains("without a mean image"), "\(scales)")
  }
}
