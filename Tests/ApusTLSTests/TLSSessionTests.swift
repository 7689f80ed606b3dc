// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTLS
import ApusTestSupport
import Testing

@Suite struct TLSSessionTests {
  /// Longest chunk and longest room, from single bytes to more than a record.
  static let sizes = [(1, 1), (1, 64), (7, 23), (100, 1), (500, 5000), (1 << 16, 1 << 16)]

  @Test(arguments: sizes) func handshakeAndDataOfAnyChunkSizes(chunkMax: Int, roomMax: Int) throws {
    for seed in UInt64(1)...4 {
      let pair = try SessionPair(client: .client(), server: .server())
      pair.shakeHands(chunkMax: chunkMax, roomMax: roomMax, seed: seed)
      try #require(pair.isEstablished, "seed \(seed): \(pair.clientOutcome.text)")
      #expect(pair.server.peerIdentity == .preSharedKey(identity: "standby"))
      #expect(pair.client.peerIdentity == .preSharedKey(identity: "standby"))
      #expect(pair.client.version == .tls13)
      var random = SeededRandom(seed: seed)
      let message = random.bytes(chunkMax < 500 ? 700 : 100_000)
      let (received, outcome) = pair.transfer(
        message, chunkMax: chunkMax, roomMax: roomMax, seed: seed)
      #expect(outcome == .progressed, "seed \(seed)")
      #expect(received == message, "seed \(seed)")
    }
  }

  @Test func aSessionSaysWhatItWants() throws {
    let pair = try SessionPair(client: .client(), server: .server())
    let silent = pair.server.handshake([], room: 100)
    #expect(silent.0.outcome == .wantsInput && silent.1.isEmpty)
    #expect(pair.server.peerIdentity == nil && pair.server.version == nil)
    let hello = pair.client.handshake([], room: 10)
    #expect(hello.0.outcome == .wantsOutputSpace && hello.1.count == 10)
    let rest = pair.client.handshake([], room: 4096)
    #expect(rest.0.outcome == .wantsInput && !rest.1.isEmpty)
  }

  @Test func aFullOutputResumesWithWhatWasSealed() throws {
    let pair = try SessionPair.established()
    var random = SeededRandom(seed: 3)
    let message = random.bytes(40_000)
    let (first, bytes) = pair.client.send(message, room: 1000)
    #expect(first.outcome == .wantsOutputSpace && bytes.count == 1000)
    // A whole record was taken, though only a part of it had room.
    #expect(first.consumedByteCount == 16_384)
    #expect(pair.client.hasPendingOutput)
    var wire = bytes
    while pair.client.hasPendingOutput {
      let (flushed, more) = pair.client.flush(room: 777)
      #expect(flushed.outcome == (pair.client.hasPendingOutput ? .wantsOutputSpace : .progressed))
      wire += more
    }
    wire += pair.client.send(Array(message.dropFirst(first.consumedByteCount))).1
    let (progress, received) = pair.server.receive(wire)
    #expect(progress.outcome == .progressed && received == message)
  }

  @Test func withoutRoomNothingIsTaken() throws {
    let pair = try SessionPair.established()
    let (refused, _) = pair.client.send([1, 2, 3], room: 0)
    #expect(refused.outcome == .wantsOutputSpace && refused.consumedByteCount == 0)
    let wire = pair.client.send([1, 2, 3]).1
    let (full, _) = pair.server.receive(wire, room: 0)
    #expect(full.outcome == .wantsOutputSpace && full.consumedByteCount == 0)
    let (partial, head) = pair.server.receive(wire, room: 2)
    #expect(partial.outcome == .wantsOutputSpace && head == [1, 2])
    let (last, tail) = pair.server.receive(
      Array(wire.dropFirst(partial.consumedByteCount)), room: 9)
    #expect(last.outcome == .progressed && tail == [3])
    #expect(pair.client.send([], room: 0).0.outcome == .progressed)
  }

  @Test func closeNotifyEndsOneDirection() throws {
    let pair = try SessionPair.established()
    let last = pair.client.send([1, 2, 3], room: 5)
    #expect(last.0.outcome == .wantsOutputSpace)
    var wire = last.1
    var closing = pair.client.close(room: 4)
    while closing.0.outcome == .wantsOutputSpace {
      wire += closing.1
      closing = pair.client.close(room: 4)
    }
    wire += closing.1
    #expect(closing.0.outcome == .closed && pair.client.isClosing)
    let (progress, received) = pair.server.receive(wire)
    #expect(progress.outcome == .closed && received == [1, 2, 3])
    #expect(pair.server.endOfInput() == .closed)
    #expect(pair.server.receive([1, 2, 3]).0.outcome == .closed)
    #expect(pair.client.send([4]).0.outcome == .closed)
    // The other direction still stands.
    let answer = pair.server.send([7, 8]).1
    #expect(pair.client.receive(answer).1 == [7, 8])
    let end = pair.client.receive(pair.server.close().1)
    #expect(end.0.outcome == .closed && pair.client.isPeerClosed)
  }

  @Test func anEndWithoutCloseNotifyIsTruncated() throws {
    let pair = try SessionPair.established()
    let wire = pair.client.send([UInt8](repeating: 1, count: 5000)).1
    // Half a record: nothing of it is shown.
    let (progress, received) = pair.server.receive(Array(wire.prefix(2500)))
    #expect(progress.outcome == .progressed && received.isEmpty)
    #expect(pair.server.endOfInput() == .failed(.truncated))
    #expect(pair.server.receive(Array(wire.dropFirst(2500))).0.outcome == .failed(.truncated))
    #expect(pair.server.send([1]).0.outcome == .failed(.truncated))
    #expect(pair.server.close().0.outcome == .failed(.truncated))
    #expect(pair.server.failure == .truncated)
  }

  @Test func closingBeforeTheHandshakeSaysNothing() throws {
    let session = try Peer(.client())
    let (progress, bytes) = session.close()
    #expect(progress.outcome == .closed && bytes.isEmpty)
  }

  @Test(arguments: [true, false]) func theOtherSideMayGiveUpInTheHandshake(isServer: Bool) throws {
    let peer = try Peer(isServer ? .server() : .client())
    if !isServer { _ = peer.handshake([], room: 4096) }
    // close_notify before there are keys.
    let (progress, _) = peer.handshake([21, 3, 3, 0, 2, 1, 0], room: 100)
    #expect(progress.outcome == .closed || progress.outcome.isFailed, "\(progress)")
    #expect(peer.handshake([1], room: 100).0.outcome == progress.outcome)
    #expect(!peer.isEstablished)
  }

  @Test func threadsShareAContext() async throws {
    let (client, server) = (try TLSContext.client(), try TLSContext.server())
    let count = try await withThrowingTaskGroup(of: Int.self) { group in
      for seed in UInt64(1)...4 {
        group.addTask {
          var establishedCount = 0
          for _ in 0..<30 {
            let pair = try SessionPair(client: client, server: server)
            pair.shakeHands(chunkMax: 200, roomMax: 200, seed: seed)
            if pair.isEstablished { establishedCount += 1 }
          }
          return establishedCount
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(count == 120)
  }

  @Test func keysChangeUnderWay() throws {
    let pair = try SessionPair.established(recordsPerKey: 3)
    var random = SeededRandom(seed: 5)
    for round in 0..<12 {
      let message = random.bytes(1 + random.below(40_000))
      let (received, outcome) = pair.transfer(
        message, chunkMax: 5000, roomMax: 3000, seed: UInt64(round))
      #expect(outcome == .progressed && received == message, "round \(round)")
    }
    // The other side is asked for a new key, and gives it before what it sends next.
    try #require(pair.client.updateKey(both: true))
    let (_, question) = pair.client.send([1])
    let (taken, asked) = pair.server.receive(question)
    #expect(asked == [1], "\(taken.outcome.text)")
    let (_, answer) = pair.server.send([2])
    // A change of keys and a record.
    #expect(answer.count > 2 * 22)
    #expect(pair.client.receive(answer).1 == [2])
  }

  @Test func changesOfKeysWithoutDataAreBounded() throws {
    let pair = try SessionPair.established()
    var outcome = TLSOutcome.progressed
    var count = 0
    while count < 1000, !outcome.isFailed {
      try #require(pair.client.updateKey(both: false))
      // One byte a key pays for none.
      let wire = pair.client.send([1]).1
      outcome = pair.server.receive(wire).0.outcome
      count += 1
    }
    #expect(outcome == .failed(.flood))
    #expect((60...70).contains(count), "\(count)")
  }

  @Test func aHandshakeTakesNoMoreBytesThanAllowed() throws {
    var configuration = TLSConfiguration(role: .server, credential: .sample)
    configuration.handshakeByteCountMax = 1024
    let server = try Peer(TLSContext(configuration))
    // The beginning of a client's hello of 16 KiB, which never ends.
    let hello: [UInt8] =
      [22, 3, 1, 0x40, 0, 1, 0, 0x3F, 0xFC] + [UInt8](repeating: 3, count: 1 << 14)
    var rest = hello[...]
    var outcome = TLSOutcome.wantsInput
    while outcome == .wantsInput, !rest.isEmpty {
      let (progress, _) = server.handshake(Array(rest.prefix(100)), room: 1000)
      rest.removeFirst(progress.consumedByteCount)
      outcome = progress.outcome
    }
    #expect(outcome == .failed(.handshakeLimit))
    #expect(hello.count - rest.count == 1024)
    #expect(server.handshake(hello, room: 10).0.outcome == .failed(.handshakeLimit))
  }
}
