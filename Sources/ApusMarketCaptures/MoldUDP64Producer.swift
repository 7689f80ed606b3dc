// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCapture
internal import ApusMarketProtocols

/// Unpacks the messages of a MoldUDP64 feed from a packet capture, length-framed like a file.
///
/// Sequence numbers are followed by session, whatever the addresses, so that both lines of a
/// redundant feed merge into one: what one line lost the other fills, and what both carried is taken
/// once. A packet that comes before its turn waits for those before it, for as long as 1,024 packets
/// take; what has not come by then is a gap. A session begins at the lowest number among its first
/// 1,024 packets, which are held until then. Whatever is not handed on is counted by its reason.
///
/// - Threading: one thread at a time; read ``statistics`` when it has come to its end.
@safe
public final class MoldUDP64Producer: ChunkProducer {
  /// How the packets fared so far.
  public private(set) var statistics = MoldUDP64Statistics()
  /// The file.
  public let path: String
  /// Nil where nothing more is read.
  private let reader: PcapReader?
  private let hasSuccessor: Bool
  private var feed: MoldUDP64Feed
  /// Messages that did not fit the last buffer.
  private var pending: [UInt8] = []
  private var pendingStart = 0
  private var pendingError: CaptureError?
  private var isAtEnd = false

  /// The most sessions followed; packets of further ones are counted and passed over.
  public static let sessionCountMax = 64
  /// The highest sequence number of a packet: no message behind it has one that does not fit.
  public static let sequenceMax = UInt64.max - 0x10000

  /// Unpacks a capture.
  ///
  /// - Parameters:
  ///   - predecessor: The capture before it of the same feed, read to its end: sessions continue.
  ///   - hasSuccessor: Whether another capture continues this one, so that what waits at its end may
  ///     still come.
  public init(
    _ reader: PcapReader, after predecessor: MoldUDP64Producer? = nil, hasSuccessor: Bool = false
  ) {
    path = reader.path
    self.reader = reader
    self.hasSuccessor = hasSuccessor
    feed = predecessor?.feed ?? MoldUDP64Feed()
    pending.reserveCapacity(1 << 17)
  }

  /// Ends the sessions of a capture whose successor cannot be read: what waits for it is unpacked, and
  /// what is missing counted.
  ///
  /// - Parameter predecessor: Read to its end.
  public init(finishing predecessor: MoldUDP64Producer) {
    path = predecessor.path
    reader = nil
    hasSuccessor = false
    feed = predecessor.feed
  }

  /// Size of the file.
  public var inputByteCount: UInt64? { reader?.inputByteCount }
  /// Bytes of the file read so far.
  public var inputBytesRead: UInt64 { reader?.inputBytesRead ?? 0 }

  /// Fills a buffer with length-framed messages.
  public func fill(_ target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    var written = unsafe takePending(target, 0)
    // A datagram has at most 64 KiB, which `pending` holds where the buffer does not.
    while written < target.count, pendingStart == pending.count, !isAtEnd {
      do throws(CaptureError) {
        isAtEnd =
          try reader?.nextDatagram({ datagram, payload in take(datagram, payload) }) != true
      } catch {
        pendingError = error
        isAtEnd = true
      }
      if isAtEnd { finish() }
      written = unsafe takePending(target, written)
    }
    if let counts = reader?.counts {
      statistics.ignoredPacketCount = counts.total - counts.datagrams
    }
    if written == 0, let error = pendingError { throw error }
    return written
  }

  private func finish() {
    guard !hasSuccessor || pendingError != nil else { return }
    feed.finish(into: &pending, &statistics)
  }

  private func takePending(_ target: UnsafeMutableRawBufferPointer, _ written: Int) -> Int {
    let count = min(pending.count - pendingStart, target.count - written)
    guard count > 0 else { return written }
    // SAFETY: count bytes are there on both sides.
    unsafe pending.withUnsafeBytes { source in
      unsafe UnsafeMutableRawBufferPointer(rebasing: target[written..<written + count])
        .copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source[pendingStart..<pendingStart + count]))
    }
    pendingStart += count
    if pendingStart == pending.count {
      pending.removeAll(keepingCapacity: true)
      pendingStart = 0
    }
    return written + count
  }

  private func take(_ datagram: UDPDatagram, _ payload: RawSpan) {
    guard case .packet(let header) = MoldUDP64.decode(payload),
      header.sequence <= Self.sequenceMax
    else {
      statistics.malformedPacketCount += 1
      if statistics.firstMalformedPacket == nil {
        statistics.firstMalformedPacket = datagram.packetNumber
      }
      return
    }
    guard let position = feed.position(of: header.session, &statistics) else {
      statistics.unfollowedPacketCount += 1
      return
    }
    statistics.packetCount += 1
    let place = MoldUDP64Sequencer.Place(
      path: path, packetNumber: datagram.packetNumber, captureOffset: datagram.captureOffset)
    switch header.messageCount {
    case MoldUDP64.endOfSessionCount:
      statistics.endOfSessionCount += 1
      feed.announce(position, header.sequence, at: place)
    case 0:
      statistics.heartbeatCount += 1
      feed.announce(position, header.sequence, at: place)
    case let count:
      feed.take(
        position, header.sequence, count: UInt64(count), payload: payload, at: place,
        into: &pending, &statistics)
    }
  }
}
