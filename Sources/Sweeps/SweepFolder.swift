// The shared folder of a sweep: where everything in it is.
import Crypto
import Experiments
import Foundation
import Results
import Text

/// A sweep's folder, seen by many machines. Each file in it has one writer, or gets its name by a call
/// that one of several makes; no SQLite file in it is ever written to.
///
/// - `sweep.json`: the description. `plan.sqlite`: a database with the experiment and its runs, all
///   waiting. `job.sh`: the batch script. `program-…`: the program that the script starts.
/// - `runs/RUN/`: the claims on a run, and for each claim N the folder `N` of its owner: `series.sqlite`,
///   the run's database as it stood last, `checkpoints`, `weights`.
/// - `done/RUN`, `back/RUN`: say that a run is finished, or was given back. They make it quick to find
///   one; what counts are the claims.
/// - `damaged`: finished runs whose numbers were lost there.
/// - `logs`, `weights`: of the runs. `bench.sqlite`: all that was in the folder when a task last put it
///   together.
public struct SweepFolder: Sendable {
  public let path: String

  /// - Parameter path: need not exist.
  public init(path: String) { self.path = URL(fileURLWithPath: path).standardizedFileURL.path }

  public var script: String { "\(path)/job.sh" }
  /// What SLURM's tasks print.
  public var output: String { "\(path)/output" }
  /// The database that is put together; also the path beside which logs and weights stand.
  public var database: String { "\(path)/bench.sqlite" }
  var plan: String { "\(path)/plan.sqlite" }
  var descriptionFile: String { "\(path)/sweep.json" }
  var runs: String { "\(path)/runs" }
  var done: String { "\(path)/done" }
  var back: String { "\(path)/back" }

  /// Says that all runs of a description are finished.
  func completeMark(_ description: SweepDescription) -> String {
    "\(path)/complete-\(description.runsDigest)"
  }

  /// The folder of one owner of a run.
  func owner(_ run: String, _ number: Int) -> String { "\(runs)/\(run)/\(number)" }

  static func series(_ owner: String) -> String { "\(owner)/series.sqlite" }

  /// The sweeps at a path: the one that it is, or those in it.
  /// - Throws: `ExperimentError` where there is none.
  public static func all(at path: String) throws(ExperimentError) -> [SweepFolder] {
    let folder = SweepFolder(path: path)
    if folder.exists { return [folder] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let found = names.sorted().map { SweepFolder(path: "\(folder.path)/\($0)") }.filter(\.exists)
    guard !found.isEmpty else {
      throw ExperimentError(
        "\(printable(path, limit: 4096)) is no folder of a sweep, and has none in it")
    }
    return found
  }

  /// Whether it holds a sweep.
  public var exists: Bool { FileManager.default.fileExists(atPath: descriptionFile) }

  /// - Throws: `ExperimentError` where it cannot be read, or is of another version.
  public func description() throws(ExperimentError) -> SweepDescription {
    guard exists else {
      throw ExperimentError(
        "\(printable(path, limit: 4096)) is no folder of a sweep: there is no sweep.json in it")
    }
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: descriptionFile))
    } catch {
      throw ExperimentError(
        "cannot read \(printable(descriptionFile, limit: 4096)): \(systemReason(error))")
    }
    guard let description = try? JSONDecoder().decode(SweepDescription.self, from: data),
      description.format == SweepDescription.currentFormat
    else {
      throw ExperimentError(
        "\(printable(descriptionFile, limit: 4096)) is damaged, or of another version of "
          + "bench", remedy: .anotherFolder)
    }
    return description
  }

  /// Enters a description, or joins it to the one that is there.
  /// - Parameter fill: writes `plan.sqlite` anew from the whole description, into the path it is given.
  /// - Returns: what stands there now, and whether the program's version was another before.
  /// - Throws: `ExperimentError` where the two contradict each other, or nothing can be written.
  public func enter(
    _ description: SweepDescription, fill: (SweepDescription, String) throws -> Void
  ) throws -> (description: SweepDescription, earlierVersion: String?) {
    for folder in [path, runs, done, back, output] {
      do {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      } catch {
        throw ExperimentError(
          "cannot make the folder \(printable(folder, limit: 4096)): \(systemReason(error))")
      }
    }
    let shared = try SharedFolder(path: path)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    func text(_ description: SweepDescription) throws -> String {
      String(decoding: try encoder.encode(description), as: UTF8.self) + "\n"
    }
    if !exists, try shared.create("sweep.json", try text(description)) {
      try publish(plan) { try fill(description, $0) }
      return (description, nil)
    }
    // Of two that submit at the same moment, the one that reads first may be overwritten.
    var earlier = try self.description()
    let version = earlier.version == description.version ? nil : earlier.version
    for _ in 0..<20 {
      let joined = try description.joined(to: earlier, in: path)
      if joined != earlier { try shared.replace("sweep.json", try text(joined)) }
      let now = try self.description()
      if Set(description.runs).isSubset(of: now.runs) {
        try publish(plan) { try fill(now, $0) }
        return (now, version)
      }
      earlier = now
    }
    throw ExperimentError(
      "\(printable(descriptionFile, limit: 4096)) is being changed by others all the time; try again"
    )
  }

  /// The runs of a description that are finished here. A finished run whose numbers are gone or no
  /// database any more is put aside into `damaged`, so that it can be made again; what merely cannot be
  /// read now stays.
  public func finished(_ description: SweepDescription) -> Set<SweepDescription.Run> {
    let marks = Self.names(done)
    let claims = ClaimFolder(reading: runs)
    return Set(
      description.runs.filter { run in
        let name = description.folderName(run)
        guard marks.contains(name) else { return false }
        guard let (number, state) = try? claims.state(of: name), state == .finished,
          Self.isLost(Self.series(owner(name, number - 1)))
        else { return true }
        let aside = "\(path)/damaged"
        mkdir(aside, 0o777)
        guard rename("\(runs)/\(name)", "\(aside)/\(name)-\(UUID().uuidString)") == 0 else {
          return true
        }
        mark("\(done)/\(name)", false)
        mark(completeMark(description), false)
        return false
      })
  }

  /// Whether a database is certainly gone, or something else stands in its place.
  private static func isLost(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return errno == ENOENT }
    defer { close(descriptor) }
    let name = Array("SQLite format 3\0".utf8)
    var bytes = [UInt8](repeating: 0, count: name.count)
    let count = read(descriptor, &bytes, bytes.count)
    return count >= 0 && (count < name.count || bytes != name)
  }

  /// Keeps a copy of a program, so that building it anew while tasks wait changes nothing for them.
  /// - Returns: the copy's path, and whether earlier submissions start another build.
  /// - Throws: `ExperimentError` where it cannot be read or written.
  public func keepProgram(
    _ program: String
  ) throws(ExperimentError) -> (path: String, isAnother: Bool) {
    do {
      let data = try Data(contentsOf: URL(fileURLWithPath: program), options: .alwaysMapped)
      let name = "program-\(hexadecimal(SHA256.hash(data: data)).prefix(12))"
      let others = Self.names(path).filter { $0.hasPrefix("program-") && !$0.contains(".") }
      let copy = "\(path)/\(name)"
      if !FileManager.default.fileExists(atPath: copy) {
        try publish(copy) { temporary in
          try data.write(to: URL(fileURLWithPath: temporary))
          chmod(temporary, 0o755)
        }
      }
      return (copy, !others.subtracting([name]).isEmpty)
    } catch let error as ExperimentError {
      throw error
    } catch {
      throw ExperimentError(
        "cannot copy the program into \(printable(path, limit: 4096)): \(systemReason(error))")
    }
  }

  /// Gives a file its name when it is whole and on the disk.
  /// - Parameter write: makes it under the path that it is given, where nothing is.
  public func publish(_ path: String, _ write: (String) throws -> Void) throws {
    let temporary = "\(path).new-\(UUID().uuidString)"
    defer { unlink(temporary) }
    try write(temporary)
    let descriptor = open(temporary, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("write", path, errno) }
    let isSafe = fsync(descriptor) == 0
    let code = errno
    close(descriptor)
    guard isSafe else { throw failure("write", path, code) }
    // Where the old name is gone, it was done although the call says that it was not.
    guard rename(temporary, path) == 0 || access(temporary, F_OK) != 0 else {
      throw failure("write", path, errno)
    }
  }

  /// Publishes a copy of a file of this machine's own disk.
  func publish(_ path: String, copyOf source: String) throws {
    try publish(path) { temporary in
      do {
        try FileManager.default.copyItem(atPath: source, toPath: temporary)
      } catch {
        throw ExperimentError(
          "cannot write \(printable(path, limit: 4096)): \(systemReason(error))")
      }
    }
  }

  private func failure(_ verb: String, _ path: String, _ code: Int32) -> ExperimentError {
    ExperimentError(
      "cannot \(verb) \(printable(path, limit: 4096)): \(String(cString: strerror(code)))")
  }

  /// Makes a mark, or takes it away. Marks are hints: that it fails is no error.
  func mark(_ path: String, _ isSet: Bool = true) {
    if isSet {
      close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644))
    } else {
      unlink(path)
    }
  }

  /// The names in a folder; none where it cannot be read.
  static func names(_ folder: String) -> Set<String> {
    Set((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
  }

  /// Whether a file can be opened: where what is known of files is kept for a while, as by network file
  /// systems, its status may be that of a file that is gone.
  static func opens(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    close(descriptor)
    return true
  }

  /// The latest series of a run that an owner before this number has published, with that number.
  func latestSeries(_ run: String, before number: Int) -> (owner: Int, path: String)? {
    for owner in stride(from: number - 1, to: 0, by: -1) {
      let path = Self.series(self.owner(run, owner))
      if Self.opens(path) { return (owner, path) }
    }
    return nil
  }
}
