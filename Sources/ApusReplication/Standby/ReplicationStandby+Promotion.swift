// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusHost
public import ApusJournal

/// What a standby had when it took over: an engine and a journal that stand at the same record.
@frozen
public struct PromotedReplica<E: Engine & ~Copyable>: ~Copyable {
  /// The engine.
  public var engine: E
  /// Its journal, ready for a host.
  public var journal: JournalWriter
  /// The record that both stand at: that of the epoch.
  public var lastSequence: UInt64
  /// Time of the last command.
  public var lastTime: Nanoseconds
  /// The epoch that was begun.
  public var epoch: UInt64
  /// Where the standby's events went: complete through ``lastSequence`` unless it is behind.
  public var output: StandbyOutput<E.Event>

  /// Takes the output out, for who goes on with its log.
  public mutating func takeOutput() -> StandbyOutput<E.Event> {
    var taken = StandbyOutput<E.Event>()
    swap(&output, &taken)
    return taken
  }

  /// A host that goes on where the standby stood.
  ///
  /// - Parameters:
  ///   - configuration: Its position is filled in.
  ///   - waiting: Events that the output lacks; see ``HoldingOutput``.
  /// - Throws: `HostError`, as the host's initialiser.
  public consuming func makeHost<Input: CommandInput & ~Copyable, Output: EventOutput & ~Copyable>(
    input: consuming Input, output: consuming Output, configuration: HostConfiguration,
    waiting: [SequencedEvent<E.Event>] = []
  ) throws(HostError) -> EngineHost<E, Input, JournalWriter, Output>
  where Input.Command == E.Command, Output.Element == SequencedEvent<E.Event> {
    var own = configuration
    own.lastSequence = lastSequence
    own.lastTime = lastTime
    return try EngineHost(
      engine: engine, input: input, journal: journal, output: output, configuration: own,
      waiting: waiting)
  }
}

extension ReplicationStandby where E: ~Copyable {
  /// Takes over: from here on no primary of a lower epoch is followed or acknowledged.
  ///
  /// Everything that was acknowledged to the old primary is in the journal and in the engine.
  ///
  /// - Parameters:
  ///   - epoch: Of a lease that this replica holds.
  ///   - waitsForStandby: As ``ReplicationEpoch/begin(_:journal:storage:time:waitsForStandby:)`` says.
  /// - Throws: ``failure`` of a standby that has stopped;
  ///   ``ReplicationError/staleEpoch(offered:promised:)`` for an epoch that is not above all that
  ///   were seen; ``ReplicationError/configuration(field:value:expected:)`` for a standby that never
  ///   met a primary. The standby is gone then; its journal is as it was.
  public consuming func promote(
    epoch: UInt64, waitsForStandby: Bool = false
  ) throws(ReplicationError) -> PromotedReplica<E> {
    if let failure { throw failure }
    guard epoch > promisedEpoch else {
      throw .staleEpoch(offered: epoch, promised: promisedEpoch)
    }
    guard var writer = journal.take() else {
      throw .configuration(
        field: "journal", value: "none", expected: "a standby that has followed a primary")
    }
    // The connection goes first: nothing is acknowledged to the old primary any more.
    link = nil
    let time = replay.report.lastTime
    try ReplicationEpoch.begin(
      epoch, journal: &writer, storage: storage, time: time, waitsForStandby: waitsForStandby)
    var output = StandbyOutput<E.Event>()
    swap(&replay.collected, &output)
    return PromotedReplica(
      engine: replay.finish(), journal: writer, lastSequence: writer.lastSequence, lastTime: time,
      epoch: epoch, output: output)
  }
}

extension RecoveredStream where E: ~Copyable, Output: ~Copyable {
  /// A standby that goes on behind what was recovered, as ``ReplicationStandby``'s initialiser makes it.
  ///
  /// - Throws: ``ReplicationError``.
  public consuming func makeStandby(
    after lastSequence: UInt64, lastTime: Nanoseconds, storage: any JournalStorage,
    configuration: ReplicationStandbyConfiguration, restoring engineConfiguration: E.Configuration?,
    makeOutput: ((StandbyBeginning) -> StandbyOutput<E.Event>)?
  ) throws(ReplicationError) -> ReplicationStandby<E> where Output == StandbyOutput<E.Event> {
    try ReplicationStandby(
      engine: engine, after: lastSequence, lastTime: lastTime, storage: storage,
      configuration: configuration, restoring: engineConfiguration, output: output,
      makeOutput: makeOutput)
  }
}

// SAFETY: a value has one owner, who may hand it to another thread; engine, journal and output are used by one
// thread at a time and share nothing with what is left of the standby, which is gone.
extension PromotedReplica: @unchecked Sendable where E: ~Copyable {}
