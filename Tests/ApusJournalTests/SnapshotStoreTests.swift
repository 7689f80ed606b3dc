// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

@Suite struct SnapshotStoreTests {
  private func content(_ sequence: UInt64, count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: sequence &+ UInt64($0) &* 7) }
  }

  /// Writes a snapshot in chunks that do not divide the buffer.
  private func write(
    _ store: SnapshotStore, sequence: UInt64, count: Int, journal: JournalIdentifier? = nil
  ) throws {
    var writer = try store.begin(
      SnapshotHeader(
        sequence: sequence, digest: sequence * 3, contentVersion: 4, journal: journal),
      bufferByteCount: 1_000)
    let bytes = content(sequence, count: count)
    var offset = 0
    while offset < count {
      let chunk = Array(bytes[offset..<min(count, offset + 300)])
      if unsafe writer.write(chunk.span.bytes) {
        offset += chunk.count
      } else {
        try writer.flush()
        #expect(writer.freeByteCount == 1_000)
      }
    }
    try writer.commit()
  }

  private func read(_ reader: inout SnapshotFileReader) throws(JournalError) -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let part = try reader.read(byteCountMax: 777)
      if part.isEmpty { return bytes }
      bytes += part
    }
  }

  @Test(arguments: [0, 1, 1_000, 5_000])
  func whatIsWrittenIsReadBack(count: Int) throws {
    let folder = try ScratchFolder()
    let storage = try FileJournalStorage(path: folder.path)
    let store = try SnapshotStore(storage: storage)
    var rejected: [SnapshotStore.Rejected] = []
    #expect(try store.newestValid(rejected: &rejected) == nil)
    try write(store, sequence: 42, count: count)
    guard var reader = try store.newestValid(rejected: &rejected) else {
      Issue.record("no snapshot")
      return
    }
    #expect(reader.header.sequence == 42 && reader.header.digest == 126)
    #expect(reader.header.contentVersion == 4 && reader.header.byteCount == UInt64(count))
    #expect(try read(&reader) == content(42, count: count))
    #expect(rejected.isEmpty)
  }

  @Test func theCountOfEventsIsReadBackAndOlderVersionsHaveNone() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    let store = try SnapshotStore(storage: disk)
    var writer = try store.begin(
      SnapshotHeader(
        sequence: 42, digest: 1, contentVersion: 4, journal: .init(high: 1, low: 2),
        eventCount: 77), bufferByteCount: 1_000)
    try writer.writeAll(unsafe content(42, count: 100).span.bytes)
    try writer.commit()
    var rejected: [SnapshotStore.Rejected] = []
    let count = try store.newestValid(rejected: &rejected)?.header.eventCount
    #expect(count == 77)
    let name = "\(String(repeating: "0", count: 18))42.snapshot"
    func change(_ body: (inout [UInt8]) -> Void) throws {
      var bytes = try #require(disk.contents(name))
      body(&bytes)
      disk.replaceContents(name, with: bytes)
    }
    func seal(_ bytes: inout [UInt8], at offset: Int) {
      let sum = unsafe CRC32C.checksum(Array(bytes[..<offset]).span.bytes)
      for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: sum >> (8 * index)) }
    }
    // A count that cannot be.
    try change { bytes in
      bytes[79] = 0x80
      seal(&bytes, at: 80)
    }
    var found = try store.newestValid(rejected: &rejected)?.header.sequence
    #expect(found == nil && rejected.count == 1)
    // As version 1 wrote it.
    try change { bytes in
      bytes[8] = 1
      bytes[64] = 1
      for offset in 68..<84 { bytes[offset] = 0 }
      seal(&bytes, at: 68)
    }
    guard let old = try store.newestValid(rejected: &rejected) else {
      Issue.record("version 1 is not read")
      return
    }
    #expect(old.header.eventCount == nil && old.header.journal == .init(high: 1, low: 2))
    found = old.header.sequence
    #expect(found == 42)
  }

  @Test func theNewestThatHoldsIsFound() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    let store = try SnapshotStore(storage: disk, keptCount: 3)
    for sequence in [10, 20, 30, 40, 50] as [UInt64] {
      try write(store, sequence: sequence, count: 3_000)
    }
    #expect(
      try store.removeOld() == (1...2).map { "\(String(repeating: "0", count: 18))\($0)0.snapshot" }
    )
    #expect(try store.sequences() == [50, 40, 30])
    let names = try store.sequences().map { "\(String(repeating: "0", count: 18))\($0).snapshot" }
    // Damage in the contents, and a file that is cut short.
    var bytes = try #require(disk.contents(names[0]))
    bytes[5_000] ^= 1
    disk.replaceContents(names[0], with: bytes)
    disk.replaceContents(names[1], with: Array(try #require(disk.contents(names[1])).dropLast()))
    var rejected: [SnapshotStore.Rejected] = []
    let found = try store.newestValid(rejected: &rejected)?.header.sequence
    #expect(found == 30)
    #expect(rejected.map(\.name) == Array(names.prefix(2)))
    for entry in rejected {
      guard case .damaged = entry.error else {
        Issue.record("\(entry)")
        continue
      }
    }
    rejected = []
    #expect(try store.newestValid(sequenceMax: 29, rejected: &rejected)?.header.sequence == nil)
  }

  @Test func aSnapshotOfAnotherJournalIsPassedOver() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    let store = try SnapshotStore(storage: disk)
    let own = JournalIdentifier(high: 1, low: 1)
    try write(store, sequence: 10, count: 10, journal: own)
    try write(store, sequence: 20, count: 10, journal: JournalIdentifier(high: 2, low: 2))
    var rejected: [SnapshotStore.Rejected] = []
    let found = try store.newestValid(journal: own, rejected: &rejected)?.header.sequence
    #expect(found == 10 && rejected.count == 1)
  }

  /// Power cuts at any moment: what is found holds, and is the last that was committed or newer.
  @Test func crashesLeaveAWholeSnapshot() throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let disk = SimulatedJournalStorage(seed: seed)
      var random = SeededRandom(seed: seed)
      let store = try SnapshotStore(storage: disk, keptCount: 2)
      var committed: UInt64 = 0
      for sequence in 1...6 as ClosedRange<UInt64> {
        let cutAt = random.next() % 3 == 0
        if cutAt { disk.faults.syncError = 0.5 }
        do {
          try write(store, sequence: sequence, count: Int(random.next() % 4_000))
          committed = sequence
          try store.removeOld()
        } catch {
          disk.cutPower()
        }
        disk.faults.syncError = 0
      }
      disk.cutPower()
      var rejected: [SnapshotStore.Rejected] = []
      if var reader = try store.newestValid(rejected: &rejected) {
        #expect(reader.header.sequence >= committed, "seed \(seed)")
        let bytes = try read(&reader)
        #expect(bytes == content(reader.header.sequence, count: bytes.count), "seed \(seed)")
      } else {
        #expect(committed == 0, "seed \(seed)")
      }
    }
  }

  @Test func anAbandonedSnapshotLeavesNothing() throws {
    let folder = try ScratchFolder()
    let storage = try FileJournalStorage(path: folder.path)
    let store = try SnapshotStore(storage: storage)
    do {
      var writer = try store.begin(
        SnapshotHeader(sequence: 1, digest: 0, contentVersion: 1), bufferByteCount: 100)
      #expect(unsafe writer.write([1, 2, 3].span.bytes))
      #expect(unsafe !writer.write([UInt8](repeating: 0, count: 98).span.bytes))
      try writer.flush()
    }
    #expect(try storage.list().isEmpty)
    #expect(throws: JournalError.self) { _ = try SnapshotStore(storage: storage, keptCount: 0) }
  }
}
