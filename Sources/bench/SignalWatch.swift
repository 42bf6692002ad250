// Turns signals into a request to stop.
import Dispatch
import Foundation
import Training

/// Watches SIGINT, SIGTERM, SIGHUP and a scheduler's warnings, SIGUSR1 and SIGUSR2, for the rest of
/// the process: the first asks the runs to stop after the step in work. A warning comes a good while
/// before the end, so it never ends the process, however often it is sent; of the others, the second
/// ends it at once.
final class SignalWatch {
  private let sources: [any DispatchSourceSignal]

  /// - Parameters:
  ///   - warnings: the signals that never end the process.
  ///   - notify: called on a queue of its own, at the first signal, and at the first one that is no
  ///     warning where a warning came before it.
  init(
    _ stop: StopRequest, warnings: [Int32] = StopRequest.warnings,
    notify: @escaping @Sendable (Int32) -> Void
  ) {
    let queue = DispatchQueue(label: "signals")
    var sources: [any DispatchSourceSignal] = []
    // What asks for the end now.
    let orders = StopRequest()
    for number in [SIGINT, SIGTERM, SIGHUP] + StopRequest.warnings {
      // nohup starts a process with SIGHUP ignored, and means it; so does a script that has switched
      // a warning off.
      if number != SIGINT, number != SIGTERM, Self.isIgnored(number) { continue }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      let isWarning = warnings.contains(number)
      source.setEventHandler {
        let isFirst = stop.request(signal: number)
        if isWarning {
          if isFirst { notify(number) }
        } else if orders.request(signal: number) {
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
