// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusMetrics
import ApusTestSupport
import Foundation
import Testing

/// What other processes see of how long commands take.
@Suite struct SharedLatenciesTests {
  /// A counter file with the two histograms.
  private final class Rig {
    let folder: ScratchFolder
    let latencies = SharedLatencies()
    private let file: CounterFile
    private let reader: CounterReader

    init() throws {
      folder = try ScratchFolder()
      let path = folder.path("counters")
      file = try CounterFile(
        path: path, configuration: .init(slotCapacity: 4, histogramByteCapacity: 1 << 18))
      let layout = try HistogramLayout(
        lowestDiscernible: 1, highestTrackable: 60_000_000_000, significantDigits: 2)
      latencies.attach(
        command: try file.histogram("command", layout: layout),
        commit: try file.histogram("commit", layout: layout))
      reader = try CounterReader(path: path)
    }

    func count(_ name: String) throws -> UInt64 { try counts(name)?.totalCount ?? 0 }

    /// The least and the greatest value. Unit: nanoseconds.
    func range(_ name: String) throws -> ClosedRange<UInt64>? {
      guard let counts = try counts(name), counts.totalCount > 0 else { return nil }
      let histogram = try counts.histogram()
      return histogram.minimum...histogram.maximum
    }

    private func counts(_ name: String) throws -> HistogramCounts? {
      for entry in try reader.snapshot().entries where entry.identity.name == name {
        if case .histogram(let counts) = entry.value { return counts }
      }
      return nil
    }
  }

  /// A command has not come out as long as its events wait, for the disk or for who takes them.
  @Test func aCommandCountsWhenItsEventsHaveLeft() throws {
    let rig = try Rig()
    let disk = JournalRig.slowDisk()
    disk.faults.commitLookCountMax = 50
    var host = try JournalRig.host(disk, release: .durable, latencies: rig.latencies)
    let start = ContinuousClock.now
    expect(host.step(now: Nanoseconds(5), command: .open(1)))
    usleep(2_000)
    expect(host.waitingEventCount > 0)
    #expect(try rig.count("command") == 0)
    #expect(try rig.count("commit") == 0)
    expect(host.flush())
    #expect(try rig.count("commit") == 1)
    // The disk has it, and nobody has taken the event.
    #expect(try rig.count("command") == 0)
    usleep(3_000)
    host.takeEvents { _ in }
    expect(host.flush())
    #expect(try rig.count("command") == 1)
    #expect(try rig.count("commit") == 1)
    // Two digits: a value may stand for one that is a hundredth smaller.
    let wholeNanoseconds = UInt64((ContinuousClock.now - start) / .nanoseconds(1) * 1.01)
    let commit = try #require(try rig.range("commit"))
    let command = try #require(try rig.range("command"))
    #expect(commit.lowerBound >= 1_980_000 && command.upperBound <= wholeNanoseconds)
    #expect(command.lowerBound >= commit.lowerBound + 2_900_000, "\(command) after \(commit)")
  }

  /// Where nothing waits each timed batch counts, once for its last command.
  @Test func whatLeavesAtOnceCountsAtOnce() throws {
    let rig = try Rig()
    let start = ContinuousClock.now
    var host = try HostRig(
      configuration: .init(
        release: .atOnce, eventCapacity: 64, timedBatchInterval: 4, latencies: rig.latencies))
    for round in 0..<40 {
      _ = host.producer.tryPush(.open(UInt32(round)))
      _ = host.producer.tryPush(.deposit(1, to: UInt32(round)))
      _ = host.host.step(now: .zero, countMax: 10)
      _ = host.takeAll()
    }
    #expect(try rig.count("command") == 10)
    #expect(try rig.count("commit") == 0, "there is no journal")
    // One round after the other: each takes a part of the whole, and the longest more than no time.
    let values = try #require(try rig.range("command"))
    let wholeNanoseconds = UInt64((ContinuousClock.now - start) / .nanoseconds(1) * 1.01)
    #expect(values.upperBound > 0 && values.lowerBound * 10 <= wholeNanoseconds)
  }
}
