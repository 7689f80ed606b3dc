// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusCore

/// Cases that all kinds of rings of elements have.
struct RingCases {
  let suite: String
  let configuration: BenchmarkConfiguration

  /// Elements a ring holds, for throughput; peers have the same.
  static let capacity = 4_096
  static let roundTripCapacity = 64
  let ringConfiguration = RingConfiguration(capacity: capacity)

  /// About a millisecond a sample: short enough to fall between two turns of other processes.
  func count<Element: RingElement>(_ type: Element.Type, isBatch: Bool) -> Int {
    configuration.size(isBatch ? 512_000 : 128_000, smoke: 2_048) / Element.costFactor
  }

  var roundTripCount: Int { configuration.size(5_000, smoke: 50) }

  /// One thread pushes, another one pops.
  ///
  /// - Parameter makeEnds: Makes the ends of a new ring.
  func transfer<
    Producer: ElementPushing & ~Copyable, Consumer: ElementPopping & ~Copyable
  >(
    _ layout: String, isBatch: Bool,
    _ makeEnds: @escaping () throws -> EndPair<Producer, Consumer>
  ) -> TeamCase where Producer.Element == Consumer.Element {
    let type = Producer.Element.self
    let count = count(type, isBatch: isBatch)
    let name = "\(suite).\(layout)\(isBatch ? "batch64" : "single").\(type.sizeName)"
    return TeamCase(name: name, operationCount: count) { team in
      let ends = try makeEnds()
      let gauge = ends.gauge
      let producer = Handoff(ends.producer)
      let consumer = Handoff(ends.consumer)
      let run = try team.run(
        name,
        [
          {
            guard let end = producer.take() else { return 0 }
            return isBatch
              ? RingLoops.pushBatches(end, count: count) : RingLoops.push(end, count: count)
          },
          {
            guard let end = consumer.take() else { return 0 }
            return
              (isBatch
              ? RingLoops.popBatches(end, count: count) : RingLoops.pop(end, count: count)).ordered
          },
        ])
      return withExtendedLifetime(gauge) { TeamCase.Sample(run) }
    }
  }

  /// One element there and back, again and again, through a pair of rings.
  func roundTrip<
    Producer: ElementPushing & ~Copyable, Consumer: ElementPopping & ~Copyable
  >(
    _ layout: String = "",
    _ makeEnds: @escaping (RingConfiguration) throws -> EndPair<Producer, Consumer>
  ) -> TeamCase where Producer.Element == Consumer.Element {
    let count = roundTripCount
    let name = "\(suite).\(layout)roundTrip.\(Producer.Element.sizeName)"
    let recorder = LatencyRecorder(count: count)
    return TeamCase(name: name, operationCount: count, subject: .latency) { team in
      let there = try makeEnds(RingConfiguration(capacity: Self.roundTripCapacity))
      let back = try makeEnds(RingConfiguration(capacity: Self.roundTripCapacity))
      let gauges = [there.gauge, back.gauge]
      let pingProducer = Handoff(there.producer)
      let pongConsumer = Handoff(there.consumer)
      let pongProducer = Handoff(back.producer)
      let pingConsumer = Handoff(back.consumer)
      let run = try team.run(
        name,
        [
          {
            guard let producer = pingProducer.take(), let consumer = pingConsumer.take()
            else { return 0 }
            return RingLoops.ping(producer, consumer, recorder)
          },
          {
            guard let producer = pongProducer.take(), let consumer = pongConsumer.take()
            else { return 0 }
            return RingLoops.pong(consumer, producer, rounds: count)
          },
        ])
      return withExtendedLifetime(gauges) { TeamCase.Sample(run, recorder.percentiles()) }
    }
  }
}

/// Two ends of one ring.
struct EndPair<Producer: ~Copyable, Consumer: ~Copyable>: ~Copyable {
  var producer: Producer
  var consumer: Consumer
  /// Keeps the ring's memory until the time is over.
  let gauge: RingGauge
}

extension BenchmarkSuite {
  /// One producer, one consumer.
  static let ringsOneToOne = BenchmarkSuite(name: "rings.oneToOne") { configuration, _ in
    let cases = RingCases(suite: "rings.oneToOne", configuration: configuration)
    return cases.oneToOne(UInt64.self) + cases.oneToOne(LineElement.self)
      + [
        cases.roundTrip { try RingCases.oneToOneEnds(UInt64.self, $0) },
        cases.roundTrip { try RingCases.oneToOneEnds(LineElement.self, $0) },
      ]
  }

  /// Producers with lanes of their own, one consumer: 1 to 1 in this mode, and 2 to 1 where the
  /// second producer is the consumer's thread as well, so that two CPUs are enough.
  static let ringsManyToOne = BenchmarkSuite(name: "rings.manyToOne") { configuration, _ in
    let cases = RingCases(suite: "rings.manyToOne", configuration: configuration)
    return cases.manyToOne(UInt64.self) + cases.manyToOne(LineElement.self)
      + [cases.roundTrip("1to1.") { try RingCases.manyToOneEnds(UInt64.self, $0) }]
  }

  /// Many to many: 1 to 1 in this mode, and 2 to 2 where both threads push and pop.
  static let ringsManyToMany = BenchmarkSuite(name: "rings.manyToMany") { configuration, _ in
    let cases = RingCases(suite: "rings.manyToMany", configuration: configuration)
    return cases.manyToMany(UInt64.self) + cases.manyToMany(LineElement.self)
      + [cases.roundTrip("1to1.") { try RingCases.manyToManyEnds(UInt64.self, $0) }]
  }
}

extension RingCases {
  static func oneToOneEnds<Element: RingElement>(
    _ type: Element.Type, _ configuration: RingConfiguration
  ) throws -> EndPair<OneToOneProducer<Element>, OneToOneConsumer<Element>> {
    let ends = try OneToOneRing<Element>.makeEnds(configuration)
    let gauge = ends.producer.gauge
    return EndPair(producer: ends.producer, consumer: ends.consumer, gauge: gauge)
  }

  func oneToOne<Element: RingElement>(_ type: Element.Type, layout: String = "") -> [TeamCase] {
    [false, true].map { isBatch in
      transfer(layout, isBatch: isBatch) { [ringConfiguration] in
        try Self.oneToOneEnds(type, ringConfiguration)
      }
    }
  }

  static func manyToOneEnds<Element: RingElement>(
    _ type: Element.Type, _ configuration: RingConfiguration
  ) throws -> EndPair<ManyToOneProducer<Element>, ManyToOneConsumer<Element>> {
    var ends = try ManyToOneRing<Element>.makeEnds(configuration, producerCount: 1)
    guard let producer = ends.producers.take() else {
      throw RingError.endCount(name: "producers", value: 0, max: 1)
    }
    let gauge = producer.gauge
    return EndPair(producer: producer, consumer: ends.consumer, gauge: gauge)
  }

  static func manyToManyEnds<Element: RingElement>(
    _ type: Element.Type, _ configuration: RingConfiguration
  ) throws -> EndPair<ManyToManyProducer<Element>, ManyToManyConsumer<Element>> {
    var ends = try ManyToManyRing<Element>.makeEnds(
      configuration, producerCount: 1, consumerCount: 1)
    guard let producer = ends.producers.take(), let consumer = ends.consumers.take() else {
      throw RingError.endCount(name: "ends", value: 0, max: 1)
    }
    let gauge = producer.gauge
    return EndPair(producer: producer, consumer: consumer, gauge: gauge)
  }

  func manyToOne<Element: RingElement>(_ type: Element.Type) -> [TeamCase] {
    [false, true].flatMap { isBatch in
      [
        transfer("1to1.", isBatch: isBatch) { [ringConfiguration] in
          try Self.manyToOneEnds(type, ringConfiguration)
        },
        twoToOne(type, isBatch: isBatch),
      ]
    }
  }

  private func twoToOne<Element: RingElement>(_ type: Element.Type, isBatch: Bool) -> TeamCase {
    let count = count(type, isBatch: isBatch) / 2
    let name = "\(suite).2to1.\(isBatch ? "batch64" : "single").\(type.sizeName)"
    return TeamCase(name: name, operationCount: 2 * count) { [ringConfiguration] team in
      var ends = try ManyToOneRing<Element>.makeEnds(ringConfiguration, producerCount: 2)
      guard let first = ends.producers.take(), let second = ends.producers.take() else {
        throw RingError.endCount(name: "producers", value: 0, max: 2)
      }
      let gauge = first.gauge
      let pusher = Handoff(first)
      let both = Handoff(second)
      let consumer = Handoff(ends.consumer)
      let run = try team.run(
        name,
        [
          {
            guard let end = pusher.take() else { return 0 }
            return isBatch
              ? RingLoops.pushBatches(end, count: count) : RingLoops.push(end, count: count)
          },
          {
            guard let producer = both.take(), let consumer = consumer.take() else { return 0 }
            return Self.pushAndPop(
              producer, pushCount: count, consumer, popCount: 2 * count, isBatch: isBatch)
          },
        ])
      return withExtendedLifetime(gauge) { TeamCase.Sample(run) }
    }
  }

  func manyToMany<Element: RingElement>(_ type: Element.Type) -> [TeamCase] {
    [false, true].flatMap { isBatch in
      [
        transfer("1to1.", isBatch: isBatch) { [ringConfiguration] in
          try Self.manyToManyEnds(type, ringConfiguration)
        },
        twoToTwo(type, isBatch: isBatch),
      ]
    }
  }

  private func twoToTwo<Element: RingElement>(_ type: Element.Type, isBatch: Bool) -> TeamCase {
    let count = count(type, isBatch: isBatch) / 2
    let name = "\(suite).2to2.\(isBatch ? "batch64" : "single").\(type.sizeName)"
    return TeamCase(name: name, operationCount: 2 * count) { [ringConfiguration] team in
      var ends = try ManyToManyRing<Element>.makeEnds(
        ringConfiguration, producerCount: 2, consumerCount: 2)
      var pairs: [(Handoff<ManyToManyProducer<Element>>, Handoff<ManyToManyConsumer<Element>>)] = []
      var gauges: [RingGauge] = []
      while let producer = ends.producers.take(), let consumer = ends.consumers.take() {
        gauges.append(producer.gauge)
        pairs.append((Handoff(producer), Handoff(consumer)))
      }
      let roles = pairs.map { producer, consumer -> @Sendable () -> UInt64 in
        {
          guard let producer = producer.take(), let consumer = consumer.take() else { return 0 }
          return Self.pushAndPop(
            producer, pushCount: count, consumer, popCount: count, isBatch: isBatch)
        }
      }
      let run = try team.run(name, roles)
      return withExtendedLifetime(gauges) { TeamCase.Sample(run) }
    }
  }

  /// The sum alone: which consumer gets what differs from run to run.
  private static func pushAndPop<
    Producer: ElementPushing & ~Copyable, Consumer: ElementPopping & ~Copyable
  >(
    _ producer: consuming Producer, pushCount: Int, _ consumer: consuming Consumer, popCount: Int,
    isBatch: Bool
  ) -> UInt64 {
    isBatch
      ? RingLoops.pushAndPopBatches(
        producer, pushCount: pushCount, consumer, popCount: popCount
      ).sum
      : RingLoops.pushAndPop(
        producer, pushCount: pushCount, consumer, popCount: popCount
      ).sum
  }
}
