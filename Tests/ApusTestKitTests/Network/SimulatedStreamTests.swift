// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import ApusTestSupport
import Testing

/// A stream from the second loop to the first, which ends it when it has all.
final class Transfer {
  let driver: NetworkDriver
  let sent: [UInt8]
  var received: [UInt8] = []
  var offset = 0
  var client: ConnectionID
  var server: ConnectionID?
  var closed: [Int: CloseReason] = [:]
  var partCount = 0

  init(_ driver: NetworkDriver, _ byteCount: Int) throws {
    self.driver = driver
    sent = pattern(byteCount)
    let address = try driver.loops[0].listen(at: driver.loops[0].address).address
    client = try driver.loops[1].connect(to: address)
  }

  func feed() {
    offset += send(sent, from: offset, on: client, of: driver.loops[1])
    if offset == sent.count { driver.loops[1].finishSending(client) }
  }

  func handle(_ place: Int, _ loop: SimulatedLoop, _ event: IOEvent) {
    switch event {
    case .accepted(let connection, _): server = connection
    case .connected, .writable: feed()
    case .received(_, let bytes):
      received += driver.bytes(loop, bytes)
      partCount += 1
    case .ended(let connection): loop.close(connection)
    case .closed(_, let reason): closed[place] = reason
    default: Issue.record("\(event)")
    }
  }

  var isWhole: Bool {
    received == sent && closed == [0: .requested, 1: .requested]
  }
}

@Suite struct SimulatedStreamTests {
  @Test func bytesArriveAndBothSidesClose() throws {
    let driver = try NetworkDriver()
    let transfer = try Transfer(driver, 100_000)
    driver.run { transfer.handle($0, $1, $2) }
    #expect(transfer.isWhole)
    #expect(driver.loops.allSatisfy { $0.counters.failedCount == 0 })
    driver.stepAll { _, _, _ in }
    #expect(driver.loops.map(\.socketCount) == [1, 0])
    #expect(driver.network.nextEventTime == nil, "nothing is left to happen")
    #expect(driver.network.streamEndCount == 0, "nor to be kept")
    #expect(driver.lastTime.rawValue < 1_000_000_000, "nothing waited for a timeout")
  }

  @Test func contentAndOrderAreKeptWhateverTheNetworkDoes() throws {
    var counts: [SimulatedNetworkCounts] = []
    for seed in Campaign.rounds(300, campaign: 20_000) {
      var random = SeededRandom(seed: UInt64(seed))
      var configuration = SimulatedNetworkConfiguration.rough
      configuration.path.lossPerMille = random.below(narrow: 300)
      configuration.path.jitterNanoseconds = UInt64(random.below(10_000_000))
      configuration.shortReadPerMille = random.below(narrow: 1_001)
      configuration.shortWritePerMille = random.below(narrow: 900)
      configuration.segmentByteCountMax = 1 + random.below(1_500)
      configuration.streamSendByteCount = 1 + random.below(10_000)
      configuration.streamReceiveByteCount = 1 + random.below(10_000)
      configuration.path.bytesPerSecond = random.oneIn(3) ? 1 << 20 : 0
      let driver = try NetworkDriver(seed: UInt64(seed), configuration)
      let transfer = try Transfer(driver, random.below(4_000))
      driver.run(seconds: 100_000) { transfer.handle($0, $1, $2) }
      try #require(transfer.isWhole, "seed \(seed): \(transfer.closed) \(driver.network.counts)")
      try #require(driver.network.streamEndCount == 0, "seed \(seed)")
      counts.append(driver.network.counts)
    }
    #expect(counts.contains { $0.lostSegmentCount > 20 })
    #expect(counts.contains { $0.timeoutCount > 0 })
    #expect(
      counts.contains { $0.shortReadCount > 20 } && counts.contains { $0.shortWriteCount > 0 })
    #expect(
      counts.contains { $0.fullSendCount > 0 } && counts.contains { $0.closedWindowCount > 0 })
  }

  @Test func aReceiverThatPausesStopsTheSender() throws {
    var configuration = SimulatedNetworkConfiguration()
    configuration.streamSendByteCount = 10_000
    configuration.streamReceiveByteCount = 20_000
    let driver = try NetworkDriver(configuration)
    let transfer = try Transfer(driver, 200_000)
    driver.run(seconds: 100) { place, loop, event in
      transfer.handle(place, loop, event)
      if case .accepted(let connection, _) = event { loop.pauseReceiving(connection) }
    }
    #expect(transfer.received.isEmpty)
    // Both kernels' buffers and the loop's queue are full, and nothing more.
    #expect(transfer.offset == 10_000 + 20_000 + 16 << 10)
    #expect(driver.loops[1].queuedByteCount(of: transfer.client) == 16 << 10)
    #expect(driver.network.counts.timedOutCount == 0, "the receiver answers, and is asked")
    driver.loops[0].resumeReceiving(try #require(transfer.server))
    driver.run { transfer.handle($0, $1, $2) }
    #expect(transfer.isWhole)
  }

  @Test func aLoopOfOneBufferTakesEverything() throws {
    var sizes = EventLoopConfiguration(
      socketCountMax: 2, receiveBufferCount: 1, sendBufferCount: 1, receiveBufferByteCount: 64,
      sendBufferByteCount: 64)
    sizes.queuedByteCountMax = 10
    sizes.eventCountMax = 1
    let driver = try NetworkDriver(.rough, loop: sizes)
    let transfer = try Transfer(driver, 5_000)
    driver.run { transfer.handle($0, $1, $2) }
    #expect(transfer.isWhole)
    #expect(transfer.partCount >= 5_000 / 64)
  }

  @Test func connectionsShareOneBuffer() throws {
    let sizes = EventLoopConfiguration(
      socketCountMax: 32, receiveBufferCount: 1, sendBufferCount: 32)
    let driver = try NetworkDriver(loop: sizes)
    let address = try driver.loops[0].listen(at: driver.loops[0].address).address
    let clients = try (0..<20).map { _ in try driver.loops[1].connect(to: address) }
    var received: [ConnectionID: [UInt8]] = [:]
    driver.run { place, loop, event in
      switch event {
      case .connected(let connection):
        #expect(send(pattern(100), on: connection, of: loop) == 100)
      case .received(let connection, let bytes) where place == 0:
        received[connection, default: []] += driver.bytes(loop, bytes)
      case .accepted: break
      default: Issue.record("\(event)")
      }
    }
    #expect(received.count == clients.count)
    #expect(received.values.allSatisfy { $0 == pattern(100) })
    #expect(driver.loops[0].counters.bufferShortageCount > 0)
  }

  @Test func aSlowPathTakesItsTime() throws {
    var configuration = SimulatedNetworkConfiguration()
    configuration.path.bytesPerSecond = 1_000_000
    let driver = try NetworkDriver(configuration)
    let transfer = try Transfer(driver, 1_000_000)
    driver.run { transfer.handle($0, $1, $2) }
    #expect(transfer.isWhole)
    // A second for the bytes; with their headers 3 % more.
    #expect((1_000_000_000...1_100_000_000).contains(driver.lastTime.rawValue))
  }

  @Test func bytesFollowAnEnd() throws {
    let driver = try NetworkDriver()
    let loops = driver.loops
    let address = try loops[0].listen(at: loops[0].address).address
    let client = try loops[1].connect(to: address)
    var log: [String] = []
    var back: [UInt8] = []
    driver.run { place, loop, event in
      switch event {
      case .connected:
        _ = send([1, 2, 3], on: client, of: loop)
        loop.finishSending(client)
      case .ended(let connection) where place == 0:
        log.append("server: ended")
        #expect(send(pattern(3_000), on: connection, of: loop) == 3_000)
        loop.close(connection)
      case .received(_, let bytes) where place == 1: back += driver.bytes(loop, bytes)
      case .ended:
        log.append("client: ended")
        loop.close(client)
      case .closed(_, let reason): log.append("\(place): \(reason)")
      default: break
      }
    }
    #expect(back == pattern(3_000))
    #expect(log == ["server: ended", "0: requested", "client: ended", "1: requested"])
  }
}
