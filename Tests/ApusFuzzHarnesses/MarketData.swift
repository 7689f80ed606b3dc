// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketCaptures
internal import ApusMarketProtocols
internal import ApusTestSupport
internal import ApusTrading

extension FuzzHarness {
  /// Framing, decoders and books of ITCH: all agree on what a message is, however the bytes are cut.
  static let itch = FuzzHarness("itch", isSlow: true) {
    [[40, 0] + SampleFeed.framed, [7, 0] + SampleFeed.framed.reversed(), [0, 0]]
  } run: { bytes in
    var input = FuzzInput(bytes)
    let cut = Int(input.integer(UInt16.self))
    let framed = input.rest()
    var messages: [[UInt8]] = []
    let consumed = framed.withRawSpan { span in
      ITCHFileFraming.forEachMessage(in: span) { message, _ in
        messages.append(message.copiedPrefix(.max))
      }
    }
    try checkCoding(messages)
    try checkRecords(framed, messages)
    try checkBooks(framed, messages: messages.count, consumed: consumed, cut: cut)
  }

  /// What was decoded is encoded to bytes that decode to the same.
  private static func checkCoding(_ messages: [[UInt8]]) throws {
    var buffer = FramedMessageBuffer(capacityByteCount: 64)
    for bytes in messages {
      guard case .message(let message) = bytes.withRawSpan({ ITCHDecoder.decode($0) }) else {
        continue
      }
      buffer.removeAll()
      try law(buffer.append(message), "no room for \(message)")
      let again = buffer.withBytes { $0.copiedPrefix(.max) }
      try law(
        Array(again.dropFirst(2)) == bytes, "\(message) was \(bytes) and is encoded as \(again)")
    }
  }

  /// The branch-free decoder takes the same messages up to the first malformed one.
  private static func checkRecords(_ framed: [UInt8], _ messages: [[UInt8]]) throws {
    let decoder = try ITCHRecordDecoder()
    var types: [UInt8] = []
    let result = framed.withRawSpan { span in
      decoder.forEach(in: span) { types.append($0.messageType) }
    }
    let expected = messages.prefix {
      !$0.isEmpty && ITCHDecoder.byteCount(ofType: $0[0]) == $0.count
    }
    try law(
      types == expected.map { $0[0] }, "records of types \(types), messages \(Array(expected))")
    try law(
      (result.stop == .malformed) == (expected.count < messages.count),
      "stopped as \(result.stop) after \(expected.count) of \(messages.count) messages")
  }

  private static func checkBooks(
    _ framed: [UInt8], messages: Int, consumed: Int, cut: Int
  ) throws {
    var whole = try MarketBookBuilder(configuration: SampleFeed.books)
    let taken = framed.withRawSpan { whole.process(framed: $0, streamOffset: 0) }
    try law(taken == consumed, "\(taken) bytes taken, the frames have \(consumed)")
    try law(whole.messageCount == messages, "\(whole.messageCount) of \(messages) messages")
    try checkInvariants(whole.books)
    var parts = try MarketBookBuilder(configuration: SampleFeed.books)
    let first = framed.prefix(cut).withRawSpan { parts.process(framed: $0, streamOffset: 0) }
    let second = Array(framed.dropFirst(first)).withRawSpan {
      parts.process(framed: $0, streamOffset: UInt64(first), messageCountMax: 3)
    }
    _ = Array(framed.dropFirst(first + second)).withRawSpan {
      parts.process(framed: $0, streamOffset: UInt64(first + second))
    }
    try law(
      parts.messageCount == whole.messageCount && parts.anomalies == whole.anomalies
        && parts.books.orderCount == whole.books.orderCount,
      "other counts where the bytes are cut at \(cut)")
    // Looks at every book that there could be, which takes as long as all the rest.
    if cut % 4 == 0 {
      try law(
        parts.books.digest == whole.books.digest, "other books where the bytes are cut at \(cut)")
    }
  }

  static func checkInvariants(_ books: borrowing OrderBooks) throws {
    let broken = books._checkInvariants()
    try law(broken == nil, broken ?? "")
  }

  /// Packets of SoupBinTCP, however they are read.
  static let soupBinTCP = FuzzHarness("soupBinTCP") {
    let login = SoupBinTCP.encode(.loginAccepted, payload: [UInt8](repeating: 0x20, count: 30))
    let stream =
      login + SampleFeed.messages.flatMap { SoupBinTCP.encode(.sequencedData, payload: $0) }
      + SoupBinTCP.encode(.serverHeartbeat) + SoupBinTCP.encode(.unsequencedData, payload: [1])
      + SoupBinTCP.encode(.endOfSession)
    return [[9] + stream, [0] + login, [200] + SampleFeed.framed]
  } run: { bytes in
    let stream = Array(bytes.dropFirst())
    var offset = 0
    var packets = 0
    var payloads: [UInt8] = []
    try stream.withRawSpan { span throws(BrokenLaw) in
      scan: while true {
        let verdict = SoupBinTCP.decode(span, at: offset)
        switch verdict {
        case .packet(let type, let payload):
          let packet = Array(stream[offset..<payload.upperBound])
          guard SoupBinTCP.encode(type, payload: Array(stream[payload])) == packet else {
            throw BrokenLaw(description: "\(verdict) is encoded otherwise")
          }
          packets += 1
          if type == .sequencedData || type == .unsequencedData {
            payloads += Frames.big(UInt16(payload.count)) + stream[payload]
          }
          offset = payload.upperBound
        case .emptyPacket: offset += 2
        case .unknownType(_, let byteCount), .wrongLength(_, let byteCount): offset += byteCount
        case .incomplete: break scan
        }
      }
    }
    let chunk = Int(bytes.first ?? 0) + 1
    for size in [chunk, stream.count + 1] {
      let producer = try SoupBinTCPProducer(BytesProducer(stream, chunkByteCount: size))
      let (output, error) = BytesProducer.drain(producer, byteCount: 1 << 17)
      try law(output == payloads, "\(output.count) bytes unpacked, \(payloads.count) expected")
      try law(producer.statistics.packetCount == packets, "\(producer.statistics)")
      try law((error == nil) == (offset == stream.count), "ends with \(String(describing: error))")
    }
  }

  /// Lines of LOBSTER files, and the book of their events.
  static let lobster = FuzzHarness("lobster", isSlow: true) {
    let lines = """
      34200.000000001,1,11,100,5850000,1
      34200.5,1,12,20,5860000,-1
      34201,2,11,30,5850000,1\r
      34202.25,4,12,20,5860000,-1
      34203.999999999,5,0,7,5855000,1,ABCD
      34204.1,3,11,70,5850000,1
      34205.0,7,0,0,-1,-1

      """
    let rows = "5860100,10,5850000,9,5860200,100,-9999999999,0\n9999999999,0,1,2\n"
    return [[20] + Array(lines.utf8), [5] + Array(rows.utf8)]
  } run: { bytes in
    let text = Array(bytes.dropFirst())
    let lines = linesOf(text, windowByteCount: text.count)
    try law(
      lines == linesOf(text, windowByteCount: Int(bytes.first ?? 0)),
      "other lines where the window ends elsewhere")
    var builder = try LOBSTERBookBuilder(configuration: SampleFeed.books)
    var row = LOBSTERBookRow()
    for line in lines {
      let refused = line.withRawSpan { LOBSTERParser.row($0, into: &row) }
      try law(
        refused != nil || row.asks.count == row.bids.count && !row.asks.isEmpty, "row \(row)")
      guard case .value(let message) = line.withRawSpan({ LOBSTERParser.message($0) }) else {
        builder.countMalformed(offset: 0)
        continue
      }
      builder.apply(message, offset: 0)
      let nanoseconds = String(message.timestampNanoseconds % 1_000_000_000 + 1_000_000_000)
      let again =
        "\(message.timestampNanoseconds / 1_000_000_000).\(nanoseconds.dropFirst()),"
        + "\(message.kind.rawValue),\(message.orderID),\(message.size),\(message.price),"
        + (message.side == .buy ? "1" : "-1")
      let verdict = Array(again.utf8).withRawSpan { LOBSTERParser.message($0) }
      try law(verdict == .value(message), "\(message) written as \(again) is \(verdict)")
    }
    try law(builder.messageCount == lines.count, "\(builder.messageCount) of \(lines.count) lines")
    try checkInvariants(builder.books)
  }

  /// Lines as they come where a window has room for so many bytes and what was left over.
  private static func linesOf(_ text: [UInt8], windowByteCount: Int) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var start = 0
    var end = min(windowByteCount, text.count)
    while true {
      let isLast = end == text.count
      let consumed = Array(text[start..<end]).withRawSpan { window in
        LOBSTERParser.forEachLine(in: window, isLast: isLast) { line, _ in
          lines.append(line.copiedPrefix(.max))
        }
      }
      if isLast { return lines }
      start += consumed
      end = min(text.count, end + windowByteCount + 1)
    }
  }
}

/// A few messages of every kind that changes a book.
enum SampleFeed {
  static let books = OrderBooks.Configuration(
    orderCapacity: 64, levelCapacity: 16, pages: .plain)

  static let framed: [UInt8] = messages.flatMap { Frames.big(UInt16($0.count)) + $0 }

  static let messages: [[UInt8]] = {
    func message(_ type: Character, _ locate: UInt16, _ body: [UInt8]) -> [UInt8] {
      let time = UInt64(34_200_000_000_000) + UInt64(locate)
      return [type.asciiValue ?? 0] + Frames.big(locate) + Frames.big(UInt16(0))
        + Frames.big(time).dropFirst(2) + body
    }
    func text(_ text: String, _ count: Int) -> [UInt8] {
      Array(text.utf8) + [UInt8](repeating: 0x20, count: count - text.utf8.count)
    }
    func add(_ reference: UInt64, _ side: Character, _ quantity: UInt32, _ price: UInt32) -> [UInt8]
    {
      message(
        "A", 1,
        Frames.big(reference) + [side.asciiValue ?? 0] + Frames.big(quantity) + text("ABC", 8)
          + Frames.big(price))
    }
    var directory = message("R", 1, text("ABC", 8) + text("QN", 2) + Frames.big(UInt32(100)))
    directory += text("NC", 39 - directory.count)
    let long = add(3, "S", 70, 10_300)
    let attributed = [0x46] + long.dropFirst() + text("MPID", 4)
    return [
      message("S", 0, text("O", 1)), directory, add(1, "B", 100, 10_000), add(2, "B", 50, 10_000),
      long, attributed,
      message("E", 1, Frames.big(UInt64(1)) + Frames.big(UInt32(30)) + Frames.big(UInt64(9))),
      message("X", 1, Frames.big(UInt64(1)) + Frames.big(UInt32(20))),
      message(
        "C", 1,
        Frames.big(UInt64(3)) + Frames.big(UInt32(7)) + Frames.big(UInt64(8)) + text("Y", 1)
          + Frames.big(UInt32(10_200))),
      message(
        "U", 1,
        Frames.big(UInt64(2)) + Frames.big(UInt64(4)) + Frames.big(UInt32(60))
          + Frames.big(UInt32(9_900))),
      message("D", 1, Frames.big(UInt64(3))),
      message("H", 1, text("ABC", 8) + text("T", 6)),
    ]
  }()
}

extension ArraySlice<UInt8> {
  func withRawSpan<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    try Array(self).withRawSpan(body)
  }
}
