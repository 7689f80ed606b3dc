// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusReplication

/// The event log of a replica that follows: it is opened once the primary's journal is known.
///
/// - Threading: the replica's thread.
final class StandbyLog<E: Engine & ~Copyable> {
  private let folder: ServiceFolder
  private let configuration: ServiceConfiguration
  /// Nil while there is none, and where it could not be opened: what completes it is a recovery.
  private(set) var log: EventLog?
  /// Why it could not be opened, or what is amiss with it now.
  private(set) var problem: EventLogError?

  init(_ folder: ServiceFolder, _ configuration: ServiceConfiguration) {
    self.folder = folder
    self.configuration = configuration
  }

  /// The engine as the journal in the folder has it, and the log with all its events; a new one, without a
  /// log, where there is no journal.
  func recover(
    _ engine: E.Configuration, _ storage: FileJournalStorage, keptCount: Int
  ) throws(ServiceError) -> RecoveredStream<E, StandbyOutput<E.Event>> {
    let found: JournalReport
    var snapshots: JournalSnapshots?
    do throws(JournalError) {
      found = try JournalInspection.report(storage, depth: .tail)
      if let journal = found.identifier {
        snapshots = try JournalSnapshots(storage: storage, journal: journal, keptCount: keptCount)
      }
    } catch {
      throw .journal(error)
    }
    if let journal = found.identifier { open(journal, cutAfter: found.lastSequence) }
    let log = log
    let past = snapshots.map {
      SnapshotsThrough(
        $0, lastSequence: min(found.lastSequence, log?.completeSequence ?? .max))
    }
    do throws(RecoveryError) {
      return try EngineRecovery.recover(
        E.self, configuration: engine, snapshots: past, journalSequence: found.lastSequence,
        makeOutput: { after throws(ReplayError) in
          guard let log else { return StandbyOutput() }
          do throws(EventLogError) {
            return StandbyOutput(try log.makeWriter(resumingAfter: after))
          } catch {
            throw .recording(description: error.description)
          }
        },
        openRecording: { sequence throws(ReplayError) in
          try EngineRecovery.openRecording(storage, from: sequence)
        })
    } catch {
      throw .recovery(error)
    }
  }

  /// The output of a standby whose folder was empty, once it knows the journal.
  func makeOutput(_ journal: JournalIdentifier, _ sequence: UInt64) -> StandbyOutput<E.Event> {
    open(journal, cutAfter: sequence)
    guard let log else { return StandbyOutput() }
    do throws(EventLogError) {
      return StandbyOutput(try log.makeWriter(resumingAfter: sequence))
    } catch {
      problem = error
      close()
      return StandbyOutput()
    }
  }

  private func open(_ journal: JournalIdentifier, cutAfter sequence: UInt64) {
    do throws(EventLogError) {
      log = try ServiceOpening<E>.openLog(folder, journal, cutAfter: sequence, configuration)
    } catch {
      problem = error
    }
  }

  /// Prepares, syncs and tidies the log; what does not work now is tried again.
  func keep(_ durableSequence: UInt64, isSyncDue: Bool) {
    guard let log else { return }
    do throws(EventLogError) {
      try log.prepare()
      // A sync waits for the disk, and this thread acknowledges what comes.
      if isSyncDue {
        try log.sync()
        try log.removeSegments(durableThrough: durableSequence)
      }
      problem = log.stall
    } catch {
      problem = error
    }
  }

  func close() { log = nil }
}
