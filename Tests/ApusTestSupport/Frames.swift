// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Network packets made byte by byte, with every field that a packet can lie about.
public enum Frames {
  /// An integer as bytes, most significant first.
  public static func big<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    stride(from: T.bitWidth - 8, through: 0, by: -8).map {
      UInt8(truncatingIfNeeded: value >> $0)
    }
  }

  /// An integer as bytes, least significant first.
  public static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] { big(value).reversed() }

  /// An Ethernet frame; each tag is its EtherType and its identifier.
  public static func ethernet(
    _ type: UInt16, _ payload: [UInt8], tags: [(type: UInt16, identifier: UInt16)] = []
  ) -> [UInt8] {
    let addresses: [UInt8] = [1, 0, 0x5E, 0x36, 0x0C, 0x6F, 2, 0, 0, 0, 0, 1]
    return addresses + tags.flatMap { big($0.type) + big($0.identifier) } + big(type) + payload
  }

  /// An IPv4 packet from 10.0.0.1 to 233.54.12.111.
  public static func ipv4(
    _ payload: [UInt8], protocol number: UInt8 = 17, options: [UInt8] = [],
    fragment: UInt16 = 0x4000, length: UInt16? = nil, versionAndHeaderLength: UInt8? = nil
  ) -> [UInt8] {
    let headerWords = UInt8(5 + options.count / 4)
    let total = length ?? UInt16(20 + options.count + payload.count)
    return [versionAndHeaderLength ?? 0x40 | headerWords, 0] + big(total) + [0, 0] + big(fragment)
      + [64, number, 0, 0, 10, 0, 0, 1, 233, 54, 12, 111] + options + payload
  }

  /// An IPv6 packet from 2001:db8::1 to ff02::2 behind whole extension headers. The second byte of
  /// each header is its own length field; the chain of types is set here.
  public static func ipv6(
    _ payload: [UInt8], protocol number: UInt8 = 17,
    extensions: [(type: UInt8, header: [UInt8])] = [], length: UInt16? = nil
  ) -> [UInt8] {
    var types = extensions.map(\.type)
    types.append(number)
    var body: [UInt8] = []
    for (position, entry) in extensions.enumerated() {
      body.append(types[position + 1])
      body += entry.header.dropFirst()
    }
    body += payload
    let source: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
    let target: [UInt8] = [0xFF, 0x02] + [UInt8](repeating: 0, count: 13) + [2]
    return [0x60, 0, 0, 0] + big(length ?? UInt16(body.count)) + [types[0], 64] + source + target
      + body
  }

  /// A UDP datagram from port 31000 to port 26477.
  public static func udp(_ payload: [UInt8], length: UInt16? = nil) -> [UInt8] {
    big(UInt16(31_000)) + big(UInt16(26_477)) + big(length ?? UInt16(8 + payload.count)) + [0, 0]
      + payload
  }
}

/// A packet of a capture file.
public struct CapturedPacket: Sendable {
  /// The frame as captured.
  public var bytes: [UInt8]
  /// Length on the wire where the capture holds less.
  public var wireByteCount: Int?
  /// Unit: nanoseconds since 1970.
  public var timestampNanoseconds: UInt64

  /// A packet of these bytes.
  public init(
    _ bytes: [UInt8], wireByteCount: Int? = nil,
    at timestampNanoseconds: UInt64 = 1_700_000_000_123_456_789
  ) {
    self.bytes = bytes
    self.wireByteCount = wireByteCount
    self.timestampNanoseconds = timestampNanoseconds
  }
}

/// Capture files made byte by byte.
public enum CaptureFiles {
  /// A pcap file.
  public static func pcap(
    _ packets: [CapturedPacket], linkType: UInt32 = 1, isNanosecond: Bool = true,
    isBigEndian: Bool = false
  ) -> [UInt8] {
    func u32(_ value: UInt32) -> [UInt8] { order(value, isBigEndian) }
    func u16(_ value: UInt16) -> [UInt8] { order(value, isBigEndian) }
    var file = u32(isNanosecond ? 0xA1B2_3C4D : 0xA1B2_C3D4) + u16(2) + u16(4) + u32(0) + u32(0)
    file += u32(262_144) + u32(linkType)
    for packet in packets {
      let fraction = packet.timestampNanoseconds % 1_000_000_000
      file += u32(UInt32(packet.timestampNanoseconds / 1_000_000_000))
      file += u32(UInt32(isNanosecond ? fraction : fraction / 1_000))
      file += u32(UInt32(packet.bytes.count))
      file += u32(UInt32(packet.wireByteCount ?? packet.bytes.count)) + packet.bytes
    }
    return file
  }

  /// A pcapng file of one section and one interface. `resolution` is the interface's if_tsresol, a
  /// negative power of ten; nil leaves the option out, which means microseconds.
  public static func pcapng(
    _ packets: [CapturedPacket], linkType: UInt16 = 1, resolution: UInt8? = 9,
    isBigEndian: Bool = false
  ) -> [UInt8] {
    func u32(_ value: UInt32) -> [UInt8] { order(value, isBigEndian) }
    func u16(_ value: UInt16) -> [UInt8] { order(value, isBigEndian) }
    func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
      let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
      let length = u32(UInt32(padded.count + 12))
      return u32(type) + length + padded + length
    }
    let section = u32(0x1A2B_3C4D) + u16(1) + u16(0) + [UInt8](repeating: 0xFF, count: 8)
    var interface = u16(linkType) + u16(0) + u32(262_144)
    if let resolution { interface += u16(9) + u16(1) + [resolution, 0, 0, 0] + u16(0) + u16(0) }
    var file = block(0x0A0D_0D0A, section) + block(1, interface)
    for packet in packets {
      var divisor: UInt64 = 1
      for _ in (resolution ?? 6)..<9 { divisor *= 10 }
      let time = packet.timestampNanoseconds / divisor
      let head = u32(0) + u32(UInt32(time >> 32)) + u32(UInt32(truncatingIfNeeded: time))
      file += block(
        6,
        head + u32(UInt32(packet.bytes.count))
          + u32(UInt32(packet.wireByteCount ?? packet.bytes.count)) + packet.bytes)
    }
    return file
  }

  private static func order<T: FixedWidthInteger>(_ value: T, _ isBigEndian: Bool) -> [UInt8] {
    isBigEndian ? Frames.big(value) : Frames.little(value)
  }
}
