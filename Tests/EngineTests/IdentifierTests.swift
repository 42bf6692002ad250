// Indices with a kind of their own, and the lists that they find their way in.
import Testing

@testable import Numerics

@Suite struct IdentifierTests {
  private enum Letter {}

  @Test func elementsAreFoundByTheirIdentifiers() {
    var letters = IdentifiedArray<Letter, String>()
    let ids = ["a", "b", "c"].map { letters.append($0) }
    #expect(ids.map(\.index) == [0, 1, 2] && Array(letters.indices) == ids)
    #expect(ids.map { letters[$0] } == ["a", "b", "c"])
    letters[ids[1]] += "!"
    #expect(Array(letters) == ["a", "b!", "c"])
    #expect(letters.identified.map(\.id) == ids)
    #expect(letters.identified.map(\.element) == ["a", "b!", "c"])
    #expect(letters.firstIndex(of: "c") == ids[2])
  }

  @Test func aListOfOtherThingsHasTheSameIdentifiers() {
    var letters = IdentifiedArray<Letter, String>(["a", "bb", "ccc"])
    let second = Identifier<Letter>(1)
    #expect(letters.mapped(\.count)[second] == 2)
    let zeros = IdentifiedArray<Letter, Int>(repeating: 0, like: letters)
    #expect(Array(zeros) == [0, 0, 0])
    letters.removeAll(after: second)
    #expect(Array(letters) == ["a", "bb"])
  }

  @Test func identifiersAreOrdered() {
    let (first, third) = (Identifier<Letter>(0), Identifier<Letter>(2))
    #expect(first < third && first.distance(to: third) == 2 && first.advanced(by: 2) == third)
    #expect("\(third)" == "2")
  }
}
