// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Sizes and policies of a journal's writer.
public struct JournalConfiguration: Sendable {
  /// How a segment gets its space before it is written.
  public enum Preallocation: String, Sendable {
    /// Space is taken at once and zeros are written bit by bit beside the commits. A commit then
    /// changes no metadata of the file: about half the time of `allocate` for small commits, for
    /// twice the bytes written. While the disk is behind, commit after commit, no zeros are written,
    /// and what is then reached of the next segment is only allocated.
    case zeroFill
    /// Space is taken; the file system marks blocks as written with each commit.
    case allocate
  }

  /// Length of a segment's file. Unit: bytes. A multiple of 4,096, up to 16 GiB.
  public var segmentByteCount: Int
  /// Length of each of the two buffers: the largest group commit. Unit: bytes. A multiple of 4,096.
  public var bufferByteCount: Int
  /// Sequence of the first record of a new journal.
  public var firstSequence: UInt64
  /// Commits begin at multiples of this, so that a power cut in one cannot tear a block with
  /// records of another. Unit: bytes. 512 or 4,096; a disk's physical sector or more.
  public var commitAlignment: Int
  /// How segments get their space.
  public var preallocation: Preallocation
  /// Name of a new journal; nil takes a random one.
  public var identifier: JournalIdentifier?
  /// Checksum of the record before the first one of a new journal, where it goes on with another
  /// one's records; nil begins a chain of its own.
  public var precedingChecksum: UInt32?

  /// A configuration; sizes have no default, because they cost memory and disk.
  public init(
    segmentByteCount: Int, bufferByteCount: Int, firstSequence: UInt64 = 1,
    commitAlignment: Int = 4_096, preallocation: Preallocation = .zeroFill,
    identifier: JournalIdentifier? = nil, precedingChecksum: UInt32? = nil
  ) {
    self.segmentByteCount = segmentByteCount
    self.bufferByteCount = bufferByteCount
    self.firstSequence = firstSequence
    self.commitAlignment = commitAlignment
    self.preallocation = preallocation
    self.identifier = identifier
    self.precedingChecksum = precedingChecksum
  }

  /// The longest payload that fits a commit of its own. Unit: bytes.
  public var payloadByteCountMax: Int {
    bufferByteCount - JournalFormat.commitHeaderByteCount - JournalFormat.recordHeaderByteCount
  }

  /// - Throws: ``JournalError/configuration(field:value:expected:)``.
  func validate() throws(JournalError) {
    guard bufferByteCount >= 4_096, bufferByteCount <= 1 << 30, bufferByteCount % 4_096 == 0 else {
      throw .configuration(
        field: "bufferByteCount", value: "\(bufferByteCount)",
        expected: "a multiple of 4096 from 4096 to 2^30")
    }
    let segmentMin = bufferByteCount + JournalFormat.segmentHeaderByteCount
    guard segmentByteCount >= segmentMin, segmentByteCount <= JournalFormat.segmentByteCountMax,
      segmentByteCount % 4_096 == 0
    else {
      throw .configuration(
        field: "segmentByteCount", value: "\(segmentByteCount)",
        expected: "a multiple of 4096 from \(segmentMin) (a buffer and a header) to 2^34")
    }
    guard commitAlignment == 512 || commitAlignment == 4_096 else {
      throw .configuration(
        field: "commitAlignment", value: "\(commitAlignment)", expected: "512 or 4096")
    }
    guard JournalFormat.sequenceRange.contains(firstSequence) else {
      throw .configuration(
        field: "firstSequence", value: "\(firstSequence)", expected: "1 to 2^63 - 1")
    }
  }
}
