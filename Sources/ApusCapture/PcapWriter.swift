// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusPcap
internal import Glibc

/// Writes UDP datagrams as an Ethernet capture with nanosecond times, complete or not at all.
///
/// - Threading: one thread at a time.
@safe
public final class PcapWriter {
  /// The file's final name.
  public var path: String { file.path }
  private var file: TemporaryFile
  private var writer: OpaquePointer?
  private var frame: [UInt8] = []
  private let vlan: UInt16?

  /// The longest payload of a datagram. Unit: bytes.
  public static let payloadByteCountMax = 65_000

  /// Begins a capture.
  ///
  /// - Parameter vlan: Identifier for an 802.1Q tag in every frame; nil for none.
  /// - Throws: ``CaptureError`` for a target that cannot be written.
  public init(path: String, vlan: UInt16? = nil) throws(CaptureError) {
    let file = try TemporaryFile(path: path)
    guard
      let writer = unsafe capus_pcap_writer_open(
        fcntl(file.descriptor, F_DUPFD_CLOEXEC, 3))
    else {
      throw CaptureError(path: path, errno: errno, operation: "open")
    }
    self.file = file
    unsafe self.writer = writer
    self.vlan = vlan
  }

  deinit {
    if let writer = unsafe writer { _ = unsafe capus_pcap_writer_close(writer) }
  }

  /// Appends one datagram.
  ///
  /// - Parameters:
  ///   - payload: Shape: 0...65,000 bytes.
  ///   - timestampNanoseconds: Unit: nanoseconds since 1970.
  /// - Precondition: Source and destination are of the same family.
  public func writeUDP(
    _ payload: RawSpan, from source: UDPEndpoint, to destination: UDPEndpoint,
    timestampNanoseconds: UInt64
  ) throws(CaptureError) {
    precondition(
      payload.byteCount <= Self.payloadByteCountMax && source.isIPv6 == destination.isIPv6,
      "PcapWriter.writeUDP: expected at most 65,000 bytes between addresses of one family")
    frame.removeAll(keepingCapacity: true)
    frame += [0x01, 0x00, 0x5E, 0, 0, 1, 0x02, 0, 0, 0, 0, 1]
    if let vlan {
      append(UInt16(0x8100))
      append(vlan & 0x0FFF)
    }
    let length = UInt16(payload.byteCount + 8)
    appendNetworkHeader(length, source, destination)
    append(source.port)
    append(destination.port)
    append(length)
    append(UInt16(0))
    unsafe payload.withUnsafeBytes { unsafe frame.append(contentsOf: $0) }
    guard let writer = unsafe writer else { return }
    // SAFETY: the frame's bytes are valid during the call.
    let result = unsafe capus_pcap_writer_write(
      writer, frame, UInt32(frame.count), timestampNanoseconds)
    guard result == 0 else {
      throw CaptureError(path: path, reason: .system(operation: "write", errno: -result))
    }
  }

  /// Writes what is left and gives the file its name.
  public func commit() throws(CaptureError) {
    try finish()
    try publish()
  }

  /// Writes what is left and makes it durable, under the temporary name still: a full disk is told here.
  ///
  /// Nothing is written after it. Follow it with ``publish()``.
  public func finish() throws(CaptureError) {
    guard let open = unsafe writer else { return }
    unsafe writer = nil
    let result = unsafe capus_pcap_writer_close(open)
    guard result == 0 else {
      throw CaptureError(path: path, reason: .system(operation: "write", errno: -result))
    }
    try file.finish()
  }

  /// Gives the file its name, and makes the name durable.
  ///
  /// - Precondition: ``finish()`` has returned.
  public func publish() throws(CaptureError) { try file.publish() }

  private func appendNetworkHeader(
    _ length: UInt16, _ source: UDPEndpoint, _ destination: UDPEndpoint
  ) {
    if source.isIPv6 {
      append(UInt16(0x86DD))
      append(UInt32(6 << 28))
      append(length)
      frame += [17, 64]
      for word in [source.high, source.low, destination.high, destination.low] { append(word) }
      return
    }
    append(UInt16(0x0800))
    let start = frame.count
    frame += [0x45, 0]
    append(length + 20)
    append(UInt32(0x4000))
    frame += [64, 17, 0, 0]
    append(UInt32(truncatingIfNeeded: source.low))
    append(UInt32(truncatingIfNeeded: destination.low))
    var sum: UInt32 = 0
    for offset in stride(from: start, to: start + 20, by: 2) {
      sum += UInt32(frame[offset]) << 8 | UInt32(frame[offset + 1])
    }
    while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
    frame[start + 10] = UInt8(truncatingIfNeeded: ~sum >> 8)
    frame[start + 11] = UInt8(truncatingIfNeeded: ~sum)
  }

  private func append<T: FixedWidthInteger>(_ value: T) {
    for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
      frame.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}
