// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusEventLog

/// An event log as the output of a recovery whose last events may not leave yet: what the log has is compared, and
/// what it lacks is held until somebody releases it.
///
/// The log of a host that waits for a standby lacks what the standby had not acknowledged. A replay has those
/// events again, and their commands may yet be cut off the journal: nobody is to see them.
public struct HoldingOutput<Event: BitwiseCopyable>: EventOutput, ~Copyable, @unchecked Sendable {
  // SAFETY: a value has one owner, who may hand it to another thread; events are bits.
  private var log: EventLogWriter<Event>
  /// Events that the log does not have, oldest first.
  public private(set) var held: [SequencedEvent<Event>] = []
  /// The most that may not have left: a host kept no more. Nil where all may leave at once.
  private var heldCountMax: Int?

  /// An output into a log.
  ///
  /// - Parameter heldCountMax: The capacity of the host's queue, before which events had left in any case; nil
  ///   holds nothing.
  public init(_ log: consuming EventLogWriter<Event>, heldCountMax: Int?) {
    self.log = log
    self.heldCountMax = heldCountMax
  }

  /// Takes events, from the first on; returns how many: fewer where the log takes nothing.
  @unsafe
  public mutating func take(_ events: UnsafeBufferPointer<SequencedEvent<Event>>) -> Int {
    guard let heldCountMax else { return unsafe log.take(events) }
    let present = held.isEmpty ? unsafe log.takePresent(events) : 0
    // It differs from what the log has, or cannot be compared.
    if present < events.count, held.isEmpty, log.mayBePresent { return present }
    if held.count + events.count > 2 * heldCountMax {
      let count = max(0, held.count - heldCountMax)
      guard releaseFirst(count) == count else { return present }
    }
    for index in present..<events.count {
      // SAFETY: index < events.count.
      held.append(unsafe events[index])
    }
    return events.count
  }

  /// Gives the log what is held, and holds nothing from now on.
  ///
  /// - Returns: Whether it took all; where not, what is left stays held, and this may be tried again.
  public mutating func release() -> Bool {
    let count = held.count
    guard releaseFirst(count) == count else { return false }
    heldCountMax = nil
    return true
  }

  private mutating func releaseFirst(_ count: Int) -> Int {
    guard count > 0 else { return 0 }
    let taken = unsafe held.withUnsafeBufferPointer { all in
      // SAFETY: the log copies them.
      unsafe log.take(UnsafeBufferPointer(rebasing: all.prefix(count)))
    }
    held.removeFirst(taken)
    return taken
  }

  // Swift 6.3.1 stops ("Mem2Reg") when it specialises such functions in another module.
  /// The log, for a host that is given what is held.
  @_optimize(none)
  public consuming func takeLog() -> EventLogWriter<Event> { log }
}

extension RecoveredStream where E: ~Copyable, Output: ~Copyable {
  /// A host that resumes behind the last record, and lets the events that were held go when they may.
  ///
  /// - Throws: ``HostError``, as the host's initialiser.
  public consuming func makeHost<
    Input: CommandInput & ~Copyable, Journal: CommandJournal & ~Copyable
  >(
    input: consuming Input, journal: consuming Journal, releasing configuration: HostConfiguration
  ) throws(HostError) -> EngineHost<E, Input, Journal, EventLogWriter<E.Event>>
  where Input.Command == E.Command, Output == HoldingOutput<E.Event> {
    let held = output.held
    return try EngineHost(
      engine: engine, input: input, journal: journal, output: output.takeLog(),
      configuration: configuration, waiting: held)
  }
}
