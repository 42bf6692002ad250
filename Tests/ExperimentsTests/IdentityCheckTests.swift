// The argument for residual blocks holds on this engine, whatever the number of threads.
import Testing

@testable import Experiments

@Suite struct IdentityCheckTests {
  @Test(arguments: [1, 2])
  func everyStatementHolds(threads: Int) throws {
    let findings = try IdentityCheck(threads: threads).findings()
    #expect(findings.count == 5)
    for finding in findings { #expect(finding.holds, "\(finding.statement): \(finding.detail)") }
  }
}
