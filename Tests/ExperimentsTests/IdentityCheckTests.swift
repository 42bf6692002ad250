// The argument for residual blocks holds on this engine, whatever the number of threads and in both
// precisions.
import Engine
import Numerics
import Testing

@testable import Experiments

@Suite struct IdentityCheckTests {
  @Test(arguments: [(1, Precision.fp32), (2, .fp32), (2, .bf16)])
  func everyStatementHolds(threads: Int, precision: Precision) throws {
    if let obstacle = precision.obstacle { try Test.cancel("\(obstacle)") }
    let findings = try IdentityCheck(threads: threads, precision: precision).findings()
    #expect(findings.count == 5)
    for finding in findings { #expect(finding.holds, "\(finding.statement): \(finding.detail)") }
  }
}
