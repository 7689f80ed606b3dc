// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Which side begins.
public enum TLSRole: Sendable {
  /// Speaks first.
  case client
  /// Answers.
  case server
}

/// The oldest version that is spoken; the newest is TLS 1.3.
public enum TLSVersion: Sendable {
  /// For clients of HTTP that know no other.
  case tls12
  /// What a link of our own uses.
  case tls13
}

/// How a side proves who it is.
public enum TLSCredential: Sendable {
  /// It does not: clients that need no certificate.
  case none
  /// By a key that both have (TLS 1.3 with (EC)DHE, TLS_AES_128_GCM_SHA256): one for a client, one or more
  /// for a server, with different identities. A key belongs to one client and one server: hosts that take
  /// both parts have one for each, or an answer of their own could be played back to them (RFC 9257).
  case preSharedKeys([TLSPreSharedKey])
  /// By a certificate: files in PEM, the own one first, then those between it and the authority. The key
  /// has no passphrase, and nobody but its owner can read its file.
  case certificate(chainPath: String, keyPath: String)

  /// One key.
  public static func preSharedKey(identity: String, key: TLSKey) -> TLSCredential {
    .preSharedKeys([TLSPreSharedKey(identity: identity, key: key)])
  }
}

/// Whose certificates are believed.
public enum TLSTrust: Sendable {
  /// None is asked for: with pre-shared keys, and for servers that take anybody.
  case none
  /// Those of the authorities in this file, in PEM. A server then takes no client without one.
  case authority(path: String)
}

/// All that a ``TLSContext`` is made from.
public struct TLSConfiguration: Sendable {
  /// Which side this is.
  public var role: TLSRole
  /// How this side proves who it is.
  public var credential: TLSCredential
  /// How the other side does, where that is by a certificate.
  public var trust: TLSTrust
  /// The name, or the address, that the server's certificate has to have, and that a client asks for
  /// (SNI). For clients with ``trust``; a session may be given another one.
  public var serverName: String?
  /// The oldest version that is spoken. Pre-shared keys are of TLS 1.3 anyway.
  public var versionMin: TLSVersion
  /// Application protocols (ALPN), the preferred one first; each 1...255 bytes. A server that has a list
  /// refuses clients whose list has none of it.
  public var applicationProtocols: [String]
  /// What the other side may send before the handshake is done. 1,024...16 MiB. Unit: bytes.
  public var handshakeByteCountMax: Int
  /// After so many records a session changes the key that it sends with; less than the default is for
  /// tests.
  package var recordsPerKey: UInt64 = 1 << 22

  /// A configuration.
  public init(
    role: TLSRole, credential: TLSCredential, trust: TLSTrust = .none, serverName: String? = nil,
    versionMin: TLSVersion = .tls13, applicationProtocols: [String] = [],
    handshakeByteCountMax: Int = 64 << 10
  ) {
    self.role = role
    self.credential = credential
    self.trust = trust
    self.serverName = serverName
    self.versionMin = versionMin
    self.applicationProtocols = applicationProtocols
    self.handshakeByteCountMax = handshakeByteCountMax
  }

  /// Whether the fields go together.
  ///
  /// - Throws: ``TLSError/configuration(field:value:expected:)``.
  func validate() throws(TLSError) {
    guard (1024...16 << 20).contains(handshakeByteCountMax) else {
      throw .configuration(
        field: "handshakeByteCountMax", value: "\(handshakeByteCountMax)",
        expected: "1024 to 16777216")
    }
    for name in applicationProtocols where !(1...255).contains(name.utf8.count) {
      throw .configuration(
        field: "applicationProtocols", value: "\"\(name)\"", expected: "names of 1 to 255 bytes")
    }
    let isTrusting = if case .authority = trust { true } else { false }
    switch (role, credential) {
    case (_, .preSharedKeys(let keys)):
      try validate(keys)
      guard !isTrusting else {
        throw .configuration(
          field: "trust", value: "an authority",
          expected: "none with pre-shared keys, which need no certificate")
      }
    case (.server, .none):
      throw .configuration(
        field: "credential", value: "none", expected: "a certificate or a key for a server")
    case (.client, _):
      guard isTrusting else {
        throw .configuration(
          field: "trust", value: "none", expected: "an authority for a client without a key")
      }
    case (.server, .certificate): break
    }
  }

  private func validate(_ keys: [TLSPreSharedKey]) throws(TLSError) {
    guard role == .server ? !keys.isEmpty : keys.count == 1 else {
      throw .configuration(
        field: "preSharedKeys", value: "\(keys.count) keys",
        expected: role == .server ? "one or more" : "one for a client")
    }
    var identities: Set<String> = []
    for key in keys {
      guard (1...128).contains(key.identity.utf8.count), !key.identity.utf8.contains(0) else {
        throw .configuration(
          field: "identity", value: "\"\(key.identity)\"", expected: "1 to 128 bytes without a NUL")
      }
      guard identities.insert(key.identity).inserted else {
        throw .configuration(
          field: "identity", value: "\"\(key.identity)\"", expected: "one key for each identity")
      }
    }
  }
}
