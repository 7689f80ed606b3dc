// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import ApusTestSupport
import Testing

@Suite struct SimulatedNetworkTests {
  private func outcome(seed: UInt64) throws -> [UInt64] {
    var configuration = SimulatedNetworkConfiguration.rough
    configuration.path.resetPerMille = 2
    let run = try RequestRun(seed: seed, configuration)
    try run.run()
    return [run.driver.digest, run.driver.network.digest, UInt64(run.driver.stepCount)]
  }

  @Test func theSameSeedGivesTheSameEvents() throws {
    var all: Set<[UInt64]> = []
    for seed in 0..<20 {
      let first = try outcome(seed: UInt64(seed))
      #expect(try outcome(seed: UInt64(seed)) == first, "seed \(seed)")
      all.insert(first)
    }
    #expect(all.count == 20, "and another one others")
  }

  @Test func timersAreKnownToTheNetwork() throws {
    let driver = try NetworkDriver(hosts: [1])
    let timer = driver.loops[0].setTimer(at: Nanoseconds(5_000), token: 7)
    #expect(timer != nil && driver.network.nextEventTime == Nanoseconds(5_000))
    var tokens: [UInt64] = []
    driver.run { _, _, event in if case .timer(_, let token) = event { tokens.append(token) } }
    #expect(tokens == [7] && driver.lastTime == Nanoseconds(5_000))
    #expect(driver.network.nextEventTime == nil)
    driver.clock.set(Nanoseconds(5_000))
    #expect(!driver.network.step(&driver.clock, limit: Nanoseconds(9_000)))
    #expect(driver.clock.now == Nanoseconds(9_000))
  }

  @Test func timeThatGoesNowhereDoesNotTrap() throws {
    let driver = try NetworkDriver()
    let transfer = try Transfer(driver, 1_000_000)
    driver.run(until: { transfer.server != nil }) { transfer.handle($0, $1, $2) }
    driver.loops[0].pauseReceiving(try #require(transfer.server))
    driver.clock.set(Nanoseconds(.max - 1))
    for _ in 0..<10 { driver.stepAll { transfer.handle($0, $1, $2) } }
    driver.clock.set(Nanoseconds(.max))
    for _ in 0..<10 { driver.stepAll { transfer.handle($0, $1, $2) } }
    #expect(driver.network.now == Nanoseconds(.max))
  }

  /// An address of the loopback interface that leads to another host.
  @Test func whatTakesOnlyTheLoopbackReachesOtherHosts() throws {
    let driver = try NetworkDriver(hosts: [1, 300])
    let own = SimulatedNetwork.unauthenticatedAddress(host: 300)
    #expect(own.isLoopback && own.text == "127.1.1.44")
    let address = try driver.loops[1].listen(at: own).address
    #expect(throws: IOError.self) { try driver.loops[0].listen(at: own) }
    let client = try driver.loops[0].connect(to: address)
    _ = try driver.loops[0].connect(
      to: SimulatedNetwork.unauthenticatedAddress(host: 1, port: address.port))
    var connected: [ConnectionID] = []
    var accepted: [SocketAddress] = []
    driver.run { _, _, event in
      if case .connected(let connection) = event { connected.append(connection) }
      if case .accepted(let connection, _) = event {
        accepted += [driver.loops[1].peer(of: connection)].compactMap { $0 }
      }
    }
    #expect(connected == [client] && accepted.map(\.text) == ["127.1.0.1"])
    #expect(driver.network.counts.refusedCount == 1)
  }

  @Test func hostsHaveSeveralLoopsAndALoopback() throws {
    let driver = try NetworkDriver(hosts: [300, 300])
    let loopback = try #require(SocketAddress("127.0.0.1", port: 0))
    let address = try driver.loops[0].listen(at: loopback).address
    let client = try driver.loops[1].connect(to: address)
    let outside = try driver.loops[1].connect(
      to: SimulatedNetwork.address(host: 300, port: address.port))
    #expect(driver.loops[0].address.text == "10.0.1.44")
    var connected: [ConnectionID] = []
    var refused: [ConnectionID] = []
    driver.run { _, _, event in
      if case .connected(let connection) = event { connected.append(connection) }
      if case .closed(let connection, .notConnected) = event { refused.append(connection) }
    }
    #expect(connected == [client] && refused == [outside])
    #expect(driver.loops[1].peer(of: client) == address)
    #expect(driver.lastTime.rawValue < 100_000)
  }

  @Test func listenersShareAPort() throws {
    let driver = try NetworkDriver(hosts: [1, 1, 2])
    var options = ListenOptions()
    options.sharesPort = true
    let address = try driver.loops[0].listen(at: driver.loops[0].address, options: options).address
    _ = try driver.loops[1].listen(at: address, options: options)
    for _ in 0..<40 { _ = try driver.loops[2].connect(to: address) }
    driver.run { _, _, _ in }
    let counts = driver.loops.prefix(2).map(\.counters.acceptedCount)
    #expect(counts.allSatisfy { $0 > 8 } && counts.reduce(0, +) == 40)
  }

  @Test func requestsAreAnswered() throws {
    var partitionCount: UInt64 = 0
    for seed in Campaign.rounds(1_500, campaign: 100_000) {
      var random = SeededRandom(seed: UInt64(seed))
      var configuration = SimulatedNetworkConfiguration.rough
      configuration.path.lossPerMille = random.below(narrow: 200)
      configuration.path.resetPerMille = random.oneIn(3) ? 5 : 0
      configuration.streamSendByteCount = 1 + random.below(3_000)
      configuration.streamReceiveByteCount = 1 + random.below(3_000)
      configuration.segmentByteCountMax = 1 + random.below(300)
      let run = try RequestRun(seed: UInt64(seed), configuration)
      try run.run()
      partitionCount += run.driver.network.counts.cutSegmentCount > 0 ? 1 : 0
    }
    #expect(partitionCount > 100)
  }
}
