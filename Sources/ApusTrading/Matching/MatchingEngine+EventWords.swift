// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

/// The words of 8 bytes that events of plain orders are written in: ten stores rather than twenty-six.
/// Layout: docs/formats/matching.md, which a test compares with ``MatchingEvent``.
enum EventWord {
  /// The first word, less the kind.
  @inline(__always)
  static func head(
    side: UInt8, flags: EventFlags = [], instrument: UInt16, capacity: UInt8, typeAndTime: UInt8
  ) -> UInt64 {
    UInt64(side) << 8 | UInt64(flags.rawValue) << 24 | UInt64(instrument) << 32
      | UInt64(capacity & 15) << 48 | UInt64(typeAndTime) << 56
  }

  /// Owner, session and account side by side, as commands, events and orders have them.
  @inline(__always)
  static func party(_ owner: UInt16, _ session: UInt16, _ account: UInt32) -> UInt64 {
    UInt64(owner) | UInt64(session) << 16 | UInt64(account) << 32
  }

  @inline(__always)
  static func pair(_ low: UInt32, _ high: UInt32) -> UInt64 {
    UInt64(low) | UInt64(high) << 32
  }
}

extension EventSink where Event == MatchingEvent {
  /// Emits an event of these words; those of the related order are zero unless said.
  @inline(__always)
  mutating func emit(
    _ kind: MatchingEventKind, head: UInt64, orderId: UInt64, clientOrderId: UInt64, party: UInt64,
    relatedOrderId: UInt64 = 0, relatedClientOrderId: UInt64 = 0, relatedParty: UInt64 = 0,
    priceAndQuantity: UInt64, leaves: UInt64 = 0, value: UInt64 = 0
  ) {
    // SAFETY: an event is ten words, little endian, and every one is written.
    let place = unsafe emitPlace().assumingMemoryBound(to: UInt64.self)
    unsafe place[0] = head | UInt64(kind.rawValue)
    unsafe place[1] = orderId
    unsafe place[2] = clientOrderId
    unsafe place[3] = party
    unsafe place[4] = relatedOrderId
    unsafe place[5] = relatedClientOrderId
    unsafe place[6] = relatedParty
    unsafe place[7] = priceAndQuantity
    unsafe place[8] = leaves
    unsafe place[9] = value
  }
}
