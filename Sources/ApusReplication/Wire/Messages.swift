// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusJournal

/// A body of fixed length.
protocol ReplicationMessage: Equatable {
  static var kind: FrameKind { get }
  static var byteCount: Int { get }
  /// Shape: ``byteCount`` zeroed bytes at `base`.
  func encode(_ base: UnsafeMutableRawPointer)
  /// Nil for a field that cannot be. Shape: ``byteCount`` bytes.
  init?(_ body: RawSpan)
}

/// The standby says who it is. The frame's sequence is the record it wants next.
struct Hello: ReplicationMessage {
  static let kind = FrameKind.hello
  static let byteCount = ReplicationFormat.helloByteCount

  var version = ReplicationFormat.version
  /// Nil while the standby has no journal.
  var journal: JournalIdentifier?
  /// The standby's own number.
  var node: UInt64
  /// Checksum of the last record it has; says nothing where it has no journal.
  var checksum: UInt32
  /// The longest frame it takes. Unit: bytes.
  var frameByteCountMax: UInt32
  /// Whether it takes a snapshot where the records it wants were removed.
  var takesSnapshots = false
  /// ``EngineIdentity/fingerprint`` of its engine; 0 where it does not say.
  var engine: UInt64 = 0

  func encode(_ base: UnsafeMutableRawPointer) {
    // SAFETY: all fields lie inside the body.
    unsafe base.put(version, at: 0)
    unsafe base.put(UInt32(journal == nil ? 0 : 1), at: 4)
    unsafe base.put(journal?.high ?? 0, at: 8)
    unsafe base.put(journal?.low ?? 0, at: 16)
    unsafe base.put(node, at: 24)
    unsafe base.put(checksum, at: 32)
    unsafe base.put(frameByteCountMax, at: 36)
    unsafe base.put(UInt32(takesSnapshots ? 1 : 0), at: 40)
    unsafe base.put(engine, at: 48)
  }
}

extension Hello {
  init?(_ body: RawSpan) {
    let hasJournal = body.integer(UInt32.self, at: 4)
    guard hasJournal <= 1 else { return nil }
    version = body.integer(UInt32.self, at: 0)
    journal =
      hasJournal == 0
      ? nil
      : JournalIdentifier(
        high: body.integer(UInt64.self, at: 8), low: body.integer(UInt64.self, at: 16))
    node = body.integer(UInt64.self, at: 24)
    checksum = body.integer(UInt32.self, at: 32)
    frameByteCountMax = body.integer(UInt32.self, at: 36)
    let takesSnapshots = body.integer(UInt32.self, at: 40)
    self.takesSnapshots = takesSnapshots == 1
    engine = body.integer(UInt64.self, at: 48)
    // Whoever speaks another version may mean something else by its length.
    guard
      version != ReplicationFormat.version
        || takesSnapshots <= 1
          && (ReplicationFormat.frameByteCountMin...ReplicationFormat.frameByteCountMax).contains(
            Int(frameByteCountMax))
    else { return nil }
  }
}

/// The primary takes the standby. The frame's sequence is that of the record that comes next.
struct Welcome: ReplicationMessage {
  static let kind = FrameKind.welcome
  static let byteCount = ReplicationFormat.welcomeByteCount

  var version = ReplicationFormat.version
  var journal: JournalIdentifier
  /// Checksum of the record before the next one.
  var checksum: UInt32
  /// What the primary has durable.
  var durableSequence: UInt64

  func encode(_ base: UnsafeMutableRawPointer) {
    // SAFETY: all fields lie inside the body.
    unsafe base.put(version, at: 0)
    unsafe base.put(journal.high, at: 8)
    unsafe base.put(journal.low, at: 16)
    unsafe base.put(checksum, at: 24)
    unsafe base.put(durableSequence, at: 32)
  }
}

extension Welcome {
  init?(_ body: RawSpan) {
    version = body.integer(UInt32.self, at: 0)
    journal = JournalIdentifier(
      high: body.integer(UInt64.self, at: 8), low: body.integer(UInt64.self, at: 16))
    checksum = body.integer(UInt32.self, at: 24)
    durableSequence = body.integer(UInt64.self, at: 32)
  }
}

/// The standby says how far it is. The frame's sequence is what it has durable.
struct Acknowledgement: ReplicationMessage {
  static let kind = FrameKind.acknowledgement
  static let byteCount = ReplicationFormat.acknowledgementByteCount

  /// Last record that has arrived.
  var receivedSequence: UInt64
  /// Last record that its engine has applied.
  var appliedSequence: UInt64
  /// Record with the digest that was compared last, and was equal; 0 where none was.
  var digestSequence: UInt64
  /// Digests that were compared.
  var digestCount: UInt64

  func encode(_ base: UnsafeMutableRawPointer) {
    // SAFETY: all fields lie inside the body.
    unsafe base.put(receivedSequence, at: 0)
    unsafe base.put(appliedSequence, at: 8)
    unsafe base.put(digestSequence, at: 16)
    unsafe base.put(digestCount, at: 24)
  }
}

extension Acknowledgement {
  init?(_ body: RawSpan) {
    receivedSequence = body.integer(UInt64.self, at: 0)
    appliedSequence = body.integer(UInt64.self, at: 8)
    digestSequence = body.integer(UInt64.self, at: 16)
    digestCount = body.integer(UInt64.self, at: 24)
  }
}

/// The primary tells a record's checksum. The frame's sequence is the record's.
struct Answer: ReplicationMessage {
  static let kind = FrameKind.answer
  static let byteCount = ReplicationFormat.answerByteCount

  /// Nil where the journal no longer has it.
  var checksum: UInt32?

  func encode(_ base: UnsafeMutableRawPointer) {
    // SAFETY: both fields lie inside the body.
    unsafe base.put(UInt32(checksum == nil ? 0 : 1), at: 0)
    unsafe base.put(checksum ?? 0, at: 4)
  }
}

extension Answer {
  init?(_ body: RawSpan) {
    let isThere = body.integer(UInt32.self, at: 0)
    guard isThere <= 1 else { return nil }
    checksum = isThere == 0 ? nil : body.integer(UInt32.self, at: 4)
  }
}

/// One side turns the other away. The frame's sequence is what the reason speaks of.
struct Refusal: ReplicationMessage {
  static let kind = FrameKind.refusal
  static let byteCount = ReplicationFormat.refusalByteCount

  var reason: RefusalReason
  /// Two numbers that belong to the reason.
  var first: UInt64 = 0
  var second: UInt64 = 0

  init(_ reason: RefusalReason, first: UInt64 = 0, second: UInt64 = 0) {
    self.reason = reason
    self.first = first
    self.second = second
  }

  func encode(_ base: UnsafeMutableRawPointer) {
    // SAFETY: all fields lie inside the body.
    unsafe base.put(reason.rawValue, at: 0)
    unsafe base.put(first, at: 8)
    unsafe base.put(second, at: 16)
  }
}

extension Refusal {
  init?(_ body: RawSpan) {
    guard let reason = RefusalReason(rawValue: body.integer(UInt32.self, at: 0)) else {
      return nil
    }
    self.reason = reason
    first = body.integer(UInt64.self, at: 8)
    second = body.integer(UInt64.self, at: 16)
  }
}

/// The primary has a snapshot in place of records that were removed. The frame's sequence is that of
/// the last record in its state.
struct SnapshotOffer: ReplicationMessage {
  static let kind = FrameKind.snapshot
  static let byteCount = ReplicationFormat.snapshotOfferByteCount

  var journal: JournalIdentifier
  /// Digest of the engine's state.
  var digest: UInt64
  /// Length of the contents. Unit: bytes.
  var contentByteCount: UInt64
  /// Version of the contents, as the engine counts.
  var contentVersion: UInt32
  /// CRC32C of the contents.
  var contentChecksum: UInt32
  /// Checksum of the last record in the state, in the primary's journal.
  var recordChecksum: UInt32
  /// Events of all commands in the state; nil where the primary's snapshot does not say so.
  var eventCount: UInt64?

  func encode(_ base: UnsafeMutableRawPointer) {
    // SAFETY: all fields lie inside the body.
    unsafe base.put(journal.high, at: 0)
    unsafe base.put(journal.low, at: 8)
    unsafe base.put(digest, at: 16)
    unsafe base.put(contentByteCount, at: 24)
    unsafe base.put(contentVersion, at: 32)
    unsafe base.put(contentChecksum, at: 36)
    unsafe base.put(recordChecksum, at: 40)
    unsafe base.put(eventCount ?? .max, at: 48)
  }
}

extension SnapshotOffer {
  init?(_ body: RawSpan) {
    journal = JournalIdentifier(
      high: body.integer(UInt64.self, at: 0), low: body.integer(UInt64.self, at: 8))
    digest = body.integer(UInt64.self, at: 16)
    contentByteCount = body.integer(UInt64.self, at: 24)
    contentVersion = body.integer(UInt32.self, at: 32)
    contentChecksum = body.integer(UInt32.self, at: 36)
    recordChecksum = body.integer(UInt32.self, at: 40)
    let count = body.integer(UInt64.self, at: 48)
    guard count <= ReplicationFormat.sequenceMax || count == .max else { return nil }
    eventCount = count == .max ? nil : count
    // A file's length: nothing is made of this size before the bytes are there.
    guard contentByteCount > 0, contentByteCount <= UInt64(Int64.max) else { return nil }
  }
}

extension ReplicationMessage {
  /// Reads a body that may be anything.
  static func read(_ body: RawSpan) -> Self? {
    body.byteCount == byteCount ? Self(body) : nil
  }
}
