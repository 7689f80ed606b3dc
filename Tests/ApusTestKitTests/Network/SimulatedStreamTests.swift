// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import Testing

/// A connection from the second loop to the first, over which bytes go both ways.
private final class Transfer {
  let driver: NetworkDriver
  let sent: [UInt8]
  var received: [UInt8] = []
  var back: [UInt8] = []
  var offset = 0
  var client: ConnectionID
  var server: ConnectionID?
  var closed: [Int: CloseReason] = [:]
  var largestQueue = 0

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
    case .connected: feed()
    case .writable: if place == 1 { feed() }
    case .received(let connection, let bytes):
      if place == 0 {
        received += driver.bytes(loop, bytes)
        // The echo has a limit of its own: what does not fit is not sent back.
        _ = loop.send(bytes, on: connection)
      } else {
        back += driver.bytes(loop, bytes)
      }
    case .ended(let connection): loop.close(connection)
    case .closed(_, let reason): closed[place] = reason
    default: Issue.record("\(event)")
    }
  }
}

@Suite struct SimulatedStreamTests {
  @Test func bytesGoThereAndBack() throws {
    let driver = try NetworkDriver()
    let transfer = try Transfer(driver, 10_000)
    driver.run { transfer.handle($0, $1, $2) }
    #expect(transfer.received == transfer.sent)
    #expect(transfer.back == transfer.sent)
    #expect(transfer.closed == [0: .requested, 1: .requested])
    #expect(driver.loops.allSatisfy { $0.counters.failedCount == 0 })
    #expect(driver.network.nextEventTime == nil)
    #expect(driver.loops[0].socketCount == 1)
  }
}
