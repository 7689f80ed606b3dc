// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusTLS
internal import Glibc

/// One TLS connection as a state machine over the caller's bytes: ciphertext in, plaintext out, and back.
///
/// Goals: no socket, no thread, no clock; any chunk sizes on either side; memory that does not grow once
/// the first records have gone each way; every byte of the other side gives an outcome, never a trap.
/// Non-goals: resumption, early data, renegotiation, datagrams.
///
/// ```swift
/// var session = try TLSSession(context)
/// // Until .handshakeDone: what it produced goes to the socket, what the socket has goes into it.
/// let step = session.handshake(received, into: &outgoing)
/// // Then, in any order:
/// let opened = session.receive(received, into: &plaintext)
/// let sealed = session.send(message, into: &outgoing)
/// ```
///
/// Bytes that a call took need not be given again; those that it did not take come first in the next call.
/// Input and output never overlap. What a failed session left for the other side, an alert, is handed over
/// by ``flush(into:)``.
///
/// Memory: nothing here allocates for a record, but OpenSSL 3.0 takes and frees four blocks of 40 bytes for
/// each, three as it seals and one as it opens it (`WPACKET_SUB`). Only its process-wide
/// `CRYPTO_set_mem_functions`, called before anything else of OpenSSL, could serve them from elsewhere: that
/// is the program's to decide, not a library's.
///
/// - Threading: one thread at a time.
@safe
public struct TLSSession: ~Copyable {
  @unsafe let handle: OpaquePointer
  let context: TLSContext
  /// Why it failed; nil while it has not.
  public private(set) var failure: TLSFailure?
  /// Whether the handshake is done and all of it was handed over.
  public private(set) var isEstablished = false
  /// Whether the other side has sent close_notify: nothing more comes.
  public private(set) var isPeerClosed = false
  /// Whether ``close(into:)`` was called: nothing more is sent.
  public private(set) var isClosing = false
  private var handshakeByteCount = 0

  /// A session before its handshake.
  ///
  /// - Parameter serverName: For clients that check a certificate: instead of the configuration's.
  /// - Throws: ``TLSError/configuration(field:value:expected:)`` where such a client has no name, or one
  ///   that cannot be; ``TLSError/memory``.
  public init(_ context: TLSContext, serverName: String? = nil) throws(TLSError) {
    let configuration = context.configuration
    var name: String?
    if configuration.role == .client, case .authority = configuration.trust {
      name = serverName ?? configuration.serverName
      guard let name, (1...253).contains(name.utf8.count),
        name.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
      else {
        throw .configuration(
          field: "serverName", value: name.map { "\"\($0)\"" } ?? "none",
          expected: "the name, or the address, that the server's certificate has")
      }
    }
    // SAFETY: the context is kept by this session; the name is copied.
    let made = unsafe capus_tls_session_create(
      context.handle, name, name.map(Self.isAddress) ?? false)
    guard let made = unsafe made else { throw .memory }
    unsafe handle = made
    self.context = context
  }

  deinit { unsafe capus_tls_session_destroy(handle) }

  /// Whether a name is one of IPv4 or IPv6, which certificates list apart.
  private static func isAddress(_ name: String) -> Bool {
    var address = in6_addr()
    // SAFETY: an IPv6 address has room for either.
    return unsafe inet_pton(AF_INET, name, &address) == 1
      || inet_pton(AF_INET6, name, &address) == 1
  }

  // MARK: Handshake

  /// Takes part in the handshake; a client begins with no input.
  ///
  /// Bytes behind the handshake are not taken: they are for ``receive(_:into:)``.
  ///
  /// - Returns: `.wantsInput`, `.wantsOutputSpace`, `.handshakeDone`, `.closed` where the other side gives
  ///   up, or `.failed`.
  /// - Complexity: A few public-key operations in all, which take a millisecond or so.
  public mutating func handshake(
    _ input: RawSpan, into output: inout MutableRawSpan
  ) -> TLSProgress {
    // SAFETY: both spans stay during the call, and exclusivity keeps them apart.
    unsafe input.withUnsafeBytes { input in
      unsafe output.withUnsafeMutableBytes { unsafe handshake(input, into: $0) }
    }
  }

  /// As ``handshake(_:into:)-(RawSpan,_)``, for memory that no span can hold, such as a ring's.
  @unsafe
  public mutating func handshake(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> TLSProgress {
    if let failure { return Self.progress(.failed(failure)) }
    if isEstablished { return Self.progress(.handshakeDone) }
    if isPeerClosed { return Self.progress(.closed) }
    let rest = context.configuration.handshakeByteCountMax - handshakeByteCount
    // SAFETY: the caller's memory, with its lengths, for the call alone.
    let step = unsafe capus_tls_handshake(
      handle, input.baseAddress, min(input.count, rest), output.baseAddress, output.count)
    handshakeByteCount += step.consumed_byte_count
    if step.status == CAPUS_TLS_PROGRESSED { isEstablished = true }
    if step.status == CAPUS_TLS_CLOSED { isPeerClosed = true }
    if step.status == CAPUS_TLS_WANTS_INPUT, step.consumed_byte_count == rest {
      failure = .handshakeLimit
    }
    return progress(step, done: .handshakeDone)
  }

  // MARK: Data

  /// Opens ciphertext.
  ///
  /// - Returns: `.progressed` where all ciphertext was taken and all that is whole was handed over;
  ///   `.wantsOutputSpace`; `.closed` with the last bytes; `.failed`.
  ///   What the other side has to hear of it, ``hasPendingOutput`` says, goes out with the next `send` or
  ///   ``flush(into:)``.
  /// - Precondition: The handshake is done.
  /// - Complexity: O(bytes).
  public mutating func receive(
    _ ciphertext: RawSpan, into plaintext: inout MutableRawSpan
  ) -> TLSProgress {
    // SAFETY: both spans stay during the call, and exclusivity keeps them apart.
    unsafe ciphertext.withUnsafeBytes { input in
      unsafe plaintext.withUnsafeMutableBytes { unsafe receive(input, into: $0) }
    }
  }

  /// As ``receive(_:into:)-(RawSpan,_)``, for memory that no span can hold, such as a ring's.
  @unsafe
  public mutating func receive(
    _ ciphertext: UnsafeRawBufferPointer, into plaintext: UnsafeMutableRawBufferPointer
  ) -> TLSProgress {
    if let failure { return Self.progress(.failed(failure)) }
    precondition(isEstablished, "TLSSession.receive: expected a handshake that is done")
    if isPeerClosed { return Self.progress(.closed) }
    // SAFETY: the caller's memory, with its lengths, for the call alone.
    let step = unsafe capus_tls_receive(
      handle, ciphertext.baseAddress, ciphertext.count, plaintext.baseAddress, plaintext.count)
    if step.status == CAPUS_TLS_CLOSED { isPeerClosed = true }
    return progress(step, done: .progressed)
  }

  /// Seals plaintext, in records of 16 KiB at most.
  ///
  /// Plaintext that was taken is sealed, even where its ciphertext had no room yet: that comes first with
  /// the next call.
  ///
  /// - Returns: `.progressed` where all plaintext was taken and all ciphertext was handed over;
  ///   `.wantsOutputSpace`; `.closed` after ``close(into:)``; `.failed`.
  /// - Precondition: The handshake is done.
  /// - Complexity: O(bytes).
  public mutating func send(
    _ plaintext: RawSpan, into ciphertext: inout MutableRawSpan
  ) -> TLSProgress {
    // SAFETY: both spans stay during the call, and exclusivity keeps them apart.
    unsafe plaintext.withUnsafeBytes { input in
      unsafe ciphertext.withUnsafeMutableBytes { unsafe send(input, into: $0) }
    }
  }

  /// As ``send(_:into:)-(RawSpan,_)``, for memory that no span can hold, such as a ring's.
  @unsafe
  public mutating func send(
    _ plaintext: UnsafeRawBufferPointer, into ciphertext: UnsafeMutableRawBufferPointer
  ) -> TLSProgress {
    if let failure { return Self.progress(.failed(failure)) }
    precondition(isEstablished, "TLSSession.send: expected a handshake that is done")
    if isClosing { return Self.progress(.closed) }
    // SAFETY: the caller's memory, with its lengths, for the call alone.
    let step = unsafe capus_tls_send(
      handle, plaintext.baseAddress, plaintext.count, ciphertext.baseAddress, ciphertext.count)
    return progress(step, done: .progressed)
  }

  // MARK: The end

  /// Whether ``flush(into:)`` has something to hand over.
  public var hasPendingOutput: Bool { unsafe capus_tls_session_has_output(handle) }

  /// Hands over ciphertext that had no room, and the alert of a failure.
  ///
  /// - Returns: `.progressed` or `.wantsOutputSpace`; of a failed session `.failed`, with the bytes of the
  ///   alert that there was room for.
  public mutating func flush(into output: inout MutableRawSpan) -> TLSProgress {
    // SAFETY: the span stays during the call.
    unsafe output.withUnsafeMutableBytes { unsafe flush(into: $0) }
  }

  /// As ``flush(into:)-(MutableRawSpan)``, for memory that no span can hold, such as a ring's.
  @unsafe
  public mutating func flush(into output: UnsafeMutableRawBufferPointer) -> TLSProgress {
    // SAFETY: the caller's memory, with its length, for the call alone.
    let step = unsafe capus_tls_flush(handle, output.baseAddress, output.count)
    return progress(step, done: .progressed)
  }

  /// Says that no more is sent: hands over what had no room, and close_notify behind it.
  ///
  /// The other side's bytes may still be received. Before the handshake is done there is nothing to say.
  ///
  /// - Returns: `.closed` when all of it is handed over; `.wantsOutputSpace`: call it again; `.failed`.
  public mutating func close(into output: inout MutableRawSpan) -> TLSProgress {
    // SAFETY: the span stays during the call.
    unsafe output.withUnsafeMutableBytes { unsafe close(into: $0) }
  }

  /// As ``close(into:)-(MutableRawSpan)``, for memory that no span can hold, such as a ring's.
  @unsafe
  public mutating func close(into output: UnsafeMutableRawBufferPointer) -> TLSProgress {
    if let failure { return Self.progress(.failed(failure)) }
    isClosing = true
    // SAFETY: the caller's memory, with its length, for the call alone.
    let step = unsafe capus_tls_close(handle, output.baseAddress, output.count)
    return progress(step, done: .closed)
  }

  /// Tells the session that the connection has ended: whoever reads the socket knows it, the session does
  /// not.
  ///
  /// - Returns: `.closed` after close_notify; `.failed(.truncated)` without, where bytes may be missing.
  public mutating func endOfInput() -> TLSOutcome {
    if let failure { return .failed(failure) }
    if isPeerClosed { return .closed }
    failure = .truncated
    return .failed(.truncated)
  }

  // MARK: Outcomes

  private static func progress(_ outcome: TLSOutcome) -> TLSProgress {
    TLSProgress(consumedByteCount: 0, producedByteCount: 0, outcome: outcome)
  }

  private mutating func progress(_ step: capus_tls_progress, done: TLSOutcome) -> TLSProgress {
    if step.status == CAPUS_TLS_FAILED, failure == nil { failure = reason() }
    let outcome: TLSOutcome =
      if let failure {
        .failed(failure)
      } else {
        switch step.status {
        case CAPUS_TLS_WANTS_INPUT: .wantsInput
        case CAPUS_TLS_WANTS_OUTPUT: .wantsOutputSpace
        case CAPUS_TLS_CLOSED: .closed
        default: done
        }
      }
    return TLSProgress(
      consumedByteCount: step.consumed_byte_count, producedByteCount: step.produced_byte_count,
      outcome: outcome)
  }

  private func reason() -> TLSFailure {
    let found = unsafe capus_tls_session_failure(handle)
    let reason = TLSReason(
      code: found.code, isVerification: found.fault == CAPUS_TLS_FAULT_VERIFICATION)
    return switch found.fault {
    case CAPUS_TLS_FAULT_KEY: .wrongKey(reason)
    case CAPUS_TLS_FAULT_CERTIFICATE, CAPUS_TLS_FAULT_VERIFICATION: .certificate(reason)
    case CAPUS_TLS_FAULT_FLOOD: .flood
    default: .protocolFault(reason)
    }
  }
}

// SAFETY: a session has one owner, and OpenSSL keeps nothing of it in the thread but errors, which every
// call clears first.
extension TLSSession: @unchecked Sendable {}
