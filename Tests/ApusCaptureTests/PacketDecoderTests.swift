// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Testing

@testable import ApusCapture

@Suite struct PacketDecoderTests {
  private let payload: [UInt8] = Array("payload".utf8)
  private let source4 = UDPEndpoint(10, 0, 0, 1, port: 31_000)
  private let target4 = UDPEndpoint(233, 54, 12, 111, port: 26_477)

  private func decode(_ bytes: [UInt8], linkType: Int = 1) -> PacketVerdict {
    bytes.withRawSpan { PacketDecoder(linkType: linkType).decode($0) }
  }

  /// The payload of a packet that must be a datagram between the addresses of ``Frames``.
  private func datagramPayload(_ bytes: [UInt8], linkType: Int = 1, isIPv6: Bool = false)
    -> [UInt8]?
  {
    guard case .datagram(let source, let target, let range) = decode(bytes, linkType: linkType)
    else { return nil }
    let source6 = UDPEndpoint(high: 0x2001_0DB8_0000_0000, low: 1, isIPv6: true, port: 31_000)
    let target6 = UDPEndpoint(high: 0xFF02_0000_0000_0000, low: 2, isIPv6: true, port: 26_477)
    #expect(source == (isIPv6 ? source6 : source4))
    #expect(target == (isIPv6 ? target6 : target4))
    return Array(bytes[range])
  }

  @Test func plainIPv4() {
    let frame = Frames.ethernet(0x0800, Frames.ipv4(Frames.udp(payload)))
    #expect(datagramPayload(frame) == payload)
    // Ethernet pads short frames; the padding is no payload.
    #expect(datagramPayload(frame + [0, 0, 0, 0, 0, 0]) == payload)
    #expect(datagramPayload(Frames.ethernet(0x0800, Frames.ipv4(Frames.udp([])))) == [])
  }

  @Test func vlanTags() {
    let packet = Frames.ipv4(Frames.udp(payload))
    let tags: [(type: UInt16, identifier: UInt16)] = [
      (0x8100, 5), (0x88A8, 100), (0x9100, 7), (0x8100, 0xFFFF),
    ]
    #expect(datagramPayload(Frames.ethernet(0x0800, packet, tags: [tags[0]])) == payload)
    #expect(datagramPayload(Frames.ethernet(0x0800, packet, tags: [tags[1], tags[0]])) == payload)
    #expect(datagramPayload(Frames.ethernet(0x0800, packet, tags: tags)) == payload)
    let six = Frames.ipv6(Frames.udp(payload))
    #expect(
      datagramPayload(Frames.ethernet(0x86DD, six, tags: [tags[0]]), isIPv6: true) == payload)
    let tooMany = tags + [tags[0]]
    #expect(decode(Frames.ethernet(0x0800, packet, tags: tooMany)) == .malformed)
    // A tag at the very end has no inner type.
    #expect(decode(Array(Frames.ethernet(0x8100, [0, 1]))) == .malformed)
  }

  @Test(arguments: [4, 8, 40])
  func ipv4Options(optionByteCount: Int) {
    let options = [UInt8](repeating: 1, count: optionByteCount)
    let packet = Frames.ipv4(Frames.udp(payload), options: options)
    #expect(datagramPayload(Frames.ethernet(0x0800, packet)) == payload)
  }

  @Test func ipv4HeadersThatLie() {
    let datagram = Frames.udp(payload)
    func verdict(_ packet: [UInt8]) -> PacketVerdict { decode(Frames.ethernet(0x0800, packet)) }
    #expect(verdict(Frames.ipv4(datagram, versionAndHeaderLength: 0x44)) == .malformed)
    #expect(verdict(Frames.ipv4(datagram, versionAndHeaderLength: 0x4F)) == .malformed)
    #expect(verdict(Frames.ipv4(datagram, versionAndHeaderLength: 0x65)) == .malformed)
    #expect(verdict(Frames.ipv4(datagram, length: 19)) == .malformed)
    #expect(verdict(Frames.ipv4(datagram, length: 20 + 14)) == .malformed)
    // Longer than the datagram in it: the datagram's own length counts.
    #expect(datagramPayload(Frames.ethernet(0x0800, Frames.ipv4(datagram, length: 999))) == payload)
    // Zero where the network card was to fill it in.
    #expect(datagramPayload(Frames.ethernet(0x0800, Frames.ipv4(datagram, length: 0))) == payload)
    let cut = Frames.ethernet(0x0800, Frames.ipv4(datagram, length: 0)).dropLast()
    #expect(decode(Array(cut)) == .cutShort)
  }

  @Test func fragmentsAreNotPutTogether() {
    let datagram = Frames.udp(payload)
    for fragment in [0x2000, 0x0001, 0x1FFF, 0x2001] as [UInt16] {
      let packet = Frames.ipv4(datagram, fragment: fragment)
      #expect(decode(Frames.ethernet(0x0800, packet)) == .fragment)
    }
    let header: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 9]
    let six = Frames.ipv6(datagram, extensions: [(44, header)])
    #expect(decode(Frames.ethernet(0x86DD, six)) == .fragment)
  }

  @Test func otherProtocols() {
    #expect(decode(Frames.ethernet(0x0800, Frames.ipv4([1, 2, 3], protocol: 6))) == .notUDP)
    #expect(decode(Frames.ethernet(0x86DD, Frames.ipv6([1, 2, 3], protocol: 58))) == .notUDP)
    #expect(decode(Frames.ethernet(0x86DD, Frames.ipv6([1, 2, 3], protocol: 59))) == .notUDP)
    #expect(decode(Frames.ethernet(0x0806, [UInt8](repeating: 0, count: 28))) == .notIP)
    #expect(decode(Frames.ethernet(0x0026, [0xAA, 0xAA, 3])) == .notIP)
  }

  @Test func ipv6ExtensionHeaders() {
    let datagram = Frames.udp(payload)
    let short: [UInt8] = [0, 0, 1, 4, 0, 0, 0, 0]
    let long: [UInt8] = [0, 1] + [UInt8](repeating: 0, count: 14)
    // The authentication header counts its length in words, less two.
    let authentication: [UInt8] = [0, 4] + [UInt8](repeating: 0, count: 22)
    let chains: [[(type: UInt8, header: [UInt8])]] = [
      [], [(0, short)], [(0, short), (43, long)],
      [(0, long), (60, short), (43, short), (60, long)],
      [(51, authentication)], [(0, short), (51, authentication), (60, long)],
    ]
    for chain in chains {
      let frame = Frames.ethernet(0x86DD, Frames.ipv6(datagram, extensions: chain))
      #expect(datagramPayload(frame, isIPv6: true) == payload, "\(chain.map(\.type))")
    }
    let endless = Array(repeating: (type: UInt8(60), header: short), count: 17)
    #expect(
      decode(Frames.ethernet(0x86DD, Frames.ipv6(datagram, extensions: endless))) == .malformed)
    let beyond = Frames.ipv6([], extensions: [(0, [0, 0xFF] + short.dropFirst(2))])
    #expect(decode(Frames.ethernet(0x86DD, beyond)) == .malformed)
    #expect(decode(Frames.ethernet(0x86DD, Frames.ipv6(datagram, length: 14))) == .malformed)
  }

  @Test func udpLengthsThatLie() {
    func verdict(_ length: UInt16) -> PacketVerdict {
      decode(Frames.ethernet(0x0800, Frames.ipv4(Frames.udp(payload, length: length))))
    }
    for length in [0, 7, 16, 17, 0xFFFF] as [UInt16] { #expect(verdict(length) == .malformed) }
    let shorter = Frames.ethernet(0x0800, Frames.ipv4(Frames.udp(payload, length: 10)))
    #expect(datagramPayload(shorter) == Array(payload.prefix(2)))
  }

  @Test func everyTruncationHasAVerdict() {
    let frames = [
      Frames.ethernet(0x0800, Frames.ipv4(Frames.udp(payload), options: [1, 1, 1, 1])),
      Frames.ethernet(
        0x86DD, Frames.ipv6(Frames.udp(payload), extensions: [(0, [0, 0, 1, 4, 0, 0, 0, 0])]),
        tags: [(0x8100, 3)]),
    ]
    for frame in frames {
      for count in 0..<frame.count {
        // From the UDP length on the datagram is there but cut; before it nothing can be told.
        let expected: PacketVerdict =
          count >= frame.count - payload.count - 2 ? .cutShort : .malformed
        #expect(decode(Array(frame.prefix(count))) == expected, "\(count) of \(frame.count)")
      }
    }
  }

  @Test func otherLinkTypes() {
    let four = Frames.ipv4(Frames.udp(payload))
    let six = Frames.ipv6(Frames.udp(payload))
    let cooked: [UInt8] = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]
    let cookedTwo: [UInt8] = [0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]
    for linkType in [12, 14, 101, 228, 229] {
      #expect(datagramPayload(four, linkType: linkType) == payload)
      #expect(datagramPayload(six, linkType: linkType, isIPv6: true) == payload)
    }
    #expect(datagramPayload([2, 0, 0, 0] + four, linkType: 0) == payload)
    #expect(datagramPayload([0, 0, 0, 24] + six, linkType: 108, isIPv6: true) == payload)
    #expect(datagramPayload(cooked + [0x08, 0] + four, linkType: 113) == payload)
    #expect(
      datagramPayload(cooked + [0x81, 0, 0, 9, 0x86, 0xDD] + six, linkType: 113, isIPv6: true)
        == payload)
    #expect(datagramPayload([0x08, 0] + cookedTwo + four, linkType: 276) == payload)
    #expect(decode([0x30, 1, 2], linkType: 12) == .notIP)
    #expect(decode([], linkType: 12) == .malformed)
    for linkType in [1, 0, 12, 113, 276] {
      #expect(PacketDecoder(linkType: linkType).isSupported)
    }
    for linkType in [105, 127, 147, 195, 249] {
      #expect(!PacketDecoder(linkType: linkType).isSupported)
    }
  }

  @Test func mutatedPacketsNeverTrap() {
    let frame = Frames.ethernet(
      0x86DD,
      Frames.ipv6(Frames.udp(payload), extensions: [(0, [0, 0, 1, 4, 0, 0, 0, 0])]),
      tags: [(0x8100, 3)])
    var mutator = ByteMutator(seed: 31)
    var datagramCount = 0
    for _ in 0..<20_000 {
      let bytes = mutator.mutated(frame)
      for linkType in [1, 113] {
        if case .datagram(_, _, let range) = decode(bytes, linkType: linkType) {
          #expect(range.upperBound <= bytes.count)
          datagramCount += 1
        }
      }
    }
    #expect(datagramCount > 1_000)
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func decodingAllocatesNothing() {
    let frame = Frames.ethernet(0x0800, Frames.ipv4(Frames.udp(payload)), tags: [(0x8100, 3)])
    let decoder = PacketDecoder(linkType: 1)
    var datagramCount = 0
    let count = allocationCount {
      frame.withRawSpan { span in
        for _ in 0..<1_000 where decoder.decode(span) != .notIP { datagramCount += 1 }
      }
    }
    #expect(count == 0 && datagramCount == 1_000)
  }
}
