// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import Testing

func smallLoop() -> EventLoopConfiguration {
  var configuration = EventLoopConfiguration(
    socketCountMax: 64, receiveBufferCount: 16, sendBufferCount: 32,
    receiveBufferByteCount: 1_024, sendBufferByteCount: 1_024)
  configuration.datagramBufferCount = 16
  configuration.timerCountMax = 16
  configuration.queuedByteCountMax = 16 << 10
  return configuration
}

/// Loops of a network and a clock that jumps from one thing that happens to the next.
final class NetworkDriver {
  let network: SimulatedNetwork
  var loops: [SimulatedLoop] = []
  var clock = SimulatedClock()
  /// A hash over all events, with their times and bytes.
  private(set) var digest: UInt64 = 1
  private(set) var stepCount = 0
  /// When a loop gave its last event.
  private(set) var lastTime = Nanoseconds.zero

  init(_ network: SimulatedNetwork) { self.network = network }

  convenience init(
    seed: UInt64 = 1, _ configuration: SimulatedNetworkConfiguration = .init(),
    hosts: [Int] = [1, 2], loop: EventLoopConfiguration = smallLoop()
  ) throws {
    self.init(SimulatedNetwork(seed: seed, configuration: configuration))
    for host in hosts { loops.append(try network.makeLoop(host: host, configuration: loop)) }
  }

  func bytes(_ loop: EventLoop, _ received: ReceivedBytes) -> [UInt8] {
    loop.withBytes(of: received) { span in
      // SAFETY: inside the span; any byte is one.
      (0..<span.byteCount).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
  }

  func bytes(_ loop: EventLoop, _ datagram: ReceivedDatagram) -> [UInt8] {
    loop.withBytes(of: datagram) { span in
      // SAFETY: inside the span; any byte is one.
      (0..<span.byteCount).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
  }

  private func mix(_ text: String) {
    for byte in text.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
  }

  /// Every loop once.
  func stepAll(_ body: (Int, SimulatedLoop, IOEvent) throws -> Void) rethrows {
    for (place, loop) in loops.enumerated() {
      _ = loop.step(now: clock.now, countMax: 16, waitNanoseconds: 1_000_000_000)
      while let event = loop.nextEvent() {
        lastTime = clock.now
        mix("\(clock.now.rawValue) \(place) \(event)")
        if case .received(_, let received) = event { mix("\(bytes(loop, received))") }
        try body(place, loop, event)
      }
    }
    stepCount += 1
  }

  /// Until nothing happens any more, `isDone`, or a time is over; returns whether it was done.
  @discardableResult
  func run(
    seconds: Double = 600, until isDone: () -> Bool = { false },
    _ body: (Int, SimulatedLoop, IOEvent) throws -> Void
  ) rethrows -> Bool {
    let limit = Nanoseconds(clock.now.rawValue + UInt64(seconds * 1e9))
    repeat {
      try stepAll(body)
      if isDone() { return true }
    } while network.step(&clock, limit: limit)
    return isDone()
  }
}

func pattern(_ count: Int, _ seed: UInt64 = 9) -> [UInt8] {
  var random = SeededRandom(seed: seed)
  return random.bytes(count)
}

/// Queues bytes from an offset on; returns how many were taken.
func send(_ bytes: [UInt8], from offset: Int = 0, on connection: ConnectionID, of loop: EventLoop)
  -> Int
{
  // SAFETY: integers have no padding.
  unsafe loop.send(bytes.span.bytes.extracting(offset..<bytes.count), on: connection)
}
