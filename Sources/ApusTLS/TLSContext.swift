// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusTLS

/// What the connections of one configuration share: keys, certificates, and what is spoken.
///
/// Files are read once, here. Sessions are never resumed: there are no tickets and no early data, so that
/// each connection has keys of its own and each peer proves itself.
///
/// - Threading: never changes once it is made; any number of threads may make sessions from it.
@safe
public final class TLSContext: @unchecked Sendable {
  // SAFETY (Sendable): OpenSSL allows a context to be shared by threads as long as nobody sets it up, and
  // its counts of references are atomic; the shim's own fields are only read.
  @unsafe let handle: OpaquePointer
  let configuration: TLSConfiguration

  /// A context.
  ///
  /// - Throws: ``TLSError``, with the file or the field and OpenSSL's reason.
  public init(_ configuration: TLSConfiguration) throws(TLSError) {
    try configuration.validate()
    let tls12 = configuration.versionMin == .tls12
    // SAFETY: whoever gets the context frees it: this object does, with or without an error.
    guard let made = unsafe capus_tls_context_create(configuration.role == .server, tls12) else {
      throw .memory
    }
    unsafe handle = made
    self.configuration = configuration
    if configuration.recordsPerKey > 0 {
      unsafe capus_tls_context_set_records_per_key(made, configuration.recordsPerKey)
    }
    try setProtocols()
    try setCredential()
    if case .authority(let path) = configuration.trust {
      let pem = try TLSFile.read(path, isSecret: false)
      // SAFETY: the array is kept during the call, which copies.
      let code = unsafe pem.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return Self.noContents }
        return unsafe capus_tls_context_trust(handle, base, bytes.count)
      }
      try Self.check(code, path, "certificates of authorities")
    }
  }

  deinit { unsafe capus_tls_context_destroy(handle) }

  private func setCredential() throws(TLSError) {
    switch configuration.credential {
    case .none: break
    case .preSharedKeys(let keys):
      for key in keys { try add(key) }
    case .certificate(let chainPath, let keyPath):
      let chain = try TLSFile.read(chainPath, isSecret: false)
      // SAFETY: both arrays are kept during their calls, which copy.
      let chainCode = unsafe chain.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return Self.noContents }
        return unsafe capus_tls_context_use_chain(handle, base, bytes.count)
      }
      try Self.check(chainCode, chainPath, "certificates")
      var key = try TLSFile.read(keyPath, isSecret: true)
      defer { TLSFile.cleanse(&key) }
      let keyCode = unsafe key.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return Self.noContents }
        return unsafe capus_tls_context_use_private_key(handle, base, bytes.count)
      }
      try Self.check(
        keyCode, keyPath, "the private key of \(chainPath), without a passphrase")
    }
  }

  private func add(_ key: TLSPreSharedKey) throws(TLSError) {
    let identity = Array(key.identity.utf8)
    // SAFETY: both are kept during the call, which copies.
    let code = unsafe key.key.withBytes { secret in
      unsafe identity.withUnsafeBytes { name in
        guard let name = name.baseAddress, let base = secret.baseAddress else {
          return Self.noContents
        }
        return unsafe capus_tls_context_add_key(handle, name, identity.count, base, secret.count)
      }
    }
    guard code == 0 else {
      throw .configuration(
        field: "preSharedKeys", value: "\"\(key.identity)\"",
        expected: "a key that OpenSSL takes: \(TLSError.text(code))")
    }
  }

  private func setProtocols() throws(TLSError) {
    guard !configuration.applicationProtocols.isEmpty else { return }
    var list: [UInt8] = []
    for name in configuration.applicationProtocols {
      list.append(UInt8(name.utf8.count))
      list.append(contentsOf: name.utf8)
    }
    guard list.count <= 65_535 else {
      throw .configuration(
        field: "applicationProtocols", value: "\(list.count) bytes", expected: "65535 at most")
    }
    // SAFETY: the array is kept during the call, which copies.
    let code = unsafe list.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return Self.noContents }
      return unsafe capus_tls_context_set_protocols(handle, base, bytes.count)
    }
    guard code == 0 else {
      throw .configuration(
        field: "applicationProtocols", value: "\(configuration.applicationProtocols)",
        expected: "names that OpenSSL takes: \(TLSError.text(code))")
    }
  }

  /// The code of an empty file.
  private static let noContents = UInt64.max

  private static func check(_ code: UInt64, _ path: String, _ what: String) throws(TLSError) {
    if code == 0 { return }
    let reason = code == noContents ? "the file is empty" : TLSError.text(code)
    throw .file(path: path, reason: "expected \(what) in PEM: \(reason)")
  }
}
