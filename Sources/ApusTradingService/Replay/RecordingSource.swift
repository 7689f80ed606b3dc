// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusMarketCaptures
internal import ApusMarketProtocols

/// One recording, opened: a reader of length-framed messages, whatever the file's form.
struct RecordingSource {
  let reader: ReadAhead
  private let mold: MoldUDP64Producer?
  private let soup: SoupBinTCPProducer?
  /// Whether it only ends the sessions of the recording before it.
  private var isRemainder = false

  /// Opens recordings one after the other and hands each to `body`, which reads it to its end.
  ///
  /// Where one cannot be opened or read, what the captures before it left waiting comes last, as a
  /// recording of its own.
  ///
  /// - Throws: What `open` and `body` throw; of the remainder no ``CaptureError``, as the one that ended
  ///   the reading says more.
  static func forEach(
    _ paths: [String], format: MarketDataFormat, open: (Int) throws -> any ChunkProducer,
    _ body: (RecordingSource, String) throws -> Void
  ) throws {
    var last: RecordingSource?
    do {
      for (index, path) in paths.enumerated() {
        let next = try RecordingSource(
          open(index), format: format, after: last, hasSuccessor: index + 1 < paths.count)
        last = next
        try body(next, path)
      }
    } catch let error as CaptureError {
      if let mold = last?.mold {
        do {
          let remainder = try RecordingSource(finishing: mold)
          try body(remainder, mold.path)
        } catch is CaptureError {}
      }
      throw error
    }
  }

  private init(finishing predecessor: MoldUDP64Producer) throws(CaptureError) {
    let producer = MoldUDP64Producer(finishing: predecessor)
    mold = producer
    soup = nil
    isRemainder = true
    reader = try ReadAhead(producer: producer)
  }

  /// Opens a recording.
  ///
  /// - Parameters:
  ///   - predecessor: The recording before it, read to its end: a capture continues its sessions.
  ///   - hasSuccessor: Whether another recording follows.
  init(
    _ stream: any ChunkProducer, format: MarketDataFormat,
    after predecessor: RecordingSource? = nil,
    hasSuccessor: Bool = false
  ) throws(CaptureError) {
    switch format {
    case .itch50, .lobster:
      mold = nil
      soup = nil
      reader = try ReadAhead(producer: stream)
    case .soupbintcp:
      let producer = try SoupBinTCPProducer(stream)
      mold = nil
      soup = producer
      reader = try ReadAhead(producer: producer)
    case .pcap:
      let producer = MoldUDP64Producer(
        try PcapReader(stream), after: predecessor?.mold, hasSuccessor: hasSuccessor)
      mold = producer
      soup = nil
      reader = try ReadAhead(producer: producer)
    }
  }

  /// Adds how the packets fared; call when the reader has come to its end.
  func addTransport(to figures: inout ReplayFigures) {
    var transport = figures.transport ?? ReplayFigures.Transport()
    if let statistics = mold?.statistics {
      transport.packetCount += statistics.packetCount
      transport.heartbeatCount += statistics.heartbeatCount
      transport.gapCount += statistics.gapCount
      transport.gapMessageCount &+= statistics.gapMessageCount
      let more = MoldUDP64Statistics.gapsListedMax - transport.gaps.count
      transport.gaps += statistics.gaps.prefix(more).map(ReplayFigures.Gap.init)
      transport.duplicateMessageCount += statistics.duplicateMessageCount
      transport.lateMessageCount += statistics.lateMessageCount
      transport.reorderedPacketCount += statistics.reorderedPacketCount
      transport.strayPacketCount += statistics.strayPacketCount
      transport.unfollowedPacketCount += statistics.unfollowedPacketCount
      transport.malformedPacketCount += statistics.malformedPacketCount
      transport.ignoredPacketCount += statistics.ignoredPacketCount
      figures.transport = transport
    }
    if let statistics = soup?.statistics {
      transport.packetCount += statistics.packetCount
      transport.heartbeatCount += statistics.heartbeatCount
      transport.malformedPacketCount += statistics.malformedPacketCount
      figures.transport = transport
    }
  }

  /// What is wrong with the packets as a whole, or nil; call when the reader has come to its end.
  ///
  /// Datagrams of other protocols are nothing wrong in a capture that has a feed, but a capture
  /// without any packet of one is no recording. In a SoupBinTCP stream every packet should be right.
  func damage(
    path: String, gaps: GapRule, _ words: ReplayWords = ReplayWords()
  ) -> CaptureError? {
    if let statistics = mold?.statistics {
      if statistics.packetCount == 0, statistics.unfollowedPacketCount == 0, !isRemainder {
        return CaptureError(
          path: path,
          reason: .foreign(
            "no MoldUDP64 packet among its \(statistics.malformedPacketCount) UDP datagrams and "
              + "\(statistics.ignoredPacketCount) other packets; name a capture of a feed"))
      }
      return gaps == .allow ? nil : Self.missing(statistics, path: path, words)
    }
    if let statistics = soup?.statistics, statistics.malformedPacketCount > 0 {
      return CaptureError(
        path: path, offset: statistics.firstMalformedOffset,
        reason: .corrupt(
          "\(statistics.malformedPacketCount) SoupBinTCP packets of a type or length that does not "
            + "exist were skipped; the rest was replayed"))
    }
    return nil
  }

  /// What the packets of a feed did not bring, or brought in vain.
  private static func missing(
    _ statistics: MoldUDP64Statistics, path: String, _ words: ReplayWords
  ) -> CaptureError? {
    var parts: [String] = []
    if let gap = statistics.gaps.first {
      parts.append(
        "packet \(gap.packetNumber): session \(gap.session): messages \(gap.firstSequence) to "
          + "\(gap.lastSequence) are missing (gaps: \(statistics.gapCount), "
          + "messages: \(statistics.gapMessageCount))")
    }
    for (count, what) in [
      (statistics.lateMessageCount, "messages came when later ones had been taken"),
      (statistics.strayPacketCount, "packets were far ahead of a feed that continued without them"),
      (statistics.unfollowedPacketCount, "packets were of more sessions than can be followed"),
    ] where count > 0 {
      parts.append("\(count) \(what)")
    }
    guard !parts.isEmpty else { return nil }
    return CaptureError(
      path: statistics.gaps.first?.path ?? path, offset: statistics.gaps.first?.captureOffset,
      reason: .incomplete(
        parts.joined(separator: "; ")
          + "; the rest was replayed; \(words.allowingGaps) takes it as it is"))
  }
}

extension ReplayFigures.Gap {
  fileprivate init(_ gap: MoldUDP64Gap) {
    self.init(
      file: gap.path, session: "\(gap.session)", firstSequence: gap.firstSequence,
      lastSequence: gap.lastSequence, packet: gap.packetNumber, offset: gap.captureOffset)
  }
}

/// Finds out what form a recording has by looking at its first bytes.
public enum RecordingFormat {
  /// Whether an order log begins so.
  public static func isOrderLog(_ head: [UInt8]) -> Bool {
    head.starts(with: OrderLogHeader.magic)
  }

  /// The form of a recording that begins so, or nil where it is none that can be replayed.
  public static func detect(_ head: [UInt8]) -> MarketDataFormat? {
    if isCapture(head) { return .pcap }
    if isITCH(head) { return .itch50 }
    if isSoupBinTCP(head) { return .soupbintcp }
    return isLOBSTER(head) ? .lobster : nil
  }

  private static func isCapture(_ head: [UInt8]) -> Bool {
    let magics: [[UInt8]] = [
      [0xA1, 0xB2, 0xC3, 0xD4], [0xD4, 0xC3, 0xB2, 0xA1], [0xA1, 0xB2, 0x3C, 0x4D],
      [0x4D, 0x3C, 0xB2, 0xA1], [0x0A, 0x0D, 0x0D, 0x0A],
    ]
    return magics.contains(Array(head.prefix(4)))
  }

  private static func isITCH(_ head: [UInt8]) -> Bool {
    guard head.count >= 3 else { return false }
    let length = Int(head[0]) << 8 | Int(head[1])
    return length > 0 && ITCHDecoder.byteCount(ofType: head[2]) == length
  }

  /// A SoupBinTCP stream from the server begins with a login answer, a heartbeat or a message.
  private static func isSoupBinTCP(_ head: [UInt8]) -> Bool {
    guard head.count >= 3 else { return false }
    let length = Int(head[0]) << 8 | Int(head[1])
    switch head[2] {
    case UInt8(ascii: "A"): return length == 31
    case UInt8(ascii: "H"), UInt8(ascii: "Z"): return length == 1
    case UInt8(ascii: "S"):
      return head.count >= 4 && length == ITCHDecoder.byteCount(ofType: head[3]) + 1 && length > 1
    default: return false
    }
  }

  /// A LOBSTER line is six numbers between commas.
  private static func isLOBSTER(_ head: [UInt8]) -> Bool {
    let line = head.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    let allowed = Set("0123456789.-+".utf8)
    return (6...7).contains(fields.count)
      && fields.prefix(6).allSatisfy { !$0.isEmpty && $0.allSatisfy(allowed.contains) }
  }
}
