// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
internal import ApusHost
public import ApusIO
public import ApusJournal

/// A primary's snapshot on its way into a standby's folder: a file without its name until it is
/// complete.
struct IncomingSnapshot: ~Copyable {
  let offer: SnapshotOffer
  let sequence: UInt64
  private var writer: SnapshotFileWriter
  /// When all of it must have come.
  let due: Nanoseconds
  /// What the primary was told last; nil where nothing was.
  var reportedByteCount: UInt64?

  static let bufferByteCount = 1 << 18

  init(
    _ offer: SnapshotOffer, sequence: UInt64, due: Nanoseconds, storage: any JournalStorage
  ) throws(JournalError) {
    self.due = due
    self.offer = offer
    self.sequence = sequence
    writer = try SnapshotStore(storage: storage).begin(
      SnapshotHeader(
        sequence: sequence, digest: offer.digest, contentVersion: offer.contentVersion,
        journal: offer.journal, eventCount: offer.eventCount),
      bufferByteCount: Self.bufferByteCount)
  }

  var receivedByteCount: UInt64 { writer.header.byteCount }
  var missingByteCount: UInt64 { offer.contentByteCount - receivedByteCount }
  /// Whether what came is what was announced.
  var holds: Bool { missingByteCount == 0 && writer.header.checksum == offer.contentChecksum }

  mutating func take(_ part: RawSpan) throws(JournalError) { try writer.writeAll(part) }

  /// Gives the file its name; it is durable when this returns.
  mutating func commit() throws(JournalError) { try writer.commit() }
}

extension ReplicationStandby where E: ~Copyable {
  mutating func beginTransfer(
    _ offer: SnapshotOffer, _ header: FrameHeader, _ link: FrameLink, _ now: Nanoseconds
  ) {
    guard isCurrent(header, link, now) else { return }
    guard engineConfiguration != nil, !keepsItsRecords else {
      return link.close(.fault(.unexpected))
    }
    guard header.sequence > lastSequence, header.sequence < ReplicationFormat.sequenceMax else {
      return link.close(.fault(.sequence))
    }
    guard offer.contentByteCount <= configuration.snapshotByteCountMax else {
      return stop(
        .configuration(
          field: "snapshotByteCountMax", value: "\(configuration.snapshotByteCountMax)",
          expected: "room for the primary's snapshot of \(offer.contentByteCount) bytes"),
        telling: Refusal(.stopped), now: now)
    }
    if let own = journal?.identifier, own != offer.journal {
      return stop(.foreignJournal(own: own, primary: offer.journal), now: now)
    }
    let limit = LinkPace.snapshotLimit(
      byteCount: offer.contentByteCount, silenceNanoseconds: configuration.silenceNanoseconds)
    do throws(ReplicationError) {
      try adoptEpoch(header.epoch, isFollowed: false)
      do throws(JournalError) {
        transfer = try IncomingSnapshot(
          offer, sequence: header.sequence, due: now.adding(limit), storage: storage)
      } catch {
        throw .journal(error)
      }
    } catch {
      return stop(error, telling: Refusal(.stopped), now: now)
    }
    phase = .restoring
    reportProgress(link, now)
  }

  mutating func takePart(_ header: FrameHeader, _ link: FrameLink, _ now: Nanoseconds) {
    guard header.epoch == promisedEpoch else { return link.close(.fault(.epoch)) }
    guard let received = transfer?.receivedByteCount, let missing = transfer?.missingByteCount,
      header.sequence == received
    else { return link.close(.fault(.sequence)) }
    let partByteCountMin = min(missing, UInt64(ReplicationFormat.snapshotPartByteCountMin))
    guard (partByteCountMin...missing).contains(UInt64(header.bodyByteCount)) else {
      return link.close(.fault(.body))
    }
    do throws(JournalError) {
      // SAFETY: the frame stays in the queue while its bytes are taken.
      try transfer?.take(unsafe RawSpan(_unsafeBytes: link.heldBody))
    } catch {
      return stop(.journal(error), telling: Refusal(.stopped), now: now)
    }
    counters.snapshotByteCount &+= UInt64(header.bodyByteCount)
    if UInt64(header.bodyByteCount) == missing { finishTransfer(link, now) }
  }

  /// Tells how much has come, so that the primary sends on and knows that somebody is there.
  mutating func reportProgress(_ link: FrameLink, _ now: Nanoseconds) {
    guard let received = transfer?.receivedByteCount, transfer?.reportedByteCount != received
    else { return }
    if link.send(.progress, epoch: promisedEpoch, sequence: received, now: now) {
      transfer?.reportedByteCount = received
    }
  }

  /// Goes on from the snapshot: its file first, then the engine, then the journal, so that whatever
  /// an interruption leaves is either the old state or the new one.
  private mutating func finishTransfer(_ link: FrameLink, _ now: Nanoseconds) {
    guard var complete = transfer.take() else { return }
    guard complete.holds else { return link.close(.fault(.bodyChecksum)) }
    let (offer, sequence) = (complete.offer, complete.sequence)
    do throws(ReplicationError) {
      do throws(JournalError) { try complete.commit() } catch { throw .journal(error) }
      let restored = try restore(offer, sequence)
      let time = restored.header.time
      let begun = try Self.makeReplay(restored.takeEngine(), sequence, time, StandbyOutput())
      if journal != nil {
        do throws(JournalError) {
          try journal?.restart(after: sequence, checksum: offer.recordChecksum)
        } catch {
          throw .journal(error)
        }
        replay = begun
      } else {
        replay = begun
        try beginJournal(offer.journal, checksum: offer.recordChecksum)
      }
      beginOutput(offer, sequence)
    } catch {
      // What no engine begins from does not stay: the journal may pass it one day.
      try? removeSnapshots(after: lastSequence)
      return stop(error, telling: Refusal(.stopped), now: now)
    }
    counters.snapshotCount += 1
    sent = (0, 0)
    phase = .connecting
    sendHello(link, now)
  }

  /// Where the events behind a snapshot go: those between are nobody's to have seen here, and a log that
  /// ends before them is not continued. After the journal: an interruption between leaves a log that ends
  /// before it, which a recovery begins anew from the snapshot.
  private mutating func beginOutput(_ offer: SnapshotOffer, _ sequence: UInt64) {
    guard let makeOutput else { return }
    replay.collected = makeOutput(
      StandbyBeginning(
        journal: offer.journal, sequence: sequence, eventCount: offer.eventCount))
  }

  /// Removes the snapshots that are ahead of the journal.
  func removeSnapshots(after sequence: UInt64) throws(ReplicationError) {
    do throws(JournalError) {
      try SnapshotStore(storage: storage).removeAll(after: sequence)
    } catch {
      throw .journal(error)
    }
  }

  private func restore(
    _ offer: SnapshotOffer, _ sequence: UInt64
  ) throws(ReplicationError) -> RestoredEngine<E> {
    guard let engineConfiguration else { throw .snapshot(.storage(description: "not wanted")) }
    let snapshots: JournalSnapshots
    do throws(JournalError) {
      snapshots = try JournalSnapshots(storage: storage, journal: offer.journal)
    } catch {
      throw .journal(error)
    }
    do throws(SnapshotError) {
      let restored = try EngineSnapshot.restore(
        E.self, configuration: engineConfiguration, from: snapshots.open(sequence: sequence))
      let found = restored.header.sequence
      guard found == sequence else {
        throw .storage(description: "the snapshot of record \(sequence) is one of \(found)")
      }
      let time = restored.header.time.rawValue
      guard time <= ReplicationFormat.timeMax else {
        // Time does not go back: the engine would stay there for good.
        throw .malformed(field: "time", offset: 32, value: "\(time)", expected: "up to 2^63 - 1")
      }
      return restored
    } catch {
      throw .snapshot(error)
    }
  }

  // MARK: Opening

  /// Opens a folder as a standby's: its engine comes back from the newest snapshot and the journal
  /// behind it, and from the primary's snapshot where the primary no longer has what is missing.
  ///
  /// A snapshot that is ahead of the journal is passed over: a transfer was interrupted before the
  /// journal followed, and is made again.
  ///
  /// - Parameters:
  ///   - engineConfiguration: The engine's.
  ///   - storage: The folder of its journal and of its snapshots.
  ///   - loop: As the initialiser takes it.
  /// - Throws: ``ReplicationError`` of the folder or the recovery.
  public static func open(
    engineConfiguration: E.Configuration, storage: any JournalStorage,
    configuration: ReplicationStandbyConfiguration, loop: EventLoop? = nil
  ) throws(ReplicationError) -> ReplicationStandby {
    let recovered = try recover(engineConfiguration, storage)
    let found = recovered.report.replay
    return try ReplicationStandby(
      engine: recovered.takeEngine(), after: found.lastSequence, lastTime: found.lastTime,
      storage: storage, configuration: configuration, restoring: engineConfiguration, loop: loop)
  }

  private static func recover(
    _ engineConfiguration: E.Configuration, _ storage: any JournalStorage
  ) throws(ReplicationError) -> RecoveredEngine<E> {
    let found: JournalReport
    var snapshots: SnapshotsThrough?
    do throws(JournalError) {
      found = try JournalInspection.report(storage, depth: .tail)
      if let journal = found.identifier {
        snapshots = SnapshotsThrough(
          try JournalSnapshots(storage: storage, journal: journal),
          lastSequence: found.lastSequence)
      }
    } catch {
      throw .journal(error)
    }
    do throws(RecoveryError) {
      return try EngineRecovery.recover(
        E.self, configuration: engineConfiguration, snapshots: snapshots,
        journalSequence: found.lastSequence,
        openRecording: { sequence throws(ReplayError) in
          try EngineRecovery.openRecording(storage, from: sequence)
        })
    } catch {
      throw .recovery(error)
    }
  }
}
