// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusIO

/// An IPv4 or IPv6 address and a port.
///
/// The bytes are those of the kernel, so that none is converted on the way of a datagram.
public struct SocketAddress: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
  // The bytes of a `capus_address`: the count of what follows, then a sockaddr_in or sockaddr_in6.
  private let word0: UInt64
  private let word1: UInt64
  private let word2: UInt64
  private let word3: UInt64

  init(_ raw: capus_address) {
    // SAFETY: both are 32 bytes, and any bytes are integers.
    self = unsafe unsafeBitCast(raw, to: SocketAddress.self)
  }

  var raw: capus_address {
    // SAFETY: as in `init`.
    unsafe unsafeBitCast(self, to: capus_address.self)
  }

  /// An address in numbers, such as `127.0.0.1`, `::1` or `fe80::1%eth0`.
  ///
  /// - Returns: nil for anything else: names are not looked up.
  public init?(_ text: String, port: UInt16) {
    var found = capus_address()
    // SAFETY: the address is written by the call, and the text ends in 0.
    guard unsafe capus_address_parse(&found, text, port) == 0 else { return nil }
    self.init(found)
  }

  /// The address that the kernel wrote; what is longer than any that is known is cut.
  @unsafe
  package init(byteCount: UInt32, bytes: UnsafeRawBufferPointer) {
    var raw = capus_address()
    raw.byte_count = min(byteCount, 28)
    unsafe withUnsafeMutableBytes(of: &raw.bytes) { target in
      let count = min(Int(raw.byte_count), bytes.count)
      // SAFETY: both have at least `count` bytes.
      unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
    }
    self.init(raw)
  }

  private func withAddressBytes<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
    unsafe withUnsafeBytes(of: self) { unsafe body(UnsafeRawBufferPointer(rebasing: $0[4...])) }
  }

  /// Whether it is an IPv6 address.
  public var isIPv6: Bool { family == capus_family_ipv6 }

  var family: Int32 {
    // SAFETY: a family is in the first two bytes of every address.
    unsafe withAddressBytes { Int32(unsafe $0.loadUnaligned(as: UInt16.self)) }
  }

  /// The port.
  public var port: UInt16 {
    // SAFETY: both families have the port at byte 2.
    unsafe withAddressBytes {
      UInt16(bigEndian: unsafe $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    }
  }

  /// An IPv4 address; its first byte is the highest.
  package init(ipv4: UInt32, port: UInt16) {
    let words = (
      UInt16(truncatingIfNeeded: capus_family_ipv4), port.bigEndian, ipv4.bigEndian, UInt64(0)
    )
    // SAFETY: a sockaddr_in is a family, a port, an address and eight bytes of nothing, without gaps.
    self = unsafe withUnsafeBytes(of: words) {
      unsafe SocketAddress(byteCount: 16, bytes: $0)
    }
  }

  /// The IPv4 address as a number; nil for IPv6.
  package var ipv4: UInt32? {
    guard family == capus_family_ipv4 else { return nil }
    // SAFETY: an IPv4 address has its four bytes from 4.
    return unsafe withAddressBytes {
      UInt32(bigEndian: unsafe $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    }
  }

  /// Whether it is of the loopback interface, in whatever way it is written.
  public var isLoopback: Bool {
    // SAFETY: an IPv4 address has four bytes from 4, an IPv6 address sixteen from 8.
    unsafe withAddressBytes { bytes in
      guard isIPv6 else { return unsafe bytes[4] == 127 }
      let own = unsafe bytes[8..<24]
      let isOne = unsafe own.dropLast().allSatisfy { $0 == 0 } && own.last == 1
      // ::ffff:127.0.0.0 and on: IPv4 in IPv6.
      let isMapped =
        unsafe own.prefix(10).allSatisfy { $0 == 0 } && bytes[18] == 0xFF
        && bytes[19] == 0xFF && bytes[20] == 127
      return isOne || isMapped
    }
  }

  /// Whether it is a group's.
  public var isMulticast: Bool {
    // SAFETY: as in `isLoopback`.
    unsafe withAddressBytes { unsafe isIPv6 ? $0[8] == 0xFF : $0[4] & 0xF0 == 0xE0 }
  }

  /// The address without its port.
  public var text: String {
    var text = [CChar](repeating: 0, count: 64)
    var own = raw
    // SAFETY: the text is as long as the call is told and ends in 0.
    return unsafe text.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return "" }
      return unsafe capus_address_format(&own, base, buffer.count) == 0
        ? String(cString: base) : "no address"
    }
  }

  /// `127.0.0.1:80`, `[::1]:80`.
  public var description: String { isIPv6 ? "[\(text)]:\(port)" : "\(text):\(port)" }
}
