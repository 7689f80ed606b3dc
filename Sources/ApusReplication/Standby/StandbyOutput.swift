// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEventLog
public import ApusHost
public import ApusJournal
internal import ApusThreads
internal import Glibc

/// Where a standby begins to have events of its own.
public struct StandbyBeginning: Sendable, Equatable {
  /// The primary's journal.
  public var journal: JournalIdentifier
  /// The events are those of the commands after this one: 0, or that of the snapshot it begins with.
  public var sequence: UInt64
  /// Index of the first of them in the primary's event log; nil where its snapshot does not say so.
  public var eventCount: UInt64?
}

/// Where the events of what a standby applies go: into an event log of its own, which so has the bytes of
/// the primary's, or nowhere.
///
/// A record is in the standby's journal and engine, or in neither; a log that takes nothing must not come
/// between them. So this takes everything: where the log does not, for a moment, it is let go of and is
/// behind. What completes it is a recovery from the journal.
public struct StandbyOutput<Event: BitwiseCopyable>: EventOutput, ~Copyable {
  private var log: HoldingOutput<Event>?
  /// Whether there was a log, and events were left out of it.
  public private(set) var isBehind: Bool

  /// Longest wait for a log that takes nothing: it tries again every ten milliseconds. Nothing is
  /// acknowledged meanwhile. Unit: nanoseconds.
  private static var patienceNanoseconds: UInt64 { 50_000_000 }

  /// Nowhere.
  public init() {
    log = nil
    isBehind = false
  }

  /// Into a log.
  public init(_ log: consuming EventLogWriter<Event>) {
    self.init(HoldingOutput(log, heldCountMax: nil))
  }

  /// Into a log, once ``release()`` is called where it holds something.
  public init(_ log: consuming HoldingOutput<Event>) {
    self.log = consume log
    isBehind = false
  }

  /// Nowhere, although there should be a log.
  public static var behind: StandbyOutput {
    var output = StandbyOutput()
    output.isBehind = true
    return output
  }

  /// Whether events go into a log.
  public var hasLog: Bool {
    switch log {
    case .some: true
    case .none: false
    }
  }

  /// The log and what it holds, for a host that resumes behind the last event; nil where there is none, or it is
  /// behind.
  public consuming func takeLog() -> HoldingOutput<Event>? { log }

  /// Lets what it holds go, and everything from now on: the primary has it.
  mutating func release() {
    guard hasLog else { return }
    let deadline = WaitDeadline(afterNanoseconds: Self.patienceNanoseconds)
    while log?.release() == false {
      guard !deadline.hasPassed else {
        log = nil
        isBehind = true
        return
      }
      sched_yield()
    }
  }

  /// Takes all events.
  @unsafe
  public mutating func take(_ events: UnsafeBufferPointer<SequencedEvent<Event>>) -> Int {
    guard hasLog else { return events.count }
    var taken = unsafe log?.take(events) ?? 0
    guard taken < events.count else { return events.count }
    let deadline = WaitDeadline(afterNanoseconds: Self.patienceNanoseconds)
    while taken < events.count, !deadline.hasPassed {
      sched_yield()
      // SAFETY: taken < events.count.
      taken += unsafe log?.take(UnsafeBufferPointer(rebasing: events[taken...])) ?? 0
    }
    if taken < events.count {
      log = nil
      isBehind = true
    }
    return events.count
  }
}
