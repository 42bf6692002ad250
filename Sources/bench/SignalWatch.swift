// Turns signals into a request to stop.
import Dispatch
import Foundation
import Training

/// Watches SIGINT, SIGTERM and SIGHUP for the rest of the process: the first asks the runs to stop
/// after the step in work, the second ends the process at once.
final class SignalWatch {
  private let sources: [any DispatchSourceSignal]

  /// - Parameter notify: called at the first signal, on a queue of its own.
  init(_ stop: StopRequest, notify: @escaping @Sendable (Int32) -> Void) {
    let queue = DispatchQueue(label: "signals")
    var sources: [any DispatchSourceSignal] = []
    for number in [SIGINT, SIGTERM, SIGHUP] {
      // nohup starts a process with SIGHUP ignored, and means it.
      if number == SIGHUP, Self.isIgnored(number) { continue }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        if stop.request(signal: number) {
          notify(number)
        } else {
          _exit(128 + number)
        }
      }
      source.resume()
      sources.append(source)
    }
    self.sources = sources
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    let handler = action.__sigaction_handler.sa_handler
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
