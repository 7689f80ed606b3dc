// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusCore

/// What threads do with ends of rings in the benchmarks; Benchmarks/Peers/ring_driver.hpp does the
/// same with other libraries' queues.
///
/// Ends are taken over, so that each is a local variable of its thread's loop.
enum RingLoops {
  static let batchCount = 64

  /// Pushes elements 0..<count one by one.
  @inline(never)
  static func push<Producer: ElementPushing & ~Copyable>(
    _ end: consuming Producer, count: Int
  ) -> UInt64 {
    var number: UInt64 = 0
    let limit = UInt64(count)
    while number < limit {
      if end.tryPush(Producer.Element(number: number)) { number &+= 1 }
    }
    return 0
  }

  /// Pushes elements 0..<count, `batchCount` at a time; a divisor of count.
  @inline(never)
  static func pushBatches<Producer: ElementPushing & ~Copyable>(
    _ end: consuming Producer, count: Int
  ) -> UInt64 {
    var batch = [Producer.Element](repeating: Producer.Element(number: 0), count: batchCount)
    var number = 0
    while number < count {
      fill(&batch, from: number)
      var pushed = 0
      while pushed < batchCount {
        pushed &+= end.tryPush(contentsOf: batch.span.extracting(pushed..<batchCount))
      }
      number &+= batchCount
    }
    return 0
  }

  @inline(__always)
  static func fill<Element: RingElement>(_ batch: inout [Element], from number: Int) {
    var span = batch.mutableSpan
    for index in span.indices {
      span[index] = Element(number: UInt64(truncatingIfNeeded: number &+ index))
    }
  }

  /// Pops so many elements one by one.
  @inline(never)
  static func pop<Consumer: ElementPopping & ~Copyable>(
    _ end: consuming Consumer, count: Int
  ) -> ConsumedHash {
    var hash = ConsumedHash()
    var left = count
    while left > 0 {
      if let element = end.tryPop() {
        hash.take(element.folded)
        left &-= 1
      }
    }
    return hash
  }

  /// Pops so many elements, up to `batchCount` at a time.
  @inline(never)
  static func popBatches<Consumer: ElementPopping & ~Copyable>(
    _ end: consuming Consumer, count: Int
  ) -> ConsumedHash {
    var batch = [Consumer.Element](repeating: Consumer.Element(number: 0), count: batchCount)
    var hash = ConsumedHash()
    var left = count
    while left > 0 { left &-= popBatch(&end, into: &batch, &hash) }
    return hash
  }

  @inline(__always)
  static func popBatch<Consumer: ElementPopping & ~Copyable>(
    _ end: inout Consumer, into batch: inout [Consumer.Element], _ hash: inout ConsumedHash
  ) -> Int {
    var target = batch.mutableSpan
    let count = end.tryPop(into: &target)
    for index in 0..<count { hash.take(target[index].folded) }
    return count
  }

  /// Pushes `pushCount` elements and pops `popCount` in turn: a thread that is both.
  @inline(never)
  static func pushAndPop<
    Producer: ElementPushing & ~Copyable, Consumer: ElementPopping & ~Copyable
  >(
    _ producer: consuming Producer, pushCount: Int, _ consumer: consuming Consumer, popCount: Int
  ) -> ConsumedHash {
    var hash = ConsumedHash()
    let popsInTurn = popCount / pushCount
    var number: UInt64 = 0
    let limit = UInt64(pushCount)
    var left = popCount
    while left > 0 || number < limit {
      if number < limit, producer.tryPush(Producer.Element(number: number)) { number &+= 1 }
      var turn = 0
      while turn < popsInTurn, left > 0, let element = consumer.tryPop() {
        hash.take(element.folded)
        left &-= 1
        turn &+= 1
      }
    }
    return hash
  }

  /// The same, up to `batchCount` at a time.
  @inline(never)
  static func pushAndPopBatches<
    Producer: ElementPushing & ~Copyable, Consumer: ElementPopping & ~Copyable
  >(
    _ producer: consuming Producer, pushCount: Int, _ consumer: consuming Consumer, popCount: Int
  ) -> ConsumedHash {
    var source = [Producer.Element](repeating: Producer.Element(number: 0), count: batchCount)
    var batch = [Consumer.Element](repeating: Consumer.Element(number: 0), count: batchCount)
    var hash = ConsumedHash()
    let popsInTurn = popCount / pushCount
    var number = 0
    var pushed = batchCount
    var left = popCount
    while left > 0 || number < pushCount || pushed < batchCount {
      if pushed == batchCount, number < pushCount {
        fill(&source, from: number)
        number &+= batchCount
        pushed = 0
      }
      if pushed < batchCount {
        pushed &+= producer.tryPush(contentsOf: source.span.extracting(pushed..<batchCount))
      }
      for _ in 0..<popsInTurn where left > 0 {
        // What another consumer is due stays in the ring.
        if left >= batchCount {
          left &-= popBatch(&consumer, into: &batch, &hash)
        } else if let element = consumer.tryPop() {
          hash.take(element.folded)
          left &-= 1
        }
      }
    }
    return hash
  }

  /// Rounds before those that are timed.
  static let warmUpRounds = 1_000

  /// Pushes a number and waits until it comes back; writes what each round took.
  @inline(never)
  static func ping<
    Producer: ElementPushing & ~Copyable, Consumer: ElementPopping & ~Copyable
  >(
    _ producer: consuming Producer, _ consumer: consuming Consumer, _ recorder: LatencyRecorder
  ) -> UInt64 where Producer.Element == Consumer.Element {
    let clock = CycleClock.shared
    var hash = ConsumedHash()
    for round in 0..<(recorder.count + warmUpRounds) {
      let started = clock.now
      _ = producer.tryPush(Producer.Element(number: UInt64(truncatingIfNeeded: round)))
      var popped = consumer.tryPop()
      while popped == nil { popped = consumer.tryPop() }
      let elapsed = clock.now &- started
      if let popped { hash.take(popped.folded) }
      if round >= warmUpRounds { recorder.record(elapsed, at: round - warmUpRounds) }
    }
    return hash.ordered
  }

  /// Sends back what comes.
  @inline(never)
  static func pong<
    Producer: ElementPushing & ~Copyable, Consumer: ElementPopping & ~Copyable
  >(
    _ consumer: consuming Consumer, _ producer: consuming Producer, rounds: Int
  ) -> UInt64 where Producer.Element == Consumer.Element {
    var left = rounds + warmUpRounds
    while left > 0 {
      if let element = consumer.tryPop() {
        _ = producer.tryPush(element)
        left &-= 1
      }
    }
    return 0
  }
}

/// Room for the times of one sample, written by one thread.
@safe
final class LatencyRecorder: @unchecked Sendable {
  // SAFETY: one role writes it; it is read after the role has ended.
  private let cycles: UnsafeMutableBufferPointer<UInt64>
  var count: Int { unsafe cycles.count }

  init(count: Int) {
    unsafe cycles = .allocate(capacity: count)
    unsafe cycles.initialize(repeating: 0)
  }

  deinit { unsafe cycles.deallocate() }

  /// Takes a wrapped difference of two readings of the clock; `percentiles()` sorts out negative ones.
  ///
  /// Precondition: index < count.
  @inline(__always)
  func record(_ elapsed: UInt64, at index: Int) { unsafe cycles[index] = elapsed }

  /// Of the last sample.
  func percentiles() -> Percentiles {
    var copy = unsafe Array(cycles)
    return Percentiles(cycles: &copy)
  }
}
