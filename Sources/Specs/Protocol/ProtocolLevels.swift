// Fields of a protocol as levels of factors.
import Text

extension TrainingProtocol {
  /// The level of a field under its dotted path; `none` where this protocol has no such field.
  package func level(of factor: String) -> FactorLevel {
    // Canonical JSON leaves the standard kind out.
    if factor == "optimizer.kind" { return FactorLevel(factor: factor, level: optimizer.kind) }
    let value = factor.split(separator: ".").reduce(canonicalJSON as CanonicalJSON?) { value, key in
      guard case .object(let members) = value else { return nil }
      return members[String(key)]
    }
    switch value {
    case .text(let text): return FactorLevel(factor: factor, level: text)
    case .flag(let flag): return FactorLevel(factor: factor, level: flag ? "true" : "false")
    case .integer(let number):
      return FactorLevel(factor: factor, level: String(number), numeric: Double(number))
    case .number(let number):
      return FactorLevel(factor: factor, level: canonical(number), numeric: number)
    case .null, .list, .object, nil: return FactorLevel(factor: factor, level: "none")
    }
  }
}
