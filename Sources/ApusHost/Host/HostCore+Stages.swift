// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusThreads

extension HostCore where E: ~Copyable, Journal: ~Copyable, Output: ~Copyable {
  @inlinable @inline(__always) @discardableResult
  mutating func move() -> Int {
    // Taken while nothing waits for it, and before the next command in any case.
    if commandsToDigest == 0 { recordDigest() }
    if Journal.isPresent { poll() }
    let count = events.count == 0 ? 0 : releaseEvents()
    if _slowPath(awaitedSequence != 0) { lookAtAwaited() }
    return count
  }

  /// Records how long the awaited batch took, once all its events have left.
  @usableFromInline @inline(never)
  mutating func lookAtAwaited() {
    guard acknowledgedSequence >= awaitedSequence else { return }
    latencies?.recordCommand(from: awaitedStart, to: clock.now, clock)
    awaitedSequence = 0
  }

  @usableFromInline
  mutating func flush() -> Bool {
    if commandsToDigest == 0 { recordDigest() }
    guard journal.makeDurable() else { return false }
    if commandsToDigest == 0 {
      // The journal was full before, and is empty now.
      guard recordDigest(), journal.makeDurable() else { return false }
    }
    move()
    return !journal.hasFailed && fencingEpoch == 0
  }

  @inlinable @inline(__always)
  var releasable: UInt64 {
    min(release == .atOnce ? .max : min(keptSequence, replicatedSequence), releaseLimit)
  }

  @inlinable @inline(__always)
  mutating func poll() {
    keptSequence = journal.poll()
    if let replica { look(at: replica) }
    if pendingSequence != 0, keptSequence >= pendingSequence {
      recordDurability(from: pendingStart, to: clock.now)
      pendingSequence = 0
    }
  }

  /// Takes what the replica link reports. After a fence nothing more leaves.
  @inlinable @inline(__always)
  mutating func look(at replica: ReplicatedPosition) {
    if fencingEpoch != 0 { return }
    let fence = replica.fencingEpoch
    if fence != 0 {
      releaseLimit = acknowledgedSequence
      fencingEpoch = fence
    } else if release == .replicated {
      replicatedSequence = replica.sequence
    }
  }

  @inlinable @inline(__always) @discardableResult
  mutating func releaseEvents() -> Int {
    unsafe events.drain(through: releasable) { unsafe output.take($0) }
  }

  /// Commands, at most `countMax`, for whose events there is room, up to the next digest.
  @inlinable @inline(__always)
  mutating func admissibleCount(_ countMax: Int) -> Int {
    if Journal.isPresent, journal.hasFailed || fencingEpoch != 0 { return 0 }
    if commandsToDigest == 0, !recordDigest() { return 0 }
    var count = min(countMax, commandsToDigest)
    let room = events.room
    if count > 0, eventCountMax > 0, room < eventCountMax || room / eventCountMax < count {
      count = room / eventCountMax
    }
    return max(count, 0)
  }

  /// Appends and applies commands for whose events there is room.
  ///
  /// - Returns: Commands that were applied: fewer than there are when the journal has no room.
  @inlinable @inline(__always)
  mutating func process(
    _ commands: UnsafeBufferPointer<E.Command>, at now: Nanoseconds
  ) -> Int {
    let isTimed = batchNumber & timedMask == 0 && timedMask != .max
    batchNumber &+= 1
    var timing = BatchTiming()
    if isTimed { timing.arrived = clock.now }

    let time = sequencer.time(at: now)
    var count = commands.count
    if Journal.isPresent {
      count = unsafe append(commands, at: time)
      if count == 0 { return 0 }
    }
    if isTimed { timing.appended = clock.now }

    let first = sequencer.take(count, at: time)
    for index in 0..<count {
      let sequence = first &+ UInt64(truncatingIfNeeded: index)
      events.sink.begin(sequence: sequence, countMax: eventCountMax)
      // SAFETY: index < count <= commands.count.
      hosted.apply(
        unsafe commands[index], attachment: RawSpan(), at: time, sequence: sequence,
        into: &events.sink)
    }
    self.commands &+= UInt64(truncatingIfNeeded: count)
    if digestInterval > 0 { commandsToDigest &-= count }
    if isTimed { timing.applied = clock.now }

    // The commit of this batch begins now, and what may leave leaves now.
    if Journal.isPresent { poll() }
    if events.count > 0 { releaseEvents() }
    if _slowPath(awaitedSequence != 0) { lookAtAwaited() }
    if isTimed { record(timing, count, released: clock.now) }
    return count
  }

  /// Appends and applies one command with its attachment, for whose events there is room.
  ///
  /// - Parameter isShared: Whether others may write the bytes: then the engine is given the journal's copy
  ///   of them, so that what is applied is what was journaled, whatever they do meanwhile.
  /// - Returns: False where the journal has no room.
  @inlinable @inline(__always)
  mutating func process(
    command: UnsafeRawPointer, attachment: UnsafeRawBufferPointer, isShared: Bool,
    at time: Nanoseconds, _ timing: inout AttachedTiming
  ) -> Bool {
    let commandByteCount = MemoryLayout<E.Command>.size
    let sequence = sequencer.lastSequence &+ 1
    if timing.isTimed { timing.mark = clock.now }
    var copy: UnsafeRawPointer?
    if Journal.isPresent {
      let placed = unsafe journal.append(
        sequence: sequence, time: time,
        kind: attachment.isEmpty ? .command : .commandWithAttachment,
        payload: UnsafeRawBufferPointer(start: command, count: commandByteCount),
        attachment: attachment)
      guard placed.outcome == .appended else { return false }
      if isShared { unsafe copy = placed.payload }
    }
    if timing.isTimed {
      let now = clock.now
      timing.appendCycles &+= now &- timing.mark
      timing.mark = now
    }
    _ = sequencer.take(1, at: time)
    // Constants: a span that depends on a variable has the variable allocated.
    let source = unsafe copy ?? command
    let shownBase = unsafe copy.map { unsafe $0 + commandByteCount } ?? attachment.baseAddress
    let shown = unsafe UnsafeRawBufferPointer(
      start: shownBase, count: E.attachmentUse == .kept ? 0 : attachment.count)
    events.sink.begin(sequence: sequence, countMax: eventCountMax)
    // SAFETY: a command's bytes are there, and any bits are one; the attachment stays until the journal is
    // polled, or the input gives its room back, and both come after this.
    unsafe hosted.apply(
      source.loadUnaligned(as: E.Command.self), attachment: RawSpan(_unsafeBytes: shown), at: time,
      sequence: sequence, into: &events.sink)
    if timing.isTimed { timing.applyCycles &+= clock.now &- timing.mark }
    commands &+= 1
    if digestInterval > 0 { commandsToDigest &-= 1 }
    return true
  }

  /// What is measured of a run of commands with attachments, from its first command on.
  @inlinable @inline(__always)
  mutating func beginAttached() -> AttachedTiming {
    var timing = AttachedTiming()
    timing.isTimed = batchNumber & timedMask == 0 && timedMask != .max
    batchNumber &+= 1
    if timing.isTimed { timing.arrived = clock.now }
    return timing
  }

  /// Begins the commit of a run of commands with attachments, and lets events go that may go.
  @inlinable @inline(__always)
  mutating func endAttached(_ timing: AttachedTiming, count: Int) {
    if count == 0 { return }
    let applied = timing.arrived &+ timing.appendCycles &+ timing.applyCycles
    let isTimed = timing.isTimed
    let released = isTimed ? clock.now : 0
    if Journal.isPresent { poll() }
    if events.count > 0 { releaseEvents() }
    if _slowPath(awaitedSequence != 0) { lookAtAwaited() }
    if isTimed {
      // The release is counted from where the last command was applied.
      let end = clock.now &- (released &- applied)
      record(
        BatchTiming(
          arrived: timing.arrived, appended: timing.arrived &+ timing.appendCycles,
          applied: applied),
        count, released: end)
    }
  }

  /// Appends commands to the journal until it has no room.
  @inlinable
  mutating func append(
    _ commands: UnsafeBufferPointer<E.Command>, at time: Nanoseconds
  ) -> Int {
    guard let base = commands.baseAddress else { return 0 }
    var sequence = sequencer.lastSequence
    for index in 0..<commands.count {
      sequence &+= 1
      // SAFETY: index < commands.count; a command is as many bytes as its size says.
      let payload = unsafe UnsafeRawBufferPointer(
        start: base + index, count: MemoryLayout<E.Command>.size)
      guard
        unsafe journal.append(
          sequence: sequence, time: time, kind: .command, payload: payload) == .appended
      else { return index }
    }
    return commands.count
  }

  /// Takes the digest that is due, as a separate record.
  ///
  /// - Returns: False when the journal has no room for it yet.
  @inlinable @inline(never) @discardableResult
  mutating func recordDigest() -> Bool {
    let value = hosted.digest
    var digest = value.littleEndian
    let time = sequencer.lastTime
    let outcome = unsafe withUnsafeBytes(of: &digest) { bytes in
      // SAFETY: the journal copies the bytes.
      unsafe journal.append(
        sequence: sequencer.lastSequence &+ 1, time: time, kind: .digest, payload: bytes)
    }
    guard outcome == .appended else { return false }
    noteDigest(value, at: sequencer.take(1, at: time))
    commandsToDigest = digestInterval
    return true
  }

  @usableFromInline
  mutating func noteDigest(_ digest: UInt64, at sequence: UInt64) {
    lastDigest = digest
    lastDigestSequence = sequence
  }

  @inlinable @inline(never)
  mutating func record(_ timing: BatchTiming, _ count: Int, released: UInt64) {
    stages.record(timing, released: released, count: count, isAppended: Journal.isPresent)
    if latencies != nil, awaitedSequence == 0 {
      (awaitedSequence, awaitedStart) = (sequencer.lastSequence, timing.arrived)
      lookAtAwaited()
    }
    guard Journal.isPresent, pendingSequence == 0 else { return }
    if keptSequence < sequencer.lastSequence {
      pendingSequence = sequencer.lastSequence
      pendingStart = timing.arrived
    } else {
      recordDurability(from: timing.arrived, to: released)
    }
  }

  @usableFromInline @inline(never)
  mutating func recordDurability(from start: UInt64, to end: UInt64) {
    stages.recordDurability(from: start, to: end)
    latencies?.recordCommit(from: start, to: end, clock)
  }
}
