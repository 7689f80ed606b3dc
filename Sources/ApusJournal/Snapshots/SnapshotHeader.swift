// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What a snapshot says of itself.
public struct SnapshotHeader: Equatable, Sendable {
  /// The last command whose effect it holds: the journal goes on with the one after.
  public var sequence: UInt64
  /// The engine's digest at that point.
  public var digest: UInt64
  /// Version of the contents, as the engine counts.
  public var contentVersion: UInt32
  /// Journal it belongs to; nil where it belongs to none.
  public var journal: JournalIdentifier?
  /// Events of all commands up to ``sequence``: the index of the next one in an event log; nil where who
  /// wrote it did not count them.
  public var eventCount: UInt64?
  /// Length of the contents. Unit: bytes.
  public internal(set) var byteCount: UInt64 = 0
  /// CRC32C of the contents.
  public internal(set) var checksum: UInt32 = 0

  /// A header; length and checksum follow from what is written.
  public init(
    sequence: UInt64, digest: UInt64, contentVersion: UInt32, journal: JournalIdentifier? = nil,
    eventCount: UInt64? = nil
  ) {
    self.sequence = sequence
    self.digest = digest
    self.contentVersion = contentVersion
    self.journal = journal
    self.eventCount = eventCount
  }

  static let version: UInt32 = 2
  /// `APUSSNAP`, little-endian.
  static let magic: UInt64 = 0x5041_4E53_5355_5041
  static let byteCountOnDisk = 4_096
  /// Where the header's checksum lies, which is the last field: behind it the block is zero. Version 1 had no
  /// count of events.
  private static func checksumOffset(version: UInt32) -> Int { version == 1 ? 68 : 80 }
  /// Bits of the flags.
  private static let hasJournal: UInt32 = 1
  private static let hasEventCount: UInt32 = 2
  static let suffix = ".snapshot"
  static let partialSuffix = ".snapshot.partial"

  /// Shape: a block at `base`.
  func encode(_ base: UnsafeMutableRawPointer) {
    // SAFETY: all offsets are below byteCountOnDisk.
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: Self.byteCountOnDisk)
    unsafe base.put(Self.magic, at: 0)
    unsafe base.put(Self.version, at: 8)
    unsafe base.put(UInt32(Self.byteCountOnDisk), at: 12)
    unsafe base.put(sequence, at: 16)
    unsafe base.put(digest, at: 24)
    unsafe base.put(contentVersion, at: 32)
    unsafe base.put(checksum, at: 36)
    unsafe base.put(byteCount, at: 40)
    unsafe base.put(journal?.high ?? 0, at: 48)
    unsafe base.put(journal?.low ?? 0, at: 56)
    let flags =
      (journal == nil ? 0 : Self.hasJournal) | (eventCount == nil ? 0 : Self.hasEventCount)
    unsafe base.put(flags, at: 64)
    unsafe base.put(eventCount ?? 0, at: 72)
    let end = Self.checksumOffset(version: Self.version)
    unsafe base.put(UnsafeRawPointer(base).checksum(0..<end, seed: 0), at: end)
  }

  /// Length of the fields of a header that was decoded; behind them its block is zero.
  static func fieldByteCount(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard bytes.count >= byteCountOnDisk, let base = bytes.baseAddress else { return 0 }
    // SAFETY: a block is there.
    return unsafe checksumOffset(version: base.get(UInt32.self, at: 8)) + 4
  }

  static func decode(
    _ bytes: UnsafeRawBufferPointer, path: String
  ) throws(JournalError) -> SnapshotHeader {
    guard bytes.count >= byteCountOnDisk, let base = bytes.baseAddress else {
      throw .damaged(
        path: path, offset: UInt64(bytes.count), detail: "the snapshot's header is cut short")
    }
    // SAFETY: a block is there and no field goes past it.
    guard unsafe base.get(UInt64.self, at: 0) == magic else {
      throw .foreign(path: path, found: "is no snapshot (wrong magic)")
    }
    let version = unsafe base.get(UInt32.self, at: 8)
    guard version <= Self.version, version > 0 else {
      throw .newerVersion(path: path, found: version, supported: Self.version)
    }
    let end = checksumOffset(version: version)
    guard unsafe base.checksum(0..<end, seed: 0) == base.get(UInt32.self, at: end),
      unsafe base.get(UInt32.self, at: 12) == UInt32(byteCountOnDisk)
    else { throw .damaged(path: path, offset: 0, detail: "the snapshot's header does not hold") }
    let sequence = unsafe base.get(UInt64.self, at: 16)
    guard sequence <= JournalFormat.sequenceRange.upperBound else {
      throw .damaged(
        path: path, offset: 16,
        detail: "the sequence is \(sequence), expected up to "
          + "\(JournalFormat.sequenceRange.upperBound)")
    }
    var header = SnapshotHeader(
      sequence: sequence, digest: unsafe base.get(UInt64.self, at: 24),
      contentVersion: unsafe base.get(UInt32.self, at: 32))
    let flags = unsafe base.get(UInt32.self, at: 64)
    if flags & hasJournal != 0 {
      header.journal = JournalIdentifier(
        high: unsafe base.get(UInt64.self, at: 48), low: unsafe base.get(UInt64.self, at: 56))
    }
    if version > 1, flags & hasEventCount != 0 {
      let count = unsafe base.get(UInt64.self, at: 72)
      guard count <= JournalFormat.sequenceRange.upperBound else {
        throw .damaged(
          path: path, offset: 72,
          detail: "the count of events is \(count), expected up to "
            + "\(JournalFormat.sequenceRange.upperBound)")
      }
      header.eventCount = count
    }
    header.checksum = unsafe base.get(UInt32.self, at: 36)
    header.byteCount = unsafe base.get(UInt64.self, at: 40)
    return header
  }
}
