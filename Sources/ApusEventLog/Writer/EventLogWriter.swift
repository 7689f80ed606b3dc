// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusThreads
internal import Glibc
public import Synchronization

/// The writing end of an event log: an output of a host.
///
/// It takes fewer events than there are where no segment can be made, see ``EventLog/stall``: the
/// host keeps the rest and, when it can keep no more, takes no more commands.
///
/// - Threading: the host's thread.
@safe
@frozen
public struct EventLogWriter<Event: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
  // SAFETY: the only writer, since it cannot be copied and a log gives one; the log is retained, and
  // keeps the segment that `target` lies in mapped until the writer has left it.
  @usableFromInline let log: EventLog
  @usableFromInline let published: UnsafeMutablePointer<Atomic<UInt64>>
  @usableFromInline let spot: ParkingSpot
  /// Where the next record goes.
  @usableFromInline var target: UnsafeMutableRawPointer?
  /// Records that the segment still has room for.
  @usableFromInline var room = 0
  /// Index of the next event.
  @usableFromInline var next: UInt64
  /// Whether events may be there already.
  @usableFromInline var isReplaying: Bool

  /// - Precondition: The segment that the log is in, where it is in one, has the position or ends at it.
  init(_ log: EventLog, at position: UInt64, isReplaying: Bool) {
    self.log = log
    unsafe published = log.control.atomic(.position)
    spot = log.control.spot
    unsafe target = nil
    next = position
    self.isReplaying = isReplaying
    if let segment = log.state.withLock({ $0.current }) {
      unsafe target = segment.address(of: next)
      room = Int(segment.endIndex - next)
    }
  }

  deinit {
    log.control.store(0, .writer)
    log.state.withLock { $0.hasWriter = false }
  }

  /// Whether what it is given may be there already.
  public var mayBePresent: Bool { isReplaying }

  /// Index of the next event: so many were taken in the life of the log.
  @inlinable
  public var position: UInt64 { next }

  /// Whether records have no bytes but the sequence's and the event's.
  @inlinable @inline(__always)
  static var isDense: Bool {
    MemoryLayout<SequencedEvent<Event>>.stride == 8 + MemoryLayout<Event>.size
  }

  /// Takes events, from the first on; returns how many.
  ///
  /// - Complexity: O(events.count); no allocation and, unless a reader sleeps or a segment is full, no
  ///   system call.
  @unsafe @inlinable @inline(__always)
  public mutating func take(_ events: UnsafeBufferPointer<SequencedEvent<Event>>) -> Int {
    guard let source = events.baseAddress else { return 0 }
    var taken = 0
    if _slowPath(isReplaying) {
      taken = unsafe replay(events)
      if isReplaying { return taken }
    }
    let before = next
    while taken < events.count {
      // SAFETY: taken < events.count.
      if _slowPath(room == 0), unsafe !changeSegment(events[taken].sequence) { break }
      guard let record = unsafe target else { break }
      let count = min(room, events.count &- taken)
      let byteCount = count &* MemoryLayout<SequencedEvent<Event>>.stride
      // SAFETY: the segment has room for as many records, and nobody reads them before `next` is
      // published.
      if Self.isDense {
        unsafe record.copyMemory(from: source + taken, byteCount: byteCount)
      } else {
        unsafe Self.copyFields(source + taken, count, to: record)
      }
      unsafe target = record + byteCount
      room &-= count
      taken &+= count
      next &+= UInt64(truncatingIfNeeded: count)
    }
    if next != before {
      // Pairs with the acquire in `EventLogReader.tryRead`.
      // SAFETY: the log retains the word's memory.
      unsafe published.pointee.store(next, ordering: .releasing)
      spot.wake()
    }
    return taken
  }

  /// Takes the events that the log has already, from the first on, and no other: a replay that comes to the end of
  /// the log stops there.
  ///
  /// - Returns: How many. Where there are fewer and ``mayBePresent`` is still true, one differs from what the log has.
  @unsafe
  public mutating func takePresent(
    _ events: UnsafeBufferPointer<SequencedEvent<Event>>
  ) -> Int {
    isReplaying ? unsafe replay(events) : 0
  }

  /// Copies records without the bytes between their fields, which may be anything: those are 0.
  @usableFromInline @inline(never)
  static func copyFields(
    _ source: UnsafePointer<SequencedEvent<Event>>, _ count: Int,
    to target: UnsafeMutableRawPointer
  ) {
    let layout = EventRecordLayout(Event.self)
    for index in 0..<count {
      // SAFETY: the caller has so many records at the source, and room for them at the target.
      let record = unsafe target + index * layout.recordByteCount
      unsafe record.initializeMemory(
        as: UInt8.self, repeating: 0, count: layout.recordByteCount)
      unsafe record.storeBytes(of: source[index].sequence, as: UInt64.self)
      unsafe withUnsafeBytes(of: source[index].event) { bytes in
        unsafe (record + layout.eventOffset).copyMemory(
          from: bytes.baseAddress ?? UnsafeRawPointer(record), byteCount: layout.eventByteCount)
      }
    }
  }

  @usableFromInline @inline(never)
  mutating func changeSegment(_ sequence: UInt64) -> Bool {
    guard let segment = log.changeSegment(at: next, sequence: sequence) else { return false }
    // SAFETY: the log keeps the segment mapped until the next change.
    unsafe target = segment.address(of: next)
    room = Int(segment.endIndex - next)
    return true
  }

  @usableFromInline @inline(never)
  mutating func replay(_ events: UnsafeBufferPointer<SequencedEvent<Event>>) -> Int {
    var taken = 0
    while taken < events.count {
      // SAFETY: taken < events.count; the bytes are used in the closure alone.
      let outcome = unsafe withUnsafeBytes(of: events[taken].event) { bytes in
        unsafe log.replay(sequence: events[taken].sequence, event: bytes)
      }
      switch outcome {
      case .present: taken += 1
      case .failed: return taken
      case .new:
        isReplaying = false
        return taken
      }
    }
    return taken
  }
}
