// A spec with what it extends: other files and named protocols, put together into one value.
import Foundation
import Text

/// The members of a spec's file and of everything that it extends, each with its own place.
struct ResolvedSpec {
  /// Without any `extends` that could be followed.
  let root: JSONNode
  /// The file as it is, or what came out where it extends anything.
  let text: String
  let problems: [SpecProblem]

  /// - Throws: `SpecError` for a file that cannot be read or is no JSON.
  init(bytes: [UInt8], file: String) throws(SpecError) {
    var reader = SpecReader()
    do throws(SpecFault) {
      root = try reader.read(bytes, file: file, chain: [SpecReader.place(of: file)])
    } catch {
      throw SpecProblem.error([error.problem], file: file)
    }
    problems = reader.problems
    text = reader.isVerbatim ? String(decoding: bytes, as: UTF8.self) : root.json + "\n"
  }
}

/// A fault after which a spec cannot be read on.
private struct SpecFault: Error {
  var problem: SpecProblem
}

/// Reads a file after the one that it extends, and so on.
private struct SpecReader {
  private(set) var problems: [SpecProblem] = []
  /// Whether nothing was extended.
  private(set) var isVerbatim = true

  /// A file by its one place, whatever links lead there.
  static func place(of file: String) -> String {
    URL(fileURLWithPath: file).resolvingSymlinksInPath().path
  }

  /// A path that stands in a file, as seen from where that file is named.
  private static func path(_ path: String, in file: String) -> String {
    guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
    return file[...slash] + path
  }

  /// - Parameters:
  ///   - file: as messages name it.
  ///   - chain: the places of the files that led here, this one last.
  mutating func read(
    _ bytes: [UInt8], file: String, chain: [String]
  ) throws(SpecFault) -> JSONNode {
    let own: JSONNode
    do {
      own = try JSONReader.read(bytes, file: chain.count > 1 ? file : nil)
    } catch {
      throw SpecFault(
        problem: SpecProblem(position: error.position, path: error.path, message: error.message))
    }
    guard let extends = own["extends"], let path = extends.text, !path.isEmpty else {
      return withNamedProtocol(own)
    }
    let base = try base(path, at: extends.position, in: file, chain: chain)
    return merged(
      base, with: withNamedProtocol(own), hasNamedProtocol: Self.protocolName(own) != nil)
  }

  /// What a file extends, without the keys that every spec gives itself.
  private mutating func base(
    _ path: String, at position: TextPosition, in file: String, chain: [String]
  ) throws(SpecFault) -> JSONNode {
    func fault(_ message: String, at position: TextPosition, _ path: String) -> SpecFault {
      SpecFault(problem: SpecProblem(position: position, path: path, message: message))
    }
    isVerbatim = false
    guard !path.hasPrefix("/") else {
      throw fault("write the path relative to this file", at: position, "extends")
    }
    let other = Self.path(path, in: file)
    let place = Self.place(of: other)
    guard !chain.contains(place) else {
      throw fault("\(printable(path)) leads back to itself", at: position, "extends")
    }
    let bytes: [UInt8]
    do {
      bytes = try ExperimentSpec.contents(of: other)
    } catch {
      throw fault(error.description, at: position, "extends")
    }
    var base = try read(bytes, file: other, chain: chain + [place])
    guard case .object = base.content else {
      throw fault("expected an object, found \(base.summary)", at: base.position, "")
    }
    for key in ["$schema", "name", "title"] { base.remove(key) }
    DataPlace.change(in: &base) { DataPlace.seen($0, from: other, through: path) }
    if let weights = base["initialWeights"], let text = weights.text {
      let seen = JSONNode(.text(Self.path(text, in: path)), at: weights.position)
      base.set("initialWeights", to: seen)
    }
    return base
  }

  /// A spec's keys before those of the one it extends; null takes a key out.
  private mutating func merged(
    _ base: JSONNode, with own: JSONNode, hasNamedProtocol: Bool
  ) -> JSONNode {
    guard case .object(let members) = own.content else { return own }
    var result = base
    result.position = own.position
    for member in members where member.key != "extends" {
      var value = member.value
      if case .null = value.content {
        result.remove(member.key)
        continue
      }
      if member.key == "protocol", !hasNamedProtocol, case .object = value.content,
        let inherited = base["protocol"]
      {
        value = changed(inherited, by: value)
      }
      result.set(member.key, to: value, at: member.keyPosition)
    }
    return result
  }

  // MARK: Protocols

  /// Which protocol a spec names, and where.
  private static func protocolName(
    _ spec: JSONNode
  ) -> (name: String, position: TextPosition)? {
    guard let node = spec["protocol"] else { return nil }
    let named = node.text == nil ? node["extends"] : node
    return named?.text.map { ($0, named?.position ?? node.position) }
  }

  /// A spec whose named protocol, if it has one, is written out.
  private mutating func withNamedProtocol(_ spec: JSONNode) -> JSONNode {
    guard let node = spec["protocol"], let (name, position) = Self.protocolName(spec),
      let named = NamedProtocols.proto(name, at: position)
    else { return spec }
    isVerbatim = false
    var result = spec
    var own = node
    own.remove("extends")
    result.set("protocol", to: node.text == nil ? changed(named, by: own) : named)
    return result
  }

  /// A protocol changed by some keys; one that trains otherwise needs a name of its own.
  private mutating func changed(_ base: JSONNode, by own: JSONNode) -> JSONNode {
    let isOnlyMoved = own.members.allSatisfy { member in
      member.key == "data" && member.value.members.allSatisfy { $0.key == "path" }
    }
    if own["name"] == nil, !isOnlyMoved, let name = base["name"]?.text {
      problems.append(
        SpecProblem(
          position: own.position, path: "protocol",
          message: "is no longer \(printable(name)), which it extends; give it a name of its own"))
    }
    var result = base.merged(with: own)
    result.position = own.position
    return result
  }
}

extension JSONNode {
  /// The value as JSON over several lines: keys in their order, numbers as they were written.
  var json: String { json(depth: 0) }

  private func json(depth: Int) -> String {
    let outer = String(repeating: "  ", count: depth)
    func lines(_ parts: [String], _ open: String, _ close: String) -> String {
      parts.isEmpty
        ? open + close
        : "\(open)\n" + parts.map { "\(outer)  \($0)" }.joined(separator: ",\n")
          + "\n\(outer)\(close)"
    }
    switch content {
    case .null: return "null"
    case .flag(let flag): return flag ? "true" : "false"
    case .number(let digits): return digits
    case .text(let text): return CanonicalJSON.quoted(text)
    case .list(let elements):
      return lines(elements.map { $0.json(depth: depth + 1) }, "[", "]")
    case .object(let members):
      let parts = members.map {
        "\(CanonicalJSON.quoted($0.key)): \($0.value.json(depth: depth + 1))"
      }
      return lines(parts, "{", "}")
    }
  }
}
