// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusJournal

/// A snapshot on its way to a standby.
struct OutgoingSnapshot: ~Copyable {
  var reader: SnapshotFileReader
  /// The standby has room for it: before that nothing is read, so that the reader can be kept.
  var isWanted = false
  /// Bytes that the standby has.
  var storedByteCount: UInt64 = 0
  /// When the standby must have all of it, and say hello again.
  let due: Nanoseconds

  init(_ reader: consuming SnapshotFileReader, due: Nanoseconds) {
    self.reader = reader
    self.due = due
  }

  var isSent: Bool { reader.readByteCount == reader.header.byteCount }

  consuming func intoReader() -> SnapshotFileReader { reader }
}

extension StandbySession {
  /// Whether all of the snapshot has left; true where there is none.
  var isSnapshotSent: Bool {
    switch snapshot {
    case .some(let outgoing): outgoing.isSent
    case .none: true
    }
  }

  /// Last record in the state of the snapshot that goes out.
  var snapshotSequence: UInt64? {
    switch snapshot {
    case .some(let outgoing): outgoing.reader.header.sequence
    case .none: nil
    }
  }
}

extension ReplicationPrimary {
  /// Offers the newest snapshot that holds, where the journal goes on behind it.
  ///
  /// - Parameter first: First record that the journal still has.
  /// - Complexity: O(bytes of the snapshot): all of it is checked first, and the link waits.
  mutating func offerSnapshot(
    _ session: StandbySession, first: UInt64, _ now: Nanoseconds
  ) -> Bool {
    do throws(JournalError) {
      var journal = try JournalReader(storage: storage, mode: .durable)
      let durable = try journal.acknowledgedSequenceNow()
      guard let reader = try newestSnapshot(sequenceMax: durable) else { return false }
      let header = reader.header
      guard header.sequence &+ 1 >= first else { return false }
      let offer = SnapshotOffer(
        journal: identifier, digest: header.digest, contentByteCount: header.byteCount,
        contentVersion: header.contentVersion, contentChecksum: header.checksum,
        recordChecksum: try JournalReader(
          storage: storage, from: header.sequence &+ 1, mode: .durable
        ).lastRecord.checksum, eventCount: header.eventCount)
      guard widen(session) else { return true }
      takePlace(session, now)
      session.link.send(offer, epoch: configuration.epoch, sequence: header.sequence, now: now)
      let limit = LinkPace.snapshotLimit(
        byteCount: header.byteCount, silenceNanoseconds: configuration.silenceNanoseconds)
      session.start(OutgoingSnapshot(reader, due: now.adding(limit)))
      return true
    } catch {
      // Removed meanwhile, or damaged: the standby is told that the records are gone.
      return false
    }
  }

  private mutating func newestSnapshot(
    sequenceMax: UInt64
  ) throws(JournalError) -> SnapshotFileReader? {
    let newest = try snapshots.sequences().first { $0 <= sequenceMax }
    if let kept = checkedSnapshot.take() {
      if kept.header.sequence == newest { return kept }
    }
    var rejected: [SnapshotStore.Rejected] = []
    return try snapshots.newestValid(
      journal: identifier, sequenceMax: sequenceMax, rejected: &rejected)
  }

  /// Sends the next bytes, as many as one frame takes, once the standby wants them.
  mutating func sendPart(_ session: StandbySession, _ now: Nanoseconds) -> Int {
    guard session.snapshot?.isWanted == true, !session.isSnapshotSent,
      session.link.hasRoomForRecords
    else { return 0 }
    let limit = min(session.peerFrameByteCountMax, session.link.frameByteCountMax)
    var failed: JournalError?
    let count = unsafe session.link.send(
      .snapshotPart, filling: limit, epoch: configuration.epoch,
      sequence: session.snapshot?.reader.readByteCount ?? 0, now: now
    ) { target in
      do throws(JournalError) {
        return try unsafe session.snapshot?.reader.read(into: target) ?? 0
      } catch {
        failed = error
        return 0
      }
    }
    // A file that cannot be read on was whole a moment ago: the standby asks again, and then the
    // check says what is wrong with it.
    if failed != nil { session.link.close(.refused(.stopped)) }
    counters.snapshotByteCount &+= UInt64(count)
    if count > 0, session.isSnapshotSent { counters.snapshotCount += 1 }
    return count > 0 ? 1 : 0
  }

  /// The standby says how many bytes it has: it is there, and has room for more.
  func takeProgress(_ header: FrameHeader, _ session: StandbySession) {
    guard header.bodyByteCount == 0 else { return session.link.close(.fault(.body)) }
    guard header.epoch == configuration.epoch else { return session.link.close(.fault(.epoch)) }
    guard let stored = session.snapshot?.storedByteCount,
      let sent = session.snapshot?.reader.readByteCount, let isWanted = session.snapshot?.isWanted,
      // The first asks for the bytes; each after it has more of them.
      isWanted ? header.sequence > stored : header.sequence == 0, header.sequence <= sent
    else { return session.link.close(.fault(.sequence)) }
    session.snapshot?.isWanted = true
    session.snapshot?.storedByteCount = header.sequence
  }

  /// Keeps the snapshot of a session that ended before it was begun.
  mutating func keepSnapshot(of session: StandbySession) {
    guard let snapshot = session.snapshot.take() else { return }
    if snapshot.reader.readByteCount == 0 { checkedSnapshot = snapshot.intoReader() }
  }

  /// Whether retention has taken a record, or the whole journal, while a standby was on its way to it.
  func isRemoved(_ sequence: UInt64) -> Bool {
    do throws(JournalError) {
      _ = try JournalReader(storage: storage, from: sequence, mode: .durable)
      return false
    } catch {
      switch error {
      case .missing, .noJournal: return true
      case .sequenceUnavailable(_, let asked, let first, _): return asked < first
      default: return false
      }
    }
  }
}
