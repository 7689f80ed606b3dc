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
  typealias Stream = RecoveredStream<E, EventLogWriter<E.Event>>

  /// The journal, which nobody else may have.
  static func openStorage(_ folder: ServiceFolder) throws(ServiceError) -> FileJournalStorage {
    do throws(JournalError) {
      return try FileJournalStorage(path: folder.journal)
    } catch {
      throw .journal(error)
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
    _ folder: ServiceFolder, _ writer: borrowing JournalWriter,
    _ configuration: ServiceConfiguration
  ) throws(ServiceError) -> EventLog {
    do throws(EventLogError) {
      return try openLog(
        folder, writer.identifier, cutAfter: writer.lastSequence, configuration)
    } catch {
      throw .eventLog(error)
    }
  }

  /// - Parameters:
  ///   - startIndex: Index of the first event of a new log.
  ///   - startSequence: Its events are of the commands after this one: a log that ends before it gives way.
  static func openLog(
    _ folder: ServiceFolder, _ journal: JournalIdentifier, cutAfter sequence: UInt64?,
    _ configuration: ServiceConfiguration, startIndex: UInt64 = 0, startSequence: UInt64 = 0
  ) throws(EventLogError) -> EventLog {
    try EventLog(
      of: E.Event.self, path: folder.events,
      configuration: EventLogConfiguration(
        format: E.snapshotFormat, journalHigh: journal.high, journalLow: journal.low,
        segmentByteCount: configuration.eventSegmentBytes,
        keptByteCount: configuration.eventBytesKept, startIndex: startIndex,
        startSequence: startSequence),
      cutAfter: sequence, replacesOlder: startSequence > 0)
  }

  /// The engine, and the log with the events of all its commands. A snapshot behind the last event that the
  /// log has for certain would leave a gap in it, so that an older one is taken.
  static func recover(
    _ engine: E.Configuration, _ storage: FileJournalStorage, _ writer: borrowing JournalWriter,
    _ log: EventLog, keptCount: Int
  ) throws(ServiceError) -> Stream {
    let snapshots: JournalSnapshots
    do throws(JournalError) {
      snapshots = try JournalSnapshots(
        storage: storage, journal: writer.identifier, keptCount: keptCount)
    } catch {
      throw .journal(error)
    }
    let stream: Stream
    do throws(RecoveryError) {
      stream = try EngineRecovery.recover(
        E.self, configuration: engine, writer: writer,
        snapshots: SnapshotsThrough(snapshots, lastSequence: log.completeSequence),
        storage: storage,
        makeOutput: { after throws(ReplayError) in
          do throws(EventLogError) { return try log.makeWriter(resumingAfter: after) } catch {
            throw .recording(description: error.description)
          }
        })
    } catch {
      // What stopped the log says more than that the replay did not end.
      if let stall = log.stall { throw .eventLog(stall) }
      throw .recovery(error)
    }
    do throws(EventLogError) { try log.cutCursors() } catch { throw .eventLog(error) }
    return stream
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
      return try stream.makeHost(input: inputs, journal: writer, configuration: how)
    } catch {
      throw .host(error)
    }
  }

  static func makeHost(
    _ promoted: consuming PromotedReplica<E>, _ log: consuming EventLogWriter<E.Event>,
    _ inputs: consuming MessageInputs<E.Command>, _ configuration: ServiceConfiguration,
    _ latencies: SharedLatencies, _ position: ReplicatedPosition
  ) throws(ServiceError) -> Host {
    let how = hosting(configuration, promoted.engine.eventCountMax, latencies, position)
    do throws(HostError) {
      return try promoted.makeHost(input: inputs, output: log, configuration: how)
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
