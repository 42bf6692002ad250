// Shows a running experiment: live lines on a terminal, plain lines elsewhere, nothing when quiet.
import Experiments
import Foundation
import Synchronization
import Training

/// Prints what `RunLines` words. Takes events from any thread.
final class RunDisplay: Sendable {
  enum Mode: Equatable, Sendable {
    case live(colour: Bool)
    case plain
    case quiet

    /// The mode that fits standard output.
    static func standard(quiet: Bool, environment: [String: String]) -> Mode {
      if quiet { return .quiet }
      guard isatty(STDOUT_FILENO) == 1, environment["TERM"] != "dumb" else { return .plain }
      return .live(colour: (environment["NO_COLOR"] ?? "").isEmpty)
    }
  }

  private struct State {
    var lines: RunLines
    /// Live lines on the screen now.
    var shown = 0
    var lastDrawn = -Double.infinity
  }

  private let mode: Mode
  private let state: Mutex<State>
  private let width: @Sendable () -> Int
  private let now: @Sendable () -> Double
  private let write: @Sendable (String) -> Void

  /// - Parameters:
  ///   - width: columns of the terminal.
  ///   - now: seconds of a clock that never goes back.
  ///   - write: takes text for standard output.
  init(
    _ plans: [RunPlan], mode: Mode, width: @escaping @Sendable () -> Int = terminalWidth,
    now: @escaping @Sendable () -> Double = monotonicSeconds,
    write: @escaping @Sendable (String) -> Void = writeToStandardOutput
  ) {
    self.mode = mode
    self.width = width
    self.now = now
    self.write = write
    state = Mutex(State(lines: RunLines(plans, tellsRecords: mode == .plain)))
  }

  func show(_ event: RunEvent) {
    guard mode != .quiet else { return }
    state.withLock { state in
      let time = now()
      var lines = state.lines.take(event, now: time)
      guard case .live(let colour) = mode else { return writeLines(lines) }
      // Ten times a second is enough for eyes.
      guard !lines.isEmpty || time - state.lastDrawn >= 0.1 else { return }
      if colour, case .finished(_, .failed) = event {
        lines = lines.map { "\u{1b}[31m\($0)\u{1b}[0m" }
      }
      draw(lines, &state, time)
    }
  }

  /// Prints a line that stays.
  func note(_ line: String) {
    guard mode != .quiet else { return }
    state.withLock { state in
      guard case .live = mode else { return writeLines([line]) }
      draw([line], &state, now())
    }
  }

  /// Takes the live lines away.
  func end() {
    state.withLock { state in
      if state.shown > 0 { write(Self.erase(state.shown)) }
      state.shown = 0
    }
  }

  private func draw(_ lines: [String], _ state: inout State, _ time: Double) {
    let live = state.lines.liveLines(now: time, width: width())
    let erase = state.shown > 0 ? Self.erase(state.shown) : ""
    write(erase + (lines + live).map { $0 + "\n" }.joined())
    state.shown = live.count
    state.lastDrawn = time
  }

  private func writeLines(_ lines: [String]) {
    if !lines.isEmpty { write(lines.map { $0 + "\n" }.joined()) }
  }

  /// Up over the live lines, and everything below gone.
  private static func erase(_ count: Int) -> String { "\u{1b}[\(count)A\u{1b}[J" }
}

/// Columns of the terminal at standard output; 80 where it does not tell.
@Sendable func terminalWidth() -> Int {
  var size = winsize()
  guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
  return Int(size.ws_col)
}

/// Seconds of a clock that never goes back.
@Sendable func monotonicSeconds() -> Double { ProcessInfo.processInfo.systemUptime }

/// Writes at once, so that lines arrive while the experiment runs; a closed pipe is no reason to stop.
@Sendable func writeToStandardOutput(_ text: String) {
  try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
}
