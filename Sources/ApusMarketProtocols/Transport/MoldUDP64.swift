// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// One packet of MoldUDP64: a header and a run of length-framed messages.
///
/// - Source: docs/formats/moldudp64.md
public enum MoldUDP64 {
  /// Session, sequence number and count. Unit: bytes.
  public static let headerByteCount = 20
  /// The count that ends a session.
  public static let endOfSessionCount: UInt16 = 0xFFFF

  /// Ten ASCII characters that name a run of the feed.
  public struct Session: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    /// The first eight characters.
    public var high: UInt64
    /// The last two.
    public var low: UInt16

    /// A session of these words.
    public init(high: UInt64, low: UInt16) {
      self.high = high
      self.low = low
    }

    /// The first ten bytes of a text, padded with spaces.
    public init(_ text: String) {
      let padded = Array(text.utf8.prefix(10)) + Array(repeating: 0x20, count: 10)
      high = padded[..<8].reduce(0) { $0 << 8 | UInt64($1) }
      low = padded[8..<10].reduce(0) { $0 << 8 | UInt16($1) }
    }

    /// The text without its padding.
    public var description: String {
      ITCHSymbol(rawValue: high).description + ITCHText2(rawValue: low).description
    }
  }

  /// What a packet begins with.
  public struct Header: Equatable, Sendable, BitwiseCopyable {
    /// Which run of the feed.
    public var session: Session
    /// Number of the first message, from 1; in a heartbeat that of the next one.
    public var sequence: UInt64
    /// Messages in the packet: 0 is a heartbeat, 0xFFFF the end of the session.
    public var messageCount: UInt16

    /// A header of these values.
    public init(session: Session, sequence: UInt64, messageCount: UInt16) {
      self.session = session
      self.sequence = sequence
      self.messageCount = messageCount
    }

    /// The header as it stands on the wire.
    public var bytes: [UInt8] {
      var result: [UInt8] = []
      for shift in stride(from: 56, through: 0, by: -8) {
        result.append(UInt8(truncatingIfNeeded: session.high >> UInt64(shift)))
      }
      result += [UInt8(session.low >> 8), UInt8(session.low & 0xFF)]
      for shift in stride(from: 56, through: 0, by: -8) {
        result.append(UInt8(truncatingIfNeeded: sequence >> UInt64(shift)))
      }
      return result + [UInt8(messageCount >> 8), UInt8(messageCount & 0xFF)]
    }
  }

  /// What decoding a packet gave.
  public enum Verdict: Equatable, Sendable {
    /// A packet whose messages fill it exactly.
    case packet(Header)
    /// Fewer bytes than a header.
    case tooShort
    /// The messages do not fill the packet, or reach beyond it.
    case lengthMismatch(Header)
  }

  /// Decodes a packet's header and checks that its messages fill it.
  ///
  /// - Complexity: O(messages); no allocation.
  public static func decode(_ packet: RawSpan) -> Verdict {
    guard packet.byteCount >= headerByteCount else { return .tooShort }
    // SAFETY: 20 bytes are there; any bit pattern is a valid integer.
    let header = unsafe Header(
      session: Session(
        high: UInt64(bigEndian: packet.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)),
        low: UInt16(bigEndian: packet.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt16.self))),
      sequence: UInt64(
        bigEndian: packet.unsafeLoadUnaligned(fromByteOffset: 10, as: UInt64.self)),
      messageCount: UInt16(
        bigEndian: packet.unsafeLoadUnaligned(fromByteOffset: 18, as: UInt16.self)))
    if header.messageCount == endOfSessionCount { return .packet(header) }
    guard let end = endOfMessages(packet, count: Int(header.messageCount)),
      end == packet.byteCount
    else { return .lengthMismatch(header) }
    return .packet(header)
  }

  /// Where `count` messages of a packet end, or nil where they reach beyond it.
  package static func endOfMessages(_ packet: RawSpan, count: Int) -> Int? {
    var cursor = headerByteCount
    for _ in 0..<count {
      guard packet.byteCount - cursor >= 2 else { return nil }
      // SAFETY: two bytes are there.
      let length = unsafe Int(
        UInt16(bigEndian: packet.unsafeLoadUnaligned(fromByteOffset: cursor, as: UInt16.self)))
      cursor += 2 + length
      guard cursor <= packet.byteCount else { return nil }
    }
    return cursor
  }
}
