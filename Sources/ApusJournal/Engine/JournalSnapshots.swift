// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusHost

/// The snapshots of an engine beside its journal.
///
/// ```swift
/// let snapshots = try JournalSnapshots(storage: storage, journal: writer.identifier)
/// let recovered = try EngineRecovery.recover(
///   Ledger.self, configuration: limits, writer: writer, snapshots: snapshots, storage: storage)
/// …
/// try snapshots.write(&host)          // now and then
/// ```
///
/// - Threading: one thread at a time.
public struct JournalSnapshots: SnapshotCatalog {
  private let storage: any JournalStorage
  private let journal: JournalIdentifier
  private let store: SnapshotStore
  private let bufferByteCount: Int

  /// The snapshots of a journal.
  ///
  /// - Parameters:
  ///   - storage: The folder; the journal's own or another one.
  ///   - journal: Only snapshots of this journal are taken.
  ///   - keptCount: Snapshots to keep, the newest among them; at least 1. More than one lets a
  ///     recovery fall back.
  ///   - bufferByteCount: Memory of one that is being written. Unit: bytes.
  /// - Throws: ``JournalError/configuration(field:value:expected:)`` for a count below 1.
  public init(
    storage: any JournalStorage, journal: JournalIdentifier, keptCount: Int = 2,
    bufferByteCount: Int = 1 << 18
  ) throws(JournalError) {
    self.storage = storage
    self.journal = journal
    self.bufferByteCount = bufferByteCount
    store = try SnapshotStore(storage: storage, keptCount: keptCount)
  }

  /// Sequences of the snapshots that are there, newest first.
  public func sequences() throws(SnapshotError) -> [UInt64] {
    do throws(JournalError) {
      return try store.sequences()
    } catch {
      throw .storage(description: error.description)
    }
  }

  /// Opens one, after checking its bytes.
  ///
  /// - Throws: `SnapshotError.storage` for one that is damaged, or of another journal.
  public func open(sequence: UInt64) throws(SnapshotError) -> any SnapshotSource {
    try storageErrors { () throws(JournalError) in SnapshotFileSource(try reader(sequence)) }
  }

  /// Events of all commands up to a snapshot that holds; nil where it does not say so.
  ///
  /// - Throws: As ``open(sequence:)``.
  /// - Complexity: O(bytes of the snapshot), which is checked.
  public func eventCount(sequence: UInt64) throws(SnapshotError) -> UInt64? {
    try storageErrors { () throws(JournalError) in try reader(sequence).header.eventCount }
  }

  private func reader(_ sequence: UInt64) throws(JournalError) -> SnapshotFileReader {
    let name = JournalFormat.numberedName(sequence, suffix: SnapshotHeader.suffix)
    let reader = try SnapshotFileReader(storage: storage, name: name)
    if let own = reader.header.journal, own != journal {
      throw JournalError.foreign(
        path: storage.path(name), found: "is of journal \(own), not of \(journal)")
    }
    return reader
  }

  /// Writes a snapshot of a host's engine, durable when this returns, and removes old ones.
  ///
  /// The journal is flushed first: a snapshot holds nothing that the journal could lose. The host's
  /// thread is held up for all of it: the size of the state divided by the rate at which it is
  /// encoded and written. ``SnapshotFollower`` holds it up for nothing.
  ///
  /// - Throws: `SnapshotError` of the journal, the disk or the engine.
  @discardableResult
  public func write<E, Input, Journal, Output>(
    _ host: inout EngineHost<E, Input, Journal, Output>
  ) throws(SnapshotError) -> EngineSnapshot
  where
    E: Engine & ~Copyable, Input: CommandInput & ~Copyable, Journal: CommandJournal & ~Copyable,
    Output: EventOutput & ~Copyable
  {
    guard host.flush() else {
      throw .journal(description: host.failureDescription ?? "the journal has failed")
    }
    return try write(
      host.engine, sequence: host.lastSequence, time: host.lastTime, eventCount: nil, refused: [])
  }

  /// Writes a snapshot of an engine that stands at a durable record, and removes old ones.
  ///
  /// - Parameters:
  ///   - eventCount: Events of all commands up to the sequence; nil where that is not known.
  ///   - refused: Snapshots that do not hold, and do not count among those to keep.
  func write<E: Engine & ~Copyable>(
    _ engine: borrowing E, sequence: UInt64, time: Nanoseconds, eventCount: UInt64?,
    refused: Set<UInt64>
  ) throws(SnapshotError) -> EngineSnapshot {
    let header = SnapshotHeader(
      sequence: sequence, digest: engine.digest, contentVersion: E.snapshotFormat.version,
      journal: journal, eventCount: eventCount)
    let target = try storageErrors { () throws(JournalError) in
      SnapshotFileTarget(try store.begin(header, bufferByteCount: bufferByteCount))
    }
    let snapshot = try EngineSnapshot.write(engine, sequence: sequence, time: time, to: target)
    try storageErrors { () throws(JournalError) in
      try target.commit()
      try store.removeOld(notCounting: refused)
    }
    return snapshot
  }

  /// The oldest snapshot that is kept; nil while there are fewer than that.
  func oldestKept(notCounting refused: Set<UInt64>) throws(JournalError) -> UInt64? {
    try store.oldestKept(notCounting: refused)
  }

  private func storageErrors<T>(
    _ body: () throws(JournalError) -> T
  ) throws(SnapshotError) -> T {
    do throws(JournalError) {
      return try body()
    } catch {
      throw .storage(description: error.description)
    }
  }
}

/// A snapshot's file as a target.
private final class SnapshotFileTarget: SnapshotTarget {
  private var writer: SnapshotFileWriter

  init(_ writer: consuming SnapshotFileWriter) { self.writer = writer }

  func write(_ chunk: RawSpan) throws(SnapshotError) {
    do throws(JournalError) {
      try writer.writeAll(chunk)
    } catch {
      throw .storage(description: error.description)
    }
  }

  func commit() throws(JournalError) { try writer.commit() }
}

/// A snapshot's file as a source.
private final class SnapshotFileSource: SnapshotSource {
  private var reader: SnapshotFileReader

  init(_ reader: consuming SnapshotFileReader) { self.reader = reader }

  func read(into target: inout MutableRawSpan) throws(SnapshotError) -> Int {
    let result = unsafe target.withUnsafeMutableBytes { bytes -> Result<Int, JournalError> in
      do throws(JournalError) {
        // SAFETY: the reader writes within the buffer and does not keep it.
        return .success(try unsafe reader.read(into: bytes))
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let count): return count
    case .failure(let error): throw .storage(description: error.description)
    }
  }
}

/// The snapshots of a catalog up to a sequence: for a recovery whose output has no event of later commands.
public struct SnapshotsThrough: SnapshotCatalog {
  private let all: JournalSnapshots
  private let lastSequence: UInt64

  /// Those at or before `lastSequence`.
  public init(_ all: JournalSnapshots, lastSequence: UInt64) {
    self.all = all
    self.lastSequence = lastSequence
  }

  /// Sequences of the snapshots that are there, newest first.
  public func sequences() throws(SnapshotError) -> [UInt64] {
    try all.sequences().filter { $0 <= lastSequence }
  }

  /// Opens one, after checking its bytes.
  public func open(sequence: UInt64) throws(SnapshotError) -> any SnapshotSource {
    try all.open(sequence: sequence)
  }
}

extension EngineRecovery {
  /// Brings an engine back from the newest snapshot that holds and the journal behind it.
  ///
  /// - Parameters:
  ///   - configuration: The engine's.
  ///   - writer: The journal, opened: it has cut what was unfinished.
  ///   - snapshots: Where they are; nil for none.
  ///   - storage: The journal's folder.
  /// - Throws: `RecoveryError`.
  public static func recover<E: Engine & ~Copyable>(
    _ type: E.Type = E.self, configuration: E.Configuration, writer: borrowing JournalWriter,
    snapshots: JournalSnapshots?, storage: any JournalStorage
  ) throws(RecoveryError) -> RecoveredEngine<E> {
    try recover(
      type, configuration: configuration, snapshots: snapshots,
      journalSequence: writer.lastSequence,
      openRecording: { sequence throws(ReplayError) in try openRecording(storage, from: sequence) })
  }

  /// Brings an engine back, and gives the events of what is replayed to an output.
  ///
  /// - Parameters:
  ///   - configuration: The engine's.
  ///   - writer: The journal, opened: it has cut what was unfinished.
  ///   - snapshots: Where they are; nil for none.
  ///   - storage: The journal's folder.
  ///   - makeOutput: Gets the sequence after which the replay begins.
  /// - Throws: `RecoveryError`.
  public static func recover<E: Engine & ~Copyable, Output: EventOutput & ~Copyable>(
    _ type: E.Type = E.self, configuration: E.Configuration, writer: borrowing JournalWriter,
    snapshots: (any SnapshotCatalog)?, storage: any JournalStorage,
    makeOutput: (_ sequence: UInt64) throws(ReplayError) -> Output
  ) throws(RecoveryError) -> RecoveredStream<E, Output>
  where Output.Element == SequencedEvent<E.Event> {
    try recover(
      type, configuration: configuration, snapshots: snapshots,
      journalSequence: writer.lastSequence, makeOutput: makeOutput,
      openRecording: { sequence throws(ReplayError) in try openRecording(storage, from: sequence) })
  }

  /// A journal's records from a sequence on, as a recovery reads them.
  package static func openRecording(
    _ storage: any JournalStorage, from sequence: UInt64
  ) throws(ReplayError) -> JournalReader {
    do throws(JournalError) {
      return try JournalReader(storage: storage, from: sequence)
    } catch {
      throw .recording(description: error.description)
    }
  }
}
