// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Foundation

/// A progress bar on standard error: rate and time left. It shows only on a terminal.
public final class ProgressBar {
  private let label: String
  private let unit: String
  private let isShown: Bool
  private let terminal: FileHandle
  private let started = ContinuousClock.now
  private var lastShown: ContinuousClock.Instant?
  private var hasDrawn = false

  /// A bar; `isEnabled` false, or standard error not being a terminal, shows nothing.
  public convenience init(label: String, unit: String = "B", isEnabled: Bool = true) {
    self.init(label: label, unit: unit, isEnabled: isEnabled, terminal: .standardError)
  }

  init(label: String, unit: String, isEnabled: Bool, terminal: FileHandle) {
    self.label = label
    self.unit = unit
    self.terminal = terminal
    isShown = isEnabled && isatty(terminal.fileDescriptor) == 1
  }

  deinit { finish() }

  /// Shows how far the work is, at most ten times a second.
  ///
  /// - Parameters:
  ///   - done: Work done, in units.
  ///   - total: Work in all; nil where it is not known.
  ///   - note: What else to show at the end of the line.
  public func update(done: UInt64, total: UInt64?, note: String = "") {
    guard isShown else { return }
    let now = ContinuousClock.now
    if let lastShown, now - lastShown < .milliseconds(100) { return }
    lastShown = now
    let text = line(done: done, total: total, elapsed: now - started, note: note)
    // Without wrapping: of a line that went on below, the next one could not be put in its place.
    write("\r\u{1B}[K\u{1B}[?7l\(text)\u{1B}[?7h")
    hasDrawn = true
  }

  /// Takes the bar off the terminal.
  public func finish() {
    if hasDrawn { write("\r\u{1B}[K") }
    hasDrawn = false
  }

  func line(done: UInt64, total: UInt64?, elapsed: Duration, note: String) -> String {
    let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
    let rate = seconds > 0 ? Double(done) / seconds : 0
    // No rate is too high to be shown.
    let wholeRate = rate < 0x1p64 ? UInt64(rate) : .max
    let rateText =
      unit == "B"
      ? HumanText.bytes(wholeRate) + "/s" : HumanText.count(wholeRate) + " \(unit)/s"
    let end = note.isEmpty ? "" : "  " + note
    guard let total, total > 0 else { return "\(label)  \(rateText)\(end)" }
    let fraction = min(1, Double(done) / Double(total))
    let filled = Int(fraction * 30)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
    let left = rate > 0 ? HumanText.duration(seconds: Double(total - min(done, total)) / rate) : "–"
    return "\(label)  \(bar) \(Int(fraction * 100)) %  \(rateText)  \(left) left\(end)"
  }

  private func write(_ text: String) {
    // A terminal that has gone is no reason to stop the work.
    try? terminal.write(contentsOf: Data(text.utf8))
  }
}
