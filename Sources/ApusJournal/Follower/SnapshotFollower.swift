// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusHost

/// Writes snapshots of an engine that runs elsewhere, from its journal alone.
///
/// It keeps a second engine: restored from the newest snapshot that holds, then fed what the journal
/// has on the disk. Events go nowhere; each digest in the journal is compared. A snapshot at sequence
/// S has the contents of the one that the host would have written at S, and its header says how many events
/// came before it.
///
/// What it costs the host's thread: nothing. No call, no lock, no copy; the two share the machine's
/// memory bandwidth and the disk. What it costs the machine: a second copy of the state, and the
/// share of a core that replaying the commands and encoding the state take. A host without a journal
/// has nothing to be followed; there ``EngineHost/writeSnapshot(to:)`` holds its thread up for the
/// size of the state divided by the rate of encoding.
///
/// What is not durable is never in a snapshot: it reads up to what the writer has acknowledged. A
/// snapshot gets its name when it is complete and durable, so that a crash at any moment leaves it
/// there as a whole or not at all.
///
/// ``SnapshotFollowerThread`` is the loop around it for those who want one.
///
/// - Threading: one thread at a time, with storages of its own. One follower for each folder of
///   snapshots, and no other writer of snapshots there. End it before records are taken off the
///   journal (``JournalRecovery/cutBack(_:after:)``).
public struct SnapshotFollower<E: Engine & ~Copyable>: ~Copyable {
  /// Snapshot that it began from; nil for a new engine.
  public let startSequence: UInt64?
  /// Newer snapshots that did not hold, newest first.
  public let refusedSnapshots: [RecoveryReport.RefusedSnapshot]
  /// Sequence of the snapshot that it wrote last, or began from; 0 where there is none.
  public private(set) var snapshotSequence: UInt64
  /// Snapshots it has written.
  public private(set) var snapshotCount: UInt64 = 0

  private let journal: any JournalStorage
  private let snapshots: JournalSnapshots
  private let configuration: SnapshotFollowerConfiguration
  /// Snapshots that are there and do not hold.
  private var refused: Set<UInt64>
  private var reader: JournalReader
  private var replay: EngineReplay<E, NoOutput<E.Event>>
  /// Events of all commands up to where it began; nil where its first snapshot does not say so.
  private let eventCountBefore: UInt64?
  /// Commands that had been applied when a snapshot was tried last.
  private var commandCountAtSnapshot: UInt64 = 0

  /// Restores an engine from the newest snapshot that holds; ``step(countMax:)`` takes it on.
  ///
  /// - Parameters:
  ///   - engine: The engine's configuration.
  ///   - journal: The journal's folder: a storage of its own, not the writer's.
  ///   - snapshots: Where snapshots are; nil for the journal's folder.
  ///   - configuration: When snapshots are written.
  /// - Throws: ``SnapshotFollowerError`` for a journal that is not there or lacks the records behind
  ///   the snapshot, and for memory that could not be had.
  public init(
    _ type: E.Type = E.self, engine: E.Configuration, journal: any JournalStorage,
    snapshots: (any JournalStorage)? = nil, configuration: SnapshotFollowerConfiguration
  ) throws(SnapshotFollowerError) {
    try configuration.validate()
    let catalog = try Self.catalog(journal, snapshots, configuration)
    var refusals: [RecoveryReport.RefusedSnapshot] = []
    let start = try Self.restore(engine, catalog, &refusals)
    let (sequence, time, eventCount) = (start.sequence, start.time, start.eventCount)
    let opened = try Self.open(journal, after: sequence)
    replay = try Self.replay(start.takeEngine(), after: sequence, time)
    reader = opened
    eventCountBefore = eventCount
    startSequence = sequence == 0 ? nil : sequence
    snapshotSequence = sequence
    refusedSnapshots = refusals
    refused = Set(refusals.map(\.sequence))
    self.journal = journal
    self.snapshots = catalog
    self.configuration = configuration
  }

  /// The engine as it stands, for queries.
  public var engine: E { _read { yield replay.engine } }

  /// What was applied, and which digests were compared, since it began.
  public var report: ReplayReport { replay.report }

  /// Up to here the journal was durable when it was looked at last.
  public var durableSequence: UInt64 { reader.acknowledgedSequence }

  /// Whether so many commands came since the last snapshot as the configuration says.
  public var isSnapshotDue: Bool {
    guard let interval = configuration.commandInterval else { return false }
    return replay.report.commandCount &- commandCountAtSnapshot >= interval
  }

  /// Applies the next durable records, up to where a snapshot is due.
  ///
  /// - Returns: Records applied; 0 where the journal has none more for now, or a snapshot is due.
  /// - Throws: ``SnapshotFollowerError/journal(_:)`` and ``SnapshotFollowerError/replay(_:)``: it
  ///   cannot go on.
  public mutating func step(countMax: Int = 65_536) throws(SnapshotFollowerError) -> Int {
    do throws(JournalError) {
      // Before the records are looked for: a look costs a read of a mebibyte, this one 64 bytes.
      guard try reader.acknowledgedSequenceNow() > replay.report.lastSequence else { return 0 }
    } catch {
      throw .journal(error)
    }
    var count = countMax
    if let interval = configuration.commandInterval {
      // Each command is a record, so this stops at the snapshot's command or before it.
      let done = replay.report.commandCount &- commandCountAtSnapshot
      count = Int(min(UInt64(countMax), interval - min(interval, done)))
    }
    guard count > 0 else { return 0 }
    do throws(ReplayError) {
      return try replay.step(&reader, countMax: count)
    } catch {
      throw .replay(error)
    }
  }

  /// Writes a snapshot of the state as it stands, removes old ones, and segments where that was
  /// asked for.
  ///
  /// - Returns: What was written; nil where that snapshot is there already, or no record yet.
  /// - Throws: ``SnapshotFollowerError/snapshot(_:)`` and ``SnapshotFollowerError/retention(_:)``;
  ///   it may go on, and try again.
  @discardableResult
  public mutating func writeSnapshot() throws(SnapshotFollowerError) -> EngineSnapshot? {
    // One that fails is tried again when the next is due, not at once: the disk may be full.
    commandCountAtSnapshot = replay.report.commandCount
    guard replay.report.lastSequence > snapshotSequence else { return nil }
    let snapshot: EngineSnapshot
    // A damaged one of this sequence is replaced.
    refused.remove(replay.report.lastSequence)
    do throws(SnapshotError) {
      snapshot = try snapshots.write(
        replay.engine, sequence: replay.report.lastSequence, time: replay.report.lastTime,
        eventCount: eventCount, refused: refused)
    } catch {
      throw .snapshot(error)
    }
    snapshotSequence = snapshot.sequence
    snapshotCount += 1
    try removeSegments()
    return snapshot
  }

  /// Events of all commands up to the last one; nil where the snapshot it began from does not say how many
  /// came before, or says what cannot be.
  private var eventCount: UInt64? {
    guard let before = eventCountBefore else { return nil }
    let count = before &+ replay.report.eventCount
    return count <= Sequencer.sequenceMax ? count : nil
  }

  private func removeSegments() throws(SnapshotFollowerError) {
    guard let countMin = configuration.retainedSegmentCountMin else { return }
    do throws(JournalError) {
      guard let oldest = try snapshots.oldestKept(notCounting: refused) else { return }
      _ = try JournalRetention.removeSegments(
        journal, below: oldest + 1, durableSequence: durableSequence, segmentCountMin: countMin)
    } catch {
      throw .retention(error)
    }
  }

  // MARK: Beginning

  /// Where it begins.
  private struct Start: ~Copyable {
    var engine: E
    var sequence: UInt64 = 0
    var time = Nanoseconds.zero
    var eventCount: UInt64? = 0

    // Swift 6.3.1 stops ("Mem2Reg") when it specialises this for some engines in another module.
    @_optimize(none)
    consuming func takeEngine() -> E { engine }
  }

  private static func catalog(
    _ journal: any JournalStorage, _ snapshots: (any JournalStorage)?,
    _ configuration: SnapshotFollowerConfiguration
  ) throws(SnapshotFollowerError) -> JournalSnapshots {
    do throws(JournalError) {
      return try JournalSnapshots(
        storage: snapshots ?? journal, journal: try JournalInspection.identifier(journal),
        keptCount: configuration.keptCount, bufferByteCount: configuration.bufferByteCount)
    } catch {
      throw .journal(error)
    }
  }

  private static func restore(
    _ engine: E.Configuration, _ catalog: JournalSnapshots,
    _ refusals: inout [RecoveryReport.RefusedSnapshot]
  ) throws(SnapshotFollowerError) -> Start {
    do throws(SnapshotError) {
      let found = try EngineRecovery.restoreNewest(
        E.self, configuration: engine, from: catalog, refused: &refusals)
      guard let restored = found else {
        return Start(engine: try EngineRecovery.makeEmpty(configuration: engine))
      }
      let (sequence, time) = (restored.header.sequence, restored.header.time)
      return Start(
        engine: restored.takeEngine(), sequence: sequence, time: time,
        eventCount: try catalog.eventCount(sequence: sequence))
    } catch {
      throw .snapshot(error)
    }
  }

  private static func open(
    _ journal: any JournalStorage, after sequence: UInt64
  ) throws(SnapshotFollowerError) -> JournalReader {
    do throws(JournalError) {
      return try JournalReader(storage: journal, from: sequence + 1, mode: .durable)
    } catch {
      throw .journal(error)
    }
  }

  private static func replay(
    _ engine: consuming E, after sequence: UInt64, _ time: Nanoseconds
  ) throws(SnapshotFollowerError) -> EngineReplay<E, NoOutput<E.Event>> {
    do {
      return try EngineReplay(
        engine: engine, output: NoOutput(), after: sequence, lastTime: time)
    } catch {
      throw .snapshot(.memory(error))
    }
  }
}
