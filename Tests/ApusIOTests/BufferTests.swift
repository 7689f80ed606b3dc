// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import Testing

/// Loops with so few buffers, slots and events that everything runs out of them.
@Suite struct BufferTests {
  private func configuration(
    sockets: Int = 8, receive: Int = 1, send: Int = 64
  ) -> EventLoopConfiguration {
    var configuration = EventLoopConfiguration(
      socketCountMax: sockets, receiveBufferCount: receive, sendBufferCount: send,
      receiveBufferByteCount: 64, sendBufferByteCount: 256)
    configuration.lingerNanoseconds = 20_000_000_000
    return configuration
  }

  @Test(arguments: systemChoices)
  func oneReceiveBufferLosesNothing(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice, configuration())
    let (client, server) = try driver.pair()
    let (otherClient, otherServer) = try driver.pair()
    let sent = pattern(8_000)
    #expect(driver.send(sent, on: client) == sent.count)
    #expect(driver.send(Array(sent[..<2_000]), on: otherClient) == 2_000)
    #expect(
      driver.run(until: {
        driver.received[server]?.count == 8_000 && driver.received[otherServer]?.count == 2_000
      }))
    #expect(driver.received[server] == sent)
    #expect(driver.received[otherServer] == Array(sent[..<2_000]))
    #expect(driver.loop.counters.bufferShortageCount > 0)
  }

  /// What comes at a connection before the kernel knows that it is paused is held, in the only buffers that
  /// there are: nothing is lost, and the loop sleeps.
  @Test(arguments: systemChoices)
  func pausedConnectionsMayHoldAllBuffers(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice, configuration(sockets: 16, receive: 4))
    var pairs: [(client: ConnectionID, server: ConnectionID)] = []
    for _ in 0..<5 { pairs.append(try driver.pair()) }
    let sent = pattern(200)
    for pair in pairs { #expect(driver.send(sent, on: pair.client) == 200) }
    driver.loop.wait(limitNanoseconds: 1_000_000)
    driver.loop.wait(limitNanoseconds: 1_000_000)
    for pair in pairs { driver.loop.pauseReceiving(pair.server) }
    driver.settle()
    for pair in pairs.dropLast() { #expect(driver.received[pair.server] == nil) }
    driver.loop.resumeReceiving(pairs[4].server)
    driver.settle()
    let calls = driver.loop.counters.systemCallCount
    driver.settle(milliseconds: 100)
    #expect(driver.loop.counters.systemCallCount - calls < 210)
    for pair in pairs { driver.loop.resumeReceiving(pair.server) }
    #expect(driver.run(until: { pairs.allSatisfy { driver.received[$0.server]?.count == 200 } }))
    for pair in pairs { #expect(driver.received[pair.server] == sent) }
  }

  @Test(arguments: systemChoices)
  func oneEventAStepAndOneSlotSuffice(_ choice: EventLoopChoice) throws {
    var small = configuration(sockets: 1, send: 1)
    small.eventCountMax = 1
    small.queuedByteCountMax = 1
    let server = try Driver(choice, small)
    var two = configuration(sockets: 1, send: 4)
    two.queuedByteCountMax = 1_000
    let client = try Driver(choice, two)
    let (_, address) = try server.loop.listen(at: loopback())
    // The only slot is the listener's: whoever comes is closed.
    let refused = try client.loop.connect(to: address)
    let isRefused = client.run(until: { client.closed[refused] != nil }) { event in
      server.step(waitNanoseconds: 0)
      if case .ended(let connection) = event { client.loop.close(connection) }
    }
    server.settle()
    #expect(isRefused || !client.ended.isEmpty)
    #expect(server.acceptFailures.contains(.full))
    #expect(server.loop.counters.refusedCount == 1)
  }

  @Test(arguments: systemChoices)
  func oneEventAStepSuffices(_ choice: EventLoopChoice) throws {
    var small = configuration(sockets: 5, receive: 2, send: 2)
    small.eventCountMax = 1
    small.queuedByteCountMax = 300
    let driver = try Driver(choice, small)
    let (client, server) = try driver.pair()
    let sent = pattern(5_000)
    var offset = driver.send(sent, on: client)
    let isDone = driver.run(until: { driver.received[server]?.count == sent.count }) { event in
      if case .writable(client) = event {
        offset += driver.send(Array(sent[offset...]), on: client)
      }
    }
    #expect(isDone)
    #expect(driver.received[server] == sent)
  }

  /// One connection has all send buffers; another gets its turn when some come back.
  @Test(arguments: systemChoices)
  func whoWasRefusedABufferLearnsOfRoom(_ choice: EventLoopChoice) throws {
    var few = configuration(sockets: 16, receive: 16, send: 8)
    few.queuedByteCountMax = 1 << 20
    let driver = try Driver(choice, few)
    var options = ListenOptions()
    options.kernelReceiveByteCount = 4_096
    let (greedy, sink) = try driver.pair(options)
    let (first, firstServer) = try driver.pair()
    let (second, secondServer) = try driver.pair()
    driver.loop.pauseReceiving(sink)
    driver.step()
    let sent = driver.fill(greedy)
    #expect(driver.loop.sendBlocks.freeCount == 0)
    #expect(driver.send(bytes("one"), on: first) == 0)
    #expect(driver.send(bytes("two"), on: second) == 0)
    driver.settle()
    #expect(!driver.writable.contains(first) && !driver.writable.contains(second))
    driver.writable = []
    driver.loop.resumeReceiving(sink)
    #expect(
      driver.run(until: {
        driver.writable.contains(first) && driver.writable.contains(second)
      }))
    #expect(driver.send(bytes("one"), on: first) == 3)
    #expect(driver.send(bytes("two"), on: second) == 3)
    #expect(
      driver.run(until: {
        driver.received[firstServer] == bytes("one")
          && driver.received[secondServer] == bytes("two")
          && driver.received[sink]?.count == sent.count
      }))
    #expect(driver.received[sink] == sent)
    #expect(driver.loop.sendBlocks.freeCount == 8)
  }

  /// The buffers that an abort gives back between steps are told of in the next one, which does not wait.
  @Test(arguments: systemChoices)
  func anAbortGivesItsBuffersToOthers(_ choice: EventLoopChoice) throws {
    var few = configuration(sockets: 16, receive: 16, send: 4)
    few.queuedByteCountMax = 1 << 20
    let driver = try Driver(choice, few)
    var options = ListenOptions()
    options.kernelReceiveByteCount = 4_096
    let (greedy, sink) = try driver.pair(options)
    let (other, _) = try driver.pair()
    driver.loop.pauseReceiving(sink)
    driver.step()
    _ = driver.fill(greedy)
    #expect(driver.send(bytes("x"), on: other) == 0)
    driver.loop.abort(greedy)
    #expect(driver.run(seconds: 2, until: { driver.writable.contains(other) }))
    #expect(driver.loop.sendBlocks.freeCount == 4)
  }

  /// UDP gives its buffers back too.
  @Test(arguments: systemChoices)
  func datagramsGiveTheirBuffersToConnections(_ choice: EventLoopChoice) throws {
    var few = configuration(sockets: 16, receive: 16, send: 1)
    few.datagramBufferCount = 4
    let driver = try Driver(choice, few)
    let (client, server) = try driver.pair()
    let (socket, address) = try driver.loop.openDatagramSocket(at: loopback())
    #expect(
      bytes("datagram").withRawSpan { driver.loop.send($0, to: address, on: socket) } == .queued)
    #expect(driver.send(bytes("x"), on: client) == 0)
    #expect(driver.run(until: { driver.writable == [client] && driver.datagrams.count == 1 }))
    #expect(driver.send(bytes("x"), on: client) == 1)
    #expect(driver.run(until: { driver.received[server] == bytes("x") }))
  }

  @Test(arguments: systemChoices)
  func roomThatIsNotUsedIsGivenBack(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice, configuration(send: 1))
    let (client, server) = try driver.pair()
    // SAFETY: nothing is written to the room.
    let taken = unsafe driver.loop.withSendRoom(on: client) { _ in 0 }
    #expect(taken == 0)
    #expect(driver.loop.sendBlocks.freeCount == 1)
    #expect(driver.send(bytes("x"), on: server) == 1)
    #expect(driver.run(until: { driver.received[client] == bytes("x") }))
  }

  @Test func aConfigurationThatCannotBeIsRefused() throws {
    func refusal(_ change: (inout EventLoopConfiguration) -> Void) -> String? {
      var changed = smallConfiguration()
      change(&changed)
      do throws(IOError) {
        _ = try EventLoop.make(changed)
      } catch .configuration(let field, _, _) {
        return field
      } catch {
        return "\(error)"
      }
      return nil
    }
    #expect(refusal { $0.socketCountMax = 0 } == "socketCountMax")
    #expect(refusal { $0.receiveBufferCount = 3 } == "receiveBufferCount")
    #expect(refusal { $0.sendBufferByteCount = 63 } == "sendBufferByteCount")
    #expect(refusal { $0.datagramBufferCount = 65_536 } == "datagramBufferCount")
    #expect(refusal { $0.eventCountMax = 0 } == "eventCountMax")
    #expect(refusal { _ in } == nil)
  }
}
