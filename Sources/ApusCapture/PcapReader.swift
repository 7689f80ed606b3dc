// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusPcap

/// One UDP datagram of a capture.
public struct UDPDatagram {
  /// Time of capture. Unit: nanoseconds since 1970.
  public var timestampNanoseconds: UInt64
  /// Who sent it.
  public var source: UDPEndpoint
  /// Whom it was sent to: for multicast, the group.
  public var destination: UDPEndpoint
  /// Number of its packet in the capture, from 1.
  public var packetNumber: UInt64
  /// Where its packet begins in the capture, decompressed. Unit: bytes.
  public var captureOffset: UInt64
}

/// Reads the UDP datagrams of a packet capture, pcap or pcapng, with libpcap.
///
/// - Threading: one thread at a time.
@safe
public final class PcapReader {
  /// The file.
  public var path: String { source.producer.path }
  /// Size of the file; nil where it is not known.
  public var inputByteCount: UInt64? { source.producer.inputByteCount }
  /// What the packets turned out to be.
  public private(set) var counts = PacketCounts()
  private let source: PcapSource
  private let capture: OpaquePointer
  private let decoder: PacketDecoder

  /// Opens a capture, plain or compressed with gzip.
  ///
  /// - Throws: ``CaptureError`` for a file that is missing, empty, a directory, not readable, no
  ///   capture, or a capture of a link type without IP.
  public convenience init(path: String) throws(CaptureError) {
    try self.init(openByteStream(path))
  }

  /// Reads a capture from a stream of its bytes, which need not be seekable.
  ///
  /// - Throws: ``CaptureError`` for a stream that cannot be read or is no capture, or one of a link
  ///   type without IP.
  public init(_ producer: any ChunkProducer) throws(CaptureError) {
    let path = producer.path
    let source = PcapSource(producer)
    var text = [CChar](repeating: 0, count: 257)
    // SAFETY: the buffer is longer than libpcap's error text. The reader keeps the source for as
    // long as the capture is open, and the callback is called only within calls of the capture.
    let opened = unsafe capus_pcap_open(
      { context, bytes, byteCount in
        guard let context = unsafe context, let bytes = unsafe bytes else { return -1 }
        let source = unsafe Unmanaged<PcapSource>.fromOpaque(context).takeUnretainedValue()
        return unsafe source.read(UnsafeMutableRawBufferPointer(start: bytes, count: byteCount))
      }, Unmanaged.passUnretained(source).toOpaque(), &text)
    guard let capture = unsafe opened else {
      if let error = source.error { throw error }
      let reason = String(
        decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw CaptureError(path: path, offset: 0, reason: .foreign("no packet capture (\(reason))"))
    }
    decoder = PacketDecoder(linkType: unsafe Int(capus_pcap_link_type(capture)))
    guard decoder.isSupported else {
      unsafe capus_pcap_close(capture)
      throw CaptureError(
        path: path, offset: 0,
        reason: .foreign("packets of link type \(decoder.linkType), which carries no IP"))
    }
    unsafe self.capture = capture
    self.source = source
  }

  deinit { unsafe capus_pcap_close(capture) }

  /// Bytes of the file read so far.
  public var inputBytesRead: UInt64 { source.producer.inputBytesRead }

  /// Hands the next UDP datagram on; other packets are counted and passed over.
  ///
  /// - Returns: False at the end of the capture.
  /// - Throws: ``CaptureError`` where the capture is damaged or ends inside a packet.
  public func nextDatagram(
    _ body: (UDPDatagram, _ payload: RawSpan) -> Void
  ) throws(CaptureError) -> Bool {
    var packet = unsafe capus_pcap_packet()
    while true {
      let offset = unsafe capus_pcap_position(capture)
      // SAFETY: the packet's bytes are valid until the next call.
      let result = unsafe capus_pcap_next(capture, &packet)
      guard result == 1 else {
        if let error = source.error { throw error }
        if result == 0 { return false }
        let text = unsafe String(cString: capus_pcap_error(capture))
        let isTruncated = text.contains("truncated")
        throw CaptureError(
          path: path, offset: offset, reason: isTruncated ? .truncated(text) : .corrupt(text))
      }
      let bytes = unsafe UnsafeRawBufferPointer(
        start: packet.bytes, count: Int(packet.capturedByteCount))
      let span = unsafe RawSpan(_unsafeBytes: bytes)
      switch decoder.decode(span) {
      case .datagram(let source, let destination, let payload):
        counts.datagrams += 1
        body(
          unsafe UDPDatagram(
            timestampNanoseconds: packet.timestampNanoseconds, source: source,
            destination: destination, packetNumber: counts.total, captureOffset: offset),
          span.extracting(payload))
        return true
      case .notIP: counts.notIP += 1
      case .notUDP: counts.notUDP += 1
      case .fragment: counts.fragments += 1
      case .malformed: counts.malformed += 1
      case .cutShort: counts.cutShort += 1
      }
    }
  }
}

/// Where libpcap gets its bytes from, and what went wrong there.
private final class PcapSource {
  let producer: any ChunkProducer
  private(set) var error: CaptureError?

  init(_ producer: any ChunkProducer) { self.producer = producer }

  /// Bytes read; 0 at the end, -1 for an error, which is kept.
  func read(_ target: UnsafeMutableRawBufferPointer) -> Int {
    do throws(CaptureError) {
      return try unsafe producer.fill(target)
    } catch {
      self.error = error
      return -1
    }
  }
}
