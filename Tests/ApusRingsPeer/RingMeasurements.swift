// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusRings
import ApusThreads
import Synchronization

/// A cache line's worth of bytes.
struct Line: BitwiseCopyable {
  var words: [8 of UInt64]

  init(_ value: UInt64) { words = [8 of UInt64](repeating: value) }
}

/// Throughput and round trips with one end on each of two CPUs, sampled in turn.
///
///     ApusRingsPeer measure FIRST_CPU,SECOND_CPU
struct RingMeasurements {
  let first: Int
  let second: Int
  let rounds = 9
  let capacity = 4_096
  let count = 2_000_000

  init?(_ cpus: String) {
    let numbers = cpus.split(separator: ",").compactMap { Int($0) }
    guard numbers.count == 2 else { return nil }
    first = numbers[0]
    second = numbers[1]
  }

  func run() throws {
    try pinCurrentThread(cpuIndex: first)
    let cases: [(name: String, unit: String, body: () throws -> [Double])] = [
      ("probe.roundTrip", "ns", probe), ("oneToOne.roundTrip.8B", "ns", roundTrip),
      ("oneToOne.single.8B", "M/s", { try oneToOne { UInt64($0) } }),
      ("oneToOne.single.64B", "M/s", { try oneToOne { Line(UInt64($0)) } }),
      ("oneToOne.batch64.8B", "M/s", { try oneToOneBatch(UInt64(1)) }),
      ("oneToOne.batch64.64B", "M/s", { try oneToOneBatch(Line(1)) }),
      ("manyToOne.1to1.single.8B", "M/s", manyToOne),
      ("manyToMany.1to1.single.8B", "M/s", manyToMany),
      ("manyToMany.1to1.batch64.8B", "M/s", manyToManyBatch),
      ("broadcast.1to1.single.8B", "M/s", { try broadcast(UInt64(1)) }),
      ("broadcast.1to1.single.64B", "M/s", { try broadcast(Line(1)) }),
      ("message.1to1.64B", "M/s", messages),
    ]
    var samples = cases.map { _ in [[Double]]() }
    for round in 0..<rounds + 1 {
      for offset in cases.indices {
        let index = (offset + round) % cases.count
        let sample = try cases[index].body()
        if round > 0 { samples[index].append(sample) }
      }
    }
    for (index, one) in cases.enumerated() {
      let columns = (0..<samples[index][0].count).map { column in
        let sorted = samples[index].map { $0[column] }.sorted()
        return
          "\(tenth(sorted[sorted.count / 2])) (\(tenth(sorted[0]))...\(tenth(sorted[sorted.count - 1])))"
      }
      print(one.name, columns.joined(separator: ", p99 "), one.unit)
    }
  }

  private func tenth(_ value: Double) -> Double { (value * 10).rounded() / 10 }

  /// M/s of `count` operations that `body` does together with the other thread.
  private func rate(_ count: Int, _ body: () throws -> Void) rethrows -> [Double] {
    let clock = CycleClock.shared
    let start = clock.now
    try body()
    return [Double(count) * 1_000 / Double(clock.nanoseconds(cycles: clock.now &- start))]
  }

  private func percentiles(_ cycles: [UInt64]) -> [Double] {
    let sorted = cycles.sorted()
    return [sorted[sorted.count / 2], sorted[sorted.count * 99 / 100]].map {
      Double(CycleClock.shared.nanoseconds(cycles: $0))
    }
  }

  private static let sink = Atomic<UInt64>(0)

  private func oneToOne<Element: BitwiseCopyable & Sendable>(
    _ make: (Int) -> Element
  ) throws -> [Double] {
    let ends = try OneToOneRing<Element>.makeEnds(RingConfiguration(capacity: capacity))
    let count = count
    let reader = try PinnedThread(name: "reader", cpuIndex: second, moving: ends.consumer) {
      Self.popAll($0, count)
    }
    var producer = ends.producer
    let element = make(1)
    let result = rate(count) {
      Self.pushAll(&producer, element, count)
      reader.join()
    }
    return result
  }

  @inline(never)
  static func pushAll<Element: BitwiseCopyable>(
    _ producer: inout OneToOneProducer<Element>, _ element: Element, _ count: Int
  ) {
    var left = count
    while left > 0 {
      if producer.tryPush(element) { left &-= 1 }
    }
  }

  @inline(never)
  static func popAll<Element: BitwiseCopyable>(
    _ end: consuming OneToOneConsumer<Element>, _ count: Int
  ) {
    var consumer = end
    var left = count
    var sum: UInt64 = 0
    while left > 0 {
      if let element = consumer.tryPop() {
        // SAFETY: elements here have at least eight bytes.
        sum &+= unsafe withUnsafeBytes(of: element) { unsafe $0.loadUnaligned(as: UInt64.self) }
        left &-= 1
      }
    }
    Self.sink.wrappingAdd(sum, ordering: .relaxed)
  }

  private func oneToOneBatch<Element: BitwiseCopyable & Sendable>(
    _ element: Element
  ) throws -> [Double] {
    let ends = try OneToOneRing<Element>.makeEnds(RingConfiguration(capacity: capacity))
    let count = count * 4
    let reader = try PinnedThread(name: "reader", cpuIndex: second, moving: ends.consumer) {
      var consumer = $0
      var target = [Element](repeating: element, count: 64)
      var left = count
      while left > 0 {
        var span = target.mutableSpan
        left &-= consumer.tryPop(into: &span)
      }
    }
    var producer = ends.producer
    let source = [Element](repeating: element, count: 64)
    return rate(count) {
      var left = count
      while left > 0 { left &-= producer.tryPush(contentsOf: source.span) }
      reader.join()
    }
  }

  private func manyToOne() throws -> [Double] {
    var ends = try ManyToOneRing<UInt64>.makeEnds(
      RingConfiguration(capacity: capacity), producerCount: 1)
    let count = count
    guard var producer = ends.producers.take() else { return [] }
    let reader = try PinnedThread(name: "reader", cpuIndex: second, moving: ends.consumer) {
      var consumer = $0
      var left = count
      while left > 0 {
        if consumer.tryPop() != nil { left &-= 1 }
      }
    }
    return rate(count) {
      var left = count
      while left > 0 {
        if producer.tryPush(1) { left &-= 1 }
      }
      reader.join()
    }
  }

  private func manyToMany() throws -> [Double] {
    var ends = try ManyToManyRing<UInt64>.makeEnds(
      RingConfiguration(capacity: capacity), producerCount: 1, consumerCount: 1)
    let count = count
    guard var producer = ends.producers.take(), let end = ends.consumers.take() else { return [] }
    let reader = try PinnedThread(name: "reader", cpuIndex: second, moving: end) {
      var consumer = $0
      var left = count
      while left > 0 {
        if consumer.tryPop() != nil { left &-= 1 }
      }
    }
    return rate(count) {
      var left = count
      while left > 0 {
        if producer.tryPush(1) { left &-= 1 }
      }
      reader.join()
    }
  }

  private func manyToManyBatch() throws -> [Double] {
    var ends = try ManyToManyRing<UInt64>.makeEnds(
      RingConfiguration(capacity: capacity), producerCount: 1, consumerCount: 1)
    let count = count * 4
    guard var producer = ends.producers.take(), let end = ends.consumers.take() else { return [] }
    let reader = try PinnedThread(name: "reader", cpuIndex: second, moving: end) {
      var consumer = $0
      var target = [UInt64](repeating: 0, count: 64)
      var left = count
      while left > 0 {
        var span = target.mutableSpan
        left &-= consumer.tryPop(into: &span)
      }
    }
    let source = [UInt64](repeating: 1, count: 64)
    return rate(count) {
      var left = count
      while left > 0 { left &-= producer.tryPush(contentsOf: source.span) }
      reader.join()
    }
  }

  private func broadcast<Element: BitwiseCopyable & Sendable>(
    _ element: Element
  ) throws -> [Double] {
    var ends = try BroadcastRing<Element>.makeEnds(
      RingConfiguration(capacity: capacity), consumers: [[]])
    let count = count
    guard let end = ends.consumers.take(0) else { return [] }
    let reader = try PinnedThread(name: "reader", cpuIndex: second, moving: end) {
      var consumer = $0
      var left = count
      while left > 0 {
        if consumer.tryPop() != nil { left &-= 1 }
      }
    }
    var producer = ends.producer
    return rate(count) {
      var left = count
      while left > 0 {
        if producer.tryPush(element) { left &-= 1 }
      }
      reader.join()
    }
  }

  private func messages() throws -> [Double] {
    let ends = try MessageRing.makeEnds(RingConfiguration(capacity: 1 << 19))
    let count = count
    let reader = try PinnedThread(name: "reader", cpuIndex: second, moving: ends.consumer) {
      var consumer = $0
      var left = count
      var sum = 0
      while left > 0 {
        left &-= consumer.tryConsume(countMax: 256) { _, payload in sum &+= payload.byteCount }
      }
      Self.sink.wrappingAdd(UInt64(sum), ordering: .relaxed)
    }
    var producer = ends.producer
    let message = [UInt8](repeating: 1, count: 64)
    return rate(count) {
      var left = count
      while left > 0 {
        if producer.tryPush(message.span) == .pushed { left &-= 1 }
      }
      reader.join()
    }
  }

  private func roundTrip() throws -> [Double] {
    let there = try OneToOneRing<UInt64>.makeEnds(RingConfiguration(capacity: 64))
    let back = try OneToOneRing<UInt64>.makeEnds(RingConfiguration(capacity: 64))
    let rounds = 100_000
    let echo = Handoff(back.producer)
    let other = try PinnedThread(name: "echo", cpuIndex: second, moving: there.consumer) {
      var consumer = $0
      guard var producer = echo.take() else { return }
      var left = rounds
      while left > 0 {
        if let value = consumer.tryPop() {
          _ = producer.tryPush(value)
          left &-= 1
        }
      }
    }
    var producer = there.producer
    var consumer = back.consumer
    var cycles = [UInt64](repeating: 0, count: rounds)
    let clock = CycleClock.shared
    for round in 0..<rounds {
      let start = clock.now
      _ = producer.tryPush(UInt64(round))
      while consumer.tryPop() == nil {}
      cycles[round] = clock.now &- start
    }
    other.join()
    return percentiles(cycles)
  }

  private final class Words: Sendable {
    let there = Padded()
    let back = Padded()
  }

  private final class Padded: Sendable {
    let before: [16 of UInt64] = .init(repeating: 0)
    let word = Atomic<UInt64>(0)
    let after: [16 of UInt64] = .init(repeating: 0)
  }

  /// One cache line there and one back, with nothing else: what the machine allows.
  private func probe() throws -> [Double] {
    let words = Words()
    let rounds: UInt64 = 100_000
    let other = try PinnedThread(name: "echo", cpuIndex: second) {
      for round in 1...rounds {
        while words.there.word.load(ordering: .acquiring) != round {}
        words.back.word.store(round, ordering: .releasing)
      }
    }
    var cycles: [UInt64] = []
    cycles.reserveCapacity(Int(rounds))
    let clock = CycleClock.shared
    for round in 1...rounds {
      let start = clock.now
      words.there.word.store(round, ordering: .releasing)
      while words.back.word.load(ordering: .acquiring) != round {}
      cycles.append(clock.now &- start)
    }
    other.join()
    return percentiles(cycles)
  }
}
