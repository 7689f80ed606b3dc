// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine

/// What became of a command that was brought with an attachment.
@frozen
public enum StepOutcome: Equatable, Sendable {
  /// It was applied.
  case applied
  /// There is no room for its events or its record: move, and try again.
  case noRoom
  /// It was not applied: the engine's commands have no attachments of this length.
  case attachmentTooLong(byteCountMax: Int)
}

extension EngineHost where E: ~Copyable, Input: ~Copyable, Journal: ~Copyable, Output: ~Copyable {
  /// Takes the next commands from the input and moves everything that can be moved.
  ///
  /// - Parameters:
  ///   - now: What commands taken now are stamped with; an earlier time than before counts as the
  ///     one before.
  ///   - countMax: Commands at most.
  /// - Returns: Commands applied; 0 when there was none, or no room for their events or records.
  /// - Complexity: O(commands); no allocation; system calls only those of the journal's `poll`.
  @inlinable
  public mutating func step(now: Nanoseconds, countMax: Int) -> Int {
    core.move()
    let room = core.admissibleCount(countMax)
    if room == 0 { return 0 }
    if Input.carriesAttachments { return stepMessages(now: now, countMax: room) }
    return unsafe input.withUnsafeCommands(countMax: room) { commands in
      unsafe core.process(commands, at: now)
    }
  }

  /// Applies commands that the caller brings, from the first on.
  ///
  /// - Returns: Commands applied: fewer than there are when there is no room for their events or
  ///   records.
  @inlinable
  public mutating func step(now: Nanoseconds, commands: Span<E.Command>) -> Int {
    core.move()
    let room = core.admissibleCount(commands.count)
    if room == 0 { return 0 }
    return unsafe commands.withUnsafeBufferPointer { all in
      // SAFETY: room <= commands.count.
      unsafe core.process(UnsafeBufferPointer(rebasing: all.prefix(room)), at: now)
    }
  }

  /// Applies one command that the caller brings.
  ///
  /// - Returns: False when there is no room for its events or its record.
  @inlinable @inline(__always)
  public mutating func step(now: Nanoseconds, command: E.Command) -> Bool {
    core.move()
    if core.admissibleCount(1) == 0 { return false }
    return unsafe withUnsafePointer(to: command) { pointer in
      // SAFETY: one command is there.
      unsafe core.process(UnsafeBufferPointer(start: pointer, count: 1), at: now) == 1
    }
  }

  @inlinable @inline(__always)
  mutating func stepMessages(now: Nanoseconds, countMax: Int) -> Int {
    let time = core.sequencer.time(at: now)
    let isShared = input.isShared
    var timing = core.beginAttached()
    let count = unsafe input.withUnsafeMessages(countMax: countMax) { message in
      // SAFETY: a message is as long as a command or longer.
      guard let base = message.baseAddress else { return false }
      return unsafe core.process(
        command: base,
        attachment: UnsafeRawBufferPointer(
          rebasing: message[MemoryLayout<E.Command>.size...]),
        isShared: isShared, at: time, &timing)
    }
    core.endAttached(timing, count: count)
    return count
  }

  /// Applies one command that the caller brings, with what belongs to it.
  ///
  /// - Parameter attachment: Copied into the journal, and lent to the engine where it is.
  @inlinable
  public mutating func step(
    now: Nanoseconds, command: E.Command, attachment: RawSpan
  ) -> StepOutcome {
    guard attachment.byteCount <= E.attachmentByteCountMax else {
      return .attachmentTooLong(byteCountMax: E.attachmentByteCountMax)
    }
    core.move()
    if core.admissibleCount(1) == 0 { return .noRoom }
    var timing = core.beginAttached()
    let isApplied = unsafe withUnsafeBytes(of: command) { bytes in
      unsafe attachment.withUnsafeBytes { attached in
        // SAFETY: one command is there.
        guard let base = bytes.baseAddress else { return false }
        return unsafe core.process(
          command: base, attachment: attached, isShared: false,
          at: core.sequencer.time(at: now), &timing)
      }
    }
    guard isApplied else { return .noRoom }
    core.endAttached(timing, count: 1)
    return .applied
  }

  /// Takes what the disk has done and lets the events go that may go.
  ///
  /// - Returns: Events that left.
  @inlinable @inline(__always) @discardableResult
  public mutating func move() -> Int { core.move() }

  /// Hands the events that may leave to the caller.
  ///
  /// - Returns: How many.
  @inlinable @discardableResult
  public mutating func takeEvents(_ body: (SequencedEvent<E.Event>) -> Void) -> Int {
    unsafe core.events.drain(through: core.releasable) { ready in
      for index in 0..<ready.count {
        // SAFETY: index < ready.count.
        body(unsafe ready[index])
      }
      return ready.count
    }
  }

  /// Waits until the disk has every command, takes a digest that is due and lets events go that may
  /// go; those that the output has no room for stay.
  ///
  /// - Returns: False where the journal has failed.
  public mutating func flush() -> Bool { core.flush() }

  /// Writes a snapshot of the engine, once the disk has every command that is in it.
  ///
  /// - Throws: ``SnapshotError`` of the journal, the target or the engine.
  @discardableResult
  public mutating func writeSnapshot(
    to target: any SnapshotTarget
  ) throws(SnapshotError) -> EngineSnapshot {
    guard flush() else {
      throw .journal(description: failureDescription ?? "the journal has failed")
    }
    return try EngineSnapshot.write(
      core.hosted, sequence: core.sequencer.lastSequence, time: core.sequencer.lastTime,
      to: target)
  }
}
