// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusIO
public import ApusTLS

/// How the two sides of a replica link know each other. Both are configured alike: each is the primary at times.
///
/// Whoever reached a primary without it could read its stream and end its time, and whoever took a primary's
/// place could feed its standbys: so a link without TLS stays on this machine.
public enum ReplicationSecurity: Sendable, CustomStringConvertible {
  /// Neither authenticated nor encrypted: addresses of the loopback interface, and no others.
  case loopbackOnly
  /// TLS 1.3 with a key that both have.
  case preSharedKey(TLSPreSharedKey)
  /// TLS 1.3; each side has a certificate of this authority, and the primary's has the name. Files in PEM.
  case certificates(chainPath: String, keyPath: String, authorityPath: String, peerName: String)

  /// For reports; it names no secret.
  public var description: String {
    switch self {
    case .loopbackOnly: "loopback only, not authenticated"
    case .preSharedKey(let key): "TLS 1.3, pre-shared key \"\(key.identity)\""
    case .certificates: "TLS 1.3, certificates"
    }
  }

  /// Whether the key, or the files of the certificates, can be used by either side.
  ///
  /// - Throws: ``ReplicationError/security(_:)`` with the file and the reason.
  public func check() throws(ReplicationError) {
    _ = try makeContext(.server)
    _ = try makeContext(.client)
  }

  /// Whether a side may use an endpoint: a numeric address, and without TLS one of the loopback interface.
  public func allows(_ endpoint: ReplicationEndpoint) -> Bool {
    (try? address(of: endpoint)) != nil
  }

  /// The context of one side; nil for a link without TLS.
  func makeContext(_ role: TLSRole) throws(ReplicationError) -> TLSContext? {
    let configuration: TLSConfiguration
    switch self {
    case .loopbackOnly: return nil
    case .preSharedKey(let key):
      configuration = TLSConfiguration(role: role, credential: .preSharedKeys([key]))
    case .certificates(let chainPath, let keyPath, let authorityPath, let peerName):
      configuration = TLSConfiguration(
        role: role, credential: .certificate(chainPath: chainPath, keyPath: keyPath),
        trust: .authority(path: authorityPath), serverName: role == .client ? peerName : nil)
    }
    do throws(TLSError) { return try TLSContext(configuration) } catch { throw .security(error) }
  }

  /// The address of an endpoint that this security lets a side use.
  func address(of endpoint: ReplicationEndpoint) throws(ReplicationError) -> SocketAddress {
    guard let address = SocketAddress(endpoint.address, port: endpoint.port) else {
      throw .configuration(
        field: "address", value: endpoint.address, expected: "a numeric IPv4 or IPv6 address")
    }
    if case .loopbackOnly = self, !address.isLoopback {
      throw .configuration(
        field: "address", value: endpoint.address,
        expected:
          "an address of the loopback interface, since the link has neither a pre-shared key nor "
          + "certificates: give both sides one of them")
    }
    return address
  }
}
