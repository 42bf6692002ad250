// From a stored configuration back to what is trained, without the spec file.
import Foundation
import Networks
import Text

/// The configuration of an attempt as the database keeps it, read again.
public struct StoredConfiguration: Sendable {
  /// What is trained.
  public let variant: Variant
  /// Fields of the stored configuration that this version writes otherwise, and fields that it did
  /// not have; empty where the two are equal. Such a field is a difference of code.
  public let differences: [String]

  /// - Parameters:
  ///   - json: architecture and protocol with every field, as `Variant.configurationJSON`.
  ///   - dataPath: where the data is; nil searches the usual places.
  ///   - weightsPath: where the initial weights are, if there are any.
  ///   - weights: looks at that file.
  /// - Throws: `SpecError` where this version does not understand it, or the initial
  ///   weights are not those of then.
  public init(
    json: String, dataPath: String? = nil, weightsPath: String? = nil,
    weights: InitialWeights.Opener = InitialWeights.unread
  ) throws(SpecError) {
    let stored = try Self.read(json)
    guard let architectureNode = stored["architecture"], let protocolNode = stored["protocol"]
    else { throw Self.unreadable("architecture or protocol is missing") }
    var given = Self.withoutNulls(protocolNode)
    if let dataPath, let data = given["data"] {
      var data = data
      data.set("path", to: JSONNode(.text(dataPath), at: data.position))
      given.set("data", to: data)
    }
    var problems = SpecGrammar.proto.problems(in: given, path: ["protocol"])
    var reader = ProtocolReader(given)
    let read = problems.isEmpty ? reader.read() : nil
    problems += reader.problems
    guard problems.isEmpty, let trainingProtocol = read else {
      throw Self.unreadable(problems.map { "\($0.path): \($0.message)" }.joined(separator: "; "))
    }
    let architecture: Architecture
    do {
      architecture = try Architecture { architectureNode[$0] }
    } catch {
      throw Self.unreadable(error.description)
    }
    variant = Variant(
      architecture: architecture, trainingProtocol: trainingProtocol,
      initialWeights: try Self.initialWeights(
        stored["initialWeights"]?.text, newHead: stored["newHead"]?.flag ?? false,
        at: weightsPath, weights))
    differences = Self.differences(
      stored, try Self.read(variant.configurationJSON), path: [])
  }

  private static func unreadable(_ reason: String) -> SpecError {
    SpecError(
      "the stored configuration is not one that this version can train: \(reason)",
      remedy: .runAnew)
  }

  private static func read(_ json: String) throws(SpecError) -> JSONNode {
    do {
      return try JSONReader.read(Array(json.utf8))
    } catch {
      throw unreadable("\(error.position): \(error.message)")
    }
  }

  /// - Parameter hash: SHA-256 of the file; nil for random weights.
  private static func initialWeights(
    _ hash: String?, newHead: Bool, at path: String?, _ open: InitialWeights.Opener
  ) throws(SpecError) -> InitialWeights? {
    guard let hash else { return nil }
    guard let path else {
      throw SpecError(
        "the run started from a file of weights that its spec no longer names; give it")
    }
    var weights: InitialWeights
    do { weights = try open(path) } catch { throw SpecError("\(error)") }
    guard weights.sha256 == hash else {
      throw SpecError(
        "\(printable(path, limit: 4096)) is not the file of weights that the run started from: its "
          + "SHA-256 is \(weights.sha256.prefix(12)), was \(printable(String(hash.prefix(12))))")
    }
    weights.newHead = newHead
    return weights
  }

  /// A field that is null was left out of the spec.
  private static func withoutNulls(_ node: JSONNode) -> JSONNode {
    guard case .object(let members) = node.content else { return node }
    var result = node
    for member in members {
      if case .null = member.value.content {
        result.remove(member.key)
      } else {
        result.set(member.key, to: withoutNulls(member.value))
      }
    }
    return result
  }

  private static func differences(
    _ stored: JSONNode, _ now: JSONNode, path: [String]
  ) -> [String] {
    if case .object = stored.content, case .object = now.content {
      let keys = Set((stored.members + now.members).map(\.key)).sorted()
      return keys.flatMap { key -> [String] in
        let place = joined(path + [key])
        switch (stored[key], now[key]) {
        case (let old?, let new?): return differences(old, new, path: path + [key])
        case (_?, nil): return ["\(place) is not known here"]
        default: return ["\(place) is new here"]
        }
      }
    }
    if case .list = stored.content, case .list = now.content,
      stored.elements.count == now.elements.count
    {
      return zip(stored.elements, now.elements).enumerated().flatMap { index, pair in
        differences(pair.0, pair.1, path: path + ["[\(index)]"])
      }
    }
    guard stored.summary != now.summary else { return [] }
    return ["\(joined(path)) was \(stored.summary), is \(now.summary)"]
  }
}

/// Where a stored spec has the files that are no part of the configuration.
package struct StoredPlaces {
  /// The data of the variant; nil where the spec does not say, or no longer has the variant.
  package let data: String?
  /// The initial weights; nil where it names none.
  package let weights: String?

  /// - Parameters:
  ///   - specJSON: the spec's text.
  ///   - file: where it was read; initial weights stand relative to it.
  package init(specJSON: String, file: String, variant: String) {
    let bytes = Array(specJSON.utf8)
    let spec = try? ExperimentSpec(bytes: bytes, file: file)
    let variants = try? spec?.expand()
    data = variants?.first { $0.name == variant }?.trainingProtocol.data.path
    let path = (try? JSONReader.read(bytes))?["initialWeights"]?.text
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
    weights = path.map { URL(fileURLWithPath: $0, relativeTo: folder).absoluteURL.path }
  }
}
