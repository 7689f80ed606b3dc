// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCapture

/// How the packets of a feed fared.
public struct MoldUDP64Statistics: Sendable, Equatable {
  /// Packets of the feed.
  public var packetCount: UInt64 = 0
  /// Packets without messages.
  public var heartbeatCount: UInt64 = 0
  /// Packets that end a session.
  public var endOfSessionCount: UInt64 = 0
  /// Times the sequence numbers jumped forward.
  public var gapCount: UInt64 = 0
  /// Messages that are missing.
  public var gapMessageCount: UInt64 = 0
  /// First missing sequence number of the first gap.
  public var firstGapSequence: UInt64?
  /// Packet of the capture that showed the first gap, from 1.
  public var firstGapPacket: UInt64?
  /// Messages that had been seen: the other line of a redundant feed, or a retransmission.
  public var duplicateMessageCount: UInt64 = 0
  /// Datagrams that are no packets of the feed.
  public var malformedPacketCount: UInt64 = 0
  /// Packet of the capture that was malformed first, from 1.
  public var firstMalformedPacket: UInt64?
  /// Packets of the capture that are no UDP datagrams.
  public var ignoredPacketCount: UInt64 = 0
  /// Sessions seen.
  public var sessionCount: UInt64 = 0

  /// Nothing yet.
  public init() {}
}

/// Unpacks the messages of a MoldUDP64 feed from a packet capture, length-framed like a file.
///
/// Sequence numbers are followed by session, whatever the addresses, so that both lines of a
/// redundant feed merge into one: what one line lost the other fills if it brings it before the
/// next message, and what both carried is taken once. A packet that repeats some messages gives only
/// the others. Messages are never put back in order: what arrives after a later one counts as
/// duplicate, and the gap stays told.
///
/// - Threading: one thread at a time; read ``statistics`` when it has come to its end.
@safe
public final class MoldUDP64Producer: ChunkProducer {
  /// How the packets fared so far.
  public private(set) var statistics = MoldUDP64Statistics()
  private let reader: PcapReader
  /// Sequence number expected next, by session. Few sessions: a scan is fastest.
  private var sessions: [(session: MoldUDP64.Session, next: UInt64)] = []
  /// Messages that did not fit the last buffer.
  private var pending: [UInt8] = []
  private var pendingStart = 0
  private var pendingError: CaptureError?

  /// The most sessions followed at the same time; packets of further ones are malformed.
  public static let sessionCountMax = 64

  /// Unpacks a capture.
  public init(_ reader: PcapReader) {
    self.reader = reader
    pending.reserveCapacity(1 << 17)
  }

  /// The file.
  public var path: String { reader.path }
  /// Size of the file.
  public var inputByteCount: UInt64? { reader.inputByteCount }
  /// Bytes of the file read so far.
  public var inputBytesRead: UInt64 { reader.inputBytesRead }

  /// Fills a buffer with length-framed messages.
  public func fill(_ target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    var written = unsafe takePending(target, 0)
    // A datagram has at most 64 KiB, which `pending` holds where the buffer does not.
    while written < target.count, pendingStart == pending.count, pendingError == nil {
      do throws(CaptureError) {
        guard try reader.nextDatagram({ datagram, payload in take(datagram, payload) }) else {
          break
        }
      } catch {
        pendingError = error
      }
      written = unsafe takePending(target, written)
    }
    let counts = reader.counts
    statistics.ignoredPacketCount = counts.total - counts.datagrams
    if written == 0, let error = pendingError { throw error }
    return written
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
      let position = position(of: header)
    else {
      statistics.malformedPacketCount += 1
      if statistics.firstMalformedPacket == nil {
        statistics.firstMalformedPacket = datagram.packetNumber
      }
      return
    }
    statistics.packetCount += 1
    let isEnd = header.messageCount == MoldUDP64.endOfSessionCount
    let count = isEnd ? 0 : UInt64(header.messageCount)
    if isEnd {
      statistics.endOfSessionCount += 1
    } else if count == 0 {
      statistics.heartbeatCount += 1
    }
    let expected = sessions[position].next
    if header.sequence > expected {
      statistics.gapCount += 1
      statistics.gapMessageCount &+= header.sequence - expected
      if statistics.firstGapSequence == nil {
        statistics.firstGapSequence = expected
        statistics.firstGapPacket = datagram.packetNumber
      }
      sessions[position].next = header.sequence
    }
    guard count > 0 else { return }
    let repeated = min(count, sessions[position].next - header.sequence)
    statistics.duplicateMessageCount += repeated
    guard repeated < count,
      let start = MoldUDP64.endOfMessages(payload, count: Int(repeated))
    else { return }
    sessions[position].next = header.sequence &+ count
    // SAFETY: the messages were checked to lie inside the payload.
    unsafe payload.extracting(start..<payload.byteCount).withUnsafeBytes {
      unsafe pending.append(contentsOf: $0)
    }
  }

  /// Place of a packet's session; a new session begins with the first packet seen of it.
  private func position(of header: MoldUDP64.Header) -> Int? {
    if let known = sessions.firstIndex(where: { $0.session == header.session }) { return known }
    guard sessions.count < Self.sessionCountMax, header.sequence <= UInt64.max - 0x10000 else {
      return nil
    }
    sessions.append((header.session, header.sequence))
    statistics.sessionCount += 1
    return sessions.count - 1
  }
}
