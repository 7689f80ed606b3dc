// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTLS
import ApusTestSupport

/// A session that macros can look at, which they cannot where a value has one owner.
final class Peer {
  var session: TLSSession

  init(_ context: TLSContext, serverName: String? = nil) throws {
    session = try TLSSession(context, serverName: serverName)
  }

  var isEstablished: Bool { session.isEstablished }
  var isClosing: Bool { session.isClosing }
  var isPeerClosed: Bool { session.isPeerClosed }
  var hasPendingOutput: Bool { session.hasPendingOutput }
  var failure: TLSFailure? { session.failure }
  var peerIdentity: TLSPeerIdentity? { session.peerIdentity }
  var version: TLSVersion? { session.version }
  var applicationProtocol: String? { session.applicationProtocol }
  func endOfInput() -> TLSOutcome { session.endOfInput() }
  func updateKey(both: Bool) -> Bool { session.updateKey(both: both) }

  /// One call of the handshake, with room for so many bytes; what it produced.
  func handshake(_ input: [UInt8], room: Int) -> (TLSProgress, [UInt8]) {
    var output = [UInt8](repeating: 0, count: room)
    var target = output.mutableSpan
    // SAFETY: bytes as bytes, here and below.
    var bytes = unsafe target.mutableBytes
    let progress = unsafe session.handshake(input.span.bytes, into: &bytes)
    return (progress, Array(output.prefix(progress.producedByteCount)))
  }

  func receive(_ input: [UInt8], room: Int = 1 << 17) -> (TLSProgress, [UInt8]) {
    var output = [UInt8](repeating: 0, count: room)
    var target = output.mutableSpan
    var bytes = unsafe target.mutableBytes
    let progress = unsafe session.receive(input.span.bytes, into: &bytes)
    return (progress, Array(output.prefix(progress.producedByteCount)))
  }

  func send(_ input: [UInt8], room: Int = 1 << 17) -> (TLSProgress, [UInt8]) {
    var output = [UInt8](repeating: 0, count: room)
    var target = output.mutableSpan
    var bytes = unsafe target.mutableBytes
    let progress = unsafe session.send(input.span.bytes, into: &bytes)
    return (progress, Array(output.prefix(progress.producedByteCount)))
  }

  func flush(room: Int = 1 << 17) -> (TLSProgress, [UInt8]) {
    var output = [UInt8](repeating: 0, count: room)
    var target = output.mutableSpan
    var bytes = unsafe target.mutableBytes
    let progress = session.flush(into: &bytes)
    return (progress, Array(output.prefix(progress.producedByteCount)))
  }

  func close(room: Int = 1 << 17) -> (TLSProgress, [UInt8]) {
    var output = [UInt8](repeating: 0, count: room)
    var target = output.mutableSpan
    var bytes = unsafe target.mutableBytes
    let progress = session.close(into: &bytes)
    return (progress, Array(output.prefix(progress.producedByteCount)))
  }
}

/// Two sessions with the bytes between them.
final class SessionPair {
  let client: Peer
  let server: Peer
  /// Bytes on their way.
  var toServer: [UInt8] = []
  var toClient: [UInt8] = []
  /// Where each stands.
  var clientOutcome = TLSOutcome.progressed
  var serverOutcome = TLSOutcome.progressed

  init(client: TLSContext, server: TLSContext, serverName: String? = nil) throws {
    self.client = try Peer(client, serverName: serverName)
    self.server = try Peer(server)
  }

  /// Two that have shaken hands with the sample's key.
  static func established(
    recordsPerKey: UInt64 = 0, chunkMax: Int = 1 << 16
  ) throws -> SessionPair {
    var client = TLSConfiguration(role: .client, credential: .sample)
    var server = TLSConfiguration(role: .server, credential: .sample)
    client.recordsPerKey = recordsPerKey
    server.recordsPerKey = recordsPerKey
    let pair = try SessionPair(client: TLSContext(client), server: TLSContext(server))
    pair.shakeHands(chunkMax: chunkMax)
    return pair
  }

  var isEstablished: Bool { client.isEstablished && server.isEstablished }

  /// Moves chunks of random lengths until both are done or nothing moves. A side that has finished takes
  /// what comes afterwards as data, as a program does: so it hears of what the other one thinks of it.
  func shakeHands(chunkMax: Int = 1 << 16, roomMax: Int = 1 << 16, seed: UInt64 = 1) {
    var random = SeededRandom(seed: seed)
    var idleCount = 0
    while idleCount < 3 {
      var movedCount = 0
      clientOutcome = Self.step(
        client, &toClient, &toServer, 1 + random.below(chunkMax), 1 + random.below(roomMax),
        &movedCount)
      serverOutcome = Self.step(
        server, &toServer, &toClient, 1 + random.below(chunkMax), 1 + random.below(roomMax),
        &movedCount)
      idleCount = movedCount == 0 ? idleCount + 1 : 0
    }
  }

  private static func step(
    _ session: Peer, _ input: inout [UInt8], _ output: inout [UInt8], _ chunk: Int, _ room: Int,
    _ movedCount: inout Int
  ) -> TLSOutcome {
    let given = Array(input.prefix(chunk))
    let isEstablished = session.isEstablished && session.failure == nil
    let (progress, bytes) =
      if session.failure != nil {
        session.flush(room: room)
      } else if isEstablished {
        session.receive(given, room: room)
      } else {
        session.handshake(given, room: room)
      }
    input.removeFirst(progress.consumedByteCount)
    if !isEstablished { output += bytes }
    movedCount += progress.consumedByteCount + progress.producedByteCount
    return isEstablished && progress.outcome == .progressed ? .handshakeDone : progress.outcome
  }

  /// Sends a message from the client to the server in chunks of random lengths; what came, and how the
  /// receiver stands.
  func transfer(
    _ message: [UInt8], chunkMax: Int, roomMax: Int, seed: UInt64
  ) -> ([UInt8], TLSOutcome) {
    var random = SeededRandom(seed: seed)
    var rest = message[...]
    var received: [UInt8] = []
    var outcome = TLSOutcome.progressed
    while true {
      let (sent, bytes) = client.send(
        Array(rest.prefix(1 + random.below(chunkMax))), room: 1 + random.below(roomMax))
      rest.removeFirst(sent.consumedByteCount)
      toServer += bytes
      let given = Array(toServer.prefix(1 + random.below(chunkMax)))
      let (taken, plaintext) = server.receive(given, room: 1 + random.below(roomMax))
      toServer.removeFirst(taken.consumedByteCount)
      received += plaintext
      outcome = taken.outcome
      if case .failed = outcome { break }
      if rest.isEmpty, toServer.isEmpty, !client.hasPendingOutput, outcome != .wantsOutputSpace {
        break
      }
    }
    return (received, outcome)
  }
}

extension TLSCredential {
  static var sample: TLSCredential { .preSharedKey(identity: "standby", key: .sample) }
}

extension TLSKey {
  static var sample: TLSKey { .numbered(1) }

  /// The same key for the same number.
  static func numbered(_ seed: UInt64) -> TLSKey {
    var random = SeededRandom(seed: seed)
    guard let key = try? TLSKey(random.bytes(32)) else { preconditionFailure("no key") }
    return key
  }
}

extension TLSContext {
  static func client(_ credential: TLSCredential = .sample) throws -> TLSContext {
    try TLSContext(TLSConfiguration(role: .client, credential: credential))
  }

  static func server(_ credential: TLSCredential = .sample) throws -> TLSContext {
    try TLSContext(TLSConfiguration(role: .server, credential: credential))
  }
}

extension TLSOutcome {
  var isWrongKey: Bool { if case .failed(.wrongKey) = self { true } else { false } }
  var isCertificate: Bool { if case .failed(.certificate) = self { true } else { false } }
  var isProtocolFault: Bool { if case .failed(.protocolFault) = self { true } else { false } }
  var isFailed: Bool { if case .failed = self { true } else { false } }
  var text: String { if case .failed(let failure) = self { "\(failure)" } else { "\(self)" } }
}
