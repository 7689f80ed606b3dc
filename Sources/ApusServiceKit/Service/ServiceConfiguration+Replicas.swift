// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusIO
internal import ApusReplication
internal import ApusTLS

/// What two replicas need of each other.
extension ServiceConfiguration {
  func validateReplicas() throws(ServiceError) {
    try validateSecurity()
    if isReplicated {
      for (field, value) in [("listen", listen), ("peer", peer), ("lease", lease)]
      where value == nil {
        throw .configuration(
          field: field, value: "missing", expected: "a value: replicas need listen, peer and lease")
      }
      guard listen != peer else {
        throw .configuration(
          field: "peer", value: peer ?? "", expected: "another address than listen")
      }
      guard node != peerNode else {
        throw .configuration(
          field: "peerNode", value: "\(peerNode)", expected: "another number than node")
      }
    } else if release == .replicated {
      throw .configuration(
        field: "release", value: "replicated", expected: "durable or atOnce, without a standby")
    }
  }

  /// Refuses a path that two replicas with different working directories would take for two files: each
  /// would lead.
  func checkLeaseFile() throws(ServiceError) {
    guard let lease, !lease.hasPrefix("/") else { return }
    throw .configuration(
      field: "lease", value: lease,
      expected: "an absolute path, the same for both replicas: a relative one is another file for "
        + "each place that a replica is started from")
  }

  // MARK: The link

  /// `ADDRESS:PORT`, taken apart: without a key or certificates an address of the loopback interface.
  func endpoint(
    _ field: String, _ text: String?
  ) throws(ServiceError) -> ReplicationEndpoint {
    let text = text ?? ""
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
      port > 0, colon > text.startIndex
    else {
      throw .configuration(field: field, value: text, expected: "ADDRESS:PORT, as 127.0.0.1:7001")
    }
    var address = text[..<colon]
    if address.hasPrefix("["), address.hasSuffix("]") { address = address.dropFirst().dropLast() }
    let endpoint = ReplicationEndpoint(address: String(address), port: port)
    let isAllowed =
      hasSecurity
      ? SocketAddress(endpoint.address, port: port) != nil
      : ReplicationSecurity.loopbackOnly.allows(endpoint)
    guard isAllowed else {
      throw .configuration(
        field: field, value: text,
        expected: hasSecurity
          ? "a numeric address, as 192.0.2.1:7001"
          : "an address of the loopback interface in digits, as 127.0.0.1:7001, or a key for the link "
            + "(replicationKey, the same for both replicas), or certificates")
    }
    return endpoint
  }

  // MARK: Who the other replica is

  private var certificateFields: [(field: String, value: String?)] {
    [
      ("replicationCertificate", replicationCertificate),
      ("replicationCertificateKey", replicationCertificateKey),
      ("replicationAuthority", replicationAuthority), ("replicationPeerName", replicationPeerName),
    ]
  }

  /// Whether the link proves who is at its other end.
  var hasSecurity: Bool { replicationKey != nil || replicationCertificate != nil }

  private func validateSecurity() throws(ServiceError) {
    let given = certificateFields.filter { $0.value != nil }
    if replicationKey != nil, let one = given.first {
      throw .configuration(
        field: one.field, value: one.value ?? "",
        expected: "nothing beside replicationKey: the link has a key or certificates")
    }
    guard given.isEmpty || given.count == certificateFields.count else {
      let missing = certificateFields.first { $0.value == nil }?.field ?? ""
      throw .configuration(
        field: missing, value: "missing",
        expected: "a value: certificates need replicationCertificate, replicationCertificateKey, "
          + "replicationAuthority and replicationPeerName")
    }
    guard isReplicated || !hasSecurity else {
      throw .configuration(
        field: replicationKey != nil ? "replicationKey" : "replicationCertificate",
        value: replicationKey ?? replicationCertificate ?? "",
        expected: "nothing without a standby: replicas need listen, peer and lease")
    }
  }

  /// What the link is secured with; reads the key's file.
  func security() throws(ServiceError) -> ReplicationSecurity {
    if let path = replicationKey {
      do throws(TLSError) {
        return .preSharedKey(
          TLSPreSharedKey(identity: "apus-replica", key: try TLSKeyFile.read(path)))
      } catch {
        throw .replication(.security(error))
      }
    }
    guard let chain = replicationCertificate, let key = replicationCertificateKey,
      let authority = replicationAuthority, let name = replicationPeerName
    else { return .loopbackOnly }
    return .certificates(
      chainPath: chain, keyPath: key, authorityPath: authority, peerName: name)
  }
}
