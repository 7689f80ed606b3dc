// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMemory

/// An event and the command it came from.
@frozen
public struct SequencedEvent<Event: BitwiseCopyable>: BitwiseCopyable {
  /// Sequence of the command: the event shows that this command was done.
  public var sequence: UInt64
  /// What happened.
  public var event: Event

  /// An event of the command with this sequence.
  @inlinable @inline(__always)
  public init(sequence: UInt64, event: Event) {
    self.sequence = sequence
    self.event = event
  }
}

extension SequencedEvent: Sendable where Event: Sendable {}
extension SequencedEvent: Equatable where Event: Equatable {}

/// Where an engine leaves the events of one command: room in a queue that the caller owns.
///
/// - Threading: one thread at a time.
@safe
@frozen
public struct EventSink<Event: BitwiseCopyable>: ~Copyable {
  @usableFromInline let slots: UnsafeMutablePointer<SequencedEvent<Event>>
  @usableFromInline let mask: UInt64
  /// Events ever emitted; the slot of the next is `tail & mask`.
  @usableFromInline package var tail: UInt64 = 0
  /// Where the present command has to stop.
  @usableFromInline var limit: UInt64 = 0
  @usableFromInline var sequence: UInt64 = 0

  @inlinable
  init(slots: UnsafeMutablePointer<SequencedEvent<Event>>, capacity: Int) {
    unsafe self.slots = unsafe slots
    mask = UInt64(capacity &- 1)
  }

  /// Lets a command emit up to `countMax` events. The caller has made room for them.
  @inlinable @inline(__always)
  package mutating func begin(sequence: UInt64, countMax: Int) {
    self.sequence = sequence
    limit = tail &+ UInt64(truncatingIfNeeded: countMax)
  }

  /// Events the present command may still emit.
  @inlinable @inline(__always)
  public var remainingCapacity: Int { Int(truncatingIfNeeded: limit &- tail) }

  /// Emits an event.
  ///
  /// - Precondition: The command has emitted fewer than the engine's ``Engine/eventCountMax``.
  /// - Complexity: O(1); no allocation.
  @inlinable @inline(__always)
  public mutating func emit(_ event: Event) {
    precondition(
      tryEmit(event), "EventSink.emit: expected no more events than the engine's eventCountMax")
  }

  /// The place of the next event, for a writer that fills in all of its bytes before anything else: of
  /// an event with many small fields, whole words are fewer stores.
  ///
  /// - Precondition: As ``emit(_:)``.
  @inlinable @inline(__always)
  @unsafe
  public mutating func emitPlace() -> UnsafeMutableRawPointer {
    precondition(
      tail != limit, "EventSink.emit: expected no more events than the engine's eventCountMax")
    // SAFETY: as in `tryEmit`.
    let slot = unsafe slots + Int(truncatingIfNeeded: tail & mask)
    unsafe slot.pointee.sequence = sequence
    tail &+= 1
    // The slot does not move: its event's address holds beyond the closure.
    return unsafe withUnsafeMutablePointer(to: &slot.pointee.event) {
      UnsafeMutableRawPointer($0)
    }
  }

  /// Emits an event if the command may emit another one.
  @inlinable @inline(__always) @discardableResult
  public mutating func tryEmit(_ event: Event) -> Bool {
    if tail == limit { return false }
    // SAFETY: the slot is inside the queue, and the caller keeps everything up to `limit` free.
    unsafe slots[Int(truncatingIfNeeded: tail & mask)] = SequencedEvent(
      sequence: sequence, event: event)
    tail &+= 1
    return true
  }
}

/// The events that have left the engine and not yet the host: memory taken once, oldest first out.
///
/// - Threading: one thread at a time.
@safe
@frozen
public struct EventQueue<Event: BitwiseCopyable>: ~Copyable {
  @usableFromInline let region: MemoryRegion
  /// Where events go in.
  @usableFromInline package var sink: EventSink<Event>
  /// Events ever taken out.
  @usableFromInline var head: UInt64 = 0

  /// An empty queue.
  ///
  /// - Parameter capacity: Unit: events. A power of two, or it is rounded up to one.
  /// - Throws: ``MemoryError`` when no memory could be mapped.
  public init(
    capacity: Int, options: MemoryRegion.Options = .init(pages: .plain)
  ) throws(MemoryError) {
    let (elementByteCount, limit) = (MemoryLayout<SequencedEvent<Event>>.stride, 1 << 40)
    guard capacity > 0, capacity <= limit / elementByteCount else {
      throw .size(byteCount: capacity > 0 ? .max : capacity)
    }
    var slots = 1
    while slots < capacity { slots <<= 1 }
    let region = try MemoryRegion(byteCount: slots * elementByteCount, options: options)
    // SAFETY: the region holds that many events, begins at a page and lives as long as self.
    sink = unsafe EventSink(
      slots: region.baseAddress.bindMemory(to: SequencedEvent<Event>.self, capacity: slots),
      capacity: slots)
    self.region = region
  }

  /// Events it has room for.
  @inlinable @inline(__always)
  public var capacity: Int { Int(truncatingIfNeeded: sink.mask) &+ 1 }

  /// Events in it.
  @inlinable @inline(__always)
  public var count: Int { Int(truncatingIfNeeded: sink.tail &- head) }

  /// Room left.
  @inlinable @inline(__always)
  public var room: Int { capacity &- count }

  /// Sequence of the oldest event's command.
  @inlinable @inline(__always)
  package var firstSequence: UInt64? {
    if count == 0 { return nil }
    // SAFETY: head < tail, so the slot holds an event.
    return unsafe sink.slots[Int(truncatingIfNeeded: head & sink.mask)].sequence
  }

  /// Lets one command emit into the queue.
  ///
  /// - Precondition: `countMax` is at most ``room``.
  @inlinable @inline(__always)
  public mutating func withSink<Result>(
    sequence: UInt64, countMax: Int, _ body: (inout EventSink<Event>) -> Result
  ) -> Result {
    precondition(countMax <= room, "EventQueue.withSink: expected a countMax of at most `room`")
    sink.begin(sequence: sequence, countMax: countMax)
    return body(&sink)
  }

  /// Hands out the oldest events whose commands are up to `sequence`, in at most two pieces.
  ///
  /// - Parameter body: Takes events from the first on and returns how many it took: fewer than there
  ///   are ends it.
  /// - Returns: Events taken.
  @inlinable @inline(__always)
  package mutating func drain(
    through sequence: UInt64, _ body: (UnsafeBufferPointer<SequencedEvent<Event>>) -> Int
  ) -> Int {
    var taken = 0
    while true {
      let start = Int(truncatingIfNeeded: head & sink.mask)
      let straight = min(count, capacity &- start)
      if straight == 0 { return taken }
      // Commands are applied in order: if the last one's is old enough, all are. Else only those
      // that are ready are looked at, however many wait.
      // SAFETY: start + straight <= capacity, and all of these hold events.
      var ready = straight
      if unsafe sink.slots[start &+ straight &- 1].sequence > sequence {
        ready = 0
        while unsafe sink.slots[start &+ ready].sequence <= sequence { ready &+= 1 }
      }
      if ready == 0 { return taken }
      let accepted = unsafe body(UnsafeBufferPointer(start: sink.slots + start, count: ready))
      precondition(
        accepted >= 0 && accepted <= ready, "EventQueue.drain: expected a count of its events")
      head &+= UInt64(truncatingIfNeeded: accepted)
      taken &+= accepted
      if head == sink.tail {
        // Empty: the next event goes to the first slot again, which is in the cache.
        head = 0
        sink.tail = 0
        return taken
      }
      if accepted < straight { return taken }
    }
  }

  /// Hands out every event, oldest first, and empties the queue.
  @inlinable
  public mutating func removeAll(_ body: (SequencedEvent<Event>) -> Void) {
    _ = unsafe drain(through: .max) { events in
      for index in 0..<events.count {
        // SAFETY: index < events.count.
        body(unsafe events[index])
      }
      return events.count
    }
  }

  /// Hands out the oldest events, at most `countMax` of them, and removes them.
  ///
  /// - Parameter countMax: Unit: events, 0 or more.
  /// - Returns: Events handed out.
  @inlinable
  public mutating func removeFirst(
    _ countMax: Int, _ body: (SequencedEvent<Event>) -> Void
  ) -> Int {
    var remaining = countMax
    return unsafe drain(through: .max) { events in
      let count = min(events.count, remaining)
      for index in 0..<count {
        // SAFETY: index < events.count.
        body(unsafe events[index])
      }
      remaining &-= count
      return count
    }
  }
}
