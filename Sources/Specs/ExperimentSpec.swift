// An experiment's file as a value: read, checked, not yet expanded.
import Foundation
import Text

/// A spec file whose keys, types, levels and base protocol are in order. `expand()` gives its
/// variants.
public struct ExperimentSpec: Sendable {
  /// Where the file was read, as the user wrote it.
  public let file: String
  /// The file's text; where it extends anything or is changed, what came out.
  public let text: String
  /// SHA-256 of the text, hexadecimal.
  public let hash: String
  public let name: String
  public let title: String
  /// The protocol before factors and overrides change it, defaults filled in.
  public let baseProtocol: TrainingProtocol
  public let seeds: [Int64]
  public let figures: [FigureSpec]
  /// With which every run starts; nil for random weights.
  public let initialWeights: InitialWeights?

  /// What a user should know of how the spec was read, a sentence each.
  public let notes: [String]

  /// The whole spec with positions, for expansion.
  let root: JSONNode

  /// Reads a spec file.
  /// - Parameters:
  ///   - newHead: whether to take the spec as if it said `"newHead": true`.
  ///   - weights: looks at a file of initial weights; by default none is opened, and then nothing
  ///     can be trained with it.
  /// - Throws: `SpecError` with every problem, its line, column and key path.
  public init(
    path: String, newHead: Bool = false, weights: InitialWeights.Opener = InitialWeights.unread
  ) throws(SpecError) {
    try self.init(
      bytes: Self.contents(of: path), file: path, newHead: newHead, weights: weights)
  }

  /// - Parameters:
  ///   - bytes: the file's contents.
  ///   - file: its name, for messages.
  ///   - newHead: whether to take the spec as if it said `"newHead": true`.
  ///   - weights: looks at a file of initial weights; by default none is opened.
  /// - Throws: `SpecError` with every problem, its line, column and key path.
  public init(
    bytes: [UInt8], file: String, newHead: Bool = false,
    weights: InitialWeights.Opener = InitialWeights.unread
  ) throws(SpecError) {
    let resolved = try ResolvedSpec(bytes: bytes, file: file)
    var (root, text) = (resolved.root, resolved.text)
    if newHead, case .object = root.content, root["newHead"]?.flag != true {
      root.set("newHead", to: JSONNode(.flag(true), at: root.position))
      text = root.json + "\n"
    }
    let note = DataPlace.resolve(in: &root, file: file)
    var problems = resolved.problems + SpecGrammar.spec.problems(in: root, path: [])
    var baseProtocol: TrainingProtocol?
    if let node = root["protocol"], SpecGrammar.proto.problems(in: node, path: []).isEmpty {
      var reader = ProtocolReader(node)
      baseProtocol = reader.read()
      problems += reader.problems
    }
    problems += SpecRules.problems(in: root)
    var initialWeights: InitialWeights?
    if problems.isEmpty, let node = root["initialWeights"], let path = node.text {
      do {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
        initialWeights = try weights(
          URL(fileURLWithPath: path, relativeTo: folder).absoluteURL.path)
        initialWeights?.newHead = root["newHead"]?.flag ?? false
      } catch {
        problems.append(
          SpecProblem(position: node.position, path: "initialWeights", message: "\(error)"))
      }
    }
    guard problems.isEmpty, let baseProtocol, let name = root["name"]?.text,
      let title = root["title"]?.text
    else { throw SpecProblem.error(problems, file: file) }
    self.file = file
    self.root = root
    notes = note.map { [$0] } ?? []
    self.name = name
    self.title = title
    self.baseProtocol = baseProtocol
    self.text = text
    hash = sha256(text)
    self.initialWeights = initialWeights
    seeds = Self.seeds(root["seeds"])
    figures = root["figures"]?.elements.map { FigureSpec($0, title: title) } ?? []
  }

  private static func seeds(_ node: JSONNode?) -> [Int64] {
    if let count = node?.integer { return (0..<Int64(count)).map { $0 } }
    return node?.elements.compactMap { $0.integer.map(Int64.init) } ?? []
  }

  /// Reads a regular file of a bounded size; anything else, such as a pipe, is refused unread.
  static func contents(of path: String) throws(SpecError) -> [UInt8] {
    guard !path.isEmpty else {
      throw SpecError("the path of the spec is empty; give the path of a spec (.json)")
    }
    let shown = printable(path, limit: 4096)
    // Resolved first: the attributes of a link are its own.
    let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let attributes: [FileAttributeKey: Any]
    do {
      attributes = try FileManager.default.attributesOfItem(atPath: resolved)
    } catch {
      throw SpecError("\(shown): there is no such file; give the path of a spec (.json)")
    }
    let type = attributes[.type] as? FileAttributeType
    guard type != .typeSymbolicLink else {
      throw SpecError(
        "\(shown): is a link that leads to no file; give the path of a spec (.json)")
    }
    guard type == .typeRegular else {
      throw SpecError("\(shown): is not a file; give the path of a spec (.json)")
    }
    let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
    guard size <= JSONReader.maximumBytes else {
      throw SpecError(
        "\(shown): the file has \(size) bytes; at most \(JSONReader.maximumBytes) are read")
    }
    do {
      return try Array(Data(contentsOf: URL(fileURLWithPath: resolved)))
    } catch {
      throw SpecError("\(shown): cannot be read: \(error.localizedDescription)")
    }
  }
}
