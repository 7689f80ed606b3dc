// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusIO
internal import ApusTLS

// TLS between the queues of frames and the loop.
extension FrameLink {
  func open(_ bytes: UnsafeRawBufferPointer) -> Taken {
    var progress: TLSProgress?
    _ = unsafe incoming.fill { target in
      progress = unsafe tls?.receive(bytes, into: target)
      return progress?.producedByteCount ?? 0
    }
    guard let progress else { return (0, true) }
    switch progress.outcome {
    case .wantsOutputSpace:
      // A frame has to go first; what is left may be inside the session.
      return (progress.consumedByteCount, false)
    case .closed:
      endReason = endReason ?? .ended
      return (progress.consumedByteCount, true)
    case .failed(let failure):
      fail(failure)
      return (progress.consumedByteCount, true)
    case .progressed, .wantsInput, .handshakeDone: return (progress.consumedByteCount, true)
    }
  }

  func shakeHands(_ bytes: UnsafeRawBufferPointer) -> Taken {
    var taken = 0
    while !isOpen, closure == nil {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[taken...])
      let progress = unsafe seal { unsafe tls?.handshake(rest, into: $0) }
      guard let progress else { break }
      taken += progress.consumedByteCount
      switch progress.outcome {
      case .handshakeDone: isOpen = true
      case .failed(let failure): fail(failure)
      case .closed:
        endReason = endReason ?? .ended
        return (bytes.count, true)
      case .wantsOutputSpace where progress.producedByteCount > 0: continue
      default: return (taken, taken == bytes.count)
      }
    }
    return (taken, taken == bytes.count)
  }

  /// Sends what the handshake has to say without having heard anything.
  func continueHandshake() {
    guard isConnected, !isOpen else { return }
    _ = unsafe shakeHands(UnsafeRawBufferPointer(start: nil, count: 0))
  }

  /// The other side has not proved who it is, or changed bytes: it is told so, and the connection ends.
  func fail(_ failure: TLSFailure) {
    unsafe seal { unsafe tls?.flush(into: $0) }
    close(.security(failure))
  }

  /// Lets the session write where the loop sends from.
  @discardableResult
  func seal(
    _ body: (UnsafeMutableRawBufferPointer) -> TLSProgress?
  ) -> TLSProgress? {
    var progress: TLSProgress?
    let count = unsafe loop.withSendRoom(on: connection) { room in
      progress = unsafe body(room)
      return progress?.producedByteCount ?? 0
    }
    handedByteCount &+= UInt64(count)
    return progress
  }
}
