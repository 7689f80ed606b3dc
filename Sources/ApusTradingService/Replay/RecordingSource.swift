// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusMarketProtocols
internal import ApusServiceKit

/// One recording, opened: a reader of length-framed messages, whatever the file's form.
struct RecordingSource {
  let reader: ReadAhead
  private let mold: MoldUDP64Producer?
  private let soup: SoupBinTCPProducer?

  init(path: String, format: MarketDataFormat) throws(CaptureError) {
    switch format {
    case .itch50, .lobster:
      mold = nil
      soup = nil
      reader = try ReadAhead(producer: openByteStream(path))
    case .soupbintcp:
      let producer = try SoupBinTCPProducer(openByteStream(path))
      mold = nil
      soup = producer
      reader = try ReadAhead(producer: producer)
    case .pcap:
      let producer = try MoldUDP64Producer(PcapReader(path: path))
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
      transport.duplicateMessageCount += statistics.duplicateMessageCount
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
  func damage(path: String) -> CaptureError? {
    if let statistics = mold?.statistics, statistics.packetCount == 0 {
      return CaptureError(
        path: path,
        reason: .foreign(
          "no MoldUDP64 packet among its \(statistics.malformedPacketCount) UDP datagrams and "
            + "\(statistics.ignoredPacketCount) other packets; name a capture of a feed"))
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
}

/// Finds out what form a recording has by looking at its first bytes.
enum RecordingFormat {
  /// The form of all recordings of a configuration: the one asked for, or the one they agree on.
  static func detect(_ configuration: ReplayConfiguration) throws -> MarketDataFormat {
    if let format = configuration.format {
      if format == .itch50, let path = configuration.paths.first, try isSeekable(path),
        try detect(path) != .itch50
      {
        throw CaptureError(
          path: path, offset: 0,
          reason: .foreign("no ITCH 5.0 message begins here; try --format auto"))
      }
      return format
    }
    var agreed: MarketDataFormat?
    for path in configuration.paths {
      guard let format = try detect(path) else {
        throw CaptureError(
          path: path, offset: 0,
          reason: .foreign(
            "neither ITCH 5.0, pcap, pcapng, SoupBinTCP nor LOBSTER; try --format"))
      }
      if let agreed, agreed != format {
        throw UsageError(
          "\(path): is \(format.rawValue) and the files before it are \(agreed.rawValue); "
            + "replay them one by one")
      }
      agreed = format
    }
    return agreed ?? .itch50
  }

  private static func isSeekable(_ path: String) throws(CaptureError) -> Bool {
    try FileChunkProducer(path: path).inputByteCount != nil
  }

  /// The form of one file, or nil where it is none that can be replayed.
  static func detect(_ path: String) throws(CaptureError) -> MarketDataFormat? {
    let producer = try openByteStream(path)
    guard producer.inputByteCount != nil else {
      throw CaptureError(
        path: path,
        reason: .foreign(
          "a pipe or device, which cannot be read twice; name its form with --format"))
    }
    let reader = try ReadAhead(producer: producer, chunkByteCount: 65_536, chunkCount: 2)
    var head: [UInt8] = []
    _ = try reader.nextWindow { span, _, _ in
      head = span.copiedPrefix(512)
      return span.byteCount
    }
    return detect(head)
  }

  static func detect(_ head: [UInt8]) -> MarketDataFormat? {
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
