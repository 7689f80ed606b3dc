// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusCore
internal import Synchronization

extension BenchmarkSuite {
  /// Messages of 64 bytes, copied in or written in place.
  static let ringsMessage = BenchmarkSuite(name: "rings.message") { configuration, _ in
    let count = configuration.size(64_000, smoke: 2_048)
    return [
      MessageLoops.transfer("rings.message.copy.64B", count) { MessageLoops.pushCopies($0, $1) },
      MessageLoops.transfer("rings.message.inPlace.64B", count) {
        MessageLoops.pushInPlace($0, $1)
      },
      MessageLoops.roundTrip(
        "rings.message.roundTrip.64B", configuration.size(5_000, smoke: 50)),
    ]
  }

  /// From a push until the consumer that slept runs, and what the push costs the producer. The
  /// sleeping thread's CPU is idle meanwhile.
  static let wakeup = BenchmarkSuite(name: "wakeup") { configuration, _ in
    let rounds = configuration.size(200, smoke: 20)
    return [
      WakeupLoops.wakeup("wakeup.parkedConsumer", rounds, isProducersCost: false),
      WakeupLoops.wakeup("wakeup.producersCost", rounds, isProducersCost: true),
    ]
  }
}

/// What threads do with the ends of message rings.
enum MessageLoops {
  static let byteCount = 64
  /// Bytes. As many messages as other rings have elements, with their headers.
  static let capacity = 1 << 19

  static func transfer(
    _ name: String, _ count: Int,
    _ push: @escaping @Sendable (consuming MessageProducer, Int) -> Void
  ) -> TeamCase {
    TeamCase(name: name, operationCount: count) { team in
      let ends = try MessageRing.makeEnds(RingConfiguration(capacity: capacity))
      let gauge = ends.producer.gauge
      let producer = Handoff(ends.producer)
      let consumer = Handoff(ends.consumer)
      let run = try team.run(
        name,
        [
          {
            if let end = producer.take() { push(end, count) }
            return 0
          },
          {
            guard let end = consumer.take() else { return 0 }
            return read(end, count)
          },
        ])
      return withExtendedLifetime(gauge) { TeamCase.Sample(run) }
    }
  }

  @inline(never)
  static func pushCopies(_ end: consuming MessageProducer, _ count: Int) {
    var number: UInt64 = 0
    let limit = UInt64(count)
    while number < limit {
      var element = LineElement(number: number)
      // SAFETY: 64 bytes that are all initialised and outlive the call.
      let outcome = unsafe withUnsafeBytes(of: &element) { unsafe end.tryPush($0.bytes) }
      if outcome == .pushed { number &+= 1 }
    }
  }

  @inline(never)
  static func pushInPlace(_ end: consuming MessageProducer, _ count: Int) {
    var number: UInt64 = 0
    let limit = UInt64(count)
    while number < limit {
      let outcome = end.withClaim(byteCount: byteCount) { bytes in
        var offset = 0
        var word = number
        while offset < byteCount {
          bytes.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
          offset &+= 8
          word &+= 1
        }
        return byteCount
      }
      if outcome == .pushed { number &+= 1 }
    }
  }

  @inline(never)
  static func read(_ end: consuming MessageConsumer, _ count: Int) -> UInt64 {
    var hash = ConsumedHash()
    var left = count
    while left > 0 {
      left &-= end.tryConsume(countMax: RingLoops.batchCount) { _, payload in
        hash.take(fold(payload))
      }
    }
    return hash.ordered
  }

  @inline(__always)
  private static func fold(_ payload: RawSpan) -> UInt64 {
    // SAFETY: the span checks the length, and any bytes are a valid element.
    unsafe payload.unsafeLoad(as: LineElement.self).folded
  }

  static func roundTrip(_ name: String, _ count: Int) -> TeamCase {
    let recorder = LatencyRecorder(count: count)
    return TeamCase(name: name, operationCount: count, subject: .latency) { team in
      let there = try MessageRing.makeEnds(RingConfiguration(capacity: 1 << 13))
      let back = try MessageRing.makeEnds(RingConfiguration(capacity: 1 << 13))
      let gauges = [there.producer.gauge, back.producer.gauge]
      let (pingProducer, pongConsumer) = (Handoff(there.producer), Handoff(there.consumer))
      let (pongProducer, pingConsumer) = (Handoff(back.producer), Handoff(back.consumer))
      let run = try team.run(
        name,
        [
          {
            guard let producer = pingProducer.take(), let consumer = pingConsumer.take()
            else { return 0 }
            return ping(producer, consumer, recorder)
          },
          {
            guard let producer = pongProducer.take(), let consumer = pongConsumer.take()
            else { return 0 }
            pong(consumer, producer, count)
            return 0
          },
        ])
      return withExtendedLifetime(gauges) { TeamCase.Sample(run, recorder.percentiles()) }
    }
  }

  @inline(never)
  private static func ping(
    _ producer: consuming MessageProducer, _ consumer: consuming MessageConsumer,
    _ recorder: LatencyRecorder
  ) -> UInt64 {
    let clock = CycleClock.shared
    var hash = ConsumedHash()
    for round in 0..<(recorder.count + RingLoops.warmUpRounds) {
      let started = clock.now
      var element = LineElement(number: UInt64(truncatingIfNeeded: round))
      // SAFETY: 64 bytes that are all initialised and outlive the call.
      _ = unsafe withUnsafeBytes(of: &element) { unsafe producer.tryPush($0.bytes) }
      while consumer.tryConsume(countMax: 1, { _, payload in hash.take(fold(payload)) }) == 0 {}
      let elapsed = clock.now &- started
      if round >= RingLoops.warmUpRounds {
        recorder.record(elapsed, at: round - RingLoops.warmUpRounds)
      }
    }
    return hash.ordered
  }

  @inline(never)
  private static func pong(
    _ consumer: consuming MessageConsumer, _ end: consuming MessageProducer, _ rounds: Int
  ) {
    var producer = end
    var left = rounds + RingLoops.warmUpRounds
    while left > 0 {
      left &-= consumer.tryConsume(countMax: 1) { type, payload in
        _ = producer.tryPush(payload, type: type)
      }
    }
  }
}

/// What threads do where one sleeps.
enum WakeupLoops {
  /// Between two pushes: long enough for the consumer to fall asleep, and its CPU as well.
  static let pauseNanoseconds: UInt64 = 100_000

  static func wakeup(_ name: String, _ rounds: Int, isProducersCost: Bool) -> TeamCase {
    let recorder = LatencyRecorder(count: rounds)
    return TeamCase(name: name, operationCount: rounds, subject: .latency, isBusy: false) { team in
      let ends = try OneToOneRing<UInt64>.makeEnds(RingConfiguration(capacity: 64))
      let gauge = ends.producer.gauge
      let (producer, consumer) = (Handoff(ends.producer), Handoff(ends.consumer))
      let arrived = Arrivals()
      let run = try team.run(
        name,
        [
          {
            guard let end = producer.take() else { return 0 }
            push(end, rounds, arrived, isProducersCost ? recorder : nil)
            return 0
          },
          {
            guard let end = consumer.take() else { return 0 }
            return sleepAndPop(end, rounds, arrived, isProducersCost ? nil : recorder)
          },
        ])
      return withExtendedLifetime(gauge) { TeamCase.Sample(run, recorder.percentiles()) }
    }
  }

  /// How many elements the consumer has taken.
  private final class Arrivals: Sendable {
    let count = Atomic<Int>(0)
  }

  private static func push(
    _ end: consuming OneToOneProducer<UInt64>, _ rounds: Int, _ arrived: Arrivals,
    _ recorder: LatencyRecorder?
  ) {
    let clock = CycleClock.shared
    for round in 0..<rounds {
      let paused = clock.now
      while clock.nanoseconds(cycles: clock.now &- paused) < pauseNanoseconds {}
      let started = clock.now
      _ = end.push(started)
      recorder?.record(clock.now &- started, at: round)
      while arrived.count.load(ordering: .acquiring) <= round {}
    }
  }

  private static func sleepAndPop(
    _ end: consuming OneToOneConsumer<UInt64>, _ rounds: Int, _ arrived: Arrivals,
    _ recorder: LatencyRecorder?
  ) -> UInt64 {
    let clock = CycleClock.shared
    var popped: UInt64 = 0
    while popped < UInt64(rounds), case .element(let pushed) = end.pop() {
      // The producer's thread read the beginning.
      recorder?.record(clock.orderedNow &- pushed, at: Int(popped))
      popped &+= 1
      arrived.count.store(Int(popped), ordering: .releasing)
    }
    return popped
  }
}
