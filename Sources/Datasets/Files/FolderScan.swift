// Finds the pictures of a folder: classes are its subfolders, pictures the files in these.
import Foundation

/// What stands in one folder, by kind; links are followed.
struct FolderEntry {
  enum Kind {
    case file
    case folder
    case other
  }
  var name: StoredName
  var kind: Kind

  /// Everything in a folder but what is hidden and what Windows leaves there, in Python's order of
  /// names.
  /// - Throws: `DatasetError` where the folder cannot be read.
  static func entries(of folder: StoredName) throws(DatasetError) -> [FolderEntry] {
    guard let stream = folder.withPath({ opendir($0) }) else {
      throw DatasetError(
        "cannot read the folder \(folder.text): \(String(cString: strerror(errno)))")
    }
    defer { closedir(stream) }
    var entries: [FolderEntry] = []
    while let entry = readdir(stream) {
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      let name = StoredName(bytes)
      guard !name.isHidden, !leftovers.contains(name) else { continue }
      let kind: FolderEntry.Kind
      switch Int(entry.pointee.d_type) {
      case Int(DT_REG): kind = .file
      case Int(DT_DIR): kind = .folder
      case Int(DT_LNK), Int(DT_UNKNOWN):
        let place = folder.appending(name)
        kind = place.isRegularFile ? .file : place.isFolder ? .folder : .other
      default: kind = .other
      }
      entries.append(FolderEntry(name: name, kind: kind))
    }
    return entries.sorted { $0.name.precedes($1.name) }
  }

  /// What file managers write into folders.
  private static let leftovers: Set<StoredName> = [
    StoredName("Thumbs.db"), StoredName("desktop.ini"), StoredName("Desktop.ini"),
    StoredName("ehthumbs.db"),
  ]
}

/// The classes and files of one split, sorted by name, and what is no picture.
struct FolderScan {
  /// Where the files are.
  let folder: StoredName
  /// The names of the class folders, in Python's order.
  private(set) var classNames: [StoredName] = []
  /// Of each class its picture files, as paths from `folder`, in the order of torchvision.
  private(set) var files: [[StoredName]] = []
  /// A sentence for each thing in a class folder that cannot be a picture.
  private(set) var problems: [String] = []
  /// A sentence for each class folder without a picture.
  private(set) var emptyClasses: [String] = []

  /// Pictures that are already known, class by class.
  init(
    folder: StoredName, classNames: [StoredName], files: [[StoredName]], problems: [String] = []
  ) {
    self.folder = folder
    self.classNames = classNames
    self.files = files
    self.problems = problems
  }

  /// - Parameter folder: holds one folder for each class; pictures may lie in folders of these. Names
  ///   that start with a dot are passed over everywhere.
  /// - Throws: `DatasetError` where a folder cannot be read.
  init(_ folder: StoredName) throws(DatasetError) {
    self.folder = folder
    for entry in try FolderEntry.entries(of: folder) where entry.kind == .folder {
      var found: [(parent: StoredName, name: StoredName)] = []
      try walk(entry.name, class: entry.name, above: [], &found)
      if found.isEmpty {
        emptyClasses.append(
          "\(folder.appending(entry.name).text) has no pictures, but counts as a class; remove it, "
            + "or put some there")
      }
      classNames.append(entry.name)
      // Python's walk sorts folders by their whole paths, then the files of each.
      files.append(
        found.sorted {
          $0.parent == $1.parent ? $0.name.precedes($1.name) : $0.parent.precedes($1.parent)
        }.map { $0.parent.appending($0.name) })
      guard files.count <= 65_536 else {
        throw DatasetError(
          "\(folder.text) has more than 65536 folders; each is taken for a class")
      }
    }
  }

  /// The most folders that stand in one another.
  private static let deepest = 32

  /// - Parameters:
  ///   - path: a class's folder or one in it, from `folder`.
  ///   - above: the folders that this one stands in, so that a link cannot lead back to one.
  private mutating func walk(
    _ path: StoredName, class name: StoredName, above: [[UInt64]],
    _ found: inout [(parent: StoredName, name: StoredName)]
  ) throws(DatasetError) {
    let place = folder.appending(path)
    guard let status = place.status else {
      throw DatasetError("cannot read the folder \(place.text); it has gone")
    }
    let identity = [UInt64(status.st_dev), UInt64(status.st_ino)]
    guard !above.contains(identity), above.count < Self.deepest else {
      problems.append("\(place.text) leads back to a folder that it stands in")
      return
    }
    for entry in try FolderEntry.entries(of: place) {
      if entry.kind == .folder {
        try walk(path.appending(entry.name), class: name, above: above + [identity], &found)
      } else if !entry.name.ends(inOneOf: PictureFormat.endings) {
        // Tiny-ImageNet's boxes, which stand beside its pictures.
        guard entry.name != StoredName(name.bytes + Array("_boxes.txt".utf8)) else { continue }
        problems.append(
          "\(place.appending(entry.name).text) is no picture by its name; pictures end in "
            + PictureFormat.endings.joined(separator: ", "))
      } else if entry.kind == .file {
        found.append((path, entry.name))
      } else {
        problems.append("\(place.appending(entry.name).text) is not a regular file")
      }
    }
  }

  /// Whether a folder has folders in it that can be classes.
  static func hasFolders(_ path: StoredName) -> Bool {
    guard path.isFolder, let entries = try? FolderEntry.entries(of: path) else { return false }
    return entries.contains { $0.kind == .folder }
  }
}
