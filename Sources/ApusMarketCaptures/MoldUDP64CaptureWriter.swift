// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCapture
public import ApusMarketProtocols

/// Packs length-framed messages into MoldUDP64 packets of a capture.
///
/// - Threading: one thread at a time.
public struct MoldUDP64CaptureWriter: ~Copyable {
  private let writer: PcapWriter
  private let session: MoldUDP64.Session
  private let source: UDPEndpoint
  private let destination: UDPEndpoint
  /// Number of the next message.
  public private(set) var sequence: UInt64

  /// The longest packet. Unit: bytes of UDP payload.
  public static let payloadByteCountMax = 1_400

  /// Begins a capture.
  ///
  /// - Parameter vlan: Identifier for an 802.1Q tag; nil for none.
  public init(
    path: String, session: MoldUDP64.Session = .init("APUS000001"), firstSequence: UInt64 = 1,
    source: UDPEndpoint = UDPEndpoint(10, 0, 0, 1, port: 31_000),
    destination: UDPEndpoint = UDPEndpoint(233, 54, 12, 111, port: 26_477), vlan: UInt16? = nil
  ) throws(CaptureError) {
    writer = try PcapWriter(path: path, vlan: vlan)
    self.session = session
    self.source = source
    self.destination = destination
    sequence = firstSequence
  }

  /// Packs complete length-framed messages, as many as fit into each packet.
  ///
  /// - Parameters:
  ///   - framed: Whole messages of at most 1,378 bytes.
  ///   - dayStartNanoseconds: Midnight. Unit: nanoseconds since 1970. A packet bears the time of
  ///     its last message.
  /// - Precondition: `framed` ends with a whole message.
  public mutating func write(
    _ framed: RawSpan, dayStartNanoseconds: UInt64
  ) throws(CaptureError) {
    var start = 0
    while start < framed.byteCount {
      var end = start
      var count: UInt16 = 0
      var last = start
      while framed.byteCount - end >= 2 {
        // SAFETY: two bytes are there.
        let length = unsafe Int(
          UInt16(bigEndian: framed.unsafeLoadUnaligned(fromByteOffset: end, as: UInt16.self)))
        guard end + 2 + length <= framed.byteCount,
          end + 2 + length - start + MoldUDP64.headerByteCount <= Self.payloadByteCountMax
        else { break }
        last = end
        end += 2 + length
        count += 1
      }
      precondition(count > 0, "MoldUDP64CaptureWriter.write: expected whole messages that fit")
      var packet = MoldUDP64.Header(session: session, sequence: sequence, messageCount: count).bytes
      unsafe framed.extracting(start..<end).withUnsafeBytes {
        unsafe packet.append(contentsOf: $0)
      }
      let time = Self.timestamp(framed.extracting(last..<end))
      try unsafe writer.writeUDP(
        packet.span.bytes, from: source, to: destination,
        timestampNanoseconds: dayStartNanoseconds &+ time)
      sequence += UInt64(count)
      start = end
    }
  }

  /// Ends the session and gives the file its name.
  public mutating func commit(timestampNanoseconds: UInt64) throws(CaptureError) {
    try finish(timestampNanoseconds: timestampNanoseconds)
    try publish()
  }

  /// Ends the session and makes the capture durable, under a temporary name still.
  public mutating func finish(timestampNanoseconds: UInt64) throws(CaptureError) {
    let end = MoldUDP64.Header(
      session: session, sequence: sequence, messageCount: MoldUDP64.endOfSessionCount)
    try unsafe writer.writeUDP(
      end.bytes.span.bytes, from: source, to: destination,
      timestampNanoseconds: timestampNanoseconds)
    try writer.finish()
  }

  /// Gives the file its name.
  ///
  /// - Precondition: ``finish(timestampNanoseconds:)`` has returned.
  public mutating func publish() throws(CaptureError) { try writer.publish() }

  private static func timestamp(_ frame: RawSpan) -> UInt64 {
    guard frame.byteCount >= 13 else { return 0 }
    // SAFETY: 13 bytes are there: the frame's length and an ITCH header.
    return unsafe UInt64(
      bigEndian: frame.unsafeLoadUnaligned(fromByteOffset: 5, as: UInt64.self)) & 0xFFFF_FFFF_FFFF
  }
}
