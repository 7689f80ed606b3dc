// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusCore

extension BenchmarkSuite {
  /// One producer whose elements all consumers see: one consumer, beside the one-to-one ring, and
  /// three in a chain, each behind the one before.
  static let ringsBroadcast = BenchmarkSuite(name: "rings.broadcast") { configuration, team in
    let cases = RingCases(suite: "rings.broadcast", configuration: configuration)
    return cases.broadcast(UInt64.self) + cases.broadcast(LineElement.self)
      + [cases.roundTrip("1to1.") { try RingCases.broadcastEnds(UInt64.self, $0) }]
      + cases.chains(UInt64.self, team) + cases.chains(LineElement.self, team)
  }
}

extension RingCases {
  static func broadcastEnds<Element: RingElement>(
    _ type: Element.Type, _ configuration: RingConfiguration
  ) throws -> EndPair<BroadcastProducer<Element>, BroadcastConsumer<Element>> {
    var ends = try BroadcastRing<Element>.makeEnds(configuration, consumers: [[]])
    guard let consumer = ends.consumers.take(0) else {
      throw RingError.endCount(name: "consumers", value: 0, max: 1)
    }
    let gauge = ends.producer.gauge
    return EndPair(producer: ends.producer, consumer: consumer, gauge: gauge)
  }

  /// One to one through a broadcast ring, and through a one-to-one ring for comparison.
  func broadcast<Element: RingElement>(_ type: Element.Type) -> [TeamCase] {
    let mine = [false, true].map { isBatch in
      transfer("1to1.", isBatch: isBatch) { [ringConfiguration] in
        try Self.broadcastEnds(type, ringConfiguration)
      }
    }
    return zip(mine, oneToOne(type, layout: "oneToOneRing.")).flatMap { [$0, $1] }
  }

  func chains<Element: RingElement>(_ type: Element.Type, _ team: ThreadTeam) -> [TeamCase] {
    [false, true].map { chain(type, isBatch: $0, team) } + [chainOnTwo(type)]
  }

  private static func chainEnds<Element: RingElement>(
    _ type: Element.Type, wait: WaitStrategy
  ) throws -> BroadcastEnds<Element> {
    try BroadcastRing<Element>.makeEnds(
      RingConfiguration(capacity: capacity, producerWait: wait, consumerWait: wait),
      consumers: [[], [0], [1]])
  }

  /// Four threads. Where there are fewer CPUs they share them, and give them up while they wait.
  private func chain<Element: RingElement>(
    _ type: Element.Type, isBatch: Bool, _ team: ThreadTeam
  ) -> TeamCase {
    let hasCores = team.cpuIndices.count >= 4
    let wait: WaitStrategy = hasCores ? .spin() : .spinThenYield(spinCount: 100)
    let count = configuration.size(512_000, smoke: 2_048)
    let name = "\(suite).chain3.fourThreads.\(isBatch ? "batch64" : "single").\(type.sizeName)"
    return TeamCase(name: name, operationCount: count, isBusy: hasCores) { team in
      var ends = try Self.chainEnds(type, wait: wait)
      let gauge = ends.producer.gauge
      var roles: [@Sendable () -> UInt64] = []
      for index in 0..<3 {
        guard let end = ends.consumers.take(index) else { continue }
        let consumer = Handoff(end)
        roles.append {
          guard let end = consumer.take() else { return 0 }
          return Self.follow(end, count: count, isBatch: isBatch)
        }
      }
      let producer = Handoff(ends.producer)
      roles.insert(
        {
          guard let end = producer.take() else { return 0 }
          return Self.lead(end, count: count, isBatch: isBatch)
        }, at: 0)
      let run = try team.run(name, roles)
      return withExtendedLifetime(gauge) { TeamCase.Sample(run) }
    }
  }

  /// Two threads: one pushes, the other one lets the three consumers have their turns.
  private func chainOnTwo<Element: RingElement>(_ type: Element.Type) -> TeamCase {
    let count = configuration.size(128_000, smoke: 2_048)
    let name = "\(suite).chain3.twoThreads.batch64.\(type.sizeName)"
    return TeamCase(name: name, operationCount: count) { team in
      var ends = try Self.chainEnds(type, wait: .spin())
      let gauge = ends.producer.gauge
      guard let first = ends.consumers.take(0), let second = ends.consumers.take(1),
        let third = ends.consumers.take(2)
      else { throw RingError.endCount(name: "consumers", value: 0, max: 3) }
      let producer = Handoff(ends.producer)
      let (one, two, three) = (Handoff(first), Handoff(second), Handoff(third))
      let run = try team.run(
        name,
        [
          {
            guard let end = producer.take() else { return 0 }
            return RingLoops.pushBatches(end, count: count)
          },
          {
            guard let first = one.take(), let second = two.take(), let third = three.take()
            else { return 0 }
            return Self.takeTurns(first, second, third, count: count)
          },
        ])
      return withExtendedLifetime(gauge) { TeamCase.Sample(run) }
    }
  }

  @inline(never)
  private static func lead<Element: RingElement>(
    _ end: consuming BroadcastProducer<Element>, count: Int, isBatch: Bool
  ) -> UInt64 {
    var batch = [Element](repeating: Element(number: 0), count: RingLoops.batchCount)
    var number = 0
    while number < count {
      guard isBatch else {
        _ = end.push(Element(number: UInt64(truncatingIfNeeded: number)))
        number &+= 1
        continue
      }
      RingLoops.fill(&batch, from: number)
      number &+= batch.count
      var rest = batch.span
      while !rest.isEmpty {
        let pushed = end.tryPush(contentsOf: rest)
        rest = rest.extracting(droppingFirst: pushed)
        // One element more than fits shows that there is no room; waiting is the ring's business.
        if pushed == 0, end.push(rest[0]) == .pushed {
          rest = rest.extracting(droppingFirst: 1)
        }
      }
    }
    return 0
  }

  @inline(never)
  private static func follow<Element: RingElement>(
    _ end: consuming BroadcastConsumer<Element>, count: Int, isBatch: Bool
  ) -> UInt64 {
    var batch = [Element](repeating: Element(number: 0), count: RingLoops.batchCount)
    var hash = ConsumedHash()
    var left = count
    while left > 0 {
      guard isBatch else {
        guard case .element(let element) = end.pop() else { break }
        hash.take(element.folded)
        left &-= 1
        continue
      }
      let count = RingLoops.popBatch(&end, into: &batch, &hash)
      left &-= count
      if count == 0 { _ = end.waitForElement() }
    }
    return hash.ordered
  }

  @inline(never)
  private static func takeTurns<Element: RingElement>(
    _ first: consuming BroadcastConsumer<Element>, _ second: consuming BroadcastConsumer<Element>,
    _ third: consuming BroadcastConsumer<Element>, count: Int
  ) -> UInt64 {
    var batch = [Element](repeating: Element(number: 0), count: RingLoops.batchCount)
    var (one, two, three) = (ConsumedHash(), ConsumedHash(), ConsumedHash())
    var left = count
    while left > 0 {
      _ = RingLoops.popBatch(&first, into: &batch, &one)
      _ = RingLoops.popBatch(&second, into: &batch, &two)
      left &-= RingLoops.popBatch(&third, into: &batch, &three)
    }
    return one.ordered &+ two.ordered &+ three.ordered
  }
}
