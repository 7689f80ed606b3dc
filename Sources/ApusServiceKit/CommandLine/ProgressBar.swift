// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Foundation

/// A progress bar on standard error: rate and time left. It shows only on a terminal.
public final class ProgressBar {
  private let label: String
  private let unit: String
  private let isShown: Bool
  private let started = ContinuousClock.now
  private var lastShown: ContinuousClock.Instant?
  private var hasDrawn = false

  /// A bar; `isEnabled` false, or standard error not being a terminal, shows nothing.
  public init(label: String, unit: String = "B", isEnabled: Bool = true) {
    self.label = label
    self.unit = unit
    isShown = isEnabled && isatty(STDERR_FILENO) == 1
  }

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
    write("\r\u{1B}[K" + line(done: done, total: total, elapsed: now - started, note: note))
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
    let rateText =
      unit == "B" ? HumanText.bytes(UInt64(rate)) + "/s" : HumanText.count(Int(rate)) + " \(unit)/s"
    guard let total, total > 0 else { return "\(label)  \(rateText)  \(note)" }
    let fraction = min(1, Double(done) / Double(total))
    let filled = Int(fraction * 30)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
    let left = rate > 0 ? HumanText.duration(seconds: Double(total - min(done, total)) / rate) : "–"
    return "\(label)  \(bar) \(Int(fraction * 100)) %  \(rateText)  \(left) left  \(note)"
  }

  private func write(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }
}
