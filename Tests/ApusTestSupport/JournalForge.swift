// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTestBasics

/// The files of a journal's folder, changed and sealed again: every checksum holds, so that what is
/// wrong in them reaches the logic behind the checksums.
///
/// It knows the files from docs/formats/journal.md alone.
public struct JournalForge: Sendable {
  /// The files by name, as they are now.
  public private(set) var files: [String: [UInt8]]
  private var segments: [Segment]
  /// Fields that keep what was put there, where sealing would chain them anew.
  private var kept: Set<Place> = []

  /// A field's first byte.
  private struct Place: Hashable, Sendable {
    var file: String
    var offset: Int
  }

  private struct Segment: Sendable {
    var name: String
    var commits: [Commit]
  }

  private struct Commit: Sendable {
    var offset: Int
    var records: [Range<Int>]
  }

  /// Numbers that arithmetic goes wrong with.
  public static let extremes: [UInt64] =
    [0, 1, 2, 7, 31, 32, 33, 4_095, 4_096, 8_192, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 34]
    + [(1 << 62) - 1, 1 << 62, (1 << 63) - 2, (1 << 63) - 1, 1 << 63, (1 << 63) + 1]
    + [.max - 70, .max - 3, .max - 2, .max - 1, .max]

  /// Takes the files of a journal that holds.
  public init(_ files: [String: [UInt8]]) {
    self.files = files
    segments = files.keys.filter { $0.hasSuffix(".segment") }.sorted().map { name in
      Segment(name: name, commits: Self.commits(files[name] ?? []))
    }
  }

  private static func commits(_ bytes: [UInt8]) -> [Commit] {
    let alignment = Int(bytes.number(at: 44, 4))
    var commits: [Commit] = []
    var at = 4_096
    while at + 32 <= bytes.count, bytes[at] == 0x43 {
      let end = at + 32 + Int(bytes.number(at: at + 16, 4))
      var records: [Range<Int>] = []
      var record = at + 32
      while record < end {
        let next = record + recordByteCount(bytes, record)
        records.append(record..<next)
        record = next
      }
      commits.append(Commit(offset: at, records: records))
      at = (end + alignment - 1) / alignment * alignment
    }
    return commits
  }

  private static func recordByteCount(_ bytes: [UInt8], _ record: Int) -> Int {
    (32 + Int(bytes.number(at: record + 4, 4)) + 7) & ~7
  }

  // MARK: Changes

  /// Moves all sequences, names included, so that the first record gets this one, around 2^64.
  public mutating func renumber(first: UInt64) {
    guard let oldFirst = segments.first.flatMap({ files[$0.name]?.number(at: 32, 8) }) else {
      return
    }
    let distance = first &- oldFirst
    for index in segments.indices {
      let old = segments[index]
      guard var bytes = files.removeValue(forKey: old.name) else { continue }
      let name = Self.name(bytes.number(at: 32, 8) &+ distance, ".segment")
      let places =
        [32]
        + old.commits.flatMap { [$0.offset + 8] + $0.records.map { $0.lowerBound + 8 } }
      for place in places { bytes.put(bytes.number(at: place, 8) &+ distance, at: place, 8) }
      files[name] = bytes
      segments[index].name = name
    }
    if var position = files["journal.position"] {
      position.put(position.number(at: 32, 8) &+ distance, at: 32, 8)
      files["journal.position"] = position
    }
    for name in files.keys where name.hasSuffix(".snapshot") {
      guard var bytes = files.removeValue(forKey: name) else { continue }
      let sequence = bytes.number(at: 16, 8) &+ distance
      for place in [16, 4_096 + 24] where place + 8 <= bytes.count {
        bytes.put(sequence, at: place, 8)
      }
      files[Self.name(sequence, ".snapshot")] = bytes
    }
  }

  /// Puts a number somewhere.
  public mutating func set(_ value: UInt64, in name: String, at offset: Int, _ size: Int) {
    files[name]?.put(value, at: offset, size)
    kept.insert(Place(file: name, offset: offset))
  }

  /// Changes some of everything that is there, by chance.
  public mutating func mutate(_ random: inout SeededRandom) {
    if random.next() % 3 == 0 { renumber(first: number(&random, near: 1)) }
    for _ in 0..<Int(random.next() % 4) {
      let fields = fields()
      guard !fields.isEmpty else { break }
      let (name, offset, size) = fields[Int(random.next() % UInt64(fields.count))]
      guard let bytes = files[name], offset + size <= bytes.count else { continue }
      set(number(&random, near: bytes.number(at: offset, size)), in: name, at: offset, size)
    }
    if random.next() % 5 == 0 { changeFile(&random) }
  }

  private func number(_ random: inout SeededRandom, near value: UInt64) -> UInt64 {
    switch random.next() % 4 {
    case 0: value &+ (random.next() % 9) &- 4
    case 1: random.next() >> (random.next() % 64)
    default: Self.extremes[Int(random.next() % UInt64(Self.extremes.count))]
    }
  }

  /// Renames a file, removes it, or changes its length.
  private mutating func changeFile(_ random: inout SeededRandom) {
    let names = files.keys.sorted()
    let name = names[Int(random.next() % UInt64(names.count))]
    guard let bytes = files[name] else { return }
    switch random.next() % 4 {
    case 0:
      files[name] = nil
      let suffix = name.hasSuffix(".snapshot") ? ".snapshot" : ".segment"
      files[Self.name(number(&random, near: 1), suffix)] = bytes
    case 1: files[name] = nil
    case 2: files[name] = Array(bytes.prefix(Int(random.next() % UInt64(bytes.count + 1))))
    default: files[name] = bytes + [UInt8](repeating: 7, count: Int(random.next() % 5_000))
    }
  }

  /// Every field, with its offset and its size.
  private func fields() -> [(String, Int, Int)] {
    var all: [(String, Int, Int)] = []
    func add(_ name: String, _ base: Int, _ places: [(Int, Int)]) {
      all += places.map { (name, base + $0.0, $0.1) }
    }
    let header = [(8, 4), (12, 4), (16, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8)]
    for segment in segments where files[segment.name] != nil {
      // Twice, because records have so many more.
      for _ in 0..<2 {
        add(segment.name, 0, header)
      }
      for commit in segment.commits {
        add(segment.name, commit.offset, [(0, 4), (8, 8), (16, 4), (20, 4), (24, 4), (28, 4)])
        for record in commit.records {
          add(segment.name, record.lowerBound, [(4, 4), (8, 8), (16, 8), (24, 2)])
        }
      }
    }
    for name in files.keys.sorted() {
      if name == "journal.position" {
        for _ in 0..<4 { add(name, 0, [(8, 4), (16, 8), (24, 8), (32, 8), (32, 8), (32, 8)]) }
      }
      if name.hasSuffix(".snapshot") {
        add(name, 0, [(8, 4), (12, 4), (16, 8), (24, 8), (32, 4), (40, 8), (48, 8), (64, 4)])
        add(name, 4_096, [(8, 4), (12, 4), (16, 8), (24, 8), (32, 8), (40, 8)])
      }
    }
    return all
  }

  // MARK: Checksums

  /// Makes every checksum and every link of the chain right again.
  public mutating func seal() {
    var chain: UInt32?
    for segment in segments {
      guard var bytes = files[segment.name], bytes.count >= 64 else { continue }
      if let chain { put(chain, segment.name, 40, &bytes) }
      let seed = crc32c(bytes[0..<60], seed: 0)
      bytes.put(UInt64(seed), at: 60, 4)
      var link = UInt32(truncatingIfNeeded: bytes.number(at: 40, 4))
      for commit in segment.commits where commit.offset + 32 <= bytes.count {
        put(link, segment.name, commit.offset + 24, &bytes)
        let sum = crc32c(bytes[commit.offset + 8..<commit.offset + 32], seed: seed)
        bytes.put(UInt64(sum), at: commit.offset + 4, 4)
        for record in commit.records where record.lowerBound + 32 <= bytes.count {
          // As long as the record says, where that is in the file.
          let end = record.lowerBound + Self.recordByteCount(bytes, record.lowerBound)
          let range = record.lowerBound + 4..<min(end, bytes.count)
          link = crc32c(bytes[range], seed: link)
          bytes.put(UInt64(link), at: record.lowerBound, 4)
        }
      }
      chain = link
      files[segment.name] = bytes
    }
    for (name, bytes) in files where !name.hasSuffix(".segment") {
      files[name] = Self.sealed(name, bytes)
    }
  }

  private func put(_ value: UInt32, _ name: String, _ offset: Int, _ bytes: inout [UInt8]) {
    if kept.contains(Place(file: name, offset: offset)) { return }
    bytes.put(UInt64(value), at: offset, 4)
  }

  private static func sealed(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    if name == "journal.position", bytes.count >= 64 {
      bytes.put(UInt64(crc32c(bytes[16..<64], seed: 0)), at: 12, 4)
    } else if name.hasSuffix(".snapshot"), bytes.count >= 4_096 {
      bytes.put(UInt64(crc32c(bytes[4_096...], seed: 0)), at: 36, 4)
      bytes.put(UInt64(crc32c(bytes[0..<68], seed: 0)), at: 68, 4)
    }
    return bytes
  }

  private static func name(_ number: UInt64, _ suffix: String) -> String {
    let digits = String(number)
    return String(repeating: "0", count: 20 - digits.count) + digits + suffix
  }
}

extension [UInt8] {
  /// A little-endian number of `size` bytes.
  public func number(at offset: Int, _ size: Int) -> UInt64 {
    (0..<size).reduce(0) { $0 | UInt64(self[offset + $1]) << (8 * UInt64($1)) }
  }

  /// Puts a little-endian number of `size` bytes there.
  public mutating func put(_ value: UInt64, at offset: Int, _ size: Int) {
    for index in 0..<size {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
    }
  }
}

private let crc32cTable: [UInt32] = (0..<256).map { byte in
  (0..<8).reduce(UInt32(byte)) { sum, _ in sum >> 1 ^ (sum & 1 == 1 ? 0x82F6_3B78 : 0) }
}

/// CRC32C that goes on from a seed, apart from the one that is tested.
private func crc32c(_ bytes: ArraySlice<UInt8>, seed: UInt32) -> UInt32 {
  ~bytes.reduce(~seed) { sum, byte in
    sum >> 8 ^ crc32cTable[Int(UInt8(truncatingIfNeeded: sum) ^ byte)]
  }
}
