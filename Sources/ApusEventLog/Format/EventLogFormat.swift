// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import CApusChecksum

/// Sizes, magic numbers and names of the files. Bytes and their meaning: docs/formats/event-log.md.
enum EventLogFormat {
  static let version: UInt32 = 1
  /// `APUSEVTS`, little-endian.
  static let segmentMagic: UInt64 = 0x5354_5645_5355_5041
  /// `APUSEVTP`, little-endian.
  static let positionMagic: UInt64 = 0x5054_5645_5355_5041

  static let pageByteCount = 4_096
  /// A segment's records begin at a page, as does the table of cursors.
  static let headerByteCount = 4_096
  static let segmentByteCounts = 8_192...(1 << 34)
  static let cursorCounts = 1...1_024
  static let cursorByteCount = 128
  static let cursorNameByteCountMax = 32
  /// Where, in a segment, stands how many events of its first event's command lie before it.
  static let ordinalOffset = 128

  static let lockName = "events.lock"
  static let positionName = "events.position"
  static let segmentSuffix = ".events"

  static func positionByteCount(cursorCount: Int) -> Int {
    let end = headerByteCount + cursorCount * cursorByteCount
    return (end + pageByteCount - 1) & ~(pageByteCount - 1)
  }

  /// `00000000000000000000.events`: sorted by name is sorted by index.
  static func segmentName(firstIndex: UInt64) -> String {
    let digits = String(firstIndex)
    return String(repeating: "0", count: 20 - digits.utf8.count) + digits + segmentSuffix
  }

  /// The number in such a name; nil where it is none, or one that no index is.
  static func firstIndex(inName name: String) -> UInt64? {
    guard name.hasSuffix(segmentSuffix), name.utf8.count == 20 + segmentSuffix.utf8.count,
      name.utf8.prefix(20).allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      let number = UInt64(name.prefix(20)), number <= Sequencer.sequenceMax
    else { return nil }
    return number
  }

  static func checksum(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
    // SAFETY: the buffer is as long as its count.
    unsafe capus_crc32c(seed, bytes.baseAddress, bytes.count)
  }
}

/// The first 128 bytes of a segment, and of the file with the position: what the log is of.
struct EventLogHeader: Equatable {
  static let byteCount = 128
  private static let checksumOffset = 124

  var magic: UInt64 = 0
  var formatName: UInt64 = 0
  var formatVersion: UInt32 = 0
  var eventByteCount: UInt32 = 0
  var eventOffset: UInt32 = 0
  var recordByteCount: UInt32 = 0
  var segmentByteCount: UInt64 = 0
  var journalHigh: UInt64 = 0
  var journalLow: UInt64 = 0
  /// Segment: index of its first record. Position: index of the log's first event.
  var firstIndex: UInt64 = 0
  /// Position only: the log has no event of commands up to this one.
  var startSequence: UInt64 = 0
  /// Position only.
  var cursorCount: UInt32 = 0

  var capacity: UInt64 {
    (segmentByteCount - UInt64(EventLogFormat.headerByteCount)) / UInt64(recordByteCount)
  }

  private init() {}

  init(_ configuration: EventLogConfiguration, _ layout: EventRecordLayout) {
    magic = EventLogFormat.positionMagic
    formatName = configuration.format.name
    formatVersion = configuration.format.version
    eventByteCount = UInt32(layout.eventByteCount)
    eventOffset = UInt32(layout.eventOffset)
    recordByteCount = UInt32(layout.recordByteCount)
    segmentByteCount = UInt64(configuration.segmentByteCount)
    journalHigh = configuration.journalHigh
    journalLow = configuration.journalLow
    firstIndex = configuration.startIndex
    startSequence = configuration.startSequence
    cursorCount = UInt32(configuration.cursorCount)
  }

  /// The header of one of the log's segments.
  func segment(firstIndex: UInt64) -> EventLogHeader {
    var header = self
    header.magic = EventLogFormat.segmentMagic
    header.firstIndex = firstIndex
    header.startSequence = 0
    header.cursorCount = 0
    return header
  }

  /// Where each field lies. One list, so that writing, reading and comparing cannot differ.
  private typealias Field<Value> = (
    name: String, offset: Int, path: any WritableKeyPath<EventLogHeader, Value> & Sendable
  )
  private static let words: [Field<UInt64>] = [
    ("magic", 0, \.magic), ("engine", 16, \.formatName),
    ("segmentByteCount", 40, \.segmentByteCount), ("journalHigh", 48, \.journalHigh),
    ("journalLow", 56, \.journalLow), ("firstIndex", 64, \.firstIndex),
    ("startSequence", 72, \.startSequence),
  ]
  private static let halves: [Field<UInt32>] = [
    ("engineVersion", 24, \.formatVersion), ("eventByteCount", 28, \.eventByteCount),
    ("recordByteCount", 32, \.recordByteCount), ("eventOffset", 36, \.eventOffset),
    ("cursorCount", 80, \.cursorCount),
  ]

  func encode() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.byteCount)
    unsafe bytes.withUnsafeMutableBytes { bytes in
      // SAFETY: every offset is inside the 128 bytes.
      for (_, offset, path) in Self.words {
        unsafe bytes.storeBytes(
          of: self[keyPath: path].littleEndian, toByteOffset: offset, as: UInt64.self)
      }
      for (_, offset, path) in Self.halves {
        unsafe bytes.storeBytes(
          of: self[keyPath: path].littleEndian, toByteOffset: offset, as: UInt32.self)
      }
      unsafe bytes.storeBytes(
        of: EventLogFormat.version.littleEndian, toByteOffset: 8, as: UInt32.self)
      unsafe bytes.storeBytes(
        of: UInt32(Self.byteCount).littleEndian, toByteOffset: 12, as: UInt32.self)
      let checksum = unsafe EventLogFormat.checksum(
        UnsafeRawBufferPointer(rebasing: bytes[..<Self.checksumOffset]))
      unsafe bytes.storeBytes(
        of: checksum.littleEndian, toByteOffset: Self.checksumOffset, as: UInt32.self)
    }
    return bytes
  }

  /// Reads a header that may be anything.
  ///
  /// - Parameter bytes: Shape: 128 bytes.
  static func decode(
    _ bytes: [UInt8], magic: UInt64, path: String
  ) throws(EventLogError) -> EventLogHeader {
    precondition(bytes.count == byteCount, "EventLogHeader.decode: expected 128 bytes")
    let found = integer(bytes, 0, 8)
    guard found == magic else {
      throw .field(path: path, name: "magic", offset: 0, found: found, expected: magic)
    }
    let version = integer(bytes, 8, 4)
    guard version == UInt64(EventLogFormat.version) else {
      throw .field(
        path: path, name: "version", offset: 8, found: version,
        expected: UInt64(EventLogFormat.version))
    }
    let checksum = unsafe bytes.withUnsafeBytes { bytes in
      unsafe EventLogFormat.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<checksumOffset]))
    }
    guard UInt64(checksum) == integer(bytes, checksumOffset, 4) else {
      throw .checksum(path: path, offset: checksumOffset)
    }
    var header = EventLogHeader()
    for (_, offset, path) in words { header[keyPath: path] = integer(bytes, offset, 8) }
    for (_, offset, path) in halves {
      header[keyPath: path] = UInt32(truncatingIfNeeded: integer(bytes, offset, 4))
    }
    try header.checkShape(path)
    return header
  }

  private static func integer(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
    bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Values that sizes and addresses are computed from.
  private func checkShape(_ path: String) throws(EventLogError) {
    let sizes = EventLogFormat.segmentByteCounts
    guard segmentByteCount <= UInt64(sizes.upperBound), sizes.contains(Int(segmentByteCount)),
      segmentByteCount % UInt64(EventLogFormat.pageByteCount) == 0
    else {
      throw .value(
        path: path, name: "segmentByteCount", offset: 40, found: segmentByteCount,
        expected: "a multiple of 4096 in \(sizes)")
    }
    let (record, event) = (UInt64(recordByteCount), UInt64(eventByteCount))
    let room = segmentByteCount - UInt64(EventLogFormat.headerByteCount)
    guard record >= 8, record <= room else {
      throw .value(
        path: path, name: "recordByteCount", offset: 32, found: record, expected: "8...\(room)")
    }
    guard eventOffset >= 8, UInt64(eventOffset) + event <= record else {
      throw .value(
        path: path, name: "eventOffset", offset: 36, found: UInt64(eventOffset),
        expected: "8 or more, with \(event) bytes before \(record)")
    }
    let indices = 0...Sequencer.sequenceMax
    for (name, offset, value) in [
      ("firstIndex", 64, firstIndex), ("startSequence", 72, startSequence),
    ] where !indices.contains(value) {
      throw .value(path: path, name: name, offset: offset, found: value, expected: "\(indices)")
    }
    guard
      magic != EventLogFormat.positionMagic
        || EventLogFormat.cursorCounts.contains(Int(cursorCount))
    else {
      throw .value(
        path: path, name: "cursorCount", offset: 80, found: UInt64(cursorCount),
        expected: "\(EventLogFormat.cursorCounts)")
    }
  }

  /// Whether it is the header that another one says it has to be.
  func check(
    equals expected: EventLogHeader, ignoring: Set<String> = [], path: String
  ) throws(EventLogError) {
    let fields =
      Self.words.map { ($0.name, $0.offset, self[keyPath: $0.path], expected[keyPath: $0.path]) }
      + Self.halves.map {
        ($0.name, $0.offset, UInt64(self[keyPath: $0.path]), UInt64(expected[keyPath: $0.path]))
      }
    for (name, offset, found, expected) in fields.sorted(by: { $0.1 < $1.1 })
    where found != expected && !ignoring.contains(name) {
      throw .field(path: path, name: name, offset: offset, found: found, expected: expected)
    }
  }
}
