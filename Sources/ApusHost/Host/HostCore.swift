// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusThreads

/// A host without its input: apart from it so that commands can be applied where they lie in the
/// input.
@safe
@frozen
@usableFromInline
struct HostCore<
  E: Engine & ~Copyable, Journal: CommandJournal & ~Copyable, Output: EventOutput & ~Copyable
>: ~Copyable where Output.Element == SequencedEvent<E.Event> {
  @usableFromInline var hosted: E
  @usableFromInline var journal: Journal
  @usableFromInline var output: Output
  @usableFromInline var events: EventQueue<E.Event>
  @usableFromInline var sequencer: Sequencer
  @usableFromInline let eventCountMax: Int
  @usableFromInline let release: EventRelease
  /// Up to here the disk has everything; with no journal, everything always counts as kept.
  @usableFromInline var keptSequence: UInt64
  /// What the replica link reports; nil without one.
  @usableFromInline let replica: ReplicatedPosition?
  /// Up to here the standby has everything; where nobody waits for it, everything counts.
  @usableFromInline var replicatedSequence: UInt64
  /// The epoch of the primary that took over; 0 while none has.
  @usableFromInline var fencingEpoch: UInt64 = 0
  /// No event of a later command leaves: what had left when the host was fenced.
  @usableFromInline var releaseLimit: UInt64 = .max

  @usableFromInline let digestInterval: Int
  /// Commands until the next digest is due; at 0 it is taken before the next command.
  @usableFromInline var commandsToDigest: Int
  @usableFromInline var commands: UInt64 = 0
  /// The digest taken last, and its record's sequence; both 0 where none was.
  @usableFromInline var lastDigest: UInt64 = 0
  /// Sequence of the record with ``lastDigest``.
  @usableFromInline var lastDigestSequence: UInt64 = 0

  @usableFromInline let clock: CycleClock
  @usableFromInline let timedMask: UInt64
  @usableFromInline var batchNumber: UInt64 = 0
  /// A batch whose durability is being timed; its sequence is 0 where none is.
  @usableFromInline var pendingSequence: UInt64 = 0
  @usableFromInline var pendingStart: UInt64 = 0
  @usableFromInline var stages: StageLatencies
  @usableFromInline let latencies: SharedLatencies?
  /// A batch whose events' leaving is being timed; its sequence is 0 where none is.
  @usableFromInline var awaitedSequence: UInt64 = 0
  @usableFromInline var awaitedStart: UInt64 = 0

  init(
    engine: consuming E, journal: consuming Journal, output: consuming Output,
    configuration: HostConfiguration, waiting: [SequencedEvent<E.Event>]
  ) throws(HostError) {
    let countMax = engine.eventCountMax
    try configuration.validate(
      eventCountMax: countMax, commandByteCount: MemoryLayout<E.Command>.size,
      attachmentByteCountMax: E.attachmentByteCountMax, journal: journal)
    let queue = try Self.makeQueue(configuration, waiting)
    let latencies = try Self.makeLatencies()
    eventCountMax = countMax
    events = queue
    stages = latencies
    self.latencies = configuration.latencies
    hosted = engine
    self.journal = journal
    self.output = output
    sequencer = Sequencer(
      after: configuration.lastSequence, lastTime: configuration.lastTime)
    release = configuration.release
    keptSequence = Journal.isPresent ? configuration.lastSequence : .max
    replica = configuration.replica
    replicatedSequence = configuration.release == .replicated ? 0 : .max
    digestInterval = configuration.digestInterval ?? 0
    commandsToDigest = configuration.digestInterval ?? .max
    clock = CycleClock.shared
    timedMask = configuration.timedBatchInterval.map { UInt64($0) - 1 } ?? .max
  }

  static func makeQueue(
    _ configuration: HostConfiguration, _ waiting: [SequencedEvent<E.Event>]
  ) throws(HostError) -> EventQueue<E.Event> {
    do {
      var queue = try EventQueue<E.Event>(
        capacity: configuration.eventCapacity + waiting.count, options: configuration.memory)
      for event in waiting {
        queue.withSink(sequence: event.sequence, countMax: 1) { $0.emit(event.event) }
      }
      return queue
    } catch {
      throw .memory(error)
    }
  }

  static func makeLatencies() throws(HostError) -> StageLatencies {
    do { return try StageLatencies() } catch { throw .histogram(error) }
  }

  // MARK: State

  @inlinable
  var durableSequence: UInt64 { min(keptSequence, sequencer.lastSequence) }

  @inlinable
  var acknowledgedSequence: UInt64 {
    let released = min(releasable, sequencer.lastSequence)
    guard let first = events.firstSequence else { return released }
    return min(released, first &- 1)
  }

  @inlinable
  var isSettled: Bool {
    events.count == 0 && keptSequence >= sequencer.lastSequence && commandsToDigest > 0
  }

  consuming func finish() -> E { hosted }
}
