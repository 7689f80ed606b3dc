// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusTLS

/// Where a session stands after a call.
public enum TLSOutcome: Equatable, Sendable, BitwiseCopyable {
  /// All that was given was taken, and all that came of it was handed over.
  case progressed
  /// The handshake waits for bytes of the other side.
  case wantsInput
  /// There is more to hand over than there was room for: call again, with what was not taken.
  case wantsOutputSpace
  /// Both sides have agreed, and all that the other one needs was handed over.
  case handshakeDone
  /// `receive`, `handshake`: the other side has sent close_notify. `close`: the own one was handed over. `send`: it
  /// was asked for before, so nothing was taken.
  case closed
  /// The session is of no more use. An alert for the other side may be left: `flush` hands it over.
  case failed(TLSFailure)
}

/// What a call did.
public struct TLSProgress: Equatable, Sendable, BitwiseCopyable {
  /// Bytes taken, from the first on: they need not be given again.
  public let consumedByteCount: Int
  /// Bytes written, from the first on.
  public let producedByteCount: Int
  /// Where the session stands.
  public let outcome: TLSOutcome
}

/// Why a session failed. Without storage of its own: texts are made when they are asked for.
public enum TLSFailure: Equatable, Sendable, BitwiseCopyable, CustomStringConvertible {
  /// The sides have no pre-shared key in common: another key, or an identity that is not known.
  case wrongKey(TLSReason)
  /// The certificate of one side does not satisfy the other one.
  case certificate(TLSReason)
  /// Bytes that are no TLS, or not as it was agreed, or were changed on their way.
  case protocolFault(TLSReason)
  /// The connection ended without close_notify: bytes may be missing.
  case truncated
  /// The handshake took more bytes than the configuration allows.
  case handshakeLimit
  /// More messages that are no data (changes of keys, tickets) than any connection needs.
  case flood

  /// One line.
  public var description: String {
    switch self {
    case .wrongKey(let reason): "no pre-shared key in common: \(reason)"
    case .certificate(let reason): "certificate: \(reason)"
    case .protocolFault(let reason): "TLS: \(reason)"
    case .truncated: "the connection ended without close_notify"
    case .handshakeLimit: "the handshake took more bytes than is allowed"
    case .flood: "the other side sends messages without data"
    }
  }
}

/// What OpenSSL says of a failure.
public struct TLSReason: Equatable, Sendable, BitwiseCopyable, CustomStringConvertible {
  let code: UInt64
  /// Whether the code is one of the check of a certificate.
  let isVerification: Bool

  /// OpenSSL's text.
  public var description: String {
    guard isVerification else {
      return code == 0 ? "OpenSSL gives no reason" : TLSError.text(code)
    }
    // SAFETY: a text of OpenSSL is there for good, and ends with NUL.
    return unsafe String(cString: capus_tls_verification_text(code))
  }
}

/// Who the other side is, as it has proved.
public enum TLSPeerIdentity: Equatable, Sendable {
  /// It has the pre-shared key of this identity.
  case preSharedKey(identity: String)
  /// It has the key of a certificate of an authority that was asked for. The subject is in the form of
  /// RFC 2253.
  case certificate(subject: String)
  /// It was asked for no proof.
  case anonymous
}
