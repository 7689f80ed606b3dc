// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads

/// Messages of any length from one producer to one consumer.
///
/// ```
///  0           4      8                      multiple of 8
///  ┌───────────┬──────┬─────────────┬────────┐
///  │ byteCount │ type │ payload     │ filler │ next header …
///  └───────────┴──────┴─────────────┴────────┘
/// ```
/// A message never wraps: where it does not fit before the end, filler of type `UInt32.max` takes
/// what is left there. Headers and payloads begin at multiples of eight.
///
/// A message becomes visible as a whole when it is committed. A producer that dies in the middle
/// of a claim leaves nothing behind: its successor claims the same place again.
public enum MessageRing {
  /// Makes a ring and its two ends. The capacity counts bytes, headers included.
  ///
  /// - Throws: ``RingError`` for a capacity that is no power of two of at least 64, or memory that
  ///   was not available.
  public static func makeEnds(
    _ configuration: RingConfiguration
  ) throws(RingError) -> MessageEnds {
    let storage = try RingStorage(
      layout: layout(capacity: configuration.capacity), options: configuration.memory)
    return MessageEnds(
      producer: MessageProducer(storage, wait: configuration.producerWait),
      consumer: MessageConsumer(storage, wait: configuration.consumerWait))
  }

  static func layout(capacity: Int) throws(RingError) -> RingLayout {
    try RingLayout(
      .message, capacity: capacity, capacityMin: 64, width: 1, elementByteCount: 1,
      elementAlignment: 8)
  }
}

/// The two ends of a message ring: move each to its thread.
@frozen
public struct MessageEnds: ~Copyable, Sendable {
  /// Pushes.
  public var producer: MessageProducer
  /// Reads.
  public var consumer: MessageConsumer
}

/// The header in front of a message, as one word: the byte count in the low half, the type above.
@usableFromInline
enum MessageHeader {
  @inlinable @inline(__always)
  static var byteCount: Int { 8 }

  /// Type of filler.
  @inlinable @inline(__always)
  static var padding: UInt32 { .max }

  /// What a message takes in the ring. Unit: bytes, a multiple of 8.
  @inlinable @inline(__always)
  static func recordByteCount(_ payload: Int) -> Int { (payload &+ 15) & ~7 }

  @inlinable @inline(__always)
  static func word(byteCount: Int, type: UInt32) -> UInt64 {
    UInt64(type) << 32 | UInt64(UInt32(truncatingIfNeeded: byteCount))
  }
}
