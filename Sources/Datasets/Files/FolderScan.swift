// Finds the pictures of a folder: classes are its subfolders, pictures their files.
import Foundation

/// What stands in one folder, by kind; links are followed.
private struct FolderEntry {
  enum Kind {
    case file
    case folder
    case other
  }
  var name: String
  var kind: Kind
}

/// The classes and files of one split, sorted by name, and what is no picture.
struct FolderScan {
  /// The names of the class folders, in the order of their UTF-8 bytes.
  private(set) var classNames: [String] = []
  /// Of each class the names of its picture files, in the order of their UTF-8 bytes.
  private(set) var files: [[String]] = []
  /// A sentence for each thing in a class folder that cannot be a picture.
  private(set) var problems: [String] = []
  /// A sentence for each class folder without a picture.
  private(set) var emptyClasses: [String] = []

  static let endings = [".jpg", ".jpeg", ".png"]

  /// - Parameter folder: holds one folder for each class. Names that start with a dot are passed
  ///   over everywhere; folders inside the class folders are not looked into.
  /// - Throws: `DatasetError` where a folder cannot be read.
  init(_ folder: String) throws(DatasetError) {
    for entry in try Self.entries(of: folder) where entry.kind == .folder {
      var names: [String] = []
      let path = folder + "/" + entry.name
      for file in try Self.entries(of: path) {
        let lower = file.name.lowercased()
        guard Self.endings.contains(where: lower.hasSuffix) else {
          problems.append("\(path)/\(file.name) is no .jpg, .jpeg or .png file")
          continue
        }
        if file.kind == .file {
          names.append(file.name)
        } else {
          problems.append("\(path)/\(file.name) is not a regular file")
        }
      }
      if names.isEmpty {
        emptyClasses.append(
          "\(path) has no pictures, but counts as a class; remove it, or put some there")
      }
      classNames.append(entry.name)
      files.append(names)
      guard files.count <= 65_536 else {
        throw DatasetError("\(folder) has more than 65536 folders; each is taken for a class")
      }
    }
  }

  /// Whether a folder has folders in it.
  static func hasFolders(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue,
      let entries = try? entries(of: path)
    else { return false }
    return entries.contains { $0.kind == .folder }
  }

  private static func entries(of folder: String) throws(DatasetError) -> [FolderEntry] {
    guard let stream = opendir(folder) else {
      throw DatasetError("cannot read the folder \(folder): \(String(cString: strerror(errno)))")
    }
    defer { closedir(stream) }
    var entries: [FolderEntry] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard !name.hasPrefix(".") else { continue }
      let kind: FolderEntry.Kind
      switch Int(entry.pointee.d_type) {
      case Int(DT_REG): kind = .file
      case Int(DT_DIR): kind = .folder
      case Int(DT_LNK), Int(DT_UNKNOWN): kind = self.kind(of: folder + "/" + name)
      default: kind = .other
      }
      entries.append(FolderEntry(name: name, kind: kind))
    }
    return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// What a link leads to; a loop leads nowhere.
  private static func kind(of path: String) -> FolderEntry.Kind {
    var status = stat()
    guard stat(path, &status) == 0 else { return .other }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }
}
