// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusTLS

/// What both sides have agreed on.
extension TLSSession {
  /// Who the other side is; nil before the handshake is done.
  public var peerIdentity: TLSPeerIdentity? {
    guard isEstablished else { return nil }
    if case .preSharedKeys(let keys) = context.configuration.credential {
      let index = unsafe capus_tls_session_key_index(handle)
      return keys.indices.contains(index)
        ? .preSharedKey(identity: keys[index].identity) : nil
    }
    let capacity = 1024
    // SAFETY: the call writes at most `capacity` bytes with a NUL among them.
    let subject: String? = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity)
    {
      guard let base = $0.baseAddress,
        unsafe capus_tls_session_subject(handle, base, capacity) >= 0
      else { return nil }
      return unsafe String(cString: base)
    }
    return subject.map { .certificate(subject: $0) } ?? .anonymous
  }

  /// The version that both speak; nil before the handshake is done.
  public var version: TLSVersion? {
    guard isEstablished else { return nil }
    return unsafe capus_tls_session_version(handle) == 0x0304 ? .tls13 : .tls12
  }

  /// The application protocol that both have (ALPN); nil where none was offered, or before the handshake
  /// is done.
  public var applicationProtocol: String? {
    guard isEstablished else { return nil }
    var name: UnsafePointer<UInt8>?
    let count = unsafe capus_tls_session_protocol(handle, &name)
    guard count > 0, let name = unsafe name else { return nil }
    // SAFETY: the session keeps the name, of this length.
    return unsafe String(decoding: UnsafeBufferPointer(start: name, count: count), as: UTF8.self)
  }

  /// Changes the key that this side sends with, before its next record, and asks the other side to do so
  /// if wanted; false where it cannot be done now.
  package mutating func updateKey(both: Bool) -> Bool {
    guard failure == nil, isEstablished else { return false }
    return unsafe capus_tls_session_update_key(handle, both) == 0
  }
}
