// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusJournal

/// What a primary knows of one standby.
public struct StandbyStatus: Sendable, Equatable {
  /// The standby's number.
  public var node: UInt64
  /// Last record that was handed to the network.
  public var sentSequence: UInt64
  /// Last record that it has.
  public var receivedSequence: UInt64
  /// Last record that its engine has applied.
  public var appliedSequence: UInt64
  /// Last record that is on its disk.
  public var durableSequence: UInt64
  /// Record with the digest that it compared last, and found equal; 0 where none was.
  public var digestSequence: UInt64
  /// Digests that it has compared.
  public var digestCount: UInt64
  /// Bytes that wait for the network; never more than two frames.
  public var queuedByteCount: Int
}

/// One connection to a primary.
///
/// - Threading: the primary's.
final class StandbySession {
  enum State: Equatable {
    /// Connected, and nothing said.
    case greeting
    /// Records flow.
    case streaming
    /// A snapshot goes out in place of records that were removed; another hello follows.
    case sendingSnapshot
    /// Its journal is not a beginning of the primary's: it may ask where they part.
    case parted
    /// Told why not; it closes when it has read that.
    case dismissed(reason: RefusalReason, since: Nanoseconds)
  }

  let link: FrameLink
  /// Whether its next frame means to look into the journal and waits for its turn.
  var awaitsLook = false
  /// Of those who wait for a look the lowest goes first, and last the next time: so nobody waits for
  /// more than one look of each of the others.
  var turn: UInt64
  /// Questions that it has asked.
  var queryCount = 0
  /// When it connected.
  let opened: Nanoseconds
  var state = State.greeting
  var node: UInt64 = 0
  /// Whether it has this journal: only then its epochs are this primary's matter.
  var hasJournal = false
  /// Whether it takes a snapshot in place of records that were removed.
  var takesSnapshots = false
  /// The snapshot that goes out.
  var snapshot: OutgoingSnapshot?
  /// The longest frame that the standby takes. Unit: bytes.
  var peerFrameByteCountMax = ReplicationFormat.frameByteCountMin
  var sentSequence: UInt64 = 0
  var acknowledgement = Acknowledgement(
    receivedSequence: 0, appliedSequence: 0, digestSequence: 0, digestCount: 0)
  var durableSequence: UInt64 = 0
  private var reader: JournalReader?
  private var primaryDurable: UInt64 = 0
  /// A record that was read and did not fit the frame: the first of the next one. Its memory is kept.
  private var leftover: [UInt8] = []
  private var leftoverRecord: JournalRecord?

  init(_ link: FrameLink, turn: UInt64, now: Nanoseconds) {
    self.link = link
    self.turn = turn
    opened = now
  }

  func start(_ reader: consuming JournalReader, next sequence: UInt64) {
    self.reader = consume reader
    sentSequence = sequence &- 1
    state = .streaming
  }

  func start(_ snapshot: consuming OutgoingSnapshot) {
    self.snapshot = consume snapshot
    state = .sendingSnapshot
  }

  /// Whether it was told why not: nothing that it says counts any more.
  var isDismissed: Bool {
    if case .dismissed = state { return true }
    return false
  }

  /// Whether it counts as a standby; others are connections that may go at any time.
  var holdsPlace: Bool {
    switch state {
    case .streaming, .sendingSnapshot: link.closure == nil
    case .greeting, .parted, .dismissed: false
    }
  }

  /// Whether an acknowledgement can be true, and goes on from the one before: nobody has what was not
  /// sent, has it on the disk before it has it, or finds more digests than records.
  func canBe(_ next: Acknowledgement, durable: UInt64) -> Bool {
    durable >= durableSequence && durable <= next.receivedSequence
      && next.receivedSequence <= sentSequence
      && next.receivedSequence >= acknowledgement.receivedSequence
      && next.appliedSequence >= acknowledgement.appliedSequence
      && next.appliedSequence <= next.receivedSequence
      && next.digestSequence <= next.appliedSequence && next.digestCount <= next.appliedSequence
  }

  /// First record that it may still want; nil where that is not known.
  var neededSequence: UInt64? {
    switch state {
    case .streaming: sentSequence &+ 1
    case .sendingSnapshot: snapshotSequence.map { $0 &+ 1 }
    case .greeting, .parted, .dismissed: nil
    }
  }

  var status: StandbyStatus {
    StandbyStatus(
      node: node, sentSequence: sentSequence,
      receivedSequence: acknowledgement.receivedSequence,
      appliedSequence: acknowledgement.appliedSequence, durableSequence: durableSequence,
      digestSequence: acknowledgement.digestSequence,
      digestCount: acknowledgement.digestCount, queuedByteCount: link.queuedByteCount)
  }

  /// What sending came to.
  enum Sending {
    /// So many records.
    case records(Int)
    /// A record that no frame of this standby can take.
    case tooLarge(sequence: UInt64, byteCount: Int)
    case failed(JournalError)
  }

  /// Sends the next records, as many as one frame takes.
  ///
  /// Nothing is read while the frame before waits: a slow standby falls back in the journal, on the
  /// disk, and costs no memory.
  func sendRecords(epoch: UInt64, now: Nanoseconds) -> Sending {
    guard link.hasRoomForRecords else { return .records(0) }
    // A look for records that are not there would read a mebibyte each time.
    let durable = durableNow()
    guard durable > sentSequence else { return .records(0) }
    let countMax = Int(clamping: durable - sentSequence)
    let limit = min(peerFrameByteCountMax, link.frameByteCountMax)
    var failure: JournalError?
    var tooLarge: (UInt64, Int)?
    var count = 0
    let last = unsafe link.sendRecords(epoch: epoch, byteCountMax: limit, now: now) {
      encoder, area in
      if let record = leftoverRecord {
        guard unsafe encoder.append(record, leftover.span.bytes, to: area) else {
          tooLarge = (record.sequence, leftover.count)
          return
        }
        leftoverRecord = nil
      }
      do throws(JournalError) {
        _ = try reader?.read(countMax: countMax - Int(encoder.recordCount)) { record, payload in
          if unsafe encoder.append(record, payload, to: area) { return true }
          keep(record, payload)
          return false
        }
      } catch {
        failure = error
      }
      count = Int(encoder.recordCount)
    }
    if let last { sentSequence = last }
    if let tooLarge { return .tooLarge(sequence: tooLarge.0, byteCount: tooLarge.1) }
    if count == 0, let failure { return .failed(failure) }
    return .records(count)
  }

  private func keep(_ record: JournalRecord, _ payload: RawSpan) {
    leftoverRecord = record
    leftover.removeAll(keepingCapacity: true)
    unsafe payload.withUnsafeBytes { unsafe leftover.append(contentsOf: $0) }
  }

  /// How far the primary's journal is durable; it looks only when everything known of was sent.
  func durableNow() -> UInt64 {
    if primaryDurable > sentSequence { return primaryDurable }
    do throws(JournalError) {
      primaryDurable = try reader?.acknowledgedSequenceNow() ?? primaryDurable
    } catch {
      // The next look, or the next record, says what is wrong.
    }
    return primaryDurable
  }
}
