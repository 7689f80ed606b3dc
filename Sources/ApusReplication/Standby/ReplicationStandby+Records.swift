// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusHost
internal import ApusJournal

/// The records of the stream, and what is said of them.
extension ReplicationStandby where E: ~Copyable {
  /// Takes the records of a frame, as many as the journal has room for.
  ///
  /// - Returns: Whether the frame is done.
  mutating func takeRecords(
    _ header: FrameHeader, _ link: FrameLink, _ now: Nanoseconds
  ) -> Bool {
    guard phase == .following else { return refuseFrame(link, .unexpected) }
    guard header.epoch == promisedEpoch else { return refuseFrame(link, .epoch) }
    if cursor == nil {
      guard header.sequence == lastSequence &+ 1 else { return refuseFrame(link, .sequence) }
      guard let begun = link.withBody({ RecordBatchCursor($0) }) else {
        return refuseFrame(link, .body)
      }
      guard UInt64(begun.recordsLeft) <= ReplicationFormat.sequenceMax &- lastSequence else {
        return refuseFrame(link, .sequence)
      }
      cursor = begun
      counters.batchCount += 1
    }
    // Both buffers may fill: then the disk has to do something first, and the sender waits.
    for _ in 0..<2 {
      guard apply(link, now) else { return false }
      if cursor?.recordsLeft == 0 { break }
      _ = journal?.poll()
    }
    guard let current = cursor, current.recordsLeft == 0 else { return false }
    cursor = nil
    let checksum = journal?.lastChecksum ?? 0
    guard checksum == current.lastChecksum else {
      stop(
        .checksum(sequence: lastSequence, expected: current.lastChecksum, found: checksum),
        telling: Refusal(.stopped), now: now)
      return false
    }
    return true
  }

  private func refuseFrame(_ link: FrameLink, _ fault: FrameFault) -> Bool {
    link.close(.fault(fault))
    return false
  }

  /// Appends and applies; false where that cannot go on.
  private mutating func apply(_ link: FrameLink, _ now: Nanoseconds) -> Bool {
    guard let begun = cursor, let writer = journal.take() else { return false }
    let before = lastSequence
    var failed: ReplayError?
    var refusal: JournalAppendOutcome?
    // SAFETY: the frame stays in the queue while its records are taken.
    var recording = unsafe FrameRecording(journal: writer, cursor: begun, body: link.heldBody)
    do throws(ReplayError) {
      // Only a full journal or the end of the frame ends this.
      while try replay.step(&recording) > 0 {}
    } catch {
      failed = error
    }
    refusal = recording.refusal
    cursor = recording.cursor
    journal = recording.finish()
    counters.recordCount &+= lastSequence &- before
    counters.digestCount = replay.report.digestCheckCount
    if let failed {
      stop(.replay(failed), telling: Self.refusal(of: failed), now: now)
      return false
    }
    switch refusal {
    case nil, .full: return true
    case .tooLarge(let byteCountMax):
      stop(
        .configuration(
          field: "journal.bufferByteCount", value: "\(configuration.journal.bufferByteCount)",
          expected: "room for records of more than \(byteCountMax) bytes, as the primary's"),
        telling: Refusal(.stopped), now: now)
    case .appended, .outOfSequence, .failed:
      // A failure of the disk is told by the next poll.
      link.close(.fault(.sequence))
    }
    return false
  }

  private static func refusal(of error: ReplayError) -> Refusal {
    guard case .digest(_, let recorded, let reached) = error else { return Refusal(.stopped) }
    return Refusal(.digestMismatch, first: recorded, second: reached)
  }

  // MARK: Acknowledging

  mutating func acknowledge(_ link: FrameLink, _ now: Nanoseconds) -> Int {
    guard failure == nil, phase == .following, link.closure == nil else { return 0 }
    let durable = durableSequence
    let received = lastSequence
    // A disk that stands still is no silence either.
    let isDue = now.elapsed(since: link.lastSent) >= configuration.silenceNanoseconds / 4
    guard owesAcknowledgement || isDue || sent.durable != durable || sent.received != received
    else {
      return 0
    }
    let message = Acknowledgement(
      receivedSequence: received, appliedSequence: received,
      digestSequence: digestSequence, digestCount: replay.report.digestCheckCount)
    // Where there is no room, the next one says as much and more.
    guard link.send(message, epoch: promisedEpoch, sequence: durable, now: now) else { return 0 }
    sent = (durable, received)
    owesAcknowledgement = false
    counters.acknowledgementCount += 1
    return 1
  }

  private var digestSequence: UInt64 { replay.report.lastDigestSequence }
}
