// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// Whether a process runs.
public enum ProcessState: Sendable, Equatable {
  /// It runs.
  case alive
  /// It has ended, whether or not it was waited for.
  case dead
  /// It cannot be seen from here: it is of another process namespace, or `/proc` hides it.
  case unknown
}

/// A process, distinguished from every other that had or will have its number: what a file that
/// several processes share says of its writer.
public struct ProcessIdentity: Equatable, Sendable {
  /// Its number.
  public var processID: UInt64
  /// When it started. Unit: clock ticks since the host started.
  public var startTicks: UInt64
  /// Inode of its process namespace: numbers mean nothing in another one. 0 where unknown.
  public var namespace: UInt64
  /// Which start of the host, upper half.
  public var bootIDHigh: UInt64
  /// Lower half.
  public var bootIDLow: UInt64

  /// A process that a file names; any values may be there.
  public init(
    processID: UInt64, startTicks: UInt64, namespace: UInt64, bootIDHigh: UInt64, bootIDLow: UInt64
  ) {
    self.processID = processID
    self.startTicks = startTicks
    self.namespace = namespace
    self.bootIDHigh = bootIDHigh
    self.bootIDLow = bootIDLow
  }

  /// This process.
  public static func current() -> ProcessIdentity {
    let boot = bootID()
    return ProcessIdentity(
      processID: UInt64(getpid()), startTicks: ProcessStatistics.read("self")?.startTicks ?? 0,
      namespace: currentNamespace(), bootIDHigh: boot.high, bootIDLow: boot.low)
  }

  /// Whether it still runs.
  public func state() -> ProcessState {
    let boot = Self.bootID()
    if (boot.high, boot.low) != (bootIDHigh, bootIDLow) { return .dead }
    guard namespace != 0, namespace == Self.currentNamespace() else { return .unknown }
    guard let number = pid_t(exactly: processID) else { return .dead }
    return ProcessStatistics.state(ofProcess: number) { $0 == startTicks }
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
}

extension ProcessIdentity {
  /// The identity in one word, for processes of one namespace that agree on something by exchanging
  /// it: a ring's end. Never 0 for a process that runs.
  public struct Word: Equatable, Sendable {
    /// Process number in the low half, low half of the start time above. Unit of the start time:
    /// clock ticks since the host started.
    public let rawValue: UInt64

    /// A word that another process wrote; it may be anything.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// This process.
    public static func current() -> Word {
      let startTicks = UInt32(
        truncatingIfNeeded: ProcessStatistics.read("self")?.startTicks ?? 0)
      return Word(rawValue: UInt64(startTicks) << 32 | UInt64(UInt32(bitPattern: getpid())))
    }

    /// Its number.
    public var processID: Int32 { Int32(truncatingIfNeeded: rawValue) }

    /// Whether it still runs; ``ProcessState/unknown`` is of another user, on a host that hides
    /// those: it exists.
    public func state() -> ProcessState {
      ProcessStatistics.state(ofProcess: processID) {
        UInt32(truncatingIfNeeded: $0) == UInt32(truncatingIfNeeded: rawValue >> 32)
      }
    }
  }
}

/// What `/proc/<pid>/stat` says about a process.
struct ProcessStatistics: Equatable {
  /// When it started. Unit: clock ticks since the host started.
  var startTicks: UInt64
  /// Whether it has ended; it may still be waited for.
  var isEnded: Bool

  static func read(_ process: String) -> ProcessStatistics? {
    SystemFile.read("/proc/\(process)/stat").flatMap { ProcessStatistics($0) }
  }

  /// The name in the second field may hold spaces and brackets; after its last bracket come the
  /// state, which is the third field, and the start, which is the 22nd.
  init?(_ text: String) {
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 19, let ticks = UInt64(fields[19]) else { return nil }
    startTicks = ticks
    isEnded = fields[0] == "Z" || fields[0] == "X"
  }

  /// Whether a process of this number runs that started then.
  static func state(ofProcess number: pid_t, startedAt: (UInt64) -> Bool) -> ProcessState {
    guard number > 0 else { return .dead }
    if let found = read(String(number)) {
      return startedAt(found.startTicks) && !found.isEnded ? .alive : .dead
    }
    // No such file: no such process, or a `/proc` that hides those of other users.
    return kill(number, 0) != 0 && errno == ESRCH ? .dead : .unknown
  }
}
