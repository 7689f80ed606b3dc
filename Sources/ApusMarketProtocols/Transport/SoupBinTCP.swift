// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Packets of SoupBinTCP: a 2-byte big-endian length, a type letter, a payload.
///
/// - Source: docs/formats/soupbintcp.md
public enum SoupBinTCP {
  /// Types of packets, both ways.
  public enum PacketType: UInt8, Sendable, CaseIterable {
    /// `+`, both ways: text for people.
    case debug = 0x2B
    /// `A`, server: session and next sequence number.
    case loginAccepted = 0x41
    /// `J`, server.
    case loginRejected = 0x4A
    /// `S`, server: one message of the sequenced stream.
    case sequencedData = 0x53
    /// `H`, server.
    case serverHeartbeat = 0x48
    /// `Z`, server.
    case endOfSession = 0x5A
    /// `L`, client.
    case loginRequest = 0x4C
    /// `U`, both ways: one message outside the sequenced stream.
    case unsequencedData = 0x55
    /// `R`, client.
    case clientHeartbeat = 0x52
    /// `O`, client.
    case logoutRequest = 0x4F

    /// The payload's length where it is fixed. Unit: bytes.
    public var fixedPayloadByteCount: Int? {
      switch self {
      case .loginAccepted: 30
      case .loginRejected: 1
      case .loginRequest: 46
      case .serverHeartbeat, .endOfSession, .clientHeartbeat, .logoutRequest: 0
      case .debug, .sequencedData, .unsequencedData: nil
      }
    }
  }

  /// What decoding the front of a stream gave.
  public enum Verdict: Equatable, Sendable {
    /// A packet; its payload lies in this range.
    case packet(PacketType, payload: Range<Int>)
    /// The packet is not complete yet.
    case incomplete
    /// A length of zero, which leaves no room for the type.
    case emptyPacket
    /// A type that the specification does not have.
    case unknownType(UInt8, byteCount: Int)
    /// A length that is not that of the type.
    case wrongLength(PacketType, byteCount: Int)
  }

  /// Decodes the packet that begins at `offset`.
  ///
  /// - Complexity: O(1); no allocation.
  public static func decode(_ stream: RawSpan, at offset: Int) -> Verdict {
    guard offset >= 0, stream.byteCount - offset >= 3 else {
      return stream.byteCount - offset == 2 && length(stream, offset) == 0
        ? .emptyPacket : .incomplete
    }
    let length = length(stream, offset)
    guard length > 0 else { return .emptyPacket }
    guard stream.byteCount - offset - 2 >= length else { return .incomplete }
    // SAFETY: three bytes are there.
    let code = unsafe stream.unsafeLoad(fromByteOffset: offset + 2, as: UInt8.self)
    guard let type = PacketType(rawValue: code) else {
      return .unknownType(code, byteCount: 2 + length)
    }
    if let fixed = type.fixedPayloadByteCount, fixed != length - 1 {
      return .wrongLength(type, byteCount: 2 + length)
    }
    return .packet(type, payload: offset + 3..<offset + 2 + length)
  }

  /// A packet as it stands on the wire.
  ///
  /// - Precondition: At most 65,534 bytes of payload.
  public static func encode(_ type: PacketType, payload: [UInt8] = []) -> [UInt8] {
    precondition(payload.count <= 65_534, "SoupBinTCP.encode: expected at most 65,534 bytes")
    let length = payload.count + 1
    return [UInt8(length >> 8), UInt8(length & 0xFF), type.rawValue] + payload
  }

  private static func length(_ stream: RawSpan, _ offset: Int) -> Int {
    // SAFETY: the caller checked two bytes.
    unsafe Int(
      UInt16(bigEndian: stream.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)))
  }
}
