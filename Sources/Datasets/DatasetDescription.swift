// What is known of a data set: what it holds, where it is looked for, and how to get it.
import Foundation

/// A data set as `bench data list` and the message about a missing one present it.
public struct DatasetDescription: Sendable {
  public let name: DatasetName
  /// One line for people.
  public let summary: String
  /// One file that can be fetched.
  public struct File: Sendable, Equatable {
    public let name: String
    /// Nil where no stable address is known.
    public let url: String?
    /// MD5 of the file as its authors publish it, in hexadecimal.
    public let md5: String

    init(_ name: String, url: String? = nil, md5: String) {
      self.name = name
      self.url = url
      self.md5 = md5
    }
  }
  /// The authors' files; empty for a generated data set.
  public let files: [File]
  /// A command that installs the data set on Debian, where there is one.
  public let installCommand: String?
  /// Classes of the images; with coarse labels see `classes(_:)`. Nil in anybody's own folder.
  private let fineClasses: Int?
  /// Classes by the coarse labels; nil where there is one label for each image.
  private let coarseClasses: Int?
  /// 3 for colour, 1 for grey.
  public let channels: Int
  /// The data set's own height and width, in pixels.
  public let size: Int
  /// Heights and widths that the images can be brought to or drawn at, in pixels.
  public let sizes: ClosedRange<Int>
  /// Images for training; of a generated data set, those made where no number is asked for. Nil in
  /// anybody's own folder.
  public let trainCount: Int?
  /// Images for testing, likewise.
  public let testCount: Int?

  let source: DatasetSource

  /// Whether the images are generated, any number of them, so that there are no files.
  public var isGenerated: Bool { if case .generated = source { true } else { false } }

  /// Whether it is anybody's own folder of pictures, decoded when they are used.
  public var isFolder: Bool { if case .folder = source { true } else { false } }

  /// Whether each image has two labels, of which a request chooses one.
  public var hasCoarseLabels: Bool { coarseClasses != nil }

  /// How many classes there are with these labels; nil in anybody's own folder.
  public func classes(_ labels: LabelLevel = .fine) -> Int? {
    labels == .coarse ? coarseClasses ?? fineClasses : fineClasses
  }

  init(
    _ name: String, _ summary: String, files: [File] = [], installCommand: String? = nil,
    classes: Int? = 10, coarseClasses: Int? = nil, channels: Int, size: Int,
    sizes: ClosedRange<Int> = 8...512, trainCount: Int?, testCount: Int? = 10_000,
    source: DatasetSource
  ) {
    self.name = DatasetName(ofEntry: name)
    self.summary = summary
    self.files = files
    self.installCommand = installCommand
    fineClasses = classes
    self.coarseClasses = coarseClasses
    self.channels = channels
    self.size = size
    self.sizes = sizes
    self.trainCount = trainCount
    self.testCount = testCount
    self.source = source
  }

  /// The data set of a name.
  public static func of(_ name: DatasetName) -> DatasetDescription {
    guard let known = all.first(where: { $0.name == name }) else {
      preconditionFailure("\(name.rawValue) is none of the data sets in the list")
    }
    return known
  }

  /// The folders that are searched, in this order, where a request names no path:
  /// `$BENCH_DATA/NAME`, `data/NAME` in the working directory, `$XDG_DATA_HOME/bench/NAME` (by
  /// default `~/.local/share/bench/NAME`), `/usr/local/share/datasets/NAME` and
  /// `/usr/share/datasets/NAME`, where Debian's packages put them.
  public var searchedFolders: [String] {
    searchedFolders(environment: ProcessInfo.processInfo.environment)
  }

  func searchedFolders(environment: [String: String]) -> [String] {
    guard !files.isEmpty else { return [] }
    var parents: [String] = []
    if let folder = environment["BENCH_DATA"], !folder.isEmpty { parents.append(folder) }
    parents.append("data")
    if let folder = environment["XDG_DATA_HOME"], !folder.isEmpty {
      parents.append(folder + "/bench")
    } else if let home = environment["HOME"], !home.isEmpty {
      parents.append(home + "/.local/share/bench")
    }
    parents += ["/usr/local/share/datasets", "/usr/share/datasets"]
    return parents.map { $0 + "/" + name.rawValue }
  }

  /// Where the data set is found without being told, or nil.
  public func location(path: String? = nil) -> String? {
    (path.map { [$0] } ?? searchedFolders).first { isPresent(at: DatasetLoader.expanded($0)) }
  }

  /// How many examples there are in the files that are found, where that is quickly seen; nil where
  /// nothing is found.
  public func presentCounts(path: String? = nil) -> (train: Int, test: Int)? {
    guard case .files(let reader) = source, let place = location(path: path) else { return nil }
    return reader(.fine).counts(at: DatasetLoader.expanded(place))
  }

  /// Whether a folder (or archive) holds the data set, as far as file names tell.
  private func isPresent(at path: String) -> Bool {
    switch source {
    case .generated: false
    case .folder: FolderLayout.isPresent(StoredName(path))
    case .files(let reader): reader(.fine).isPresent(at: path)
    }
  }

  /// How to get the data set: a command or addresses, with checksums, and where to put it.
  public var instructions: String {
    guard !isFolder else { return "Name the folder as path." }
    guard !isGenerated else { return "it is generated; nothing to get" }
    var lines: [String] = []
    if let installCommand { lines.append("Run: \(installCommand)") }
    lines.append(installCommand == nil ? "Get:" : "Or get:")
    for file in files { lines.append("  \(file.url ?? file.name) (md5 \(file.md5))") }
    lines.append("and put it into data/\(name.rawValue), or name its place as path.")
    return lines.joined(separator: "\n")
  }
}
