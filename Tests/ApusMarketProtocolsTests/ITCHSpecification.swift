// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport

@testable import ApusMarketProtocols

/// The byte tables of the exchange's specification of TotalView-ITCH 5.0: of each type the lengths of
/// the fields behind the 11 bytes that all begin with. Kept apart from the code and from
/// docs/formats/itch50.md, so that the three check each other.
enum ITCHSpecification {
  struct MessageType: CustomStringConvertible {
    var letter: Character
    var fieldByteCounts: [Int]

    var code: UInt8 { letter.asciiValue ?? 0 }
    var byteCount: Int { 11 + fieldByteCounts.reduce(0, +) }
    var description: String { String(letter) }
    /// Where the side stands in orders, which must be `B` or `S`.
    var sideOffset: Int? { letter == "A" || letter == "F" ? 19 : nil }
  }

  static let types: [MessageType] = [
    MessageType(letter: "S", fieldByteCounts: [1]),
    MessageType(letter: "R", fieldByteCounts: [8, 1, 1, 4, 1, 1, 2, 1, 1, 1, 1, 1, 4, 1]),
    MessageType(letter: "H", fieldByteCounts: [8, 1, 1, 4]),
    MessageType(letter: "Y", fieldByteCounts: [8, 1]),
    MessageType(letter: "L", fieldByteCounts: [4, 8, 1, 1, 1]),
    MessageType(letter: "V", fieldByteCounts: [8, 8, 8]),
    MessageType(letter: "W", fieldByteCounts: [1]),
    MessageType(letter: "K", fieldByteCounts: [8, 4, 1, 4]),
    MessageType(letter: "J", fieldByteCounts: [8, 4, 4, 4, 4]),
    MessageType(letter: "h", fieldByteCounts: [8, 1, 1]),
    MessageType(letter: "A", fieldByteCounts: [8, 1, 4, 8, 4]),
    MessageType(letter: "F", fieldByteCounts: [8, 1, 4, 8, 4, 4]),
    MessageType(letter: "E", fieldByteCounts: [8, 4, 8]),
    MessageType(letter: "C", fieldByteCounts: [8, 4, 8, 1, 4]),
    MessageType(letter: "X", fieldByteCounts: [8, 4]),
    MessageType(letter: "D", fieldByteCounts: [8]),
    MessageType(letter: "U", fieldByteCounts: [8, 8, 4, 4]),
    MessageType(letter: "P", fieldByteCounts: [8, 1, 4, 8, 4, 8]),
    MessageType(letter: "Q", fieldByteCounts: [8, 8, 4, 8, 1]),
    MessageType(letter: "B", fieldByteCounts: [8]),
    MessageType(letter: "I", fieldByteCounts: [8, 8, 1, 8, 4, 4, 4, 1, 1]),
    MessageType(letter: "N", fieldByteCounts: [8, 1]),
    MessageType(letter: "O", fieldByteCounts: [8, 1, 4, 4, 4, 8, 4, 4]),
  ]

  /// Random bytes of a type: every field of any value, but for the side of orders.
  static func randomBytes(_ type: MessageType, _ random: inout SeededRandom) -> [UInt8] {
    var bytes = random.bytes(type.byteCount)
    bytes[0] = type.code
    if let offset = type.sideOffset { bytes[offset] = random.next() & 1 == 0 ? 0x42 : 0x53 }
    return bytes
  }
}

func decode(_ bytes: [UInt8]) -> ITCHVerdict { bytes.withRawSpan { ITCHDecoder.decode($0) } }

func message(_ bytes: [UInt8]) -> ITCHMessage? {
  guard case .message(let message) = decode(bytes) else { return nil }
  return message
}

/// The bytes of a message, without their frame.
func encode(_ message: ITCHMessage, _ buffer: inout FramedMessageBuffer) -> [UInt8] {
  buffer.removeAll()
  guard buffer.append(message) else { return [] }
  return Array(buffer.withBytes { $0.copiedPrefix(.max) }.dropFirst(2))
}

/// The body of a message, as its own type.
func body(_ message: ITCHMessage) -> Any {
  Mirror(reflecting: message).children.first?.value ?? message
}
