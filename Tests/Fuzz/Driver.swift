// libFuzzer's entry: one input to the reader that BENCH_FUZZ_READER names. See `make fuzz`.
import Foundation

private let reader: FuzzedReader = {
  let name = ProcessInfo.processInfo.environment["BENCH_FUZZ_READER"] ?? ""
  guard let reader = FuzzedReader(rawValue: name) else {
    let names = FuzzedReader.allCases.map(\.rawValue).joined(separator: ", ")
    FileHandle.standardError.write(Data("set BENCH_FUZZ_READER to one of \(names)\n".utf8))
    exit(2)
  }
  return reader
}()

/// Called for every input. A refusal is as good as an answer; a crash, a hang, a read outside of
/// memory or a huge allocation is what libFuzzer and the address sanitizer report.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do { try reader.read(bytes) } catch { return 0 }
  return 0
}
