// The sources' imports, the manifest and the table in docs/architecture.md say the same.
import Foundation
import Testing

@Suite struct ModuleGraphTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The rows of the document's table: each module with those it may import, in the order of the
  /// table, which is from the lowest to the highest.
  private static func documented() throws -> [(module: String, imports: Set<String>)] {
    let table = try text("docs/architecture.md").components(separatedBy: "| module | may import |")
    let rows = try #require(table.last).split(separator: "\n").dropFirst()
      .prefix { $0.hasPrefix("| `") }
    return rows.map { row in
      let names = row.matches(of: /`(\w+)`/).map { String($0.output.1) }
      return (names[0], Set(names.dropFirst()))
    }
  }

  /// What the files of a module import, our own modules and the C ones only.
  private static func imports(of module: String, among known: Set<String>) throws -> Set<String> {
    let folder = root.appending(path: "Sources/\(module)")
    let files = try #require(FileManager.default.enumerator(atPath: folder.path))
    var imports: Set<String> = []
    for case let file as String in files where file.hasSuffix(".swift") {
      let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
      imports.formUnion(text.matches(of: /(?m)^import (\w+)$/).map { String($0.output.1) })
    }
    return imports.intersection(known)
  }

  /// Our own dependencies of a target in the manifest.
  private static func manifest(of module: String, among known: Set<String>) throws -> Set<String> {
    let package = try text("Package.swift")
    let start = try #require(
      package.range(of: #"arget\(\s*name: "\#(module)""#, options: .regularExpression))
    let rest = package[start.upperBound...]
    let end = rest.range(of: #"arget\("#, options: .regularExpression)?.lowerBound ?? rest.endIndex
    let names = rest[..<end].matches(of: /"(\w+)"/).map { String($0.output.1) }
    return Set(names).intersection(known)
  }

  @Test func importsAreThoseThatTheDocumentAllows() throws {
    let rows = try Self.documented()
    #expect(rows.count == 16)
    let own = Set(rows.map(\.module))
    let known = own.union(["CKernels", "CPictures", "CPNG", "CTurboJPEG", "CZlib"])
    var lower: Set<String> = ["CKernels", "CPictures", "CPNG", "CTurboJPEG", "CZlib"]
    for (module, allowed) in rows {
      #expect(allowed.isSubset(of: lower), "\(module) imports what stands above it: a cycle")
      lower.insert(module)
      let imported = try Self.imports(of: module, among: known)
      #expect(imported.isSubset(of: allowed), "\(module): \(imported.subtracting(allowed))")
      let declared = try Self.manifest(of: module, among: known)
      #expect(declared == allowed, "\(module) in Package.swift: \(declared.sorted())")
    }
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: Self.root.appending(path: "Sources").path)
    #expect(Set(folders) == known)
  }

  /// Everything that a module links of ours, directly or not.
  private static func linked(
    _ module: String, _ rows: [(module: String, imports: Set<String>)]
  ) -> Set<String> {
    let direct = rows.first { $0.module == module }?.imports ?? []
    return direct.reduce(direct) { $0.union(linked($1, rows)) }
  }

  @Test func reportsLinkNoTrainerAndNoEngine() throws {
    let linked = Self.linked("Reports", try Self.documented())
    #expect(linked.contains("Specs") && linked.contains("Numerics"))
    #expect(linked.isDisjoint(with: ["Engine", "CKernels", "Weights", "Training", "Experiments"]))
    // A net can be counted, named and traced without an engine.
    #expect(Self.linked("Networks", try Self.documented()) == ["Numerics"])
  }
}
