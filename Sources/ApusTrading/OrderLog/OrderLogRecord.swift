// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A command and when it came: 72 bytes without padding, little endian, as an order log keeps it.
///
/// - Source: docs/formats/order-log.md.
@frozen
public struct OrderLogRecord: BitwiseCopyable, Sendable, Equatable {
  /// Bytes of a record.
  public static let byteCount = 72

  /// Unit: nanoseconds since midnight, or since the start that the source of the log chose.
  public var timeNanoseconds: UInt64
  /// What was asked for.
  public var command: MatchingCommand

  /// A command at a time.
  @inlinable @inline(__always)
  public init(timeNanoseconds: UInt64, command: MatchingCommand) {
    self.timeNanoseconds = timeNanoseconds
    self.command = command
  }

  /// The record that begins at an offset. Any bytes are one: what they ask for may be nonsense.
  ///
  /// - Precondition: `byteOffset` + 72 is inside the bytes.
  @inlinable @inline(__always)
  public init(bytes: RawSpan, at byteOffset: Int) {
    precondition(
      byteOffset >= 0 && byteOffset <= bytes.byteCount - Self.byteCount,
      "OrderLogRecord.init: expected 72 bytes from the offset on")
    // SAFETY: the bytes are there; a record is integers only, so any bits are one.
    self = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: byteOffset, as: OrderLogRecord.self)
  }

  /// The bytes of records in a row.
  public static func withBytes<Result, Failure: Error>(
    of records: Span<OrderLogRecord>, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // SAFETY: a record has no padding, so all of its bytes were written.
    try unsafe body(records.bytes)
  }
}
