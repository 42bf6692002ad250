// The C library's functions under names that read well; one place imports it.
import Foundation

extension Double {
  static func log(_ x: Double) -> Double { Foundation.log(x) }
  static func exp(_ x: Double) -> Double { Foundation.exp(x) }
  static func cosine(_ x: Double) -> Double { Foundation.cos(x) }
}
