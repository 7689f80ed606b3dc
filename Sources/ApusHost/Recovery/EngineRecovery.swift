// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine

/// Where an engine's snapshots are.
public protocol SnapshotCatalog {
  /// Sequences of the snapshots that are there, newest first, whether or not they hold.
  func sequences() throws(SnapshotError) -> [UInt64]
  /// Opens one to be read.
  func open(sequence: UInt64) throws(SnapshotError) -> any SnapshotSource
}

/// What a recovery found and did.
public struct RecoveryReport: Sendable, Equatable {
  /// A snapshot that was passed over.
  public struct RefusedSnapshot: Sendable, Equatable {
    /// Its sequence, by name.
    public var sequence: UInt64
    /// Why.
    public var error: SnapshotError
  }

  /// Sequence of the snapshot it began from; nil for a new engine.
  public var snapshotSequence: UInt64?
  /// Newer snapshots that did not hold, newest first.
  public var refusedSnapshots: [RefusedSnapshot]
  /// What was replayed behind it.
  public var replay: ReplayReport
  /// Digest that was reached.
  public var digest: UInt64

  /// A report of these.
  package init(
    snapshotSequence: UInt64?, refusedSnapshots: [RefusedSnapshot], replay: ReplayReport,
    digest: UInt64
  ) {
    self.snapshotSequence = snapshotSequence
    self.refusedSnapshots = refusedSnapshots
    self.replay = replay
    self.digest = digest
  }

  /// One line for people.
  public var description: String {
    let start = snapshotSequence.map { "from the snapshot at \($0)" } ?? "from the beginning"
    let refused =
      refusedSnapshots.isEmpty ? "" : ", \(refusedSnapshots.count) newer snapshots did not hold"
    return "recovered \(start)\(refused): \(replay.commandCount) commands replayed, "
      + "\(replay.digestCheckCount) digests compared, at sequence \(replay.lastSequence), "
      + "digest \(hexadecimal(digest))"
  }
}

/// An engine as it was before the crash, and how it was found.
@frozen
public struct RecoveredEngine<E: Engine & ~Copyable>: ~Copyable {
  /// The engine.
  public var engine: E
  /// What was done.
  public var report: RecoveryReport

  // Swift 6.3.1 stops ("Mem2Reg") when it specialises this for some engines in another module.
  /// The engine alone.
  @_optimize(none)
  public consuming func takeEngine() -> E { engine }

  /// A host that resumes behind the last record.
  ///
  /// - Parameter configuration: Its position is filled in.
  /// - Throws: ``HostError``, as the host's initialiser.
  public consuming func makeHost<
    Input: CommandInput & ~Copyable, Journal: CommandJournal & ~Copyable,
    Output: EventOutput & ~Copyable
  >(
    input: consuming Input, journal: consuming Journal, output: consuming Output,
    configuration: HostConfiguration
  ) throws(HostError) -> EngineHost<E, Input, Journal, Output>
  where Input.Command == E.Command, Output.Element == SequencedEvent<E.Event> {
    var own = configuration
    own.lastSequence = report.replay.lastSequence
    own.lastTime = report.replay.lastTime
    return try EngineHost(
      engine: engine, input: input, journal: journal, output: output, configuration: own)
  }
}

extension RecoveredStream where E: ~Copyable, Output: ~Copyable {
  /// A host that resumes behind the last record, with the output that took the events before it.
  ///
  /// - Parameter configuration: With the position of the journal, which may have records behind those that
  ///   were replayed.
  /// - Throws: ``HostError``, as the host's initialiser.
  public consuming func makeHost<
    Input: CommandInput & ~Copyable, Journal: CommandJournal & ~Copyable
  >(
    input: consuming Input, journal: consuming Journal, configuration: HostConfiguration
  ) throws(HostError) -> EngineHost<E, Input, Journal, Output> where Input.Command == E.Command {
    try EngineHost(
      engine: engine, input: input, journal: journal, output: output, configuration: configuration)
  }

  // As ``RecoveredEngine/takeEngine()``.
  @_optimize(none)
  consuming func withoutOutput() -> RecoveredEngine<E> {
    RecoveredEngine(engine: engine, report: report)
  }
}

/// A recovery that found no state to continue from.
public enum RecoveryError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The snapshots could not be listed, or there was no memory for the engine.
  case snapshots(SnapshotError)
  /// The journal could not be read or replayed behind the snapshot.
  case replay(snapshotSequence: UInt64?, error: ReplayError)
  /// The snapshot has more than the journal: the journal lost what it had acknowledged, or is
  /// another one.
  case journalBehindSnapshot(snapshotSequence: UInt64, journalSequence: UInt64)

  /// One line: what is wrong and what to do.
  public var description: String {
    switch self {
    case .snapshots(let error): "recovery: \(error)"
    case .replay(let sequence, let error):
      "recovery behind \(sequence.map { "the snapshot at \($0)" } ?? "the beginning"): \(error)"
    case .journalBehindSnapshot(let snapshot, let journal):
      "recovery: the snapshot at \(snapshot) is newer than the journal, which ends at \(journal); "
        + "restore the journal that belongs to it"
    }
  }
}

/// An engine as it was before the crash, and the output that took the events of what was replayed.
@frozen
public struct RecoveredStream<
  E: Engine & ~Copyable, Output: EventOutput & ~Copyable
>: ~Copyable where Output.Element == SequencedEvent<E.Event> {
  /// The engine.
  public var engine: E
  /// The output.
  public var output: Output
  /// What was done.
  public var report: RecoveryReport
}

/// Brings an engine back: the newest snapshot that holds, then the journal behind it.
public enum EngineRecovery {
  /// Recovers an engine.
  ///
  /// A snapshot that is damaged, foreign or restores to another digest is passed over for an older
  /// one, and noted in the report. An error of the journal is an error: what it acknowledged must not
  /// be left out silently.
  ///
  /// - Parameters:
  ///   - configuration: The engine's.
  ///   - snapshots: Where they are; nil for none.
  ///   - journalSequence: Sequence of the journal's last record.
  ///   - openRecording: The journal, from a sequence on.
  /// - Throws: ``RecoveryError``.
  public static func recover<E: Engine & ~Copyable, Recording: CommandRecording & ~Copyable>(
    _ type: E.Type = E.self, configuration: E.Configuration,
    snapshots: (any SnapshotCatalog)?, journalSequence: UInt64,
    openRecording: (_ sequence: UInt64) throws(ReplayError) -> Recording
  ) throws(RecoveryError) -> RecoveredEngine<E> {
    let stream = try recover(
      type, configuration: configuration, snapshots: snapshots, journalSequence: journalSequence,
      makeOutput: { (_: UInt64) throws(ReplayError) in NoOutput<E.Event>() },
      openRecording: openRecording)
    return stream.withoutOutput()
  }

  /// Recovers an engine, and gives the events of what is replayed to an output; else as
  /// ``recover(_:configuration:snapshots:journalSequence:openRecording:)``.
  ///
  /// - Parameter makeOutput: Gets the sequence after which the replay begins. The output has to take
  ///   all events: one that has no room for good ends the recovery with an error.
  public static func recover<
    E: Engine & ~Copyable, Recording: CommandRecording & ~Copyable,
    Output: EventOutput & ~Copyable
  >(
    _ type: E.Type = E.self, configuration: E.Configuration,
    snapshots: (any SnapshotCatalog)?, journalSequence: UInt64,
    makeOutput: (_ sequence: UInt64) throws(ReplayError) -> Output,
    openRecording: (_ sequence: UInt64) throws(ReplayError) -> Recording
  ) throws(RecoveryError) -> RecoveredStream<E, Output>
  where Output.Element == SequencedEvent<E.Event> {
    var report = RecoveryReport(
      snapshotSequence: nil, refusedSnapshots: [],
      replay: ReplayReport(lastSequence: 0, lastTime: .zero), digest: 0)
    let engine: E
    if let snapshots,
      let restored = try snapshotErrors({ () throws(SnapshotError) in
        try restoreNewest(
          type, configuration: configuration, from: snapshots, refused: &report.refusedSnapshots)
      })
    {
      report.snapshotSequence = restored.header.sequence
      report.replay.lastSequence = restored.header.sequence
      report.replay.lastTime = restored.header.time
      engine = restored.takeEngine()
    } else {
      engine = try snapshotErrors { () throws(SnapshotError) -> E in
        try makeEmpty(configuration: configuration)
      }
    }
    let start = report.replay.lastSequence
    guard start <= journalSequence else {
      throw .journalBehindSnapshot(snapshotSequence: start, journalSequence: journalSequence)
    }
    let output: Output
    do throws(ReplayError) {
      output = try makeOutput(start)
    } catch {
      throw .replay(snapshotSequence: report.snapshotSequence, error: error)
    }
    var replay: EngineReplay<E, Output>
    do {
      replay = try EngineReplay(
        engine: engine, output: output, after: start, lastTime: report.replay.lastTime)
    } catch {
      throw .snapshots(.memory(error))
    }
    if start < journalSequence {
      do throws(ReplayError) {
        var recording = try openRecording(start + 1)
        try replay.run(&recording)
        guard replay.report.lastSequence == journalSequence else {
          throw .sequence(
            expected: journalSequence, found: replay.report.lastSequence)
        }
      } catch {
        throw .replay(snapshotSequence: report.snapshotSequence, error: error)
      }
    }
    report.replay = replay.report
    report.digest = replay.engine.digest
    return replay.finish(report)
  }

  /// An engine in the state of the newest snapshot that holds; nil where none does.
  ///
  /// - Parameter refused: Gets what was passed over, newest first.
  /// - Throws: ``SnapshotError`` where the snapshots cannot be listed.
  public static func restoreNewest<E: Engine & ~Copyable>(
    _ type: E.Type = E.self, configuration: E.Configuration, from snapshots: any SnapshotCatalog,
    refused: inout [RecoveryReport.RefusedSnapshot]
  ) throws(SnapshotError) -> RestoredEngine<E>? {
    for sequence in try snapshots.sequences() {
      do throws(SnapshotError) {
        let restored = try EngineSnapshot.restore(
          type, configuration: configuration, from: snapshots.open(sequence: sequence))
        guard restored.header.sequence == sequence else {
          throw SnapshotError.malformed(
            field: "sequence", offset: 24, value: "\(restored.header.sequence)",
            expected: "\(sequence), as its file says")
        }
        return restored
      } catch {
        refused.append(.init(sequence: sequence, error: error))
      }
    }
    return nil
  }

  /// A new engine, for where no snapshot holds.
  ///
  /// - Throws: ``SnapshotError/engine(description:)`` with the engine's own error.
  public static func makeEmpty<E: Engine & ~Copyable>(
    _ type: E.Type = E.self, configuration: E.Configuration
  ) throws(SnapshotError) -> E {
    do { return try E(configuration: configuration) } catch {
      throw .engine(description: "\(error)")
    }
  }

  private static func snapshotErrors<T: ~Copyable>(
    _ body: () throws(SnapshotError) -> T
  ) throws(RecoveryError) -> T {
    do { return try body() } catch { throw .snapshots(error) }
  }
}
