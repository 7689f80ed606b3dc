// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import Glibc
import Testing

/// What is done at both networks, and what came of it, socket by socket: between sockets the order is that of
/// the clock.
private final class Script {
  let loop: EventLoop
  let pass: () -> Nanoseconds
  var log: [String: [String]] = [:]
  var names: [ConnectionID: String] = [:]
  var acceptedCount = 0

  init(_ loop: EventLoop, _ pass: @escaping () -> Nanoseconds) {
    self.loop = loop
    self.pass = pass
  }

  func note(_ connection: ConnectionID, _ what: String) {
    log[names[connection] ?? "?", default: []].append(what)
  }

  func run(_ stepCount: Int = 60, _ body: (IOEvent, String) -> Void) {
    for _ in 0..<stepCount {
      _ = loop.step(now: pass(), countMax: 64, waitNanoseconds: 1_000_000)
      while let event = loop.nextEvent() {
        switch event {
        case .accepted(let connection, _):
          names[connection] = "server \(acceptedCount)"
          acceptedCount += 1
          note(connection, "accepted")
          body(event, names[connection] ?? "?")
        case .connected(let connection), .ended(let connection), .writable(let connection):
          note(connection, "\(event)".prefix { $0 != "(" }.description)
          body(event, names[connection] ?? "?")
        case .received(let connection, let bytes):
          // How a stream is cut is nobody's promise: pieces are added up.
          let name = names[connection] ?? "?"
          let last = log[name]?.last.flatMap {
            $0.hasPrefix("received ") ? Int($0.dropFirst(9)) : nil
          }
          if last != nil { log[name]?.removeLast() }
          note(connection, "received \((last ?? 0) + bytes.byteCount)")
          body(event, name)
        case .closed(let connection, let reason):
          note(connection, "closed \(reason)")
          body(event, names[connection] ?? "?")
        default: log["loop", default: []].append("\(event)")
        }
      }
    }
  }

  func connect(_ name: String, _ address: SocketAddress) throws -> ConnectionID {
    let connection = try loop.connect(to: address)
    names[connection] = name
    return connection
  }
}

/// The kernel's backends that are allowed here.
private let kernelChoices: [EventLoopChoice] = {
  do {
    _ = try EventLoop.make(smallLoop(), choice: .ioUring)
    return [.ioUring, .epoll]
  } catch {
    print("the simulated network is not compared with io_uring: \(error)")
    return [.epoll]
  }
}()

@Suite struct KernelComparisonTests {
  /// Runs a script at the kernel and at the twin; the logs have to be the same.
  private func compare(
    _ choice: EventLoopChoice, _ body: (Script, SocketAddress) throws -> Void
  ) throws {
    let loopback = try #require(SocketAddress("127.0.0.1", port: 0))
    let kernel = Script(try EventLoop.make(smallLoop(), choice: choice)) {
      var time = timespec()
      unsafe clock_gettime(CLOCK_MONOTONIC, &time)
      return Nanoseconds(UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }
    try body(kernel, loopback)
    let network = SimulatedNetwork(seed: 3)
    var clock = SimulatedClock()
    let twin = Script(try network.makeLoop(host: 1, configuration: smallLoop())) {
      clock.advance(by: 1_000_000)
    }
    try body(twin, loopback)
    #expect(kernel.log == twin.log)
    #expect(!twin.log.isEmpty && twin.log["?"] == nil)
    #expect(kernel.loop.socketCount == twin.loop.socketCount)
  }

  @Test(arguments: kernelChoices) func connectSendEchoHalfCloseClose(_ choice: EventLoopChoice)
    throws
  {
    try compare(choice) { script, loopback in
      let address = try script.loop.listen(at: loopback).address
      let client = try script.connect("client", address)
      script.run { event, name in
        switch event {
        case .connected: #expect(send(pattern(5_000), on: client, of: script.loop) == 5_000)
        case .received(let connection, let bytes) where name != "client":
          #expect(script.loop.send(bytes, on: connection) == bytes.byteCount)
        case .ended(let connection): script.loop.close(connection)
        default: break
        }
      }
      script.loop.finishSending(client)
      script.run { event, _ in
        if case .ended(let connection) = event { script.loop.close(connection) }
      }
      #expect(
        script.log["client"]
          == ["connected", "received 5000", "ended", "closed requested"])
    }
  }

  @Test(arguments: kernelChoices) func refusedAndAborted(_ choice: EventLoopChoice) throws {
    try compare(choice) { script, loopback in
      let (listener, address) = try script.loop.listen(at: loopback)
      let client = try script.connect("client", address)
      script.run { event, name in
        if case .connected = event { _ = send([1, 2, 3], on: client, of: script.loop) }
        if case .received(let connection, _) = event { script.loop.abort(connection) }
        _ = name
      }
      script.loop.close(listener)
      // io_uring needs a step for it.
      script.run { _, _ in }
      _ = try script.connect("refused", address)
      script.run { _, _ in }
      #expect(script.log["refused"] == ["closed notConnected(errno: 111)"])
      #expect(script.log["client"] == ["connected", "closed failed(errno: 104)"])
    }
  }

  @Test(arguments: kernelChoices) func closeWithBytesThatNobodyReads(_ choice: EventLoopChoice)
    throws
  {
    try compare(choice) { script, loopback in
      let address = try script.loop.listen(at: loopback).address
      let client = try script.connect("client", address)
      script.run { event, name in
        if case .connected = event { _ = send(pattern(2_000), on: client, of: script.loop) }
        if case .accepted(let connection, _) = event { script.loop.pauseReceiving(connection) }
        _ = name
      }
      let server = try #require(script.names.first { $0.value == "server 0" }?.key)
      script.loop.close(server)
      script.run { event, _ in
        if case .ended(let connection) = event { script.loop.close(connection) }
      }
    }
  }

  @Test(arguments: kernelChoices) func aPausedReceiverMakesWritersWait(_ choice: EventLoopChoice)
    throws
  {
    try compare(choice) { script, loopback in
      let address = try script.loop.listen(at: loopback).address
      let client = try script.connect("client", address)
      var offset = 0
      let bytes = pattern(40_000)
      func feed() {
        offset += send(bytes, from: offset, on: client, of: script.loop)
        if offset == bytes.count { script.loop.finishSending(client) }
      }
      script.run { event, _ in
        switch event {
        case .connected: feed()
        case .writable: feed()
        case .ended(let connection): script.loop.close(connection)
        default: break
        }
      }
      #expect(offset == bytes.count)
      // Sends beyond the queue tell of room, once for each.
      #expect(script.log["client"]?.contains("writable") == true)
    }
  }

  @Test(arguments: kernelChoices) func datagrams(_ choice: EventLoopChoice) throws {
    func run(_ loop: EventLoop, _ pass: () -> Nanoseconds) throws -> [String] {
      let loopback = try #require(SocketAddress("127.0.0.1", port: 0))
      let (receiver, address) = try loop.openDatagramSocket(at: loopback)
      let (sender, source) = try loop.openDatagramSocket(at: loopback)
      var log: [String] = []
      for byteCount in [0, 1, 900, smallLoop().datagramByteCountMax, 980] {
        // SAFETY: bytes have no padding.
        let outcome = unsafe loop.send(pattern(byteCount).span.bytes, to: address, on: sender)
        log.append("\(byteCount) \(outcome)")
        for _ in 0..<5 {
          _ = loop.step(now: pass(), countMax: 64, waitNanoseconds: 1_000_000)
          while let event = loop.nextEvent() {
            guard case .datagram(receiver, let datagram) = event else {
              Issue.record("\(event)")
              continue
            }
            #expect(loop.source(of: datagram) == source)
            let isSame = loop.withBytes(of: datagram) { span in
              // SAFETY: inside the span; any byte is one.
              pattern(byteCount).prefix(span.byteCount).elementsEqual(
                (0..<span.byteCount).map {
                  unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
                })
            }
            log.append("\(datagram.byteCount) \(datagram.isTruncated) \(isSame)")
          }
        }
      }
      return log
    }
    var time: UInt64 = 0
    var sizes = smallLoop()
    sizes.datagramByteCountMax = 950
    func pass() -> Nanoseconds {
      time += 1_000_000
      return Nanoseconds(time)
    }
    let twin = try run(
      try SimulatedNetwork(seed: 1).makeLoop(host: 1, configuration: sizes), pass)
    let kernel = try run(try EventLoop.make(sizes, choice: choice), pass)
    #expect(twin == kernel)
    #expect(twin.contains("950 true true") && twin.contains("900 false true"))
  }
}
