// Whether a database lies where several machines could write it, which SQLite cannot bear.
import Foundation

/// File systems over a network: their locks do not hold between machines, and a write-ahead log
/// needs memory that all its processes share (<https://www.sqlite.org/wal.html>).
public enum NetworkFileSystem {
  /// As Linux calls them.
  private static let types: Set<String> = [
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "coda",
    "ocfs2", "gfs2", "glusterfs", "orangefs", "virtiofs", "fuse.sshfs", "fuse.glusterfs",
    "fuse.s3fs", "fuse.rclone", "fuse.gcsfuse", "fuse.ceph", "fuse.juicefs",
  ]

  /// The type of the network file system that holds a path; nil for a local one.
  /// - Parameters:
  ///   - path: absolute, without links.
  ///   - mounts: text of `/proc/self/mountinfo`.
  static func type(of path: String, mounts: String) -> String? {
    var found: (point: String, type: String) = ("", "")
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard let dash = fields.firstIndex(of: "-"), dash > 4, dash + 1 < fields.count else {
        continue
      }
      let point = String(fields[4]).replacing("\\040", with: " ")
      let holds = point == "/" || path == point || path.hasPrefix(point + "/")
      // Of equal ones the last was mounted over the others.
      if holds, point.count >= found.point.count { found = (point, String(fields[dash + 1])) }
    }
    return types.contains(found.type) ? found.type : nil
  }

  /// The type of the network file system that holds the database's folder, or the next that exists
  /// above it; nil for a local one.
  public static func type(database path: String) -> String? {
    guard let mounts = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8) else {
      return nil
    }
    var folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    while !FileManager.default.fileExists(atPath: folder.path), folder.path != "/" {
      folder.deleteLastPathComponent()
    }
    let place = folder.resolvingSymlinksInPath().path
    return type(of: place, mounts: mounts)
  }
}
