// Manifests that were changed with their checksum: the checksum cannot tell, the reader must.
import Foundation
import Mutations
import TestSupport
import Testing

@testable import Specs
@testable import Text
@testable import Training

@Suite struct ManifestMutationTests {
  @Test func changedManifests() throws {
    let scratch = try TemporaryFolder()
    let folder = CheckpointFolder(path: scratch.path("m"))
    try CheckpointTests.write(folder, 6)
    let file = "m/step-0000000006.json"
    let sound = try Array(Data(contentsOf: scratch.url.appending(path: file))).split(
      separator: UInt8(ascii: "\n"))[0]
    var mutator = Mutator(seed: 17)
    var counts = (read: 0, refused: 0)
    for _ in 0..<4000 {
      let line = mutator.damaged(Array(sound)).map { $0 == UInt8(ascii: "\n") ? 0x20 : $0 }
      let digest = sha256(String(decoding: line, as: UTF8.self))
      try scratch.write(file, line + Array("\n\(digest)\n".utf8))
      let (found, damaged) = folder.latest()
      if let found {
        counts.read += 1
        #expect(found.position.step >= 0 && found.position.seconds.isFinite)
      } else {
        counts.refused += 1
        #expect(damaged.count == 1)
      }
    }
    #expect(counts.read > 20 && counts.refused > 2000, "\(counts)")
  }
}
