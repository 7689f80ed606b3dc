// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusJournal
internal import ApusTestKit
internal import ApusTestSupport

/// The files of a journal, made after docs/formats/journal.md and not by the journal's own code: all
/// checksums hold, whatever the fields say, so that what is behind the checksums is reached.
struct FuzzJournal {
  static let identifier = JournalIdentifier(high: 5, low: 6)

  /// A record as it was meant.
  struct Record {
    var sequence: UInt64
    var time: UInt64
    var type: UInt16
    var payload: [UInt8]
    var checksum: UInt32
  }

  private(set) var files: [String: [UInt8]] = [:]
  private(set) var records: [Record] = []
  private(set) var engine = SumEngine()
  /// Sequence of the record that comes next.
  private(set) var next: UInt64 = 1
  private(set) var chain = checksum(nameBytes)
  private var lastName: String?
  private var alignment = 4_096
  private var segmentByteCount = 0
  private var segmentChecksum: UInt32 = 0
  private var end = 0

  static let nameBytes = Frames.little(identifier.high) + Frames.little(identifier.low)

  static func checksum(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
    bytes.withRawSpan { CRC32C.checksum($0, seed: seed) }
  }

  static func name(_ sequence: UInt64, _ suffix: String) -> String {
    let digits = String(sequence)
    return String(repeating: "0", count: 20 - digits.count) + digits + suffix
  }

  /// Begins a segment; what is given stands in place of what belongs there.
  mutating func segment(
    pages: Int, alignment: Int = 4_096, first: UInt64? = nil, chain: UInt32? = nil,
    name: UInt64? = nil
  ) {
    self.alignment = alignment
    segmentByteCount = 4_096 * pages
    if let first { next = first }
    var header = Array("APUSJRNL".utf8) + Frames.little(UInt32(1)) + Frames.little(UInt32(4_096))
    header += Self.nameBytes + Frames.little(next) + Frames.little(chain ?? self.chain)
    header += Frames.little(UInt32(alignment)) + Frames.little(UInt64(segmentByteCount))
    header += Frames.little(UInt32(0))
    segmentChecksum = Self.checksum(header)
    header += Frames.little(segmentChecksum)
    let fileName = Self.name(name ?? next, ".segment")
    files[fileName] = header + [UInt8](repeating: 0, count: segmentByteCount - header.count)
    lastName = fileName
    end = 4_096
  }

  /// Fields of a commit and its last record that are not what they should be.
  struct Lies {
    var firstSequence: UInt64?
    var byteCount: UInt32?
    var recordCount: UInt32?
    var sequence: UInt64?
    var payloadByteCount: UInt32?
    var time: UInt64?
  }

  /// Adds a commit to the last segment, if there is room for it.
  mutating func commit(_ payloads: [(type: UInt16, payload: [UInt8])], _ lies: Lies = .init()) {
    guard let lastName, let room = files[lastName]?.count else { return }
    let before = self
    let start = (end + alignment - 1) / alignment * alignment
    let chainBefore = chain
    let first = next
    var body: [UInt8] = []
    for (index, item) in payloads.enumerated() {
      let isLast = index == payloads.count - 1
      if isLast, let sequence = lies.sequence { next = sequence }
      body += record(item.type, item.payload, isLast ? lies : Lies())
    }
    var header = Frames.little(lies.firstSequence ?? first)
    header += Frames.little(lies.byteCount ?? UInt32(body.count))
    header += Frames.little(lies.recordCount ?? UInt32(payloads.count))
    header += Frames.little(chainBefore) + Frames.little(UInt32(start >> 3))
    let commit =
      Array("CMIT".utf8) + Frames.little(Self.checksum(header, seed: segmentChecksum)) + header
      + body
    guard start + commit.count <= room else {
      self = before
      return
    }
    files[lastName]?.replaceSubrange(start..<start + commit.count, with: commit)
    end = start + commit.count
  }

  private mutating func record(_ type: UInt16, _ payload: [UInt8], _ lies: Lies) -> [UInt8] {
    let time = lies.time ?? next &* 10
    var bytes = Frames.little(lies.payloadByteCount ?? UInt32(payload.count))
    bytes += Frames.little(next) + Frames.little(time) + Frames.little(UInt64(type)) + payload
    while bytes.count % 8 != 4 { bytes.append(0) }
    chain = Self.checksum(bytes, seed: chain)
    records.append(
      Record(sequence: next, time: time, type: type, payload: payload, checksum: chain))
    if type == 1, payload.count == 8 {
      engine.take(payload.integer(UInt64.self, at: 0), at: Nanoseconds(time))
    }
    next &+= 1
    return Frames.little(chain) + bytes
  }

  mutating func position(_ sequence: UInt64) {
    let checked =
      Self.nameBytes + Frames.little(sequence) + [UInt8](repeating: 0, count: 24)
    files["journal.position"] =
      Array("APUSPOSN".utf8) + Frames.little(UInt32(1)) + Frames.little(Self.checksum(checked))
      + checked
  }

  /// A snapshot's file.
  static func snapshotFile(
    sequence: UInt64, digest: UInt64, contents: [UInt8], byteCount: UInt64? = nil
  ) -> [UInt8] {
    var header = Array("APUSSNAP".utf8) + Frames.little(UInt32(2)) + Frames.little(UInt32(4_096))
    header += Frames.little(sequence) + Frames.little(digest) + Frames.little(UInt32(1))
    header += Frames.little(checksum(contents))
    header += Frames.little(byteCount ?? UInt64(contents.count))
    header += nameBytes + Frames.little(UInt64(3)) + Frames.little(UInt64(17))
    header += Frames.little(checksum(header))
    return header + [UInt8](repeating: 0, count: 4_096 - header.count) + contents
  }

  /// Writes the engine's state as it is now.
  mutating func snapshot(named: UInt64? = nil) throws {
    let target = SnapshotBytes()
    let sequence = named ?? next &- 1
    let header = try EngineSnapshot.write(
      engine, sequence: sequence, time: Nanoseconds(records.last?.time ?? 0), to: target)
    files[Self.name(sequence, ".snapshot")] = Self.snapshotFile(
      sequence: sequence, digest: header.digest, contents: target.bytes)
  }

  mutating func replace(_ name: String, with bytes: [UInt8]?) { files[name] = bytes }

  /// Changes a byte of the last segment, and no checksum.
  mutating func patch(_ offset: Int, _ value: UInt8) {
    guard let lastName, files[lastName]?.indices.contains(offset) == true else { return }
    files[lastName]?[offset] = value
  }

  mutating func truncate(_ byteCount: Int) {
    guard let lastName, let file = files[lastName] else { return }
    files[lastName] = Array(file.prefix(byteCount))
  }

  var segmentNames: [String] { files.keys.filter { $0.hasSuffix(".segment") }.sorted() }

  /// A disk with these files.
  func disk() -> SimulatedJournalStorage {
    let disk = SimulatedJournalStorage(seed: 1)
    for (name, bytes) in files { disk.replaceContents(name, with: bytes) }
    return disk
  }
}
