// The keys of a protocol, with their ranges and defaults.
import Datasets
import Numerics

extension SpecGrammar {
  static let proto = SpecShape.object(
    protocolNames(isRequired: true) + protocolFields(partial: false))

  /// A protocol as a file has it, where what it extends may have the rest.
  static let writtenProto = SpecShape.object(
    protocolNames(isRequired: false) + protocolFields(partial: true))

  private static func protocolNames(isRequired: Bool) -> [SpecField] {
    [
      SpecField(
        "name", .name, required: isRequired,
        "The protocol's name, stored with every result, such as quick or paper-64k."),
      SpecField(
        "extends", .choice(NamedProtocols.names),
        "A protocol known by its name, of which this one has everything but what it says itself."),
    ]
  }

  /// - Parameter partial: whether only changes are given, so that nothing is required.
  static func protocolFields(partial: Bool) -> [SpecField] {
    [
      SpecField("data", data(partial: partial), required: !partial, "What is learned."),
      SpecField("batch", .integer(1...65_536), required: !partial, "Images in a training step."),
      SpecField(
        "iterations", .integer(iterations),
        "Training steps. With it, milestones and evaluation count steps. Either this or epochs."),
      SpecField(
        "epochs", .integer(epochs),
        "Passes over the training images. With it, milestones and evaluation count epochs."),
      OptimizerSection.all.field(partial: partial),
      SpecField("schedule", schedule, "How the learning rate changes; constant."),
      SpecField("augmentation", augmentation, "Random changes of the training images; none."),
      SpecField(
        "mean", .choice(["perPixel", "perChannel", "none"]),
        "Which mean of the training images is subtracted; perPixel (He et al. 2015, 4.2)."),
      SpecField(
        "deviation", .choice(["none", "perChannel"]),
        "Whether each channel is divided by its standard deviation over the training images; none."),
      SpecField("shuffle", .flag, "Whether every epoch has an order of its own; true."),
      SpecField(
        "precision", .choice(Precision.allCases.map(\.rawValue)),
        "How activations are kept and products made: fp32, or bf16 with everything else in fp32; fp32."
      ),
      SpecField("evaluation", evaluation, "When numbers are taken; always at the last step too."),
    ]
  }

  /// What is to be said of each generated data set.
  private static func generated(_ words: (DatasetDescription) -> String) -> String {
    DatasetDescription.all.filter(\.isGenerated).map(words).joined(separator: ", ")
  }

  private static func data(partial: Bool) -> SpecShape {
    .object([
      SpecField(
        "name", .choice(DatasetName.allCases.map(\.rawValue)), required: !partial,
        "Built-in generated images (\(generated { $0.name.rawValue })) or files to be had elsewhere."
      ),
      SpecField(
        "path", .line(maximumLength: 4096),
        "Folder or archive of the files; by default the usual places are searched. An image-folder "
          + "is PATH/train/CLASS/*.jpg|jpeg|png and PATH/test (or val)/CLASS/..."),
      SpecField(
        "size", .integer(8...512),
        "Height and width in pixels; the data's own (\(generated { "\($0.size) for \($0.name.rawValue)" }), 224 for an image-folder)."
      ),
      SpecField(
        "trainCount", .integer(examples),
        "The first this many training images; all (\(generated { "\($0.trainCount ?? 0) of \($0.name.rawValue)" }))."
      ),
      SpecField(
        "testCount", .integer(examples),
        "The first this many test images; all (\(generated { "\($0.testCount ?? 0) of \($0.name.rawValue)" }))."
      ),
      SpecField(
        "trainPerClass", .integer(examples),
        "So many training images of each class, chosen by the run's seed; fewer are a part of more; "
          + "all."),
      SpecField(
        "validationCount", .integer(0...10_000_000),
        "So many training images, the same for every seed, are held out and give validationLoss, "
          + "validationError and, at the lowest of these, selectedTestError; 0. He et al. 2015, 4.2: "
          + "5000 of CIFAR-10."),
      SpecField(
        "labels", .choice(LabelLevel.allCases.map(\.rawValue)),
        "CIFAR-100's 100 classes (fine) or 20 superclasses (coarse); fine."),
      SpecField(
        "classes", .integer(1...65_536),
        "How many class folders an image-folder has; counted where it is left out."),
      SpecField(
        "resize", .integer(DatasetRequest.shorterSides),
        "The shorter side to which the pictures of an image-folder are scaled before the middle is "
          + "cut out; size. The papers test with 256 for 224."),
      SpecField(
        "decode", .choice(DecodingMode.allCases.map(\.rawValue)),
        "Whether JPEGs of an image-folder that are scaled at random may be decoded at 1/2, 1/4 or 1/8 "
          + "of their size where at least twice the wanted size is left (scaled), or not (exact); "
          + "scaled. Testing is always exact."),
      SpecField(
        "testShare", .number(0.001...0.9, above: false),
        "Of an image-folder without pictures to test with: how much of each class is held for "
          + "testing, at least one picture; the same for every seed of a run."),
      SpecField("testSeed", .integer(0...1_000_000), "Which pictures testShare holds; 0."),
    ])
  }

  private static let schedule = SpecShape.object([
    SpecField("kind", .choice(Schedule.Kind.allCases.map(\.rawValue)), "constant."),
    SpecField(
      "milestones", .list(of: .integer(iterations), count: 1...100),
      "Where a step schedule multiplies the rate, ascending, in steps (or epochs)."),
    SpecField(
      "factor", .number(SpecShape.smallest...1, above: false),
      "What a step schedule multiplies the rate by; 0.1."),
    SpecField(
      "warmup",
      .object([
        SpecField("steps", .integer(1...1_000_000), required: true, "Steps, also with epochs."),
        SpecField(
          "learningRate", .number(SpecShape.smallest...1000, above: false), required: true,
          "The constant rate of these steps; 0.01 in the paper's ResNet-110."),
      ]), "A constant rate for the first steps; none."),
  ])

  private static let augmentation = SpecShape.object([
    SpecField(
      "padding", .integer(0...64),
      "Zeros on each side before a random crop of the original size; 0. The papers take 4."),
    SpecField("flip", .flag, "Mirror every second image, at random; false."),
    SpecField(
      "scale",
      .object([
        SpecField(
          "from", .integer(DatasetRequest.shorterSides), required: true,
          "The smallest, in pixels."),
        SpecField(
          "to", .integer(DatasetRequest.shorterSides), required: true, "The largest, in pixels."),
      ]),
      "For an image-folder: the picture's shorter side is scaled to anywhere in this range, and the "
        + "image cut out at random (He et al. 2015, 3.4: 256 to 480); none."),
  ])

  private static let evaluation = SpecShape.object([
    SpecField(
      "every", .integer(iterations),
      "Steps (or epochs) between passes over the test images; a tenth of the whole, or one epoch."),
    SpecField(
      "recordEvery", .integer(iterations),
      "Steps (or epochs) between records of the training metrics, a divisor of every; every."),
    SpecField(
      "layersEvery", .integer(iterations),
      "Steps (or epochs) between looks into each layer, besides the first and the last step: "
        + "deviation of its responses, gradient norm, relative update, dead rectifiers; none."),
    SpecField(
      "tenCrop", .flag,
      "Whether the last pass over a folder's test pictures also averages over ten crops of each: the "
        + "corners and the middle, mirrored too; false."),
  ])
}
