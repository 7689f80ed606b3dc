// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusReplicationTestKit
import ApusTLS
import ApusTestSupport
import Testing

@testable import ApusReplication

/// A loop for one peer of a test.
func peerLoop() throws -> EventLoop {
  var sizes = EventLoopConfiguration(
    socketCountMax: 4, receiveBufferCount: 16, sendBufferCount: 64)
  sizes.lingerNanoseconds = 100_000_000
  return try EventLoop.make(sizes)
}

/// Listens as a primary would, for a test that says what it likes.
struct LinkListener {
  let loop: EventLoop
  let endpoint: ReplicationEndpoint

  init() throws {
    loop = try peerLoop()
    let address = try #require(SocketAddress("127.0.0.1", port: 0))
    endpoint = ReplicationEndpoint(
      address: "127.0.0.1", port: try loop.listen(at: address).address.port)
  }

  /// The link of a standby that has connected; nil where none has.
  func accepted(now: Nanoseconds) throws -> FrameLink? {
    _ = loop.step(now: now, countMax: 1)
    guard case .accepted(let connection, _) = loop.nextEvent() else { return nil }
    return try FrameLink.peer(loop, connection, isConnected: true, now: now)
  }
}

/// A link that is alone on its loop, as a peer that a test plays has it.
extension FrameLink {
  static func peer(
    _ loop: EventLoop, _ connection: ConnectionID, isConnected: Bool, context: TLSContext? = nil,
    now: Nanoseconds
  ) throws -> FrameLink {
    try FrameLink(
      loop, connection, isConnected: isConnected, context: context, taking: 16_384,
      slackByteCount: 16 * 4_096, sending: 16_384, now: now)
  }

  /// Connects, and waits until the connection stands.
  static func connect(
    _ endpoint: ReplicationEndpoint, context: TLSContext? = nil, now: Nanoseconds
  ) throws -> FrameLink {
    let loop = try peerLoop()
    let address = try #require(SocketAddress(endpoint.address, port: endpoint.port))
    let link = try peer(
      loop, try loop.connect(to: address), isConnected: false, context: context, now: now)
    let end = patience()
    var stands = false
    while !stands, monotonicNow() < end {
      _ = loop.step(now: now, countMax: 1, waitNanoseconds: 50_000)
      while let event = loop.nextEvent() {
        if case .connected = event { stands = true }
        link.take(event, now: now)
      }
    }
    return link
  }

  /// Steps the loop and takes what came, as far as there is room.
  func receive(now: Nanoseconds) -> Int {
    let before = receivedByteCount
    if incomingRoom < 16 * 4_096 {
      loop.pauseReceiving(connection)
    } else {
      loop.resumeReceiving(connection)
    }
    takeEvents(now)
    return Int(receivedByteCount - before)
  }

  private func takeEvents(_ now: Nanoseconds) {
    _ = loop.step(now: now, countMax: 16)
    while let event = loop.nextEvent() {
      take(event, now: now)
      while absorb(now: now) {}
    }
  }

  /// Hands what is queued to the kernel, as far as that takes it, and reads nothing.
  func flushAll() {
    loop.pauseReceiving(connection)
    flush()
    takeEvents(lastReceived)
    loop.flush()
  }

  /// Bytes as they are, past the queue.
  func sendRaw(_ bytes: UnsafeRawBufferPointer) -> Int {
    let count = unsafe loop.send(bytes, on: connection)
    takeEvents(lastReceived)
    loop.flush()
    return count
  }
}
