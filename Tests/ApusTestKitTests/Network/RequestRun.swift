// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import Testing

/// Clients that send requests of any length and end, a server that answers each, and partitions that heal.
/// The model is the bytes themselves: what comes is a beginning of what was sent, and all of it where nothing
/// was reset.
final class RequestRun {
  private struct Client {
    var sent: [UInt8] = []
    var offset = 0
    var answers: [UInt8] = []
    var isClosed = false
  }
  private struct Session {
    var received: [UInt8] = []
    var answered = 0
    var waiting: [UInt8] = []
    var hasEnded = false
    var isClosed = false
  }
  let driver: NetworkDriver
  private var random: SeededRandom
  private var clients: [ConnectionID: Client] = [:]
  private var sessions: [ConnectionID: Session] = [:]
  private let seed: UInt64

  init(seed: UInt64, _ configuration: SimulatedNetworkConfiguration) throws {
    self.seed = seed
    random = SeededRandom(seed: seed ^ 0x5EED)
    var sizes = EventLoopConfiguration(
      socketCountMax: 16, receiveBufferCount: 1 << random.below(4),
      sendBufferCount: 1 + random.below(8), receiveBufferByteCount: 64 << random.below(4),
      sendBufferByteCount: 64 << random.below(4))
    // A slow network is none that a close gives up.
    sizes.lingerNanoseconds = 1 << 60
    sizes.queuedByteCountMax = 1 + random.below(1_000)
    driver = try NetworkDriver(seed: seed, configuration, loop: sizes)
  }

  /// The answer to a byte: another one, so that an echo within the network would be noticed.
  private static func answer(_ byte: UInt8) -> UInt8 { byte &* 3 &+ 1 }

  func run() throws {
    let (server, other) = (driver.loops[0], driver.loops[1])
    let address = try server.listen(at: server.address).address
    for _ in 0..<(1 + random.below(4)) {
      let connection = try other.connect(to: address)
      clients[connection] = Client(sent: random.bytes(1 + random.below(1_000)))
    }
    for _ in 0..<random.below(3) {
      driver.run(seconds: Double(random.below(1_000)) / 1e5) { handle($0, $1, $2) }
      driver.network.partition([1], from: [2], bothWays: random.oneIn(2))
      driver.run(seconds: Double(random.below(3_000)) / 1e3) { handle($0, $1, $2) }
      driver.network.heal()
    }
    driver.run(seconds: 1e6) { handle($0, $1, $2) }
    try check()
  }

  private func handle(_ place: Int, _ loop: SimulatedLoop, _ event: IOEvent) {
    switch event {
    case .accepted(let connection, _): sessions[connection] = Session()
    case .connected(let connection): feed(connection, loop)
    case .writable(let connection):
      if place == 0 { answer(connection, loop) } else { feed(connection, loop) }
    case .received(let connection, let bytes):
      let came = driver.bytes(loop, bytes)
      if place == 0 {
        sessions[connection]?.received += came
        sessions[connection]?.waiting += came.map(Self.answer)
        answer(connection, loop)
      } else {
        clients[connection]?.answers += came
      }
    case .ended(let connection):
      if place == 0 {
        sessions[connection]?.hasEnded = true
        answer(connection, loop)
      } else {
        loop.close(connection)
      }
    case .closed(let connection, let reason):
      if place == 0 { sessions[connection]?.isClosed = true }
      if place == 1 { clients[connection]?.isClosed = true }
      if driver.network.counts.resetCount == 0, reason != .requested {
        Issue.record("seed \(seed): \(reason)")
      }
    default: Issue.record("seed \(seed): \(event)")
    }
  }

  private func feed(_ connection: ConnectionID, _ loop: SimulatedLoop) {
    guard var client = clients[connection] else { return }
    client.offset += send(client.sent, from: client.offset, on: connection, of: loop)
    if client.offset == client.sent.count { loop.finishSending(connection) }
    clients[connection] = client
  }

  private func answer(_ connection: ConnectionID, _ loop: SimulatedLoop) {
    guard var session = sessions[connection] else { return }
    session.answered += send(
      session.waiting, from: session.answered, on: connection, of: loop)
    if session.hasEnded, session.answered == session.waiting.count { loop.close(connection) }
    sessions[connection] = session
  }

  private func check() throws {
    let hasResets = driver.network.counts.resetCount > 0
    var unmatched = Array(clients.values)
    for session in sessions.values {
      // Which client it was is told by its bytes; one that was reset early has none.
      guard let place = unmatched.firstIndex(where: { $0.sent.starts(with: session.received) })
      else {
        Issue.record("seed \(seed): bytes that nobody sent")
        continue
      }
      try #require(hasResets || session.received == unmatched[place].sent, "seed \(seed)")
      if !session.received.isEmpty { unmatched.remove(at: place) }
    }
    for client in clients.values {
      let expected = client.sent.map(Self.answer)
      try #require(expected.starts(with: client.answers), "seed \(seed): another answer")
      try #require(hasResets || client.answers == expected, "seed \(seed): not all answers")
      try #require(hasResets || client.isClosed, "seed \(seed)")
    }
    try #require(hasResets || sessions.count == clients.count, "seed \(seed)")
    try #require(hasResets || driver.network.streamEndCount == 0, "seed \(seed)")
    if !hasResets { try #require(driver.network.nextEventTime == nil, "seed \(seed)") }
  }
}
