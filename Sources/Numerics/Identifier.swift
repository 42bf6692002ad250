// Indices that know which list they belong to, so that they cannot be mixed up.

/// The place of an element in a list of things of one kind.
@frozen
public struct Identifier<Kind>: Hashable, Comparable, Strideable, Sendable,
  CustomStringConvertible
{
  /// Counted from 0.
  public let index: Int

  @inlinable
  public init(_ index: Int) { self.index = index }

  public var description: String { "\(index)" }

  @inlinable
  public func distance(to other: Self) -> Int { other.index - index }

  @inlinable
  public func advanced(by n: Int) -> Self { Self(index + n) }

  @inlinable
  public static func < (left: Self, right: Self) -> Bool { left.index < right.index }
}

/// A list whose elements are found by identifiers of one kind.
@frozen
public struct IdentifiedArray<Kind, Element>: RandomAccessCollection, MutableCollection {
  public typealias ID = Identifier<Kind>

  @usableFromInline
  var elements: [Element]

  /// The elements in the order of their identifiers.
  @inlinable
  public init(_ elements: [Element] = []) { self.elements = elements }

  @inlinable
  public var startIndex: ID { ID(0) }

  @inlinable
  public var endIndex: ID { ID(elements.count) }

  @inlinable
  public subscript(id: ID) -> Element {
    get { elements[id.index] }
    _modify { yield &elements[id.index] }
  }

  /// Each element with its identifier.
  public var identified: [(id: ID, element: Element)] { zip(indices, self).map { ($0, $1) } }

  /// Adds an element at the end and says where it is.
  @discardableResult
  public mutating func append(_ element: Element) -> ID {
    elements.append(element)
    return ID(elements.count - 1)
  }

  /// Removes what lies behind an element.
  public mutating func removeAll(after id: ID) { elements.removeSubrange((id.index + 1)...) }

  /// A list of the same length, found by the same identifiers.
  public func mapped<Other>(_ transform: (Element) -> Other) -> IdentifiedArray<Kind, Other> {
    IdentifiedArray<Kind, Other>(elements.map(transform))
  }
}

extension IdentifiedArray: Sendable where Element: Sendable {}

extension IdentifiedArray {
  /// As many copies of a value as another list has elements.
  public init<Other>(repeating value: Element, like other: IdentifiedArray<Kind, Other>) {
    elements = .init(repeating: value, count: other.count)
  }
}
