// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import Glibc
import Testing

@Suite struct DatagramTests {
  private func send(
    _ driver: Driver, _ bytes: [UInt8], to address: SocketAddress, on socket: DatagramSocketID
  ) -> DatagramSendOutcome { bytes.withRawSpan { driver.loop.send($0, to: address, on: socket) } }

  @Test(arguments: systemChoices)
  func manyPeersGetTheirOwnAnswers(_ choice: EventLoopChoice) throws {
    var configuration = EventLoopConfiguration(
      socketCountMax: 80, receiveBufferCount: 1, sendBufferCount: 256)
    configuration.datagramBufferCount = 256
    let driver = try Driver(choice, configuration)
    let (server, serverAddress) = try driver.loop.openDatagramSocket(at: loopback())
    var peers: [(socket: DatagramSocketID, address: SocketAddress)] = []
    for _ in 0..<64 { peers.append(try driver.loop.openDatagramSocket(at: loopback())) }
    var answers = [[UInt8]](repeating: [], count: 64)
    let roundCount = 20
    for round in 0..<roundCount {
      for (place, peer) in peers.enumerated() {
        let text = bytes("peer \(place) round \(round)")
        #expect(send(driver, text, to: serverAddress, on: peer.socket) == .queued)
      }
      let isDone = driver.run(until: { answers.allSatisfy { $0.count == round + 1 } }) { event in
        guard case .datagram(let socket, let datagram) = event else { return }
        if socket == server {
          let source = driver.loop.source(of: datagram)
          #expect(driver.loop.send(datagram, to: source, on: server) == .queued)
        } else if let place = peers.firstIndex(where: { $0.socket == socket }) {
          #expect(driver.loop.source(of: datagram) == serverAddress)
          let got = driver.loop.withBytes(of: datagram) { array($0) }
          #expect(got == bytes("peer \(place) round \(round)"))
          answers[place].append(1)
        }
      }
      #expect(isDone)
    }
    driver.settle()
    #expect(driver.loop.counters.sentDatagramCount == UInt64(2 * 64 * roundCount))
    #expect(driver.loop.counters.receivedDatagramCount == UInt64(2 * 64 * roundCount))
    #expect(driver.loop.sendBlocks.freeCount == 256)
  }

  @Test(arguments: systemChoices)
  func sizesHaveTheirLimits(_ choice: EventLoopChoice) throws {
    var configuration = smallConfiguration()
    configuration.datagramByteCountMax = 1_000
    configuration.sendBufferByteCount = 2_048
    let driver = try Driver(choice, configuration)
    let (socket, address) = try driver.loop.openDatagramSocket(at: loopback())
    let sizes = [0, 1, 999, 1_000, 1_001, 2_000]
    for size in sizes { #expect(send(driver, pattern(size), to: address, on: socket) == .queued) }
    #expect(send(driver, pattern(2_009), to: address, on: socket) == .tooLong)
    #expect(driver.run(until: { driver.datagrams.count == sizes.count }))
    for (size, datagram) in zip(sizes, driver.datagrams) {
      #expect(datagram.isTruncated == (size > 1_000))
      #expect(datagram.bytes == pattern(min(size, 1_000)))
      #expect(datagram.source == address)
    }
    #expect(driver.loop.counters.truncatedDatagramCount == 2)
  }

  /// What the kernel refuses is told, and what is behind it leaves all the same.
  @Test(arguments: systemChoices)
  func aDatagramThatCannotBeSentIsToldAndTheNextLeaves(_ choice: EventLoopChoice) throws {
    var configuration = smallConfiguration()
    configuration.sendBufferByteCount = 65_536
    configuration.datagramByteCountMax = 65_535
    let driver = try Driver(choice, configuration)
    let (socket, address) = try driver.loop.openDatagramSocket(at: loopback())
    // Nobody may broadcast who has not asked for it.
    let broadcast = try #require(SocketAddress("255.255.255.255", port: 9))
    #expect(send(driver, bytes("lost"), to: broadcast, on: socket) == .queued)
    #expect(send(driver, bytes("first"), to: address, on: socket) == .queued)
    // 65,507 bytes are an IP packet of the greatest length; IPv6 takes no more either.
    #expect(send(driver, pattern(65_507), to: address, on: socket) == .queued)
    #expect(send(driver, pattern(65_508), to: address, on: socket) == .tooLong)
    #expect(send(driver, bytes("last"), to: address, on: socket) == .queued)
    #expect(
      driver.run(until: { driver.datagrams.count == 3 && !driver.datagramFailures.isEmpty }))
    #expect(driver.datagramFailures == [EACCES] || driver.datagramFailures == [ENETUNREACH])
    #expect(driver.datagrams.map(\.bytes) == [bytes("first"), pattern(65_507), bytes("last")])
    #expect(driver.loop.counters.failedDatagramCount == 1)
    #expect(driver.stopped.isEmpty)
  }

  /// The kernel's own limit, where a path is shorter than the packet and may not fragment it.
  @Test(arguments: systemChoices)
  func theKernelsLimitIsTold(_ choice: EventLoopChoice) throws {
    var configuration = smallConfiguration()
    configuration.sendBufferByteCount = 65_536
    let driver = try Driver(choice, configuration)
    guard let anywhere = SocketAddress("::1", port: 0),
      let (socket, address) = try? driver.loop.openDatagramSocket(at: anywhere)
    else { return print("skipped: no IPv6 on this machine") }
    // An IPv4 address on an IPv6 socket: a failure of this one datagram.
    #expect(send(driver, bytes("x"), to: try loopback(9), on: socket) == .queued)
    #expect(send(driver, bytes("y"), to: address, on: socket) == .queued)
    #expect(
      driver.run(until: { !driver.datagramFailures.isEmpty && driver.datagrams.count == 1 }))
    #expect(driver.datagrams[0].bytes == bytes("y") && driver.stopped.isEmpty)
    #expect(driver.datagrams[0].source == address && address.isIPv6)
  }

  @Test(arguments: systemChoices)
  func aPortWithNobodyEndsNothing(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let (gone, goneAddress) = try driver.loop.openDatagramSocket(at: loopback())
    let (socket, address) = try driver.loop.openDatagramSocket(at: loopback())
    driver.loop.close(gone)
    driver.settle()
    for _ in 0..<10 {
      #expect(send(driver, bytes("nobody"), to: goneAddress, on: socket) == .queued)
      driver.step()
    }
    #expect(send(driver, bytes("self"), to: address, on: socket) == .queued)
    #expect(driver.run(until: { driver.datagrams.count == 1 }))
    #expect(driver.stopped.isEmpty)
    #expect(send(driver, bytes("x"), to: address, on: gone) == .closed)
  }

  @Test(arguments: systemChoices)
  func groupsAreHeardOnTheLoopbackInterface(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let group = try #require(SocketAddress("239.255.7.\(choice == .epoll ? 1 : 2)", port: 0))
    var options = DatagramOptions()
    options.groups = [group]
    options.multicastInterface = try loopback()
    options.sharesPort = true
    let anywhere = try #require(SocketAddress("0.0.0.0", port: 0))
    let first = try driver.loop.openDatagramSocket(at: anywhere, options: options)
    let second = try driver.loop.openDatagramSocket(
      at: SocketAddress("0.0.0.0", port: first.address.port) ?? anywhere, options: options)
    #expect(group.isMulticast && second.address.port == first.address.port)
    let target = try #require(SocketAddress(group.text, port: first.address.port))
    var senderOptions = DatagramOptions()
    senderOptions.multicastInterface = try loopback()
    let sender = try driver.loop.openDatagramSocket(at: loopback(), options: senderOptions)
    #expect(send(driver, bytes("to all"), to: target, on: sender.socket) == .queued)
    #expect(driver.run(until: { driver.datagrams.count == 2 }))
    #expect(driver.datagrams.allSatisfy { $0.bytes == bytes("to all") })
  }

  @Test(arguments: systemChoices)
  func whatHasNoRoomIsRefused(_ choice: EventLoopChoice) throws {
    var configuration = smallConfiguration()
    configuration.queuedByteCountMax = 1_000
    let driver = try Driver(choice, configuration)
    let (socket, address) = try driver.loop.openDatagramSocket(at: loopback())
    let one = pattern(400)
    #expect(send(driver, one, to: address, on: socket) == .queued)
    #expect(send(driver, one, to: address, on: socket) == .queued)
    #expect(send(driver, one, to: address, on: socket) == .full)
    #expect(driver.loop.counters.refusedDatagramCount == 1)
    #expect(driver.run(until: { driver.datagrams.count == 2 }))
    driver.step()
    #expect(send(driver, one, to: address, on: socket) == .queued)
    #expect(driver.run(until: { driver.datagrams.count == 3 }))
  }

  @Test func aLoopWithoutBuffersForDatagramsHasNoSocket() throws {
    let loop = try EventLoop.make(
      EventLoopConfiguration(socketCountMax: 1, receiveBufferCount: 1, sendBufferCount: 1))
    #expect(throws: IOError.self) { try loop.openDatagramSocket(at: loopback()) }
  }
}
