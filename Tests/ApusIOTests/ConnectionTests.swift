// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import Glibc
import Testing

@Suite struct ConnectionTests {
  @Test(arguments: systemChoices)
  func bytesGoThereAndBack(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let (client, server) = try driver.pair()
    let sent = pattern(100_000)
    var offset = driver.send(sent, on: client)
    let isDone = driver.run(until: { driver.received[client]?.count == sent.count }) { event in
      switch event {
      case .writable(client):
        offset += driver.send(Array(sent[offset...]), on: client)
      case .received(let connection, let received) where connection == server:
        #expect(driver.loop.send(received, on: connection) == received.byteCount)
      default: break
      }
    }
    #expect(isDone)
    #expect(driver.received[client] == sent)
    driver.loop.close(client)
    _ = driver.run(until: { driver.closed.count == 2 }) { event in
      if case .ended(let connection) = event { driver.loop.close(connection) }
    }
    #expect(driver.closed == [client: .requested, server: .requested])
    driver.step()
    #expect(driver.loop.socketCount == 0)
  }

  /// Many at once, both ways, in pieces of random sizes.
  @Test(arguments: systemChoices)
  func manyConnectionsKeepTheirBytesApart(_ choice: EventLoopChoice) throws {
    let count = 500
    var configuration = EventLoopConfiguration(
      socketCountMax: 2 * count + 1, receiveBufferCount: 256, sendBufferCount: 600)
    configuration.lingerNanoseconds = 5_000_000_000
    configuration.queuedByteCountMax = 16_384
    let driver = try Driver(choice, configuration)
    driver.countMax = 200
    var random = SeededRandom(seed: 0x10)
    let (_, address) = try driver.loop.listen(at: loopback())
    let byteCount = 8_000
    var sentCounts: [ConnectionID: Int] = [:]
    var keys: [ConnectionID: Int] = [:]
    let patterns = (0..<256).map { pattern(byteCount, $0) }
    var ended: Set<ConnectionID> = []
    func feed(_ connection: ConnectionID) {
      guard let key = keys[connection] else { return }
      let all = patterns[key]
      while let start = sentCounts[connection], start < byteCount {
        let end = min(byteCount, start + 1 + Int(random.next() % 6_000))
        let taken = driver.send(Array(all[start..<end]), on: connection)
        sentCounts[connection] = start + taken
        if taken < end - start { return }
      }
      if ended.contains(connection) {
        driver.loop.close(connection)
      } else {
        driver.loop.finishSending(connection)
      }
    }
    var clients: [ConnectionID] = []
    let allClosed = { driver.closed.count == 2 * count }
    for _ in 0..<count { clients.append(try driver.loop.connect(to: address)) }
    let isDone = driver.run(seconds: 60, until: allClosed) { event in
      switch event {
      case .connected(let connection):
        keys[connection] = connection.index & 0xFF
        sentCounts[connection] = 0
        feed(connection)
      case .received(let connection, let bytes) where keys[connection] == nil:
        // The first bytes say who it is: the answer is made with the same key, inverted.
        guard sentCounts[connection] == nil else { return }
        keys[connection] = driver.loop.withBytes(of: bytes) { Int(array($0)[0] ^ 0xFF) }
        sentCounts[connection] = 0
        feed(connection)
      case .writable(let connection): feed(connection)
      case .ended(let connection):
        ended.insert(connection)
        if sentCounts[connection] == byteCount { driver.loop.close(connection) }
      default: break
      }
    }
    #expect(isDone)
    for client in clients {
      #expect(driver.received[client] == patterns[Int(patterns[client.index & 0xFF][0] ^ 0xFF)])
      #expect(driver.closed[client] == .requested)
    }
    let got = Set(driver.accepted.map { driver.received[$0] ?? [] })
    #expect(got == Set(clients.map { patterns[$0.index & 0xFF] }))
    let counters = driver.loop.counters
    #expect(counters.receivedByteCount == UInt64(2 * count * byteCount))
    #expect(counters.sentByteCount == counters.receivedByteCount)
    #expect(counters.closedCount == UInt64(2 * count) && counters.failedCount == 0)
  }

  @Test(arguments: systemChoices)
  func eitherSideMaySendAfterTheOtherHasEnded(_ choice: EventLoopChoice) throws {
    for clientEndsFirst in [true, false] {
      let driver = try Driver(choice)
      let (client, server) = try driver.pair()
      let (first, second) = clientEndsFirst ? (client, server) : (server, client)
      #expect(driver.send(bytes("question"), on: first) == 8)
      driver.loop.finishSending(first)
      #expect(driver.send(bytes("more"), on: first) == 0)
      #expect(driver.run(until: { driver.ended == [second] }))
      #expect(driver.received[second] == bytes("question"))
      #expect(driver.send(bytes("answer"), on: second) == 6)
      #expect(driver.run(until: { driver.received[first] == bytes("answer") }))
      driver.loop.close(second)
      #expect(driver.run(until: { driver.ended == [second, first] }))
      #expect(driver.closed == [second: .requested])
      driver.loop.close(first)
      #expect(driver.run(until: { driver.closed.count == 2 }))
      #expect(driver.closed[first] == .requested)
    }
  }

  @Test(arguments: systemChoices)
  func sendingMayEndBeforeTheConnectionStands(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let (_, address) = try driver.loop.listen(at: loopback())
    let client = try driver.loop.connect(to: address)
    driver.loop.finishSending(client)
    #expect(driver.run(until: { driver.connected == [client] && driver.ended.count == 1 }))
    #expect(driver.ended == driver.accepted)
  }

  @Test(arguments: systemChoices)
  func aResetIsTheOtherSidesFailure(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let (client, server) = try driver.pair()
    driver.loop.abort(client)
    #expect(driver.run(until: { driver.closed.count == 2 }))
    #expect(driver.closed == [client: .aborted, server: .failed(errno: ECONNRESET)])
    #expect(driver.ended.isEmpty)
    #expect(driver.loop.counters.failedCount == 1)
  }

  @Test(arguments: systemChoices)
  func aResetWithBytesUnderWayEndsBothSides(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    var options = ListenOptions()
    options.kernelReceiveByteCount = 8_192
    let (client, server) = try driver.pair(options)
    driver.loop.pauseReceiving(server)
    _ = driver.fill(client)
    #expect(driver.loop.queuedByteCount(of: client) > 0)
    driver.loop.abort(client)
    #expect(driver.run(until: { driver.closed[client] == .aborted }))
    driver.loop.resumeReceiving(server)
    #expect(driver.run(until: { driver.closed[server] != nil }))
    #expect(driver.closed[server] == .failed(errno: ECONNRESET))
    // Every buffer is back.
    #expect(driver.loop.sendBlocks.freeCount == 256)
  }

  @Test(arguments: systemChoices)
  func aRefusedConnectionSaysSo(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let (listener, address) = try driver.loop.listen(at: loopback())
    driver.loop.close(listener)
    driver.settle()
    let client = try driver.loop.connect(to: address)
    #expect(driver.run(until: { driver.closed.count == 1 }))
    #expect(driver.closed == [client: .notConnected(errno: ECONNREFUSED)])
    #expect(driver.loop.counters.connectFailureCount == 1)
  }

  /// Failures that come within the call, again and again without a step, have room for their events.
  @Test(arguments: systemChoices)
  func connectionsThatFailAtOnceAreBounded(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    // Nobody connects to a group.
    let group = try #require(SocketAddress("224.0.0.1", port: 9))
    var made: Set<ConnectionID> = []
    var fullCount = 0
    for _ in 0..<10_000 {
      do throws(IOError) {
        let connection = try driver.loop.connect(to: group)
        made.insert(connection)
      } catch {
        #expect(error == .full(socketCountMax: 64))
        fullCount += 1
      }
    }
    #expect(made.count == 64 && fullCount == 9_936)
    #expect(driver.run(until: { driver.closed.count == 64 }))
    #expect(driver.closed.values.allSatisfy { $0 == .notConnected(errno: ENETUNREACH) })
    driver.step()
    #expect(driver.loop.socketCount == 0)
  }

  @Test(arguments: systemChoices)
  func aConnectionThatIsBeingMadeMayBeClosed(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    // Nobody answers at an address of documentation (RFC 5737); without a route it fails at once.
    let nowhere = try #require(SocketAddress("192.0.2.1", port: 9))
    let client = try driver.loop.connect(to: nowhere)
    driver.settle()
    if driver.closed.isEmpty {
      driver.loop.close(client)
      #expect(driver.run(until: { driver.closed.count == 1 }))
      #expect(driver.closed[client] == .aborted)
    }
    driver.step()
    #expect(driver.loop.socketCount == 0)
  }

  @Test(arguments: systemChoices)
  func aPeerThatReadsNothingHasABound(_ choice: EventLoopChoice) throws {
    var configuration = smallConfiguration()
    configuration.queuedByteCountMax = 100_000
    let driver = try Driver(choice, configuration)
    var options = ListenOptions()
    options.kernelReceiveByteCount = 8_192
    let (client, server) = try driver.pair(options)
    driver.loop.pauseReceiving(server)
    driver.step()
    let sent = driver.fill(client)
    #expect(driver.loop.queuedByteCount(of: client) == 100_000)
    #expect(driver.loop.counters.partialSendCount > 0)
    driver.writable = []
    // While it is stuck nothing happens, and nothing is tried again and again.
    let calls = driver.loop.counters.systemCallCount
    driver.settle(milliseconds: 100)
    #expect(driver.loop.counters.systemCallCount - calls < 210)
    #expect(driver.writable.isEmpty)
    driver.loop.resumeReceiving(server)
    #expect(driver.run(until: { driver.writable == [client] }))
    #expect(driver.loop.queuedByteCount(of: client) <= 50_000)
    #expect(driver.run(until: { driver.received[server]?.count == sent.count }))
    #expect(driver.received[server] == sent)
    #expect(driver.writable == [client])
  }

  @Test(arguments: systemChoices)
  func aCloseWaitsForThePeerOnlySoLong(_ choice: EventLoopChoice) throws {
    var configuration = smallConfiguration()
    configuration.lingerNanoseconds = 400_000_000
    let driver = try Driver(choice, configuration)
    let (client, server) = try driver.pair()
    #expect(driver.send(bytes("last"), on: client) == 4)
    driver.loop.close(client)
    #expect(driver.run(until: { driver.ended == [server] }))
    #expect(driver.received[server] == bytes("last"))
    // The server does not end; what it still sends is dropped.
    #expect(driver.send(bytes("dropped"), on: server) == 7)
    #expect(driver.run(until: { driver.closed[client] != nil }))
    #expect(driver.closed[client] == .lingered)
    #expect(driver.received[client] == nil)
    // Who has seen the end learns of the reset when it sends.
    #expect(driver.send(bytes("late"), on: server) == 4)
    #expect(driver.run(until: { driver.closed[server] != nil }))
    #expect(driver.closed[server] == .failed(errno: EPIPE))
    #expect(driver.loop.counters.lingeredCount == 1)
  }

  @Test(arguments: systemChoices)
  func aCloseSendsWhatIsQueuedFirst(_ choice: EventLoopChoice) throws {
    var configuration = smallConfiguration()
    configuration.lingerNanoseconds = 20_000_000_000
    let driver = try Driver(choice, configuration)
    let (client, server) = try driver.pair()
    let sent = pattern(700_000)
    #expect(driver.send(sent, on: client) == sent.count)
    driver.loop.close(client)
    driver.loop.close(client)
    #expect(driver.send(bytes("late"), on: client) == 0)
    #expect(
      driver.run(until: { driver.closed.count == 2 }) { event in
        if case .ended(let connection) = event { driver.loop.close(connection) }
      })
    #expect(driver.received[server] == sent)
    #expect(driver.closed == [client: .requested, server: .requested])
  }

  @Test(arguments: systemChoices)
  func aPausedConnectionKeepsBytesAndEnd(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let (client, server) = try driver.pair()
    // Paused with bytes that the kernel has already, and with bytes that come later.
    #expect(driver.send(bytes("first "), on: client) == 6)
    driver.loop.wait(limitNanoseconds: 0)
    driver.loop.pauseReceiving(server)
    driver.settle()
    #expect(driver.send(bytes("second"), on: client) == 6)
    driver.loop.close(client)
    driver.settle(milliseconds: 50)
    #expect(driver.received[server] == nil && driver.ended.isEmpty)
    driver.loop.resumeReceiving(server)
    #expect(driver.run(until: { driver.ended == [server] }))
    #expect(driver.received[server] == bytes("first second"))
    driver.loop.close(server)
    #expect(driver.run(until: { driver.closed.count == 2 }))
    #expect(driver.closed == [client: .requested, server: .requested])
  }

  @Test(arguments: systemChoices)
  func pausingAndResumingAgainAndAgainLosesNothing(_ choice: EventLoopChoice) throws {
    var configuration = smallConfiguration()
    configuration.lingerNanoseconds = 20_000_000_000
    let driver = try Driver(choice, configuration)
    let (client, server) = try driver.pair()
    var random = SeededRandom(seed: 7)
    let sent = pattern(400_000)
    #expect(driver.send(sent, on: client) == sent.count)
    driver.loop.close(client)
    driver.countMax = 3
    for _ in 0..<20_000 where driver.ended.isEmpty {
      switch random.next() % 3 {
      case 0: driver.loop.pauseReceiving(server)
      case 1: driver.loop.resumeReceiving(server)
      default: break
      }
      driver.step(waitNanoseconds: 100_000)
    }
    driver.loop.resumeReceiving(server)
    #expect(driver.run(until: { driver.ended == [server] }))
    #expect(driver.received[server] == sent)
  }

  @Test(arguments: systemChoices)
  func staleHandlesAreHarmless(_ choice: EventLoopChoice) throws {
    var configuration = smallConfiguration()
    configuration.socketCountMax = 3
    let driver = try Driver(choice, configuration)
    let (client, server) = try driver.pair()
    driver.loop.setToken(7, of: client)
    #expect(driver.loop.token(of: client) == 7)
    #expect(driver.loop.peer(of: client)?.isLoopback == true)
    driver.loop.abort(client)
    #expect(driver.run(until: { driver.closed.count == 2 }))
    driver.step()
    for stale in [client, server] {
      #expect(driver.send(bytes("x"), on: stale) == 0)
      driver.loop.close(stale)
      driver.loop.abort(stale)
      driver.loop.pauseReceiving(stale)
      driver.loop.resumeReceiving(stale)
      driver.loop.finishSending(stale)
      #expect(driver.loop.peer(of: stale) == nil && driver.loop.token(of: stale) == 0)
    }
    // The same slots, of which old handles name nothing.
    let (nextClient, nextServer) = try driver.pair()
    #expect(Set([client, server]).isDisjoint(with: [nextClient, nextServer]))
    let indices = Set([client, server].map(\.index))
    #expect(!indices.isDisjoint(with: [nextClient.index, nextServer.index]))
    for stale in [client, server] {
      driver.loop.abort(stale)
      #expect(driver.send(bytes("x"), on: stale) == 0)
    }
    #expect(driver.send(bytes("y"), on: nextClient) == 1)
    #expect(driver.run(until: { driver.received[nextServer] == bytes("y") }))
    #expect(driver.closed.count == 2)
  }

  @Test(arguments: systemChoices)
  func whatIsClosedWithEventsWaitingHasItsCloseLast(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let (client, server) = try driver.pair()
    #expect(driver.send(bytes("abc"), on: client) == 3)
    driver.loop.finishSending(client)
    var order: [String] = []
    #expect(
      driver.run(until: { driver.closed[server] != nil }) { event in
        switch event {
        case .received(server, _):
          order.append("received")
          driver.loop.abort(server)
        case .ended(server): order.append("ended")
        case .closed(server, _): order.append("closed")
        default: break
        }
      })
    #expect(order.first == "received" && order.last == "closed")
  }
}
