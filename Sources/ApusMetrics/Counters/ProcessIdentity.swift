// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads
internal import Glibc

/// A process, told apart from every other that had or will have its number.
struct ProcessIdentity: Equatable, Sendable {
  var processID: UInt64
  /// When it started. Unit: clock ticks since the host started.
  var startTicks: UInt64
  /// Inode of its process namespace: numbers mean nothing in another one. 0 where unknown.
  var namespace: UInt64
  /// Which start of the host.
  var bootIDHigh: UInt64
  var bootIDLow: UInt64

  /// This process.
  static func current() -> ProcessIdentity {
    let boot = bootID()
    return ProcessIdentity(
      processID: UInt64(getpid()), startTicks: statistics(of: "self")?.startTicks ?? 0,
      namespace: currentNamespace(), bootIDHigh: boot.high, bootIDLow: boot.low)
  }

  /// Whether it still runs.
  func state() -> CounterWriterState {
    let boot = Self.bootID()
    if (boot.high, boot.low) != (bootIDHigh, bootIDLow) { return .dead }
    guard namespace != 0, namespace == Self.currentNamespace() else { return .unknown }
    guard let number = pid_t(exactly: processID), number > 0 else { return .dead }
    if let found = Self.statistics(of: String(number)) {
      return found.startTicks == startTicks && !found.isEnded ? .alive : .dead
    }
    // No such file: no such process, or a `/proc` that hides those of other users.
    return kill(number, 0) != 0 && errno == ESRCH ? .dead : .unknown
  }

  private static func currentNamespace() -> UInt64 {
    var status = stat()
    // SAFETY: `status` is there to be written.
    return unsafe stat("/proc/self/ns/pid", &status) == 0 ? UInt64(status.st_ino) : 0
  }

  private static func bootID() -> (high: UInt64, low: UInt64) {
    let text = SystemFile.read("/proc/sys/kernel/random/boot_id") ?? ""
    let digits = text.filter { $0 != "-" }
    guard digits.utf8.count == 32 else { return (0, 0) }
    return (UInt64(digits.prefix(16), radix: 16) ?? 0, UInt64(digits.suffix(16), radix: 16) ?? 0)
  }

  private static func statistics(of process: String) -> (startTicks: UInt64, isEnded: Bool)? {
    SystemFile.read("/proc/\(process)/stat").flatMap(parseStatistics)
  }

  /// The name in the second field may hold spaces and brackets; after its last bracket come the
  /// state, which is the third field, and the start, which is the 22nd.
  static func parseStatistics(_ text: String) -> (startTicks: UInt64, isEnded: Bool)? {
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 19, let ticks = UInt64(fields[19]) else { return nil }
    return (ticks, fields[0] == "Z" || fields[0] == "X")
  }
}

/// What became of the process that wrote a counter file.
public enum CounterWriterState: String, Sendable {
  /// It runs.
  case alive
  /// It has let go of the file; the values are its last.
  case closed
  /// It ended without a word; the values are its last.
  case dead
  /// It cannot be seen from here: it runs in another process namespace, or `/proc` hides it.
  case unknown
}
