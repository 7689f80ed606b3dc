// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusTestSupport
import ApusThreads
import Foundation
import Synchronization
import Testing

@testable import ApusEventLog

@Suite struct EventLogTests {
  @Test func eventsAreReadAsTheyWereWritten() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    #expect(log.recovery.trust == .created)
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
    var reader = try EventLogRig.reader(folder)
    expect(reader.readAll().range, 0..<0)
    // 128 events a segment: batches that end in one, at its end and in the next.
    for end in [1, 100, 128, 129, 256, 1_000] as [UInt64] {
      let start = writer.position
      expect(writer.take(start..<end), Int(end - start))
      expect(writer.position, end)
      let (range, outcome) = reader.readAll()
      expect(range, start..<end)
      expect(outcome, .nothing)
    }
    // Another reader, from the start, in pieces.
    var second = try EventLogRig.reader(folder)
    expect(second.readAll(countMax: 7).range, 0..<1_000)
    expect(log.position, 1_000)
    #expect(log.stall == nil)
  }

  @Test func segmentsOfOneEventWork() throws {
    let folder = try ScratchFolder()
    struct Large: BitwiseCopyable {
      var words = InlineArray<300, UInt64>(repeating: 0)
    }
    let configuration = EventLogRig.configuration()
    let log = try EventLog(
      of: Large.self, path: folder.path("log"), configuration: configuration)
    expect(Int(log.control.header.capacity), 1)
    var writer = try log.makeWriter(of: Large.self, resumingAfter: 0)
    var reader = try EventLogReader<Large>(path: folder.path("log"), format: EventLogRig.format)
    for index in 0..<20 as Range<UInt64> {
      var event = Large()
      event.words[299] = index
      let events = [SequencedEvent(sequence: index + 1, event: event)]
      expect(unsafe events.withUnsafeBufferPointer { unsafe writer.take($0) }, 1)
      var found: [UInt64] = []
      let outcome = reader.tryRead { events in
        for offset in 0..<events.count { found.append(events[offset].event.words[299]) }
        return events.count
      }
      expect(outcome, .read(count: 1))
      expect(found, [index])
    }
    expect(try folder.segmentNames().count, 20)
  }

  @Test func aReaderTakesAsManyAsItWants() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
    expect(writer.take(0..<10), 10)
    var reader = try EventLogRig.reader(folder)
    expect(reader.tryRead { _ in 0 }, .read(count: 0))
    expect(reader.tryRead { $0.count - 4 }, .read(count: 6))
    expect(reader.index, 6)
    expect(reader.tryRead(countMax: 0) { $0.count }, .read(count: 0))
    expect(reader.tryRead { $0.count }, .read(count: 4))
    expect(reader.tryRead { $0.count }, .nothing)
  }

  /// Equal events leave equal segments, however they came and whatever else happened.
  @Test func segmentsAreAFunctionOfTheEvents() throws {
    let folder = try ScratchFolder()
    let first = try EventLogRig.open(folder, name: "first")
    let second = try EventLogRig.open(folder, name: "second")
    var writer = try first.makeWriter(of: PeerElement.self, resumingAfter: 0)
    expect(writer.take(0..<1_000, batch: 1_000), 1_000)
    var other = try second.makeWriter(of: PeerElement.self, resumingAfter: 0)
    var random = SeededRandom(seed: 4)
    var next: UInt64 = 0
    while next < 1_000 {
      let end = min(1_000, next + 1 + random.next() % 200)
      if end % 2 == 0 { try second.prepare() }
      if end % 3 == 0 { try second.sync() }
      expect(other.take(next..<end, batch: 13), Int(end - next))
      next = end
    }
    let names = try folder.segmentNames("first")
    #expect(names.count == 8)
    for name in names {
      #expect(try folder.bytes("first/\(name)") == folder.bytes("second/\(name)"), "\(name)")
    }
  }

  /// What lies between the fields of an event in memory is not what happened.
  @Test func bytesBetweenFieldsAreZero() throws {
    let folder = try ScratchFolder()
    struct Odd: BitwiseCopyable {
      var number: UInt32
      var flag: UInt8
    }
    let log = try EventLog(
      of: Odd.self, path: folder.path("log"), configuration: EventLogRig.configuration())
    var writer = try log.makeWriter(of: Odd.self, resumingAfter: 0)
    let events = UnsafeMutableBufferPointer<SequencedEvent<Odd>>.allocate(capacity: 3)
    defer { unsafe events.deallocate() }
    unsafe UnsafeMutableRawBufferPointer(events).initializeMemory(as: UInt8.self, repeating: 0xEE)
    for index in 0..<3 {
      unsafe events[index].sequence = UInt64(index + 1)
      unsafe events[index].event.number = 7
      unsafe events[index].event.flag = 9
    }
    expect(unsafe writer.take(UnsafeBufferPointer(events)), 3)
    let bytes = try EventLogRig.bytes(folder, EventLogFormat.segmentName(firstIndex: 0))
    for index in 0..<3 {
      let record = Array(bytes[4_096 + index * 16..<4_096 + index * 16 + 16])
      #expect(record == [UInt8(index + 1), 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9, 0, 0, 0])
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func seekingFindsWhatCountingFinds(seed: UInt64) throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
    var random = SeededRandom(seed: seed)
    var reader = try EventLogRig.reader(folder)
    var count: UInt64 = 0
    for _ in 0..<6 {
      let more = random.next() % 300
      expect(writer.take(count..<count + more), Int(more))
      count += more
      let sequences = (0..<count).map(SampleEvents.sequence)
      for _ in 0..<40 {
        let wanted = random.next() % ((sequences.last ?? 0) + 4)
        try reader.seek(toSequence: wanted)
        let expected = sequences.firstIndex { $0 >= wanted } ?? sequences.count
        expect(reader.index, UInt64(expected), "seed \(seed) sequence \(wanted) of \(count)")
        if random.next() % 4 == 0 { expect(reader.readAll().range, UInt64(expected)..<count) }
        let index = random.next() % (count + 1)
        reader.seek(toIndex: index)
        expect(reader.readAll().range, index..<count, "seed \(seed)")
      }
    }
  }

  @Test func aReaderSleepsUntilThereIsAnEvent() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    var reader = try EventLogRig.reader(folder)
    expect(reader.wait(.park(timeoutNanoseconds: 1_000_000)), false)
    // Each batch comes once the reader is asleep. Without a wake it looks again after 100 ms.
    let hasRead = ReadBatches()
    let thread = Thread {
      guard var writer = try? log.makeWriter(of: PeerElement.self, resumingAfter: 0) else { return }
      for batch in 0..<10 as Range<UInt64> {
        while hasRead.count.load(ordering: .acquiring) < batch { usleep(100) }
        usleep(3_000)
        _ = writer.take(batch * 16..<batch * 16 + 16)
      }
    }
    thread.start()
    let strategy = WaitStrategy.park(spinCount: 10, timeoutNanoseconds: 10_000_000_000)
    var shortest = Duration.seconds(100)
    for batch in 1...10 as ClosedRange<UInt64> {
      let start = ContinuousClock.now
      guard reader.wait(strategy) else { break }
      shortest = min(shortest, ContinuousClock.now - start)
      expect(reader.readAll().range, (batch - 1) * 16..<batch * 16)
      hasRead.count.store(batch, ordering: .releasing)
    }
    expect(reader.index, 160)
    #expect(shortest < .milliseconds(60))
  }

  @Test func aLogBeginsWhereItIsTold() throws {
    let folder = try ScratchFolder()
    var configuration = EventLogRig.configuration()
    configuration.startIndex = 1_000
    configuration.startSequence = SampleEvents.sequence(999)
    let log = try EventLogRig.open(folder, configuration)
    #expect(throws: EventLogError.self) {
      _ = try log.makeWriter(
        of: PeerElement.self, resumingAfter: configuration.startSequence + 1)
    }
    var writer = try log.makeWriter(
      of: PeerElement.self, resumingAfter: configuration.startSequence - 10)
    // Events of commands before its start are not its own. Command 875 has the events 998 and 999.
    expect(writer.take(990..<1_100), 110)
    expect(writer.position, 1_100)
    var reader = try EventLogRig.reader(folder)
    expect(reader.readAll().range, 1_000..<1_100)
    reader.seek(toIndex: 900)
    expect(reader.readAll().outcome, .removed(firstAvailable: 1_000))
    reader.seek(toIndex: 0)
    expect(reader.readAll().outcome, .removed(firstAvailable: 1_000))
  }

  @Test func oneWriterAtATime() throws {
    let folder = try ScratchFolder()
    do {
      let log = try EventLogRig.open(folder)
      let path = log.path
      #expect(throws: EventLogError.locked(path: path)) { _ = try EventLogRig.open(folder) }
      let writer = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
      #expect(throws: EventLogError.locked(path: path)) {
        _ = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
      }
      expect(writer.position, 0)
    }
    _ = try EventLogRig.open(folder)
  }

  @Test func filesAreTheirOwnersAlone() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
    expect(writer.take(0..<200), 200)
    let manager = FileManager.default
    let mode = { (path: String) in
      try (manager.attributesOfItem(atPath: path)[.posixPermissions] as? Int) ?? 0
    }
    #expect(try mode(folder.path("log")) == 0o700)
    let names = try manager.contentsOfDirectory(atPath: folder.path("log"))
    #expect(names.count == 4, "\(names)")
    for name in names { #expect(try mode(folder.path("log/\(name)")) == 0o600) }
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func takingAndReadingAllocateNothing() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder, EventLogRig.configuration(pageCount: 100))
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
    var reader = try EventLogRig.reader(folder, name: "reader")
    let events = EventLogRig.events(0..<64)
    expect(unsafe events.withUnsafeBufferPointer { unsafe writer.take($0) }, 64)
    expect(reader.readAll().range, 0..<64)
    let more = EventLogRig.events(64..<128)
    var taken = 0
    var seen: UInt64 = 0
    let count = allocationCount {
      taken = unsafe more.withUnsafeBufferPointer { unsafe writer.take($0) }
      _ = reader.tryRead { events in
        for offset in 0..<events.count { seen &+= events[offset].sequence }
        return events.count
      }
    }
    #expect(taken == 64)
    #expect(seen > 0)
    #expect(count == 0)
  }
}

/// Batches that a reader has read.
private final class ReadBatches: Sendable {
  let count = Atomic<UInt64>(0)
}

extension ScratchFolder {
  func segmentNames(_ log: String = "log") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path(log))
      .filter { $0.hasSuffix(EventLogFormat.segmentSuffix) }.sorted()
  }
}
