// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusReplication
internal import Foundation

/// What a service has beside its host.
struct ServiceParts: Sendable {
  let recovery: RecoveryReport
  let log: EventLog
  let door = InputDoor()
  /// Those of the counters.
  let latencies: SharedLatencies
  let journalMode: String
  let journal: JournalIdentifier
}

/// The steps from a folder to a host, in their order.
enum ServiceOpening<E: Engine & ~Copyable> {
  typealias Host = EngineHost<
    E, MessageInputs<E.Command>, JournalWriter, EventLogWriter<E.Event>
  >
  typealias Stream = RecoveredStream<E, HoldingOutput<E.Event>>

  /// The journal, which nobody else may have.
  static func openStorage(_ folder: ServiceFolder) throws(ServiceError) -> FileJournalStorage {
    do throws(JournalError) {
      return try FileJournalStorage(path: folder.journal)
    } catch {
      throw .journal(error)
    }
  }

  /// Refuses to serve alone the folder of one of two replicas: the other one may lead.
  static func checkAlone(
    _ folder: ServiceFolder, _ storage: FileJournalStorage
  ) throws(ServiceError) {
    let epoch: UInt64
    do throws(ReplicationError) { epoch = try EpochFile.read(storage).epoch } catch {
      throw .replication(error)
    }
    guard epoch == 0 else {
      throw .folder(
        path: folder.path,
        reason:
          "is that of one of two replicas (epoch \(epoch)), and the other one may lead: give listen, peer "
          + "and lease; to serve it alone from now on, remove \(folder.journal)/replication.epoch")
    }
  }

  static func openJournal(
    _ storage: FileJournalStorage, _ configuration: ServiceConfiguration
  ) throws(ServiceError) -> JournalWriter {
    do throws(JournalError) {
      return try JournalWriter(
        storage: storage,
        configuration: JournalConfiguration(
          segmentByteCount: configuration.journalSegmentBytes,
          bufferByteCount: configuration.journalBufferBytes))
    } catch {
      throw .journal(error)
    }
  }

  static func openLog(
    _ folder: ServiceFolder, _ storage: FileJournalStorage, _ writer: borrowing JournalWriter,
    _ snapshots: JournalSnapshots, _ configuration: ServiceConfiguration
  ) throws(ServiceError) -> EventLog {
    let first: UInt64
    do throws(JournalError) { first = try JournalInspection.firstSequence(storage) } catch {
      throw .journal(error)
    }
    do throws(EventLogError) {
      return try openLog(
        folder, writer.identifier, records: first..<writer.lastSequence + 1, snapshots,
        configuration)
    } catch {
      throw .eventLog(error)
    }
  }

  /// The event log of a journal with these records. One that ends before the first of them, or that begins behind
  /// the last, gives way to a new one, which begins with a snapshot.
  ///
  /// - Throws: ``EventLogError/gap(path:completeSequence:resumedAfter:)`` where no snapshot says with which index.
  static func openLog(
    _ folder: ServiceFolder, _ journal: JournalIdentifier, records: Range<UInt64>,
    _ snapshots: JournalSnapshots, _ configuration: ServiceConfiguration
  ) throws(EventLogError) -> EventLog {
    let (first, last) = (records.lowerBound, records.upperBound - 1)
    var log: EventLog? = try makeLog(folder, journal, cutAfter: last, configuration)
    if let log, log.startSequence <= last, log.completeSequence + 1 >= first { return log }
    let complete = log?.completeSequence ?? 0
    // Whoever opens it anew needs that nobody has it.
    log = nil
    let beginning = first == 1 ? (index: 0, sequence: 0) : newestBeginning(snapshots, records)
    guard let beginning else {
      throw .gap(path: folder.events, completeSequence: complete, resumedAfter: first - 1)
    }
    return try makeLog(
      folder, journal, cutAfter: nil, configuration, startIndex: beginning.index,
      startSequence: beginning.sequence)
  }

  /// The newest snapshot that holds, that the journal goes on from and that says how many events came before.
  private static func newestBeginning(
    _ snapshots: JournalSnapshots, _ records: Range<UInt64>
  ) -> (index: UInt64, sequence: UInt64)? {
    for sequence in (try? snapshots.sequences()) ?? []
    where sequence + 1 >= records.lowerBound && sequence < records.upperBound {
      if let count = try? snapshots.eventCount(sequence: sequence) { return (count, sequence) }
    }
    return nil
  }

  /// The event log of a replica that begins with a snapshot: what it has of later commands stays.
  static func openLog(
    _ folder: ServiceFolder, _ beginning: StandbyBeginning, _ index: UInt64,
    _ configuration: ServiceConfiguration
  ) throws(EventLogError) -> EventLog {
    var log: EventLog? = try makeLog(folder, beginning.journal, cutAfter: nil, configuration)
    if let log, log.completeSequence >= beginning.sequence { return log }
    log = nil
    return try makeLog(
      folder, beginning.journal, cutAfter: nil, configuration, startIndex: index,
      startSequence: beginning.sequence)
  }

  private static func makeLog(
    _ folder: ServiceFolder, _ journal: JournalIdentifier, cutAfter sequence: UInt64?,
    _ configuration: ServiceConfiguration, startIndex: UInt64? = nil, startSequence: UInt64 = 0
  ) throws(EventLogError) -> EventLog {
    try EventLog(
      of: E.Event.self, path: folder.events,
      configuration: EventLogConfiguration(
        format: E.snapshotFormat, journalHigh: journal.high, journalLow: journal.low,
        segmentByteCount: configuration.eventSegmentBytes,
        keptByteCount: configuration.eventBytesKept, startIndex: startIndex ?? 0,
        startSequence: startSequence),
      cutAfter: sequence, replaces: startIndex != nil)
  }

  /// The engine, and the log with the events of all its commands. A snapshot behind the last event that the
  /// log has for certain would leave a gap in it, so that an older one is taken.
  static func recover(
    _ engine: E.Configuration, _ storage: FileJournalStorage, _ writer: borrowing JournalWriter,
    _ snapshots: JournalSnapshots, _ log: EventLog, heldCountMax: Int?
  ) throws(ServiceError) -> Stream {
    let stream: Stream
    do throws(RecoveryError) {
      stream = try EngineRecovery.recover(
        E.self, configuration: engine, writer: writer,
        snapshots: SnapshotsThrough(snapshots, lastSequence: log.completeSequence),
        storage: storage,
        makeOutput: { after throws(ReplayError) in
          try output(log, after, heldCountMax)
        })
    } catch {
      // What stopped the log says more than that the replay did not end.
      if let stall = log.stall { throw .eventLog(stall) }
      throw .recovery(error)
    }
    do throws(EventLogError) { try log.cutCursors() } catch { throw .eventLog(error) }
    return stream
  }

  /// Whether the last records of a journal may be of a primary that waited for its standby, and not be on any other
  /// disk: their events are to be held.
  static func holdsTail(_ storage: FileJournalStorage) throws(ServiceError) -> Bool {
    do throws(ReplicationError) {
      return try EpochFile.read(storage).acknowledged == .withStandby
    } catch {
      throw .replication(error)
    }
  }

  /// A log as the output of a recovery.
  static func output(
    _ log: EventLog, _ sequence: UInt64, _ heldCountMax: Int?
  ) throws(ReplayError) -> HoldingOutput<E.Event> {
    do throws(EventLogError) {
      return HoldingOutput(
        try log.makeWriter(resumingAfter: sequence),
        heldCountMax: heldCountMax)
    } catch {
      throw .recording(description: error.description)
    }
  }

  static func openSnapshots(
    _ storage: FileJournalStorage, _ journal: JournalIdentifier,
    _ configuration: ServiceConfiguration
  ) throws(ServiceError) -> JournalSnapshots {
    do throws(JournalError) {
      return try JournalSnapshots(
        storage: storage, journal: journal, keptCount: configuration.snapshotsKept)
    } catch {
      throw .journal(error)
    }
  }

  /// New rings: what the last process's clients left in theirs was not acknowledged, and they see that
  /// nobody reads there any more.
  static func openRings(
    _ folder: ServiceFolder, _ door: InputDoor, _ configuration: ServiceConfiguration
  ) throws(ServiceError) -> MessageInputs<E.Command> {
    removeRings(folder)
    do throws(RingError) {
      return try MessageInputs(
        count: configuration.clients, attachmentByteCountMax: E.attachmentByteCountMax, door: door,
        wait: configuration.waitStrategy
      ) { client throws(RingError) in
        let path = folder.ring(client)
        try MessageRing.createFile(at: path, capacity: configuration.clientRingBytes)
        return try MessageRing.openConsumer(at: path)
      }
    } catch {
      throw .ring(error)
    }
  }

  /// Also those of a service that had more of them, in which a client would look for one.
  private static func removeRings(_ folder: ServiceFolder) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.clients)) ?? []
    where name.hasSuffix(".ring") || name.hasSuffix(".new") {
      try? FileManager.default.removeItem(atPath: folder.clients + "/" + name)
    }
  }

  static func makeHost(
    _ stream: consuming Stream, _ writer: consuming JournalWriter,
    _ inputs: consuming MessageInputs<E.Command>, _ configuration: ServiceConfiguration,
    _ latencies: SharedLatencies, _ position: ReplicatedPosition?
  ) throws(ServiceError) -> Host {
    var how = hosting(configuration, stream.engine.eventCountMax, latencies, position)
    // An epoch may stand behind what was replayed.
    how.lastSequence = writer.lastSequence
    how.lastTime = stream.report.replay.lastTime
    do throws(HostError) {
      return try stream.makeHost(input: inputs, journal: writer, releasing: how)
    } catch {
      throw .host(error)
    }
  }

  static func makeHost(
    _ promoted: consuming PromotedReplica<E>, _ output: consuming HoldingOutput<E.Event>,
    _ inputs: consuming MessageInputs<E.Command>, _ configuration: ServiceConfiguration,
    _ latencies: SharedLatencies, _ position: ReplicatedPosition
  ) throws(ServiceError) -> Host {
    let how = hosting(configuration, promoted.engine.eventCountMax, latencies, position)
    do throws(HostError) {
      let held = output.held
      return try promoted.makeHost(
        input: inputs, output: output.takeLog(), configuration: how, waiting: held)
    } catch {
      throw .host(error)
    }
  }

  private static func hosting(
    _ configuration: ServiceConfiguration, _ eventCountMax: Int, _ latencies: SharedLatencies,
    _ position: ReplicatedPosition?
  ) -> HostConfiguration {
    HostConfiguration(
      release: configuration.eventRelease,
      eventCapacity: max(configuration.eventCapacity, eventCountMax),
      digestInterval: configuration.digestInterval == 0 ? nil : configuration.digestInterval,
      latencies: latencies, replica: position)
  }
}

extension ServiceParts {
  func description<E: Engine & ~Copyable>(
    of engine: E.Type, _ configuration: ServiceConfiguration
  ) -> ServiceDescription {
    ServiceDescription(
      version: ServiceDescription.currentVersion, engine: E.snapshotFormat.description,
      commandBytes: MemoryLayout<E.Command>.size, eventBytes: MemoryLayout<E.Event>.size,
      attachmentBytesMax: E.attachmentByteCountMax, clients: configuration.clients,
      journal: journal.description, release: configuration.release.rawValue,
      processID: ProcessInfo.processInfo.processIdentifier)
  }
}
