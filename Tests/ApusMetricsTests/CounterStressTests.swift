// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import ApusThreads
import Foundation
import Synchronization
import Testing

@testable import ApusMetrics

/// A writer that registers and releases as fast as it can, and a reader beside it.
@Suite struct CounterStressTests {
  private static let seconds =
    ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] != nil ? 20.0 : 1.0

  private final class Outcome: Sendable {
    let failure = Mutex<String?>(nil)
  }

  /// Every value says in its upper half whose it is. Allowed: a counter's own values, or the 0 it
  /// starts at. Forbidden: another's.
  @Test func aReaderNeverTakesAValueForAnothers() throws {
    let folder = try ScratchFolder()
    let file = try CounterFile.small(folder.path())
    let outcome = Outcome()
    let writer = try PinnedThread(configuration: .init(name: "counter-churn")) { token in
      do {
        var serial: UInt64 = 0
        let layout = try HistogramLayout.small()
        while !token.isStopped {
          serial += 1
          var counter = try file.counter("c\(serial)")
          var gauge = try file.gauge("g\(serial)")
          // Values of one histogram all lie in one slot of its own.
          let slot = Int(serial % UInt64(layout.slotCount))
          var histogram = try file.histogram("h\(serial)", layout: layout)
          for step in 0..<(serial % 40) {
            counter.set(serial << 32 | step)
            gauge.set(-Int64(serial << 32 | step))
            histogram.record(layout.lowestValue(ofSlot: slot))
          }
          // Now and then the file stands still for long enough to be read.
          if serial % 64 == 0 { usleep(500) }
          file.release(histogram)
          file.release(counter)
          file.release(gauge)
        }
      } catch {
        outcome.failure.withLock { $0 = "\(error)" }
      }
    }
    let reader = try CounterReader(path: folder.path())
    let layout = try HistogramLayout.small()
    var seen: [CounterKind: Int] = [:]
    var forbidden: [String] = []
    let end = ContinuousClock.now + .seconds(Self.seconds)
    let latest = end + .seconds(30)
    while forbidden.isEmpty,
      ContinuousClock.now < (seen.count == CounterKind.allCases.count ? end : latest)
    {
      for entry in try reader.snapshot().entries {
        seen[entry.kind, default: 0] += 1
        let serial = try #require(UInt64(entry.identity.name.dropFirst()))
        let isOwn =
          switch entry.value {
          case .counter(let value): value == 0 || value >> 32 == serial
          case .gauge(let value): value == 0 || UInt64(-value) >> 32 == serial
          case .histogram(let counts):
            counts.slots.allSatisfy { UInt64($0.index) == serial % UInt64(layout.slotCount) }
          }
        if !isOwn { forbidden.append("\(entry)") }
      }
    }
    writer.stop()
    #expect(writer.join(timeout: .seconds(20)))
    #expect(outcome.failure.withLock { $0 } == nil)
    #expect(forbidden.isEmpty)
    // The stress was one: live slots of each kind were met.
    for kind in CounterKind.allCases { #expect(seen[kind, default: 0] > 0, "\(kind)") }
  }

  /// What a reader sees of a counter and of a histogram never goes back.
  @Test func whatAReaderSeesOnlyGrows() throws {
    let folder = try ScratchFolder()
    let file = try CounterFile.small(folder.path())
    let box = Grown()
    let writer = try PinnedThread(configuration: .init(name: "counter-growth")) { token in
      guard var counter = try? file.counter("events_total"),
        var histogram = try? file.histogram("sizes", layout: .small())
      else { return }
      var random = SeededRandom(seed: 11)
      while !token.isStopped {
        histogram.record(random.next() % 10_000)
        counter.increment()
      }
      box.total.store(counter.value, ordering: .releasing)
    }
    let reader = try CounterReader(path: folder.path())
    var last: (count: UInt64, recorded: UInt64) = (0, 0)
    var changes = 0
    let end = ContinuousClock.now + .seconds(Self.seconds / 2)
    let latest = end + .seconds(30)
    while ContinuousClock.now < (changes > 2 ? end : latest) {
      for entry in try reader.snapshot().entries {
        switch entry.value {
        case .counter(let value):
          #expect(value >= last.count)
          if value > last.count { changes += 1 }
          last.count = value
        case .histogram(let counts):
          #expect(counts.totalCount >= last.recorded)
          last.recorded = counts.totalCount
        case .gauge: Issue.record("no gauge was registered")
        }
      }
    }
    writer.stop()
    #expect(writer.join(timeout: .seconds(20)))
    let written = box.total.load(ordering: .acquiring)
    #expect(changes > 2)
    for entry in try reader.snapshot().entries {
      switch entry.value {
      case .counter(let value): #expect(value == written)
      case .histogram(let counts): #expect(counts.totalCount == written)
      case .gauge: Issue.record("no gauge was registered")
      }
    }
  }

  private final class Grown: Sendable {
    let total = Atomic<UInt64>(0)
  }

  /// Against a map of bytes.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func extentsAgreeWithAMapOfBytes(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var allocator = ExtentAllocator(100..<1_100)
    var taken: [Range<Int>] = []
    for step in 0..<2_000 {
      if Bool.random(using: &random) || taken.isEmpty {
        let byteCount = Int.random(in: 1...150, using: &random)
        // First fit: the lowest place where so many bytes are free.
        let isTaken = (100..<1_100).map { byte in taken.contains { $0.contains(byte) } }
        var run = 0
        var expected: Int?
        for (index, isTaken) in isTaken.enumerated() where expected == nil {
          run = isTaken ? 0 : run + 1
          if run == byteCount { expected = 100 + index - byteCount + 1 }
        }
        let range = allocator.allocate(byteCount: byteCount)
        #expect(range?.lowerBound == expected, "seed \(seed) step \(step)")
        if let range { taken.append(range) }
      } else {
        allocator.release(taken.remove(at: Int.random(in: 0..<taken.count, using: &random)))
      }
    }
    for range in taken { allocator.release(range) }
    #expect(allocator.free == [100..<1_100])
  }
}
