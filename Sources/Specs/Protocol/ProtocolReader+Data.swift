// The data of a protocol: what is known of each data set, against what is asked of it.
import Datasets
import Text

extension ProtocolReader {
  mutating func readData() -> DataSpecification? {
    guard let data = node["data"], var result = readSource() else { return nil }
    result.trainPerClass = data["trainPerClass"]?.integer
    result.validationCount = data["validationCount"]?.integer ?? 0
    let rest = result.trainCount - result.validationCount
    if rest < 1 {
      report(
        "data.validationCount",
        "leaves nothing of the \(result.trainCount) training images to train on")
      return nil
    }
    if let perClass = result.trainPerClass, result.epochCount > rest {
      report(
        "data.trainPerClass",
        "\(perClass) images of each of \(result.classes ?? 0) classes are more than the \(rest) "
          + "there are to train on")
      return nil
    }
    return result
  }

  private mutating func readSource() -> DataSpecification? {
    guard let data = node["data"],
      let name = data["name"]?.text.flatMap({ DatasetName(rawValue: $0) })
    else { return nil }
    let known = DatasetDescription.of(name)
    let labels = data["labels"]?.text.flatMap { LabelLevel(rawValue: $0) }
    var result = DataSpecification(
      name: name.rawValue, path: data["path"]?.text, size: data["size"]?.integer ?? known.size,
      trainCount: data["trainCount"]?.integer ?? known.trainCount ?? 0,
      testCount: data["testCount"]?.integer ?? known.testCount ?? 0,
      labels: known.hasCoarseLabels ? labels ?? .fine : nil)
    if !known.sizes.contains(result.size) {
      let range = "\(known.sizes.lowerBound) to \(known.sizes.upperBound)"
      report("data.size", "\(result.name) images have \(range) pixels, not \(result.size)")
    }
    if known.isGenerated, result.path != nil {
      report("data.path", "\(result.name) is generated and has no files; leave path out")
    }
    if labels != nil, !known.hasCoarseLabels {
      report("data.labels", "\(result.name) has one label for each image; leave labels out")
    }
    if known.isFolder { return readFolder(data, result) }
    for key in ["classes", "decode", "resize", "testSeed", "testShare"] where data[key] != nil {
      report("data.\(key)", "belongs to an image-folder; leave it out for \(result.name)")
    }
    // Files of fewer or more images than the authors' are used as they are.
    let present = known.isGenerated ? nil : known.presentCounts(path: result.path)
    if let present {
      if data["trainCount"] == nil { result.trainCount = present.train }
      if data["testCount"] == nil { result.testCount = present.test }
    }
    for (key, count, limit) in [
      ("trainCount", result.trainCount, present?.train ?? known.trainCount),
      ("testCount", result.testCount, present?.test ?? known.testCount),
    ] {
      guard let limit, !known.isGenerated, count > limit else { continue }
      report("data.\(key)", "\(result.name) has \(limit) such images, not \(count)")
    }
    result.classCount = known.classes(labels ?? .fine)
    return result
  }

  /// What the spec does not say of a folder of pictures is counted in the folder.
  private mutating func readFolder(_ data: JSONNode, _ request: DataSpecification)
    -> DataSpecification?
  {
    var result = request
    guard let path = request.path else {
      report("data", "an image-folder needs a path: the folder with train and test (or val)")
      return nil
    }
    result.resize = data["resize"]?.integer ?? request.size
    if let resize = result.resize, resize < request.size {
      report("data.resize", "no image of \(request.size) pixels is in one of \(resize)")
    }
    result.classCount = data["classes"]?.integer
    // Left out at its default, so that no other protocol changes.
    result.decode = data["decode"]?.text == DecodingMode.exact.rawValue ? .exact : nil
    result.testShare = data["testShare"]?.double
    result.testSeed = data["testSeed"]?.integer.flatMap { $0 == 0 ? nil : $0 }
    if data["testSeed"] != nil, data["testShare"] == nil {
      report("data.testSeed", "chooses what testShare holds; give testShare, or leave it out")
    }
    guard data["classes"] == nil || data["trainCount"] == nil || data["testCount"] == nil else {
      return result
    }
    do throws(DatasetError) {
      let counts = try FolderCounts.of(
        path, testShare: result.testShare, testSeed: result.testSeed)
      result.classCount = result.classCount ?? counts.classes
      if data["trainCount"] == nil { result.trainCount = counts.train }
      if data["testCount"] == nil { result.testCount = counts.test }
    } catch {
      // Without the classes it can be planned all the same, with a warning.
      if data["trainCount"] != nil, data["testCount"] != nil, data["trainPerClass"] == nil,
        !FolderCounts.isThere(path)
      {
        return result
      }
      report(
        "data.path",
        "\(printable(error.description, limit: 4096)); or say what it will have: classes, "
          + "trainCount and testCount")
      return nil
    }
    return result
  }
}
