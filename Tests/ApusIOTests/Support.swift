// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import Glibc
import Testing

/// The kernel's backends. Where io_uring is denied its tests are skipped, which is printed.
let systemChoices: [EventLoopChoice] = {
  do {
    _ = try EventLoop.make(smallConfiguration(), choice: .ioUring)
    return [.ioUring, .epoll]
  } catch {
    print("tests of io_uring are skipped: \(error)")
    return [.epoll]
  }
}()

func smallConfiguration() -> EventLoopConfiguration {
  var configuration = EventLoopConfiguration(
    socketCountMax: 64, receiveBufferCount: 64, sendBufferCount: 256)
  configuration.datagramBufferCount = 64
  configuration.fileBufferCount = 4
  configuration.timerCountMax = 16
  configuration.lingerNanoseconds = 200_000_000
  return configuration
}

/// A loop with a clock that notes what its events said.
final class Driver {
  let loop: EventLoop
  var accepted: [ConnectionID] = []
  var acceptFailures: [AcceptFailure] = []
  var connected: [ConnectionID] = []
  var received: [ConnectionID: [UInt8]] = [:]
  var ended: [ConnectionID] = []
  var writable: [ConnectionID] = []
  var closed: [ConnectionID: CloseReason] = [:]
  var datagrams: [(bytes: [UInt8], source: SocketAddress, isTruncated: Bool)] = []
  var datagramFailures: [Int32] = []
  var descriptors: [PassedDescriptor] = []
  var stopped: [Int32] = []
  var timers: [UInt64] = []
  var wokenCount = 0
  var files: [(buffer: FileBufferID, outcome: FileOutcome)] = []
  /// Most events of one step.
  var countMax = 64

  init(
    _ choice: EventLoopChoice, _ configuration: EventLoopConfiguration = smallConfiguration()
  ) throws {
    loop = try EventLoop.make(configuration, choice: choice)
  }

  static func now() -> Nanoseconds {
    var time = timespec()
    // SAFETY: the time is written in the call.
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Nanoseconds(UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }

  /// One step, whose events `body` gets after they were noted.
  func step(waitNanoseconds: UInt64 = 2_000_000, body: (IOEvent) -> Void = { _ in }) {
    _ = loop.step(now: Self.now(), countMax: countMax, waitNanoseconds: waitNanoseconds)
    while let event = loop.nextEvent() {
      note(event)
      body(event)
    }
  }

  /// Steps until the condition holds; false after the limit.
  func run(
    seconds: Double = 10, until condition: () -> Bool, _ body: (IOEvent) -> Void = { _ in },
    between: () -> Void = {}
  ) -> Bool {
    let end = Self.now().rawValue + UInt64(seconds * 1e9)
    while !condition() {
      if Self.now().rawValue > end { return false }
      between()
      step(body: body)
    }
    return true
  }

  /// Steps for so long, whatever comes.
  func settle(milliseconds: UInt64 = 20, _ body: (IOEvent) -> Void = { _ in }) {
    let end = Self.now().rawValue + milliseconds * 1_000_000
    while Self.now().rawValue < end { step(waitNanoseconds: 1_000_000, body: body) }
  }

  private func note(_ event: IOEvent) {
    switch event {
    case .accepted(let connection, from: _): accepted.append(connection)
    case .acceptFailed(_, let failure): acceptFailures.append(failure)
    case .connected(let connection): connected.append(connection)
    case .received(let connection, let bytes):
      loop.withBytes(of: bytes) { received[connection, default: []] += array($0) }
    case .ended(let connection): ended.append(connection)
    case .writable(let connection): writable.append(connection)
    case .closed(let connection, let reason):
      #expect(closed[connection] == nil, "a connection is closed once")
      closed[connection] = reason
    case .descriptor(_, let passed): descriptors.append(passed)
    case .datagram(_, let datagram):
      datagrams.append(
        (
          loop.withBytes(of: datagram) { array($0) }, loop.source(of: datagram),
          datagram.isTruncated
        ))
    case .datagramFailed(_, errno: let errno): datagramFailures.append(errno)
    case .stopped(_, errno: let errno): stopped.append(errno)
    case .timer(_, token: let token): timers.append(token)
    case .woken: wokenCount += 1
    case .fileDone(let buffer, let outcome): files.append((buffer, outcome))
    }
  }

  /// A connection of this loop with itself, both of whose ends stand.
  func pair(_ options: ListenOptions = .init()) throws -> (
    client: ConnectionID, server: ConnectionID
  ) {
    let (listener, address) = try loop.listen(at: loopback(), options: options)
    let client = try loop.connect(to: address)
    let before = accepted.count
    let stands = run(until: { connected.contains(client) && accepted.count > before })
    try #require(stands)
    loop.close(listener)
    return (client, accepted[before])
  }

  /// Sends until the kernel's buffers and the connection's own are full; what was taken.
  func fill(_ connection: ConnectionID) -> [UInt8] {
    var sent: [UInt8] = []
    let chunk = pattern(60_000)
    for _ in 0..<10_000 {
      let taken = send(chunk, on: connection)
      sent += chunk[..<taken]
      if taken == 0, queuedStays(connection) { break }
      step(waitNanoseconds: 100_000)
    }
    return sent
  }

  private func queuedStays(_ connection: ConnectionID) -> Bool {
    let before = loop.queuedByteCount(of: connection)
    settle(milliseconds: 20)
    return loop.queuedByteCount(of: connection) == before
  }

  func send(_ bytes: [UInt8], on connection: ConnectionID) -> Int {
    bytes.withRawSpan { loop.send($0, on: connection) }
  }
}

func array(_ span: RawSpan) -> [UInt8] {
  // SAFETY: the bytes are copied in the call.
  unsafe span.withUnsafeBytes { unsafe Array($0) }
}

func loopback(_ port: UInt16 = 0) throws -> SocketAddress {
  try #require(SocketAddress("127.0.0.1", port: port))
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Bytes that tell their place and their connection.
func pattern(_ count: Int, _ key: Int = 0) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ ($0 >> 8) ^ key) }
}
