// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCapture
internal import ApusMarketProtocols
internal import ApusMemory

/// Packets of a recorded SoupBinTCP stream by what they were.
public struct SoupBinTCPStatistics: Sendable, Equatable {
  /// Packets of all types.
  public var packetCount: UInt64 = 0
  /// Messages of the sequenced stream.
  public var sequencedCount: UInt64 = 0
  /// Messages outside it.
  public var unsequencedCount: UInt64 = 0
  /// Heartbeats of either side.
  public var heartbeatCount: UInt64 = 0
  /// Packets of a type or a length that does not exist; passed over.
  public var malformedPacketCount: UInt64 = 0
  /// Where the first of them begins in the stream. Unit: bytes.
  public var firstMalformedOffset: UInt64?

  /// Nothing yet.
  public init() {}
}

/// Unpacks the messages of a recorded SoupBinTCP stream, length-framed like a file.
///
/// A data packet less its type byte is a framed message, so unpacking is copying.
///
/// - Threading: one thread at a time.
@safe
public final class SoupBinTCPProducer: ChunkProducer {
  /// How the packets fared so far.
  public private(set) var statistics = SoupBinTCPStatistics()
  private let source: any ChunkProducer
  private let region: MemoryRegion
  private var held = 0..<0
  private var streamOffset: UInt64 = 0
  private var isAtEnd = false
  private var pendingError: CaptureError?

  static let bufferByteCount = 1 << 18

  /// Unpacks the stream of another producer.
  public init(_ source: any ChunkProducer) throws(CaptureError) {
    self.source = source
    do {
      region = try MemoryRegion(byteCount: Self.bufferByteCount, options: .init(pages: .plain))
    } catch {
      throw CaptureError(path: source.path, reason: .system(operation: "mmap", errno: 12))
    }
  }

  /// The file.
  public var path: String { source.path }
  /// Size of the file.
  public var inputByteCount: UInt64? { source.inputByteCount }
  /// Bytes of the file read so far.
  public var inputBytesRead: UInt64 { source.inputBytesRead }

  /// Fills a buffer with length-framed messages.
  ///
  /// - Precondition: Room for the longest message and its frame, 65,537 bytes.
  public func fill(_ target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    precondition(
      target.count >= 65_537, "SoupBinTCPProducer.fill: expected room for 65,537 bytes")
    var written = 0
    while true {
      written = unsafe unpack(target, written)
      if target.count - written < 65_537 || isAtEnd || pendingError != nil { break }
      do throws(CaptureError) { try refill() } catch { pendingError = error }
    }
    if written == 0, let error = pendingError { throw error }
    return written
  }

  /// Moves what is left to the front of the buffer and reads more behind it.
  private func refill() throws(CaptureError) {
    let base = unsafe region.baseAddress
    // SAFETY: held lies inside the buffer; an incomplete packet has at most 65,537 bytes.
    unsafe base.copyMemory(from: base + held.lowerBound, byteCount: held.count)
    streamOffset += UInt64(held.lowerBound)
    held = 0..<held.count
    let count = try unsafe source.fill(
      UnsafeMutableRawBufferPointer(
        start: base + held.count, count: Self.bufferByteCount - held.count))
    held = 0..<held.count + count
    if count == 0 {
      isAtEnd = true
      if !held.isEmpty {
        throw CaptureError(
          path: path, offset: streamOffset,
          reason: .truncated("the stream ends \(held.count) bytes into a packet"))
      }
    }
  }

  private func countMalformed(at cursor: Int) {
    statistics.malformedPacketCount += 1
    if statistics.firstMalformedOffset == nil {
      statistics.firstMalformedOffset = streamOffset + UInt64(cursor)
    }
  }

  private func unpack(_ target: UnsafeMutableRawBufferPointer, _ start: Int) -> Int {
    var written = start
    // SAFETY: held lies inside the buffer; each message is copied whole into checked room.
    let span = unsafe RawSpan(
      _unsafeBytes: UnsafeRawBufferPointer(start: region.baseAddress, count: held.upperBound))
    var cursor = held.lowerBound
    loop: while target.count - written >= 65_537 {
      switch SoupBinTCP.decode(span, at: cursor) {
      case .incomplete: break loop
      case .emptyPacket:
        countMalformed(at: cursor)
        cursor += 2
      case .unknownType(_, let byteCount), .wrongLength(_, let byteCount):
        countMalformed(at: cursor)
        cursor += byteCount
      case .packet(let type, let payload):
        statistics.packetCount += 1
        cursor = payload.upperBound
        switch type {
        case .sequencedData: statistics.sequencedCount += 1
        case .unsequencedData: statistics.unsequencedCount += 1
        case .serverHeartbeat, .clientHeartbeat:
          statistics.heartbeatCount += 1
          continue loop
        default: continue loop
        }
        unsafe target.storeBytes(
          of: UInt16(payload.count).bigEndian, toByteOffset: written, as: UInt16.self)
        if let room = target.baseAddress {
          unsafe (room + written + 2).copyMemory(
            from: region.baseAddress + payload.lowerBound, byteCount: payload.count)
        }
        written += 2 + payload.count
      }
    }
    held = cursor..<held.upperBound
    return written
  }
}
