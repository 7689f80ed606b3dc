// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads
internal import Glibc

/// A process, told from a later one with the same number by when it started.
struct ProcessIdentity: Equatable {
  /// Process number in the low half, low half of the start time above. Unit of the start time:
  /// clock ticks since the host started.
  let rawValue: UInt64

  var processID: Int32 { Int32(truncatingIfNeeded: rawValue) }
  private var startTicks: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }

  init(rawValue: UInt64) { self.rawValue = rawValue }

  private init(processID: Int32, startTicks: UInt32) {
    rawValue = UInt64(startTicks) << 32 | UInt64(UInt32(bitPattern: processID))
  }

  /// This process.
  static var current: ProcessIdentity {
    ProcessIdentity(
      processID: getpid(), startTicks: Status(SystemFile.read("/proc/self/stat"))?.startTicks ?? 0)
  }

  /// Whether it still runs. One that has ended and was not waited for does not.
  ///
  /// Both processes must see the same process numbers (one PID namespace).
  var isAlive: Bool {
    guard processID > 0 else { return false }
    if kill(processID, 0) != 0, errno == ESRCH { return false }
    // Not readable: another user's process on a host that hides them. It exists.
    guard let status = Status(SystemFile.read("/proc/\(processID)/stat")) else {
      return kill(processID, 0) == 0 || errno != ESRCH
    }
    return !status.hasEnded && status.startTicks == startTicks
  }

  /// What `/proc/<pid>/stat` tells of a process.
  private struct Status {
    var hasEnded: Bool
    var startTicks: UInt32

    init?(_ text: String?) {
      // The name, in parentheses, may have blanks and parentheses of its own.
      guard let text, let nameEnd = text.lastIndex(of: ")") else { return nil }
      let fields = text[text.index(after: nameEnd)...].split(separator: " ")
      // Fields 3 (state) and 22 (start time), counted from 1.
      guard fields.count > 19, let start = UInt64(fields[19]) else { return nil }
      hasEnded = fields[0] == "Z" || fields[0] == "X"
      startTicks = UInt32(truncatingIfNeeded: start)
    }
  }
}
