// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTLS
import ApusTestSupport
import Testing

@Suite struct TLSPreSharedKeyTests {
  @Test func anotherKeyIsRefusedByBothSides() throws {
    let other = TLSCredential.preSharedKey(identity: "standby", key: .numbered(2))
    let pair = try SessionPair(client: .client(other), server: .server())
    pair.shakeHands()
    #expect(pair.serverOutcome.isWrongKey, "\(pair.serverOutcome.text)")
    #expect(pair.clientOutcome.isWrongKey, "\(pair.clientOutcome.text)")
    #expect(!pair.client.isEstablished && !pair.server.isEstablished)
    #expect(pair.serverOutcome.text.contains("binder"))
    // What has failed stays so.
    #expect(pair.server.handshake([], room: 100).0.outcome == pair.serverOutcome)
  }

  @Test func anUnknownIdentityIsRefusedByBothSides() throws {
    let other = TLSCredential.preSharedKey(identity: "stranger", key: .sample)
    let pair = try SessionPair(client: .client(other), server: .server())
    pair.shakeHands(chunkMax: 50, roomMax: 3)
    #expect(pair.serverOutcome.isWrongKey, "\(pair.serverOutcome.text)")
    #expect(pair.clientOutcome.isWrongKey, "\(pair.clientOutcome.text)")
  }

  @Test func aServerTellsItsClientsApart() throws {
    let keys = (1...5).map { TLSPreSharedKey(identity: "standby-\($0)", key: .numbered($0)) }
    let server = try TLSContext.server(.preSharedKeys(keys))
    for (index, key) in keys.enumerated() {
      let pair = try SessionPair(client: .client(.preSharedKeys([key])), server: server)
      pair.shakeHands()
      #expect(pair.server.peerIdentity == .preSharedKey(identity: "standby-\(index + 1)"))
    }
    // The key of another identity.
    let mixed = TLSPreSharedKey(identity: "standby-1", key: keys[1].key)
    let pair = try SessionPair(client: .client(.preSharedKeys([mixed])), server: server)
    pair.shakeHands()
    #expect(pair.serverOutcome.isWrongKey)
  }

  @Test(arguments: [16, 17, 48, 64]) func keysOfAnyAllowedLength(byteCount: Int) throws {
    var random = SeededRandom(seed: 9)
    let key = try TLSKey(random.bytes(byteCount))
    let credential = TLSCredential.preSharedKey(
      identity: String(repeating: "n", count: 128), key: key)
    let pair = try SessionPair(client: .client(credential), server: .server(credential))
    pair.shakeHands()
    #expect(pair.isEstablished, "\(pair.serverOutcome.text)")
  }

  @Test(arguments: [0, 1, 15, 65, 1000]) func otherLengthsAreRefused(byteCount: Int) {
    #expect(
      throws: TLSError.configuration(
        field: "key", value: "\(byteCount) bytes", expected: "16 to 64 random bytes")
    ) {
      var random = SeededRandom(seed: 9)
      _ = try TLSKey(random.bytes(byteCount))
    }
  }

  @Test func aRepeatedByteIsNoKey() {
    #expect(throws: TLSError.self) { try TLSKey([UInt8](repeating: 0, count: 32)) }
  }

  @Test func aKeyIsShownNowhere() throws {
    let key = try TLSKey(Array("0123456789abcdef".utf8))
    var text = "\(key) \(String(reflecting: key))"
    dump(
      TLSConfiguration(role: .client, credential: .preSharedKey(identity: "n", key: key)), to: &text
    )
    #expect(!text.contains("48") && !text.contains("0123") && text.contains("TLSKey"))
  }
}
