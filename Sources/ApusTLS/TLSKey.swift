// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusTLS

/// A secret that both sides of a link have. It is shown nowhere, and overwritten with its last copy.
public struct TLSKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  /// What a key may have. Unit: bytes.
  public static let byteCounts = 16...64

  private let secret: SecretBytes

  /// A key of these bytes.
  ///
  /// - Parameter bytes: 16...64 of them, from a random source: a password is no key.
  /// - Throws: ``TLSError/configuration(field:value:expected:)`` for another number of bytes, and for one
  ///   byte repeated.
  public init(_ bytes: [UInt8]) throws(TLSError) {
    guard Self.byteCounts.contains(bytes.count) else {
      throw .configuration(
        field: "key", value: "\(bytes.count) bytes", expected: "16 to 64 random bytes")
    }
    guard bytes.contains(where: { $0 != bytes[0] }) else {
      throw .configuration(
        field: "key", value: "one byte repeated", expected: "16 to 64 random bytes")
    }
    secret = SecretBytes(bytes)
  }

  /// Lets `body` read the bytes.
  func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { unsafe secret.withBytes(body) }

  /// No secret.
  public var description: String { "TLSKey" }
  /// No secret.
  public var debugDescription: String { "TLSKey" }
  /// No secret.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Bytes that are overwritten before their memory is given back.
@safe
private final class SecretBytes: @unchecked Sendable {
  // SAFETY (Sendable): the bytes never change between `init` and `deinit`.
  @unsafe private let bytes: UnsafeMutableRawBufferPointer

  init(_ bytes: [UInt8]) {
    unsafe self.bytes = .allocate(byteCount: bytes.count, alignment: 1)
    // SAFETY: there is room for all of them.
    unsafe self.bytes.copyBytes(from: bytes)
  }

  deinit {
    // SAFETY: nobody else has the memory.
    unsafe capus_tls_cleanse(bytes.baseAddress, bytes.count)
    unsafe bytes.deallocate()
  }

  func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    // SAFETY: the memory is kept by `self` during the call.
    unsafe body(UnsafeRawBufferPointer(bytes))
  }
}

/// A key and the name under which the sides speak of it.
public struct TLSPreSharedKey: Sendable {
  /// Sent in the clear: no secret. 1...128 bytes of UTF-8.
  public var identity: String
  /// The secret.
  public var key: TLSKey

  /// A named key.
  public init(identity: String, key: TLSKey) {
    self.identity = identity
    self.key = key
  }
}
