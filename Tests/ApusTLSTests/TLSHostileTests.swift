// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTLS
import ApusTestSupport
import Testing

@Suite struct TLSHostileTests {
  @Test func aFlippedBitInAnyRecordFails() throws {
    var random = SeededRandom(seed: 21)
    for round in Campaign.rounds(300, campaign: 20_000) {
      let pair = try SessionPair.established()
      let message = random.bytes(1 + random.below(3000))
      var wire = pair.client.send(message).1
      // A record before it, so that not only the first one is tried.
      let before = pair.client.send([9]).1
      let place = random.below(wire.count)
      wire[place] ^= 1 << UInt8(random.below(8))
      let (progress, received) = pair.server.receive(wire + before)
      // Only a longer length may wait for more; no wrong byte is ever shown.
      #expect(received.isEmpty, "round \(round), byte \(place)")
      if place < 3 || place > 4 {
        #expect(progress.outcome.isProtocolFault, "round \(round), byte \(place)")
      } else {
        #expect(progress.outcome.isFailed || progress.outcome == .progressed, "round \(round)")
      }
      // The alert is there, and the other side understands it.
      if progress.outcome.isFailed {
        let alert = pair.server.flush(room: 100)
        #expect(alert.0.outcome == progress.outcome)
        let heard = pair.client.receive(alert.1).0.outcome
        #expect(heard.isProtocolFault && heard.text.contains("alert"), "\(heard.text)")
      }
    }
  }

  @Test func repeatedSwappedAndDroppedRecordsFail() throws {
    for order in [[0, 0], [1, 0], [1], [0, 2], [2, 1, 0]] {
      let pair = try SessionPair.established()
      let records = (0..<3).map { pair.client.send([UInt8($0)]).1 }
      let (progress, received) = pair.server.receive(order.flatMap { records[$0] })
      #expect(progress.outcome.isProtocolFault, "\(order)")
      #expect(received == (order[0] == 0 ? [0] : []), "\(order)")
    }
  }

  @Test func aChangedHandshakeFails() throws {
    var random = SeededRandom(seed: 22)
    let (clientContext, serverContext) = (try TLSContext.client(), try TLSContext.server())
    for round in Campaign.rounds(300, campaign: 20_000) {
      let pair = try SessionPair(client: clientContext, server: serverContext)
      pair.toServer = pair.client.handshake([], room: 4096).1
      let isHello = random.oneIn(2)
      if !isHello {
        let answer = pair.server.handshake(pair.toServer, room: 4096)
        pair.toServer.removeFirst(answer.0.consumedByteCount)
        pair.toClient = answer.1
      }
      let flight = isHello ? pair.toServer : pair.toClient
      let place = random.below(flight.count)
      let bit = UInt8(1) << UInt8(random.below(8))
      if isHello { pair.toServer[place] ^= bit } else { pair.toClient[place] ^= bit }
      pair.shakeHands()
      if pair.isEstablished {
        // Nobody looks at the version of a record that is not sealed (RFC 8446, 5.1).
        #expect(Self.versionPlaces(flight).contains(place), "round \(round), byte \(place)")
        let (received, outcome) = pair.transfer([1, 2], chunkMax: 100, roomMax: 100, seed: 1)
        #expect(received == [1, 2] && outcome == .progressed)
      }
    }
  }

  /// Where the headers of these records have their versions.
  static func versionPlaces(_ flight: [UInt8]) -> Set<Int> {
    var places: Set<Int> = []
    var start = 0
    while start + 5 <= flight.count {
      places.formUnion([start + 1, start + 2])
      start += 5 + Int(flight[start + 3]) << 8 + Int(flight[start + 4])
    }
    return places
  }

  @Test func garbageNeverTraps() throws {
    var random = SeededRandom(seed: 23)
    var mutator = ByteMutator(seed: 24)
    let (clientContext, serverContext) = (try TLSContext.client(), try TLSContext.server())
    let hello = try Peer(clientContext).handshake([], room: 4096).1
    var failureCount = 0
    for round in Campaign.rounds(3000, campaign: 200_000) {
      let isServer = random.oneIn(2)
      let peer = try Peer(isServer ? serverContext : clientContext)
      if !isServer { _ = peer.handshake([], room: 4096) }
      var bytes = random.oneIn(2) ? mutator.mutated(hello) : random.bytes(random.below(400))
      if random.oneIn(2), bytes.count > 5 {
        // A header that is believed.
        bytes.replaceSubrange(0..<5, with: [20 + random.byte() % 5, 3, 3, 0, random.byte()])
      }
      var rest = bytes[...]
      while !rest.isEmpty, peer.failure == nil, !peer.isEstablished, !peer.isPeerClosed {
        let (progress, _) = peer.handshake(
          Array(rest.prefix(1 + random.below(200))), room: random.below(2000))
        rest.removeFirst(progress.consumedByteCount)
      }
      if peer.failure != nil { failureCount += 1 }
      #expect(!peer.isEstablished, "round \(round)")
      _ = peer.flush(room: 50)
      _ = peer.endOfInput()
    }
    #expect(failureCount > 500)
  }

  @Test func garbageAfterTheHandshakeNeverTraps() throws {
    var mutator = ByteMutator(seed: 25)
    var random = SeededRandom(seed: 26)
    for round in Campaign.rounds(400, campaign: 20_000) {
      let pair = try SessionPair.established()
      let message = random.bytes(random.below(600))
      let wire =
        pair.client.send(message).1 + pair.client.send([1, 2, 3]).1 + pair.client.close().1
      var rest = mutator.mutated(wire)[...]
      var received: [UInt8] = []
      while !rest.isEmpty {
        let (progress, bytes) = pair.server.receive(
          Array(rest.prefix(1 + random.below(300))), room: 1 + random.below(300))
        rest.removeFirst(progress.consumedByteCount)
        received += bytes
        if progress.outcome.isFailed || progress.outcome == .closed { break }
      }
      // What is shown is what was sent, from its beginning on.
      #expect((message + [1, 2, 3]).starts(with: received), "round \(round)")
      _ = pair.server.flush(room: 7)
      _ = pair.server.close(room: 7)
    }
  }
}
