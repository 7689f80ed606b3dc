// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// One segment's file, mapped. Its length was checked when it was mapped, and nobody cuts a segment
/// that is in use, so that no access inside it faults.
@safe
final class EventSegment: @unchecked Sendable {
  // SAFETY: constant after `init` but for the mapped bytes, of which one thread writes those that are
  // not published and others read those that are.
  let path: String
  let firstIndex: UInt64
  let capacity: UInt64
  let recordByteCount: Int
  let byteCount: Int
  let base: UnsafeMutableRawPointer

  private init(
    path: String, header: EventLogHeader, firstIndex: UInt64, base: UnsafeMutableRawPointer
  ) {
    self.path = path
    self.firstIndex = firstIndex
    capacity = header.capacity
    recordByteCount = Int(header.recordByteCount)
    byteCount = Int(header.segmentByteCount)
    unsafe self.base = base
  }

  deinit {
    // SAFETY: exactly what was mapped, once; whoever has an address in it retains self.
    _ = unsafe munmap(base, byteCount)
  }

  /// Index after the last.
  var endIndex: UInt64 { firstIndex + capacity }

  func contains(_ index: UInt64) -> Bool { index >= firstIndex && index < endIndex }

  /// Makes the file and maps it.
  ///
  /// - Parameter populates: Whether to take the pages now, which takes a while, instead of at the
  ///   first store into each.
  static func create(
    _ folder: EventLogFolder, log: EventLogHeader, firstIndex: UInt64, populates: Bool
  ) throws(EventLogError) -> EventSegment {
    let name = EventLogFormat.segmentName(firstIndex: firstIndex)
    let file = try folder.create(
      name, byteCount: Int(log.segmentByteCount),
      header: log.segment(firstIndex: firstIndex).encode(), isDurable: false)
    defer { close(file) }
    return try map(
      folder, file, name, log, firstIndex, isWritable: true, flags: populates ? MAP_POPULATE : 0)
  }

  /// Maps a segment that is there, after checking that it is the log's.
  static func open(
    _ folder: EventLogFolder, log: EventLogHeader, firstIndex: UInt64, isWritable: Bool
  ) throws(EventLogError) -> EventSegment {
    let name = EventLogFormat.segmentName(firstIndex: firstIndex)
    let file = try folder.open(name, isWritable ? O_RDWR : O_RDONLY)
    defer { close(file) }
    let path = folder.path(name)
    let header = try EventLogHeader.decode(
      folder.header(file, name), magic: EventLogFormat.segmentMagic, path: path)
    try header.check(equals: log.segment(firstIndex: firstIndex), path: path)
    let byteCount = try folder.byteCount(file, name)
    guard byteCount == log.segmentByteCount else {
      throw .fileSize(path: path, found: byteCount, expected: log.segmentByteCount)
    }
    return try map(folder, file, name, log, firstIndex, isWritable: isWritable, flags: 0)
  }

  /// Puts a file with the events before an index in the place of the segment that has them and others.
  static func replace(
    _ folder: EventLogFolder, log: EventLogHeader, before index: UInt64
  ) throws(EventLogError) {
    let segment = try open(
      folder, log: log, firstIndex: EventLogSegments.start(of: index, log), isWritable: false)
    // SAFETY: the header and the records before the index lie in the mapping, which `segment` keeps.
    let bytes = unsafe Array(
      UnsafeRawBufferPointer(start: segment.base, count: segment.offset(of: index)))
    // Durable, as what it replaces may be by a mark.
    close(
      try folder.create(
        EventLogFormat.segmentName(firstIndex: segment.firstIndex), byteCount: segment.byteCount,
        header: bytes, isDurable: true))
  }

  private static func map(
    _ folder: EventLogFolder, _ file: CInt, _ name: String, _ log: EventLogHeader,
    _ firstIndex: UInt64, isWritable: Bool, flags: CInt
  ) throws(EventLogError) -> EventSegment {
    let base = unsafe mmap(
      nil, Int(log.segmentByteCount), isWritable ? PROT_READ | PROT_WRITE : PROT_READ,
      MAP_SHARED | flags, file, 0)
    guard let base = unsafe base, unsafe base != MAP_FAILED else {
      throw .failed("mmap", path: folder.path(name), errno: errno)
    }
    return unsafe EventSegment(
      path: folder.path(name), header: log, firstIndex: firstIndex, base: base)
  }

  /// Offset of a record in the file.
  func offset(of index: UInt64) -> Int {
    EventLogFormat.headerByteCount + Int(index - firstIndex) * recordByteCount
  }

  /// Where a record lies.
  ///
  /// - Precondition: The segment contains the index, or it is the first after it.
  func address(of index: UInt64) -> UnsafeMutableRawPointer {
    precondition(
      index >= firstIndex && index <= endIndex, "EventSegment.address: expected one of its indices")
    return unsafe base + offset(of: index)
  }

  /// Sequence of a record's command.
  func sequence(of index: UInt64) -> UInt64 {
    precondition(contains(index), "EventSegment.sequence: expected one of its indices")
    // SAFETY: the record lies in the mapping; any bits are an integer.
    return unsafe UInt64(littleEndian: address(of: index).loadUnaligned(as: UInt64.self))
  }

  /// How many events of the first event's command lie before the segment.
  var ordinal: UInt64 {
    get {
      // SAFETY: the header's page is in the mapping.
      unsafe UInt64(
        littleEndian: base.load(fromByteOffset: EventLogFormat.ordinalOffset, as: UInt64.self))
    }
    set {
      // SAFETY: as above; written by the writer before the first record is published.
      unsafe base.storeBytes(
        of: newValue.littleEndian, toByteOffset: EventLogFormat.ordinalOffset, as: UInt64.self)
    }
  }

  /// Checksum of the segment's records before an index.
  func checksum(before index: UInt64) -> UInt32 { checksum(from: firstIndex, to: index, seed: 0) }

  /// Checksum of records, continued from that of others.
  func checksum(from start: UInt64, to end: UInt64, seed: UInt32) -> UInt32 {
    precondition(start <= end, "EventSegment.checksum: expected a range")
    // SAFETY: both indices are of the segment, so that the records between them lie in the mapping.
    return unsafe EventLogFormat.checksum(
      UnsafeRawBufferPointer(
        start: address(of: start), count: address(of: end) - address(of: start)),
      seed: seed)
  }
}
