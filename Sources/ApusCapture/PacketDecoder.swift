// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// An IPv4 or IPv6 address with a UDP port.
public struct UDPEndpoint: Hashable, Sendable, BitwiseCopyable {
  /// First 8 bytes of an IPv6 address; 0 for IPv4.
  public var high: UInt64
  /// Last 8 bytes of an IPv6 address, or an IPv4 address.
  public var low: UInt64
  /// Whether it is an IPv6 address.
  public var isIPv6: Bool
  /// UDP port.
  public var port: UInt16

  /// An IPv4 endpoint.
  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, port: UInt16) {
    high = 0
    low = UInt64(a) << 24 | UInt64(b) << 16 | UInt64(c) << 8 | UInt64(d)
    isIPv6 = false
    self.port = port
  }

  /// An endpoint of these words.
  public init(high: UInt64, low: UInt64, isIPv6: Bool, port: UInt16) {
    self.high = high
    self.low = low
    self.isIPv6 = isIPv6
    self.port = port
  }
}

/// Packets of a capture by what they turned out to be.
public struct PacketCounts: Sendable, Equatable {
  /// UDP datagrams that were handed on.
  public var datagrams: UInt64 = 0
  /// Packets that are neither IPv4 nor IPv6.
  public var notIP: UInt64 = 0
  /// IP packets that are not UDP.
  public var notUDP: UInt64 = 0
  /// Fragments; they are not put together.
  public var fragments: UInt64 = 0
  /// Packets whose headers do not fit what was captured.
  public var malformed: UInt64 = 0
  /// UDP datagrams of which the capture holds only the beginning.
  public var cutShort: UInt64 = 0

  /// No packets.
  public init() {}

  /// All packets.
  public var total: UInt64 { datagrams + notIP + notUDP + fragments + malformed + cutShort }
}

/// What a packet is.
enum PacketVerdict: Equatable {
  /// A UDP datagram: endpoints and where its payload lies.
  case datagram(source: UDPEndpoint, destination: UDPEndpoint, payload: Range<Int>)
  case notIP, notUDP, fragment, malformed, cutShort
}

/// Finds the UDP datagram in a captured packet: Ethernet with VLAN tags, Linux cooked, raw IP and
/// loopback; IPv4 with options, IPv6 with extension headers.
///
/// - Source: IEEE 802.1Q, RFC 791, RFC 8200, RFC 768, tcpdump.org/linktypes.html
struct PacketDecoder {
  let linkType: Int

  /// Whether packets of this link type can be decoded.
  var isSupported: Bool { [0, 1, 12, 14, 101, 108, 113, 228, 229, 276].contains(linkType) }

  /// - Complexity: O(headers); no allocation.
  func decode(_ reader: RawSpan) -> PacketVerdict {
    var offset = 0
    var type: Int
    switch linkType {
    case 1: (offset, type) = (14, reader.u16(12) ?? -1)
    case 113: (offset, type) = (16, reader.u16(14) ?? -1)
    case 276: (offset, type) = (20, reader.u16(0) ?? -1)
    case 0, 108: (offset, type) = (4, version(reader, 4))
    default: (offset, type) = (0, version(reader, 0))
    }
    // 802.1Q, 802.1ad and the older QinQ tag: 4 bytes each, the inner type at their end.
    var tagCount = 0
    while type == 0x8100 || type == 0x88A8 || type == 0x9100 {
      guard tagCount < 4, let inner = reader.u16(offset + 2) else { return .malformed }
      type = inner
      offset += 4
      tagCount += 1
    }
    switch type {
    case 0x0800: return decodeIPv4(reader, offset)
    case 0x86DD: return decodeIPv6(reader, offset)
    case -1: return .malformed
    default: return .notIP
    }
  }

  /// EtherType of a packet without one, from the version of its IP header.
  private func version(_ reader: RawSpan, _ offset: Int) -> Int {
    guard let first = reader.u8(offset) else { return -1 }
    return first >> 4 == 4 ? 0x0800 : first >> 4 == 6 ? 0x86DD : 0
  }

  private func decodeIPv4(_ reader: RawSpan, _ offset: Int) -> PacketVerdict {
    guard let first = reader.u8(offset), let length = reader.u16(offset + 2),
      let fragment = reader.u16(offset + 6), let networkProtocol = reader.u8(offset + 9),
      let source = reader.u32(offset + 12), let target = reader.u32(offset + 16)
    else { return .malformed }
    let headerLength = (first & 15) * 4
    guard first >> 4 == 4, headerLength >= 20 else { return .malformed }
    guard networkProtocol == 17 else { return .notUDP }
    guard fragment & 0x3FFF == 0 else { return .fragment }
    // A length of zero: the network card was to fill it in.
    let end = length == 0 ? Int.max : offset + length
    return decodeUDP(
      reader, offset + headerLength, end,
      UDPEndpoint(high: 0, low: UInt64(source), isIPv6: false, port: 0),
      UDPEndpoint(high: 0, low: UInt64(target), isIPv6: false, port: 0))
  }

  private func decodeIPv6(_ reader: RawSpan, _ offset: Int) -> PacketVerdict {
    guard let first = reader.u8(offset), let length = reader.u16(offset + 4),
      var next = reader.u8(offset + 6), let sourceHigh = reader.u64(offset + 8),
      let sourceLow = reader.u64(offset + 16), let targetHigh = reader.u64(offset + 24),
      let targetLow = reader.u64(offset + 32), first >> 4 == 6
    else { return .malformed }
    var position = offset + 40
    var extensionCount = 0
    // Hop-by-hop, routing and destination options; fragment; authentication.
    while [0, 43, 60, 44, 51].contains(next) {
      guard extensionCount < 16, let following = reader.u8(position),
        let size = reader.u8(position + 1)
      else { return .malformed }
      if next == 44 { return .fragment }
      position += next == 51 ? (size + 2) * 4 : (size + 1) * 8
      next = following
      extensionCount += 1
    }
    guard next == 17 else { return .notUDP }
    return decodeUDP(
      reader, position, offset + 40 + length,
      UDPEndpoint(high: sourceHigh, low: sourceLow, isIPv6: true, port: 0),
      UDPEndpoint(high: targetHigh, low: targetLow, isIPv6: true, port: 0))
  }

  private func decodeUDP(
    _ reader: RawSpan, _ offset: Int, _ end: Int, _ source: UDPEndpoint,
    _ target: UDPEndpoint
  ) -> PacketVerdict {
    guard let sourcePort = reader.u16(offset), let targetPort = reader.u16(offset + 2),
      let length = reader.u16(offset + 4), length >= 8, offset + length <= end
    else { return .malformed }
    guard offset + length <= reader.byteCount else { return .cutShort }
    var source = source
    var target = target
    source.port = UInt16(sourcePort)
    target.port = UInt16(targetPort)
    return .datagram(
      source: source, destination: target, payload: offset + 8..<offset + length)
  }
}

extension RawSpan {
  /// Big-endian integers at checked offsets; nil outside the span.
  fileprivate func u8(_ offset: Int) -> Int? {
    guard offset >= 0, offset < byteCount else { return nil }
    // SAFETY: the offset was checked; any bit pattern is a valid integer.
    return unsafe Int(unsafeLoad(fromByteOffset: offset, as: UInt8.self))
  }

  fileprivate func u16(_ offset: Int) -> Int? { integer(offset, UInt16.self).map { Int($0) } }
  fileprivate func u32(_ offset: Int) -> UInt32? { integer(offset, UInt32.self) }
  fileprivate func u64(_ offset: Int) -> UInt64? { integer(offset, UInt64.self) }

  private func integer<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: T.Type) -> T?
  {
    guard offset >= 0, byteCount - offset >= MemoryLayout<T>.size else { return nil }
    // SAFETY: the bytes were checked; any bit pattern is a valid integer.
    return unsafe T(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }
}
