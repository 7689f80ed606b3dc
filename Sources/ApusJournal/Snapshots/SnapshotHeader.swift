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
  /// Length of the contents. Unit: bytes.
  public internal(set) var byteCount: UInt64 = 0
  /// CRC32C of the contents.
  public internal(set) var checksum: UInt32 = 0

  /// A header; length and checksum follow from what is written.
  public init(
    sequence: UInt64, digest: UInt64, contentVersion: UInt32, journal: JournalIdentifier? = nil
  ) {
    self.sequence = sequence
    self.digest = digest
    self.contentVersion = contentVersion
    self.journal = journal
  }

  static let version: UInt32 = 1
  /// `APUSSNAP`, little-endian.
  static let magic: UInt64 = 0x5041_4E53_5355_5041
  static let byteCountOnDisk = 4_096
  /// Behind these the header's block is zero.
  static let fieldByteCount = 72
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
    unsafe base.put(UInt32(journal == nil ? 0 : 1), at: 64)
    unsafe base.put(UnsafeRawPointer(base).checksum(0..<68, seed: 0), at: 68)
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
    guard unsafe base.checksum(0..<68, seed: 0) == base.get(UInt32.self, at: 68),
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
    if unsafe base.get(UInt32.self, at: 64) != 0 {
      header.journal = JournalIdentifier(
        high: unsafe base.get(UInt64.self, at: 48), low: unsafe base.get(UInt64.self, at: 56))
    }
    header.checksum = unsafe base.get(UInt32.self, at: 36)
    header.byteCount = unsafe base.get(UInt64.self, at: 40)
    return header
  }
}
