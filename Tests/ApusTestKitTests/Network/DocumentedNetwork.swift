// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import Testing

// What docs/testing-an-engine.md shows of a simulated network.

private let loopSizes = EventLoopConfiguration(
  socketCountMax: 8, receiveBufferCount: 8, sendBufferCount: 8)
private let order: [UInt8] = Array(1...200)

@Test(arguments: UInt64(1)...50) func whatIsSentComesBack(seed: UInt64) throws {
  let network = SimulatedNetwork(seed: seed, configuration: .rough)
  let server = try network.makeLoop(host: 1, configuration: loopSizes)
  let client = try network.makeLoop(host: 2, configuration: loopSizes)
  let address = try server.listen(at: server.address).address
  let connection = try client.connect(to: address)
  var clock = SimulatedClock()
  var backByteCount = 0
  network.partition([1], from: [2])
  repeat {
    if clock.now > Nanoseconds(2_000_000_000) { network.heal() }
    _ = server.step(now: clock.now, countMax: 64)
    while let event = server.nextEvent() {
      if case .received(let from, let bytes) = event { _ = server.send(bytes, on: from) }
    }
    _ = client.step(now: clock.now, countMax: 64)
    while let event = client.nextEvent() {
      switch event {
      case .connected: _ = unsafe client.send(order.span.bytes, on: connection)
      case .received(_, let bytes): backByteCount += bytes.byteCount
      default: break
      }
    }
  } while network.step(&clock)
  #expect(backByteCount == order.count, "seed \(seed): \(network.counts)")
}
