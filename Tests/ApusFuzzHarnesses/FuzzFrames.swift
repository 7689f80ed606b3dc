// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTestSupport

/// Frames of the replication, made after docs/formats/replication.md and not by its own code.
enum FuzzFrames {
  static let version: UInt32 = 3

  static func frame(
    _ kind: UInt16, epoch: UInt64, sequence: UInt64, body: [UInt8] = [], damage: UInt8 = 0
  ) -> [UInt8] {
    var checked = Frames.little(UInt32(body.count))
    checked += Frames.little(FuzzJournal.checksum(body) ^ UInt32(damage & 1))
    checked += Frames.little(kind) + [UInt8](repeating: 0, count: 6)
    checked += Frames.little(epoch) + Frames.little(sequence)
    let checksum = FuzzJournal.checksum(checked) ^ UInt32(damage & 2)
    return Array("ARPL".utf8) + Frames.little(checksum) + checked + body
  }

  static func hello(
    checksum: UInt32, hasJournal: Bool, takesSnapshots: Bool, node: UInt64 = 2
  ) -> [UInt8] {
    Frames.little(version) + Frames.little(UInt32(hasJournal ? 1 : 0)) + FuzzJournal.nameBytes
      + Frames.little(node) + Frames.little(checksum) + Frames.little(UInt32(4_096))
      + Frames.little(UInt32(takesSnapshots ? 1 : 0)) + Frames.little(UInt32(0))
      + Frames.little(UInt64(0))
  }

  static func welcome(checksum: UInt32, durable: UInt64) -> [UInt8] {
    Frames.little(version) + Frames.little(UInt32(0)) + FuzzJournal.nameBytes
      + Frames.little(checksum) + Frames.little(UInt32(0)) + Frames.little(durable)
  }

  static func records(_ records: ArraySlice<FuzzJournal.Record>) -> [UInt8] {
    var body = Frames.little(UInt32(records.count)) + Frames.little(records.last?.checksum ?? 0)
    for record in records {
      body += Frames.little(UInt32(record.payload.count)) + Frames.little(record.type) + [0, 0]
      body += Frames.little(record.time) + record.payload
      while body.count % 8 != 0 { body.append(0) }
    }
    return body
  }

  static func acknowledgement(_ sequence: UInt64, digests: UInt64 = 0) -> [UInt8] {
    Frames.little(sequence) + Frames.little(sequence) + Frames.little(UInt64(0))
      + Frames.little(digests)
  }

  static func refusal(_ reason: UInt32, first: UInt64) -> [UInt8] {
    Frames.little(reason) + Frames.little(UInt32(0)) + Frames.little(first)
      + Frames.little(UInt64(0))
  }

  static func offer(_ contents: [UInt8], digest: UInt64, recordChecksum: UInt32) -> [UInt8] {
    FuzzJournal.nameBytes + Frames.little(digest) + Frames.little(UInt64(contents.count))
      + Frames.little(UInt32(1)) + Frames.little(FuzzJournal.checksum(contents))
      + Frames.little(recordChecksum) + Frames.little(UInt32(0))
  }
}

/// What a peer of the replication does next, as an input says: a message that could be, with fields
/// changed, or bytes.
struct FuzzTalk {
  enum Action {
    case say([UInt8])
    /// Time passes. Unit: nanoseconds.
    case wait(UInt64)
    /// The connection ends and is made again.
    case reconnect
  }

  var connection: Int
  var action: Action

  /// - Parameter message: The messages that could be, by a number.
  init(
    _ input: inout FuzzInput,
    _ message: (_ number: UInt8, _ argument: UInt8) -> (
      kind: UInt16, sequence: UInt64, body: [UInt8]
    )
  ) {
    let control = input.byte()
    connection = Int(control & 1)
    switch control >> 1 & 15 {
    case 0: action = .wait(UInt64(input.byte()) << 24)
    case 1: action = .reconnect
    case 2: action = .say(input.take(Int(input.byte())))
    default:
      var (kind, sequence, body) = message(control >> 1 & 15, input.byte())
      let flags = input.byte()
      if flags & 1 != 0 { kind = UInt16(input.byte() % 13) }
      if flags & 2 != 0 { sequence = input.integer(UInt64.self) }
      if flags & 4 != 0 { sequence = sequence &+ UInt64(input.byte()) &- 128 }
      var epoch: UInt64 = 3
      if flags & 8 != 0 { epoch = UInt64(input.byte() % 6) }
      if flags & 16 != 0 { epoch = input.integer(UInt64.self) }
      if flags & 32 != 0 {
        // Fields of the body: one change after the other.
        for _ in 0..<1 + input.byte() % 3 {
          body.put(input.integer(UInt64.self), at: Int(input.byte()))
        }
      }
      if flags & 64 != 0 { body = input.take(Int(input.byte())) }
      let damage = flags & 128 == 0 ? 0 : input.byte()
      action = .say(
        FuzzFrames.frame(kind, epoch: epoch, sequence: sequence, body: body, damage: damage))
    }
  }

  /// Bytes of a message as it could be.
  static func input(_ number: UInt8, _ argument: UInt8 = 0, _ more: [UInt8] = [0]) -> [UInt8] {
    [number << 1, argument] + more
  }
}
