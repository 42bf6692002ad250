// Where the data are that a spec names: beside the spec, or else in the working folder.
import Datasets
import Foundation
import Text

/// The rule for `protocol.data.path`, which is that of every path in a spec.
enum DataPlace {
  /// Replaces the path by the one that leads there from the working folder.
  ///
  /// A path is taken from the spec's folder. Where there is nothing, but there is something of that
  /// name in the working folder, this is taken.
  /// - Parameter file: the spec's path.
  /// - Returns: a sentence where the working folder was taken.
  static func resolve(in root: inout JSONNode, file: String) -> String? {
    var note: String?
    change(in: &root) { path in
      let beside = joined(path, to: file)
      guard beside != path else { return path }
      // One place that can be named in two ways is named as the spec does.
      if FolderCounts.areOne(beside, path) { return path }
      guard !exists(beside), exists(path) else { return beside }
      note =
        "data.path \(printable(path, limit: 4096)) is taken from the working folder, for there is no "
        + "\(printable(beside, limit: 4096)) beside the spec"
      return path
    }
    return note
  }

  /// A path of an extended spec, as it is written in the spec that extends it.
  /// - Parameters:
  ///   - base: the extended spec's path.
  ///   - relation: the same as the extending spec has it.
  static func seen(
    _ path: String, from base: String, through relation: String
  ) -> String {
    exists(joined(path, to: base)) || !exists(path) ? joined(path, to: relation) : path
  }

  static func change(in root: inout JSONNode, _ body: (String) -> String) {
    guard var proto = root["protocol"], var data = proto["data"], let node = data["path"],
      let path = node.text
    else { return }
    data.set("path", to: JSONNode(.text(body(path)), at: node.position))
    proto.set("data", to: data)
    root.set("protocol", to: proto)
  }

  /// A path that stands in a file, as seen from where that file is named.
  private static func joined(_ path: String, to file: String) -> String {
    guard !path.isEmpty, !path.hasPrefix("/"), !path.hasPrefix("~/"),
      let slash = file.lastIndex(of: "/")
    else { return path }
    let folder = file[...slash]
    return folder == "./" ? path : folder + path
  }

  private static func exists(_ path: String) -> Bool { FolderCounts.isThere(path) }
}
