// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTLS
import ApusTestSupport
import Glibc
import Testing

@Suite(.enabled(if: OpenSSLCommand.path != nil, "no openssl command; run scripts/bootstrap"))
struct TLSCertificateTests {
  let certificates: Certificates

  init() throws { certificates = try Certificates.shared() }

  /// A handshake of these two.
  func pair(
    server: String = "server", serverTrust: TLSTrust = .none, client: TLSCredential = .none,
    clientTrust: TLSTrust? = nil, serverName: String = "node.test", chunkMax: Int = 1 << 16
  ) throws -> SessionPair {
    let pair = try SessionPair(
      client: TLSContext(
        TLSConfiguration(
          role: .client, credential: client, trust: clientTrust ?? certificates.trust(),
          serverName: serverName)),
      server: TLSContext(
        TLSConfiguration(
          role: .server, credential: certificates.credential(server), trust: serverTrust)))
    pair.shakeHands(chunkMax: chunkMax, roomMax: chunkMax)
    return pair
  }

  @Test(arguments: ["node.test", "127.0.0.1"], [1, 300, 1 << 16])
  func aServerIsBelievedByItsNameOrAddress(name: String, chunkMax: Int) throws {
    let pair = try pair(serverName: name, chunkMax: chunkMax)
    try #require(pair.isEstablished, "\(pair.clientOutcome.text), \(pair.serverOutcome.text)")
    #expect(pair.client.peerIdentity == .certificate(subject: "CN=server,O=Apus"))
    #expect(pair.server.peerIdentity == .anonymous)
    let (received, outcome) = pair.transfer(
      [1, 2, 3], chunkMax: chunkMax, roomMax: chunkMax, seed: 1)
    #expect(received == [1, 2, 3] && outcome == .progressed)
  }

  @Test func bothSidesShowTheirCertificates() throws {
    let pair = try pair(
      serverTrust: certificates.trust(), client: certificates.credential("client"))
    try #require(pair.isEstablished, "\(pair.clientOutcome.text), \(pair.serverOutcome.text)")
    #expect(pair.server.peerIdentity == .certificate(subject: "CN=client,O=Apus"))
  }

  @Test(arguments: [
    ("server", "other.test", "authority", "hostname mismatch"),
    ("server", "127.0.0.2", "authority", "IP address mismatch"),
    ("expired", "node.test", "authority", "expired"),
    ("foreign", "node.test", "authority", "unable to get local issuer"),
    ("server", "node.test", "stranger", "unable to get local issuer"),
  ])
  func aServerThatIsNotItselfIsRefused(
    server: String, name: String, authority: String, reason: String
  ) throws {
    let pair = try pair(
      server: server, clientTrust: certificates.trust(authority), serverName: name)
    #expect(pair.clientOutcome.isCertificate && !pair.client.isEstablished)
    #expect(pair.clientOutcome.text.contains(reason), "\(pair.clientOutcome.text)")
    // It hears why from the alert.
    #expect(pair.serverOutcome.isCertificate, "\(pair.serverOutcome.text)")
  }

  @Test(arguments: [("", "did not return"), ("foreign", "local issuer"), ("expired", "expired")])
  func aClientThatProvesNothingIsRefused(client: String, reason: String) throws {
    let pair = try pair(
      serverTrust: certificates.trust(),
      client: client.isEmpty ? .none : certificates.credential(client))
    #expect(pair.serverOutcome.isCertificate && !pair.server.isEstablished)
    #expect(pair.serverOutcome.text.contains(reason), "\(pair.serverOutcome.text)")
    // In TLS 1.3 it was done before it was refused, and hears of it as it receives.
    #expect(pair.clientOutcome.isCertificate, "\(pair.clientOutcome.text)")
    #expect(pair.client.receive([]).0.outcome == pair.clientOutcome)
  }

  @Test func aCertificateIsNoPreSharedKey() throws {
    let server = try TLSContext(
      TLSConfiguration(role: .server, credential: certificates.credential("server")))
    let pair = try SessionPair(client: .client(), server: server)
    pair.shakeHands()
    #expect(pair.clientOutcome.isWrongKey, "\(pair.clientOutcome.text)")
    #expect(!pair.client.isEstablished)

    let client = try TLSContext(
      TLSConfiguration(
        role: .client, credential: .none, trust: certificates.trust(), serverName: "node.test"))
    let other = try SessionPair(client: client, server: .server())
    other.shakeHands()
    #expect(other.serverOutcome.isWrongKey, "\(other.serverOutcome.text)")
    #expect(!other.server.isEstablished && !other.client.isEstablished)
  }

  @Test func oldVersionsAreSpokenOnlyWhereAllowed() throws {
    for (clientMin, serverMin, isTaken) in [
      (TLSVersion.tls12, TLSVersion.tls12, true), (.tls12, .tls13, true), (.tls13, .tls12, true),
    ] {
      let pair = try versions(clientMin, serverMin)
      #expect(pair.isEstablished == isTaken && pair.client.version == .tls13)
    }
  }

  private func versions(_ client: TLSVersion, _ server: TLSVersion) throws -> SessionPair {
    let pair = try SessionPair(
      client: TLSContext(
        TLSConfiguration(
          role: .client, credential: .none, trust: certificates.trust(), serverName: "node.test",
          versionMin: client)),
      server: TLSContext(
        TLSConfiguration(
          role: .server, credential: certificates.credential("server"), versionMin: server)))
    pair.shakeHands()
    return pair
  }

  @Test(arguments: [
    (["h2", "http/1.1"], ["http/1.1", "h2"], "http/1.1"), (["a"], [], nil), ([], ["a"], nil),
    (["b", "a"], ["c", "b"], "b"),
  ])
  func theServersPreferenceAmongTheProtocols(
    offered: [String], known: [String], chosen: String?
  ) throws {
    let pair = try protocols(offered, known)
    try #require(pair.isEstablished, "\(pair.serverOutcome.text)")
    #expect(pair.client.applicationProtocol == chosen)
    #expect(pair.server.applicationProtocol == chosen)
  }

  @Test func noCommonProtocolIsRefused() throws {
    let pair = try protocols(["a"], ["b"])
    #expect(pair.serverOutcome.isProtocolFault && pair.clientOutcome.isProtocolFault)
    #expect(
      pair.clientOutcome.text.contains("no application protocol"), "\(pair.clientOutcome.text)")
  }

  private func protocols(_ offered: [String], _ known: [String]) throws -> SessionPair {
    let pair = try SessionPair(
      client: TLSContext(
        TLSConfiguration(
          role: .client, credential: .none, trust: certificates.trust(), serverName: "node.test",
          applicationProtocols: offered)),
      server: TLSContext(
        TLSConfiguration(
          role: .server, credential: certificates.credential("server"), applicationProtocols: known)
      ))
    pair.shakeHands()
    return pair
  }
}

/// What a context is not made from.
@Suite(.enabled(if: OpenSSLCommand.path != nil, "no openssl command; run scripts/bootstrap"))
struct TLSContextTests {
  let certificates: Certificates

  init() throws { certificates = try Certificates.shared() }

  func error(_ credential: TLSCredential, _ trust: TLSTrust = .none) -> TLSError? {
    #expect(throws: TLSError.self) {
      try TLSContext(TLSConfiguration(role: .server, credential: credential, trust: trust))
    }
  }

  @Test func aKeyForOthersIsRefused() throws {
    let folder = try ScratchFolder()
    let path = try folder.write("server.key", certificates.folder.bytes("server.key"))
    #expect(unsafe chmod(path, 0o640) == 0)
    let found = error(.certificate(chainPath: certificates.path("server.pem"), keyPath: path))
    #expect(found == .exposedFile(path: path, mode: 0o640))
    #expect(found?.description.contains("640") == true)
  }

  @Test func filesThatDoNotFitAreNamed() throws {
    let (chain, key) = (certificates.path("server.pem"), certificates.path("server.key"))
    let folder = try ScratchFolder()
    let empty = try folder.write("empty", "")
    let cut = try folder.write("cut", certificates.folder.text("server.pem").prefix(300).utf8)
    let secret = try folder.write("text", "no key")
    #expect(unsafe chmod(secret, 0o600) == 0)
    let locked = folder.path("locked")
    try OpenSSLCommand.run([
      "ec", "-in", key, "-out", locked, "-aes128", "-passout", "pass:secret",
    ])
    #expect(unsafe chmod(locked, 0o600) == 0)
    let cases: [(TLSCredential, TLSTrust, String, String)] = [
      (.certificate(chainPath: empty, keyPath: key), .none, empty, "empty"),
      (.certificate(chainPath: cut, keyPath: key), .none, cut, "bad end line"),
      (.certificate(chainPath: key, keyPath: key), .none, key, "no start line"),
      (
        .certificate(chainPath: chain, keyPath: certificates.path("client.key")), .none,
        certificates.path("client.key"), "key values mismatch"
      ),
      (.certificate(chainPath: chain, keyPath: secret), .none, secret, "private key"),
      (.certificate(chainPath: chain, keyPath: locked), .none, locked, "without a passphrase"),
      (certificates.credential("server"), .authority(path: empty), empty, "empty"),
      (certificates.credential("server"), .authority(path: key), key, "no start line"),
      (certificates.credential("server"), .authority(path: cut), cut, "bad end line"),
      (certificates.credential("server"), .authority(path: "/"), "/", "regular file"),
    ]
    for (credential, trust, path, reason) in cases {
      let text = try #require(error(credential, trust)).description
      #expect(text.hasPrefix("\(path): ") && text.contains(reason), "\(text)")
    }
  }

  @Test func aClientOfCertificatesNeedsAName() throws {
    let context = try TLSContext(
      TLSConfiguration(role: .client, credential: .none, trust: certificates.trust()))
    for name in [nil, "", "a b", "a\0b", String(repeating: "n", count: 254)] {
      #expect(throws: TLSError.self) { _ = try TLSSession(context, serverName: name) }
    }
    #expect(throws: Never.self) { _ = try TLSSession(context, serverName: "::1") }
  }

  @Test func otherFieldsThatDoNotGoTogether() {
    let sample = TLSPreSharedKey(identity: "n", key: .sample)
    let wrong: [(TLSConfiguration, String)] = [
      (.init(role: .server, credential: .none), "credential"),
      (.init(role: .client, credential: .none), "trust"),
      (.init(role: .client, credential: .sample, trust: certificates.trust()), "trust"),
      (.init(role: .client, credential: .preSharedKeys([])), "preSharedKeys"),
      (.init(role: .server, credential: .preSharedKeys([])), "preSharedKeys"),
      (.init(role: .server, credential: .preSharedKeys([sample, sample])), "identity"),
      (.init(role: .server, credential: .preSharedKey(identity: "", key: .sample)), "identity"),
      (.init(role: .server, credential: .preSharedKey(identity: "a\0", key: .sample)), "identity"),
      (
        .init(
          role: .client,
          credential: .preSharedKeys([sample, TLSPreSharedKey(identity: "m", key: .sample)])),
        "preSharedKeys"
      ),
      (
        .init(role: .server, credential: .sample, applicationProtocols: [""]),
        "applicationProtocols"
      ),
      (
        .init(role: .server, credential: .sample, handshakeByteCountMax: 1), "handshakeByteCountMax"
      ),
    ]
    for (configuration, name) in wrong {
      let error = #expect(throws: TLSError.self) { try TLSContext(configuration) }
      guard case .configuration(let field, _, _) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(field == name)
    }
  }
}
