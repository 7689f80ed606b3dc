// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import Synchronization

/// The round trip of one cache line between two CPUs with nothing else: what the machine allows.
///
/// A host may move its virtual CPUs about, and with them this figure by a factor of four or more.
/// Samples are worth comparing only where it was the same before and after them.
@safe
final class CacheLineProbe: @unchecked Sendable {
  // SAFETY: the word is atomic, and the array is written by the thread that reads it.
  private let memory: UnsafeMutableRawPointer
  private let word: UnsafeMutablePointer<Atomic<UInt64>>
  private let rounds: Int
  private var cycles: [UInt64]
  private static let warmUpRounds = 64

  init(rounds: Int) {
    self.rounds = rounds
    cycles = [UInt64](repeating: 0, count: rounds)
    // A line of its own, and its neighbour, which some CPUs fetch together with it.
    unsafe memory = UnsafeMutableRawPointer.allocate(byteCount: 384, alignment: 128)
    unsafe word = (memory + 128).bindMemory(to: Atomic<UInt64>.self, capacity: 1)
    unsafe word.initialize(to: Atomic(0))
  }

  deinit { unsafe memory.deallocate() }

  /// Median of the round trips. Unit: nanoseconds.
  func measure(_ team: ThreadTeam) throws -> Double {
    // SAFETY: no thread uses it now.
    unsafe word.pointee.store(0, ordering: .releasing)
    _ = try team.run(
      "probe.cacheLine",
      [
        { [self] in ping() },
        { [self] in pong() },
      ])
    return Percentiles(cycles: &cycles).median
  }

  private func ping() -> UInt64 {
    let clock = CycleClock.shared
    unsafe cycles.withUnsafeMutableBufferPointer { cycles in
      for round in 0..<(rounds + Self.warmUpRounds) {
        let number = UInt64(truncatingIfNeeded: round) &* 2 &+ 1
        let started = clock.now
        // SAFETY: the memory lives as long as self.
        unsafe word.pointee.store(number, ordering: .releasing)
        while unsafe word.pointee.load(ordering: .acquiring) == number {}
        let elapsed = clock.now &- started
        if round >= Self.warmUpRounds { unsafe cycles[round - Self.warmUpRounds] = elapsed }
      }
    }
    return 0
  }

  private func pong() -> UInt64 {
    for round in 0..<(rounds + Self.warmUpRounds) {
      let number = UInt64(truncatingIfNeeded: round) &* 2 &+ 1
      // SAFETY: the memory lives as long as self.
      while unsafe word.pointee.load(ordering: .acquiring) != number {}
      unsafe word.pointee.store(number &+ 1, ordering: .releasing)
    }
    return 0
  }
}

/// What is reported of many times of one operation. Unit: nanoseconds.
public struct Percentiles: Sendable {
  /// Times whose end was read as before their start, which the counters of two CPUs allow: they count
  /// as 0.
  public var negativeCount: Int
  /// Half of them are below.
  public var median: Double
  /// 99 of 100 are below.
  public var p99: Double
  /// 999 of 1,000 are below.
  public var p999: Double
  /// The longest.
  public var maximum: Double

  /// Names of the rows, in the order of ``values``.
  public static let rowNames = ["p50", "p99", "p999", "max"]
  /// Those that are reported.
  public var values: [Double] { [median, p99, p999, maximum] }

  /// Sorts the times.
  ///
  /// - Parameter cycles: Wrapped differences of two readings of the clock.
  public init(cycles: inout [UInt64]) {
    var negativeCount = 0
    for index in cycles.indices
    where CycleClock.elapsedCycles(from: 0, to: cycles[index]) == nil {
      negativeCount += 1
      cycles[index] = 0
    }
    self.negativeCount = negativeCount
    cycles.sort()
    let sorted = cycles
    func at(_ share: Double) -> Double {
      guard !sorted.isEmpty else { return 0 }
      let rank = Int((Double(sorted.count) * share).rounded(.up))
      return Double(
        CycleClock.shared.nanoseconds(cycles: sorted[min(max(rank, 1), sorted.count) - 1]))
    }
    median = at(0.5)
    p99 = at(0.99)
    p999 = at(0.999)
    maximum = at(1)
  }
}
