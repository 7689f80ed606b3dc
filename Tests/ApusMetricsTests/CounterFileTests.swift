// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusMetrics

@Suite struct CounterFileTests {
  private func expect(
    _ reason: CounterFileError.Reason, _ body: () throws -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: CounterFileError.self, sourceLocation: sourceLocation) {
      try body()
    }
    #expect(error?.reason == reason, sourceLocation: sourceLocation)
    let isOneLine = error?.description.contains("\n") == false
    #expect(isOneLine, sourceLocation: sourceLocation)
  }

  @Test(arguments: [(false, 0o600), (true, 0o644)])
  func othersReadTheFileWhereThatIsWanted(isReadableByOthers: Bool, mode: Int) throws {
    let folder = try ScratchFolder()
    let before = umask(0o022)
    defer { umask(before) }
    let file = try CounterFile(
      path: folder.path(),
      configuration: .init(
        slotCapacity: 4, histogramByteCapacity: 0, isReadableByOthers: isReadableByOthers))
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    #expect(attributes[.posixPermissions] as? Int == mode)
  }

  @Test func aReaderSeesWhatIsWrittenWhileItIsWritten() throws {
    let folder = try ScratchFolder()
    let file = try CounterFile.small(folder.path())
    #expect(try folder.names() == ["test.counters"])
    let reader = try CounterReader(path: folder.path())
    #expect(try reader.snapshot().entries.isEmpty)

    var orders = try file.counter(
      "orders_total", help: "Orders taken.", labels: [.init("venue", "XNAS"), .init("side", "ü")])
    var depth = try file.gauge("queue_depth")
    var latency = try file.histogram("latency_nanoseconds", layout: .small())
    orders.increment()
    orders.add(41)
    depth.set(7)
    depth.add(-10)
    for value in [5, 5, 900, 1 << 50] as [UInt64] { latency.record(value) }
    #expect(orders.value == 42)
    #expect(depth.value == -3)
    #expect(latency.outOfRangeCount == 1)

    let snapshot = try reader.snapshot()
    #expect(snapshot.changingSlotCount == 0)
    #expect(
      snapshot.entries.map(\.identity.text) == [
        "latency_nanoseconds", #"orders_total{side="ü",venue="XNAS"}"#, "queue_depth",
      ])
    #expect(snapshot.entries.map(\.help) == ["", "Orders taken.", ""])
    #expect(snapshot.entries[1].value == .counter(42))
    #expect(snapshot.entries[2].value == .gauge(-3))
    guard case .histogram(let counts) = snapshot.entries[0].value else {
      Issue.record("not a histogram")
      return
    }
    var own = try Histogram(layout: .small())
    for value in [5, 5, 900] as [UInt64] { own.record(value) }
    let read = try counts.histogram()
    #expect(counts.totalCount == 3 && counts.outOfRangeCount == 1)
    #expect(read.maximum == own.maximum && read.minimum == own.minimum)
    let bytes = (try read.encodedV2(), try own.encodedV2())
    #expect(bytes.0 == bytes.1)

    orders.set(3)
    #expect(try reader.snapshot().entries[1].value == .counter(3))
    #expect(reader.writerState() == .alive)
    #expect(reader.writerProcessID == Int(getpid()))
  }

  @Test func valuesLieApart() throws {
    let folder = try ScratchFolder()
    let bytes = try writtenSample(folder)
    #expect(bytes.get(UInt64.self, at: 8_192) == 1_234)
    #expect(bytes.get(Int64.self, at: 8_192 + 128) == -5)
    #expect(bytes[8_200..<8_320].allSatisfy { $0 == 0 })
  }

  @Test func aReleasedSlotIsUsedAgainAndStartsAtZero() throws {
    let folder = try ScratchFolder()
    let file = try CounterFile.small(folder.path())
    let reader = try CounterReader(path: folder.path())
    var first = try file.counter("first_total")
    first.add(99)
    var histogram = try file.histogram("sizes", layout: .small())
    histogram.record(17)
    let before = try reader.snapshot().entries
    file.release(first)
    file.release(histogram)
    #expect(file.slotCount == 0)
    #expect(try reader.snapshot().entries.isEmpty)

    // Last released, first used.
    _ = try file.histogram("sizes_again", layout: .small())
    var second = try file.counter("second_total")
    #expect(second.value == 0)
    let after = try reader.snapshot().entries
    #expect(after.map(\.identity.name) == ["second_total", "sizes_again"])
    #expect(after.map(\.slot) == [0, 1] && after.map(\.generation) == [2, 2])
    #expect(before.map(\.slot) == [0, 1] && before.map(\.generation) == [1, 1])
    #expect(after[0].value == .counter(0))
    guard case .histogram(let counts) = after[1].value else {
      Issue.record("not a histogram")
      return
    }
    #expect(counts.totalCount == 0)
    second.increment()
    #expect(try reader.snapshot().entries[0].value == .counter(1))
  }

  @Test func whatCannotBeRegisteredIsRefused() throws {
    let folder = try ScratchFolder()
    let file = try CounterFile.small(folder.path())
    let long = String(repeating: "a", count: 129)
    for name in ["", "1st", "a-b", "ä", "a b", "a\n", long] {
      expect(.invalidName(name)) { _ = try file.counter(name) }
    }
    for label in ["", "1", "__name", "a:b", "ö"] {
      expect(.invalidLabel(name: "x", label: label)) {
        _ = try file.gauge("x", labels: [.init(label, "")])
      }
    }
    expect(.invalidLabel(name: "x", label: "a")) {
      _ = try file.counter("x", labels: [.init("a", "1"), .init("b", ""), .init("a", "2")])
    }
    for label in ["le", "quantile"] {
      expect(.invalidLabel(name: "h", label: label)) {
        _ = try file.histogram("h", labels: [.init(label, "1")], layout: .small())
      }
    }
    expect(.labelsTooLong(name: "x", byteCount: 513)) {
      _ = try file.counter("x", labels: [.init("a", String(repeating: "b", count: 508))])
    }
    expect(.helpTooLong(name: "x", byteCount: 258)) {
      _ = try file.counter("x", help: String(repeating: "ü", count: 129))
    }
    #expect(file.slotCount == 0)

    let labels = [CounterLabel("a", "1"), CounterLabel("b", "2")]
    let one = try file.counter("x_total", labels: labels)
    expect(.duplicate(#"x_total{a="1",b="2"}"#)) {
      _ = try file.counter("x_total", labels: labels.reversed())
    }
    expect(.nameTaken(name: "x_total", by: "a counter of this name")) {
      _ = try file.gauge("x_total")
    }
    _ = try file.histogram("h", layout: .small())
    expect(.nameTaken(name: "h_count", by: "the histogram h")) { _ = try file.gauge("h_count") }
    let sum = try file.gauge("g_sum")
    expect(.nameTaken(name: "g", by: "the gauge g_sum")) {
      _ = try file.histogram("g", layout: .small())
    }
    _ = try file.counter("y_total")
    expect(.slotsExhausted(capacity: 4)) { _ = try file.counter("z_total") }
    file.release(one)
    file.release(sum)
    // What was released is free again, the name with any kind.
    _ = try file.gauge("x_total")
    expect(.histogramSpaceExhausted(byteCount: 270_464, capacity: 16_384)) {
      _ = try file.histogram(
        "big",
        layout: HistogramLayout(
          lowestDiscernible: 1, highestTrackable: 3_600_000_000_000, significantDigits: 3))
    }
    // The refusal took nothing.
    _ = try file.histogram("small", layout: .small())
  }

  @Test func capacitiesAreChecked() throws {
    let folder = try ScratchFolder()
    for (slots, bytes, name, value) in [
      (0, 0, "slotCapacity", 0), (65_537, 0, "slotCapacity", 65_537),
      (1, -1, "histogramByteCapacity", -1),
      (1, 1 << 30 + 1, "histogramByteCapacity", 1 << 30 + 1),
    ] {
      let error = #expect(throws: CounterFileError.self) {
        _ = try CounterFile(
          path: folder.path(),
          configuration: .init(slotCapacity: slots, histogramByteCapacity: bytes))
      }
      #expect(error?.description.contains("\(name) \(value): out of range; use ") == true)
    }
    #expect(try folder.names().isEmpty)
  }

  @Test func aFileThatMustNotBeReplacedStays() throws {
    let folder = try ScratchFolder()
    let path = folder.path()
    try folder.write(Array("precious".utf8))
    expect(.foreign) { _ = try CounterFile.small(path) }
    #expect(try folder.bytes() == Array("precious".utf8))
    expect(.notARegularFile) { _ = try CounterFile.small(folder.path) }
    expect(.system(operation: "open", errno: 2)) {
      _ = try CounterFile.small(folder.path("absent/x"))
    }
    try FileManager.default.removeItem(atPath: path)
    do {
      let file = try CounterFile.small(path)
      expect(.inUse(processID: Int(getpid()))) { _ = try CounterFile.small(path) }
      #expect(file.slotCount == 0)
    }
    let old = try CounterReader(path: path)
    #expect(old.writerState() == .closed && !old.isReplaced())
    _ = try CounterFile.small(path)
    let isReplaced = old.isReplaced()
    #expect(isReplaced)
    #expect(try folder.names() == ["test.counters"])
  }

  @Test func handlesOutliveTheFileAndKeepItOpen() throws {
    let folder = try ScratchFolder()
    let reader: CounterReader
    do {
      var counter: Counter
      do {
        let file = try CounterFile.small(folder.path())
        counter = try file.counter("late_total")
      }
      reader = try CounterReader(path: folder.path())
      #expect(reader.writerState() == .alive)
      counter.add(5)
      #expect(try reader.snapshot().entries[0].value == .counter(5))
    }
    #expect(reader.writerState() == .closed)
    #expect(try reader.snapshot().entries[0].value == .counter(5))
  }

  @Test func removingTheFileRemovesOnlyItself() throws {
    let folder = try ScratchFolder()
    let file = try CounterFile.small(folder.path())
    file.removeFile()
    #expect(try folder.names().isEmpty)
    try folder.write([1])
    file.removeFile()
    #expect(try folder.names() == ["test.counters"])
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func updatesAllocateNothing() throws {
    let folder = try ScratchFolder()
    let file = try CounterFile.small(folder.path())
    var counter = try file.counter("x_total")
    var gauge = try file.gauge("y")
    var histogram = try file.histogram("z", layout: .small())
    let allocations = allocationCount {
      for value in 0..<20_000 as Range<UInt64> {
        counter.increment()
        counter.add(value)
        gauge.add(1)
        gauge.set(3)
        histogram.record(value)
      }
    }
    #expect(allocations == 0)
    #expect(histogram.outOfRangeCount > 0)
  }

  @Test func countsSinceAnEarlierTime() throws {
    let layout = try HistogramLayout.small()
    func counts(_ slots: [Int: UInt64], outOfRange: UInt64 = 0) throws -> HistogramCounts {
      var array = [UInt64](repeating: 0, count: layout.slotCount)
      for (slot, count) in slots { array[slot] = count }
      return try #require(
        HistogramCounts(layout: layout, counts: array[...], outOfRangeCount: outOfRange))
    }
    let early = try counts([3: 5, 9: 1], outOfRange: 2)
    let late = try counts([1: 2, 3: 5, 9: 4, 20: 1], outOfRange: 3)
    let growth = try counts([1: 2, 9: 3, 20: 1], outOfRange: 1)
    #expect(late.since(early) == growth)
    #expect(late.since(early).totalCount == 6)
    #expect(late.since(late).totalCount == 0)
    // A reset: everything there is new.
    #expect(early.since(late) == early)
    #expect(try counts([3: 5]).since(early) == counts([3: 5]))
  }
}
