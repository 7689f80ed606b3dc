// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

/// How far the log was on the disk when this was written: what a log is cut back to that is opened
/// after the host went down.
struct EventLogMark: Equatable {
  static let byteCount = 64

  /// Counts marks, from 1: of two that hold the greater one is newer.
  var number: UInt64
  /// Index after the last event.
  var position: UInt64
  /// All events of commands up to this one lie before ``position``.
  var completeSequence: UInt64
  /// Checksum of the records of the segment with the last event, up to that.
  var checksum: UInt32

  func encode(_ target: UnsafeMutableRawBufferPointer) {
    precondition(target.count == Self.byteCount, "EventLogMark.encode: expected 64 bytes")
    // SAFETY: every offset is inside the 64 bytes.
    unsafe target.initializeMemory(as: UInt8.self, repeating: 0)
    for (offset, value) in [(0, number), (8, position), (16, completeSequence)] {
      unsafe target.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
    }
    unsafe target.storeBytes(of: checksum.littleEndian, toByteOffset: 24, as: UInt32.self)
    let own = unsafe EventLogFormat.checksum(UnsafeRawBufferPointer(rebasing: target[..<60]))
    unsafe target.storeBytes(of: own.littleEndian, toByteOffset: 60, as: UInt32.self)
  }

  /// Nil where the bytes are torn, no mark, or never were one.
  static func decode(_ bytes: UnsafeRawBufferPointer) -> EventLogMark? {
    precondition(bytes.count == byteCount, "EventLogMark.decode: expected 64 bytes")
    // SAFETY: every offset is inside the 64 bytes; any bits are an integer.
    let own = unsafe UInt32(littleEndian: bytes.load(fromByteOffset: 60, as: UInt32.self))
    guard unsafe EventLogFormat.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<60])) == own
    else { return nil }
    let words = [0, 8, 16].map {
      unsafe UInt64(littleEndian: bytes.load(fromByteOffset: $0, as: UInt64.self))
    }
    guard words[0] > 0, words[1] <= Sequencer.sequenceMax, words[2] <= Sequencer.sequenceMax
    else { return nil }
    return EventLogMark(
      number: words[0], position: words[1], completeSequence: words[2],
      checksum: unsafe UInt32(littleEndian: bytes.load(fromByteOffset: 24, as: UInt32.self)))
  }
}
