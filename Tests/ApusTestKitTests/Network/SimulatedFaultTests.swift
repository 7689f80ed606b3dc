// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import Glibc
import Testing

/// 50,000 bytes take 50 ms.
private func slowPath() -> SimulatedNetworkConfiguration {
  var configuration = SimulatedNetworkConfiguration()
  configuration.path.bytesPerSecond = 1_000_000
  return configuration
}

@Suite struct SimulatedFaultTests {
  @Test func nobodyListens() throws {
    let driver = try NetworkDriver()
    let client = try driver.loops[1].connect(
      to: SimulatedNetwork.address(host: 1, port: 4_000))
    var reason: CloseReason?
    driver.run { _, _, event in
      if case .closed(client, let found) = event { reason = found }
    }
    #expect(reason == .notConnected(errno: ECONNREFUSED))
    #expect(driver.network.counts.refusedCount == 1)
    #expect(driver.network.streamEndCount == 0)
  }

  @Test(arguments: [false, true])
  func nobodyAnswers(isCut: Bool) throws {
    let driver = try NetworkDriver()
    let loops = driver.loops
    let address = try loops[0].listen(at: loops[0].address).address
    if isCut { driver.network.partition([1], from: [2], bothWays: false) }
    let client = try loops[1].connect(
      to: isCut ? address : SimulatedNetwork.address(host: 9, port: 1))
    var reason: CloseReason?
    driver.run { _, _, event in
      if case .closed(client, let found) = event { reason = found }
    }
    #expect(reason == .notConnected(errno: ETIMEDOUT))
    // 1 + 2 + 4 + … seven times.
    #expect((127...128).contains(driver.lastTime.rawValue / 1_000_000_000))
    #expect(driver.network.streamEndCount == 0)
  }

  @Test func aPartitionIsSilentUntilItHeals() throws {
    let driver = try NetworkDriver(slowPath())
    let transfer = try Transfer(driver, 50_000)
    driver.run(until: { transfer.received.count > 5_000 }) { transfer.handle($0, $1, $2) }
    driver.network.partition([1], from: [2])
    let before = transfer.received.count
    driver.run(seconds: 5) { transfer.handle($0, $1, $2) }
    // What lay in the kernel and the loop is still read.
    #expect(transfer.received.count < 50_000)
    #expect(transfer.closed.isEmpty)
    #expect(driver.network.counts.cutSegmentCount > 0)
    #expect(before > 5_000)
    driver.network.heal()
    driver.run { transfer.handle($0, $1, $2) }
    #expect(transfer.isWhole)
  }

  @Test func aLongPartitionEndsConnections() throws {
    var configuration = slowPath()
    configuration.retransmissionCountMax = 4
    let driver = try NetworkDriver(configuration)
    let transfer = try Transfer(driver, 50_000)
    driver.run(until: { transfer.received.count > 5_000 }) { transfer.handle($0, $1, $2) }
    let cut = driver.clock.now.rawValue
    driver.network.partition([2], from: [1])
    driver.run { transfer.handle($0, $1, $2) }
    // The sender notices; the receiver, who waits for nothing, does not.
    #expect(transfer.closed == [1: .failed(errno: ETIMEDOUT)])
    #expect((6_000_000_000...7_000_000_000).contains(driver.lastTime.rawValue - cut))
    #expect(driver.network.counts.timedOutCount == 1)
    // Once it says something, it is told.
    driver.network.heal([1], from: [2])
    let server = try #require(transfer.server)
    #expect(send([1], on: server, of: driver.loops[0]) == 1)
    driver.run { transfer.handle($0, $1, $2) }
    #expect(transfer.closed[0] == .failed(errno: ECONNRESET))
    #expect(driver.network.streamEndCount == 0)
  }

  @Test func theNetworkResetsConnections() throws {
    let driver = try NetworkDriver(hosts: [1, 2, 3])
    let loops = driver.loops
    let address = try loops[0].listen(at: loops[0].address).address
    for loop in loops.dropFirst() { _ = try loop.connect(to: address) }
    driver.run { _, _, _ in }
    driver.network.reset(everyConnectionBetween: 2, and: 1)
    var closed: [Int: CloseReason] = [:]
    driver.run { place, _, event in
      if case .closed(_, let reason) = event { closed[place] = reason }
    }
    #expect(closed == [0: .failed(errno: ECONNRESET), 1: .failed(errno: ECONNRESET)])
    #expect(driver.network.counts.resetCount == 1)
    driver.stepAll { _, _, _ in }
    #expect(driver.loops.map(\.socketCount) == [2, 0, 1])
  }

  @Test func chanceResetsConnections() throws {
    var whole = 0
    var broken = 0
    for seed in 0..<100 {
      var configuration = SimulatedNetworkConfiguration()
      configuration.path.resetPerMille = 20
      let driver = try NetworkDriver(seed: UInt64(seed), configuration)
      let transfer = try Transfer(driver, 50_000)
      driver.run { transfer.handle($0, $1, $2) }
      if driver.network.counts.resetCount == 0 {
        whole += 1
        #expect(transfer.isWhole, "seed \(seed)")
      } else {
        broken += 1
        #expect(transfer.closed[1] == .failed(errno: ECONNRESET), "seed \(seed)")
        #expect(transfer.sent.starts(with: transfer.received), "seed \(seed)")
        #expect(transfer.received.count < transfer.sent.count, "seed \(seed)")
      }
      #expect(driver.network.streamEndCount == 0, "seed \(seed)")
    }
    // 35 pieces: (1 - 0.02)^35 is about a half.
    #expect(whole > 25 && broken > 25)
  }

  @Test(arguments: SimulatedHostCrash.allCases)
  func aHostCrashesAndComesBack(_ crash: SimulatedHostCrash) throws {
    let driver = try NetworkDriver()
    let network = driver.network
    network.setPath(slowPath().path, from: 2, to: 1)
    let transfer = try Transfer(driver, 100_000)
    driver.run(until: { transfer.received.count > 20_000 }) { transfer.handle($0, $1, $2) }
    network.crash(host: 1, crash)
    #expect(driver.loops[0].isCrashed)
    #expect(throws: IOError.self) { try driver.loops[0].connect(to: driver.loops[0].address) }
    driver.run(seconds: 3) { place, loop, event in
      #expect(place == 1, "a crashed loop gives nothing")
      transfer.handle(place, loop, event)
    }
    if crash == .silence {
      #expect(transfer.closed.isEmpty)
      driver.loops[0] = try network.makeLoop(host: 1, configuration: smallLoop())
      driver.run { transfer.handle($0, $1, $2) }
    } else {
      driver.loops[0] = try network.makeLoop(host: 1, configuration: smallLoop())
    }
    // After an end in order this side closes too: that its last bytes met a reset is told to nobody.
    #expect(
      transfer.closed == [1: crash == .close ? .requested : .failed(errno: ECONNRESET)])
    #expect(network.counts.crashCount == 1)
    // The port is free again, and the host answers.
    let address = try driver.loops[0].listen(
      at: SimulatedNetwork.address(host: 1, port: 32_768)
    ).address
    _ = try driver.loops[1].connect(to: address)
    var isConnected = false
    driver.run { _, _, event in if case .connected = event { isConnected = true } }
    #expect(isConnected)
  }

  @Test func aLoopThatIsNoMoreEndsItsStreamsInOrder() throws {
    let driver = try NetworkDriver()
    let address = try driver.loops[0].listen(at: driver.loops[0].address).address
    let client = try driver.loops[1].connect(to: address)
    driver.run(until: { driver.loops[1].counters.sentByteCount == 5_000 }) { _, loop, event in
      if case .connected = event { #expect(send(pattern(5_000), on: client, of: loop) == 5_000) }
    }
    driver.loops.removeLast()
    var received: [UInt8] = []
    var isEnded = false
    driver.run { _, loop, event in
      if case .received(_, let bytes) = event { received += driver.bytes(loop, bytes) }
      if case .ended(let connection) = event {
        isEnded = true
        loop.close(connection)
      }
    }
    #expect(received == pattern(5_000) && isEnded)
    #expect(driver.loops[0].socketCount == 1 && driver.network.streamEndCount == 0)
  }

  @Test func aFullBacklogIsTriedAgain() throws {
    var sizes = smallLoop()
    sizes.backlog = 2
    let driver = try NetworkDriver(loop: sizes)
    let loops = driver.loops
    let address = try loops[0].listen(at: loops[0].address).address
    for _ in 0..<10 { _ = try loops[1].connect(to: address) }
    var connectedCount = 0
    var acceptedCount = 0
    driver.run { _, _, event in
      if case .connected = event { connectedCount += 1 }
      if case .accepted = event { acceptedCount += 1 }
    }
    #expect(connectedCount == 10 && acceptedCount == 10)
    #expect(driver.network.counts.fullBacklogCount > 0)
    #expect(driver.lastTime.rawValue >= 1_000_000_000)
  }

  @Test func aFullLoopResetsWhatItCannotTake() throws {
    var sizes = smallLoop()
    sizes.socketCountMax = 3
    let driver = try NetworkDriver(hosts: [1, 2, 3], loop: sizes)
    let loops = driver.loops
    let address = try loops[0].listen(at: loops[0].address).address
    for loop in loops.dropFirst() {
      _ = try loop.connect(to: address)
      _ = try loop.connect(to: address)
    }
    var failures: [AcceptFailure] = []
    var closed = 0
    driver.run { _, _, event in
      if case .acceptFailed(_, let failure) = event { failures.append(failure) }
      if case .closed(_, .failed(errno: ECONNRESET)) = event { closed += 1 }
    }
    #expect(failures == [.full, .full] && closed == 2)
    #expect(loops[0].counters.refusedCount == 2)
  }

  @Test func whatCannotBeIsAnError() throws {
    let driver = try NetworkDriver()
    let loop = driver.loops[0]
    let taken = try loop.listen(at: loop.address).address
    #expect(
      throws: IOError.system(operation: "bind", operand: "\(taken)", errno: EADDRINUSE)
    ) { try loop.listen(at: taken) }
    let other = driver.loops[1].address
    #expect(
      throws: IOError.system(operation: "bind", operand: "\(other)", errno: EADDRNOTAVAIL)
    ) { try loop.listen(at: other) }
    #expect(throws: IOError.self) { try loop.listen(atPath: "socket") }
    #expect(throws: IOError.self) { try loop.openFile("file") }
    let six = try #require(SocketAddress("::1", port: 1))
    #expect(
      throws: IOError.system(operation: "socket", operand: "[::1]:1", errno: EAFNOSUPPORT)
    ) { try loop.connect(to: six) }
    let far = try #require(SocketAddress("192.0.2.1", port: 1))
    let connection = try loop.connect(to: far)
    var reason: CloseReason?
    driver.run { _, _, event in
      if case .closed(connection, let found) = event { reason = found }
    }
    #expect(reason == .notConnected(errno: ENETUNREACH))
    #expect(loop.waker == nil && loop.backend.kind == .simulated)
  }
}
