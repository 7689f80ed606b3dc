// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture
import ApusMarketProtocols
import ApusTestSupport
import Foundation
import Testing

@testable import ApusTrading
@testable import ApusTradingService

/// Damaged recordings of every form, through the readers and into the books: nothing traps, nothing
/// hangs, every error names its file, the books stay whole.
@Suite(.timeLimit(.minutes(Campaign.isOn ? 60 : 10))) struct RecordingHostileTests {
  enum Form: String, CaseIterable, Sendable {
    case plain, gzip, pcap, pcapng, moldUDP64, soupBinTCP, lobster, lobsterRows

    var seed: UInt64 { 0xBAD_0000 + UInt64(Form.allCases.firstIndex(of: self) ?? 0) }
  }

  static var sampleCount: Int {
    #if DEBUG
      return 500
    #else
      return 2_000  // of each of eight forms
    #endif
  }

  /// Rounds between two checks of all books, which take long in debug builds. The last round is one.
  static var checkInterval: Int {
    #if DEBUG
      return 500
    #else
      return 1_000
    #endif
  }

  private let folder: ScratchFolder
  private let messages: [[UInt8]]

  init() throws {
    folder = try ScratchFolder()
    // A small day with every type of message that changes a book.
    _ = try MarketDayWriter.write(
      MarketDayConfiguration(seed: 5, messageCount: 400, symbolCount: 4), to: folder.path("day"),
      truthPath: nil)
    var messages: [[UInt8]] = []
    _ = try folder.bytes("day").withRawSpan { span in
      ITCHFileFraming.forEachMessage(in: span) { message, _ in
        messages.append(message.copiedPrefix(.max))
      }
    }
    let kinds = Set("RAFECXDU".utf8)
    self.messages = Array(messages.filter { kinds.contains($0[0]) }.prefix(80))
  }

  private func framed(_ messages: some Collection<[UInt8]>) -> [UInt8] {
    messages.flatMap { Frames.big(UInt16($0.count)) + $0 }
  }

  private func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
    let writer = try AtomicFileWriter(path: folder.path("a.gz"), compression: .gzip(level: 6))
    try writer.write(bytes)
    try writer.commit()
    return try folder.bytes("a.gz")
  }

  private func moldPackets() -> [[UInt8]] {
    stride(from: 0, to: messages.count, by: 8).map { start in
      let part = messages[start..<min(messages.count, start + 8)]
      return MoldUDP64.Header(
        session: .init("APUS"), sequence: UInt64(start + 1), messageCount: UInt16(part.count)
      ).bytes + framed(part)
    }
  }

  private func captured(_ packets: [[UInt8]]) -> [CapturedPacket] {
    packets.map { CapturedPacket(Frames.ethernet(0x0800, Frames.ipv4(Frames.udp($0)))) }
  }

  /// Forty events of one book, and its two best levels after each.
  private func lobster() -> (messages: [UInt8], rows: [UInt8]) {
    var lines = ""
    var rows = ""
    for order in 1...40 {
      let price = order % 2 == 0 ? 5_850_000 - order * 100 : 5_860_000 + order * 100
      let kind = [1, 1, 1, 4, 3, 2, 5][order % 7]
      lines += "34200.0\(order),\(kind),\(1_000 + order % 9),\(order % 5 * 10 + 10),\(price),"
      lines += order % 2 == 0 ? "1\n" : "-1\n"
      rows += "5860100,\(order),5850000,9,5860200,100,-9999999999,0\n"
    }
    return (Array(lines.utf8), Array(rows.utf8))
  }

  /// A whole recording of a form.
  private func recording(_ form: Form) throws -> [UInt8] {
    switch form {
    case .plain: framed(messages)
    case .gzip:
      try gzipped(framed(messages.prefix(40))) + gzipped(framed(messages.dropFirst(40)))
    case .pcap, .moldUDP64: CaptureFiles.pcap(captured(moldPackets()))
    case .pcapng: CaptureFiles.pcapng(captured(moldPackets()))
    case .soupBinTCP:
      SoupBinTCP.encode(.loginAccepted, payload: [UInt8](repeating: 0x20, count: 30))
        + messages.flatMap { SoupBinTCP.encode(.sequencedData, payload: $0) }
        + SoupBinTCP.encode(.endOfSession)
    case .lobster: lobster().messages
    case .lobsterRows: lobster().rows
    }
  }

  /// A damaged recording: what is damaged is the file, or for MoldUDP64 the packets in a whole one.
  private func damaged(_ form: Form, _ whole: [UInt8], _ mutator: inout ByteMutator) -> [UInt8] {
    guard form == .moldUDP64 else { return mutator.mutated(whole) }
    return CaptureFiles.pcap(captured(moldPackets().map { mutator.mutated($0) }))
  }

  // MARK: Reading

  /// The books of all rounds, and what became of the recordings.
  private struct Books: ~Copyable {
    var messages: MarketBookBuilder
    var events: LOBSTERBookBuilder
    var errorCount = 0
    var wholeCount = 0
    var rejectedRowCount = 0

    init() throws {
      let configuration = OrderBooks.Configuration(
        orderCapacity: 1 << 16, levelCapacity: 1 << 15)
      let messages = try MarketBookBuilder(configuration: configuration)
      let events = try LOBSTERBookBuilder(configuration: configuration)
      self.messages = messages
      self.events = events
    }

    func checkInvariants(_ form: Form) -> String? {
      form == .lobster ? events.books._checkInvariants() : messages.books._checkInvariants()
    }
  }

  private func read(_ path: String, _ form: Form, into books: inout Books) throws(CaptureError) {
    switch form {
    case .lobster, .lobsterRows: try readLines(path, form, into: &books)
    default:
      let format: MarketDataFormat =
        switch form {
        case .plain, .gzip: .itch50
        case .soupBinTCP: .soupbintcp
        default: .pcap
        }
      let source = try RecordingSource(openByteStream(path), format: format)
      while try source.reader.nextWindow({ window, offset, _ in
        books.messages.process(framed: window, streamOffset: offset)
      }) {}
      if let damage = source.damage(path: path, gaps: .allow) { throw damage }
      if source.reader.trailingByteCount > 0 {
        throw CaptureError(path: path, reason: .truncated("inside a message"))
      }
    }
  }

  private func readLines(
    _ path: String, _ form: Form, into books: inout Books
  ) throws(CaptureError) {
    let reader = try ReadAhead(producer: openByteStream(path))
    var verification = LOBSTERVerification()
    var row = LOBSTERBookRow()
    let event = LOBSTERMessage(
      timestampNanoseconds: 0, kind: .add, orderID: 1, size: .max, price: 5_860_100, side: .sell)
    while try reader.nextWindow({ window, offset, isLast in
      LOBSTERParser.forEachLine(in: window, isLast: isLast) { line, lineOffset in
        let place = offset + UInt64(lineOffset)
        if form == .lobsterRows {
          if LOBSTERParser.row(line, into: &row) == nil {
            verification.take(event, row: row, lineNumber: 1)
          } else {
            books.rejectedRowCount += 1
          }
        } else if case .value(let message) = LOBSTERParser.message(line) {
          books.events.apply(message, offset: place)
        } else {
          books.events.countMalformed(offset: place)
        }
      }
    }) {}
    #expect(verification.rowsEqual <= verification.rowsCompared)
  }

  @Test(arguments: Form.allCases)
  func aWholeRecordingHasNoAnomaly(form: Form) throws {
    var books = try Books()
    let path = try folder.write("whole", recording(form))
    try read(path, form, into: &books)
    let isText = form == .lobster || form == .lobsterRows
    #expect(books.messages.messageCount == (isText ? 0 : UInt64(messages.count)))
    #expect(books.messages.anomalies.total == 0)
    #expect(books.events.messageCount == (form == .lobster ? 40 : 0))
    #expect(books.events.anomalies[.malformedLine].count == 0 && books.rejectedRowCount == 0)
    if !isText { #expect(books.messages.books.orderCount > 0) }
  }

  @Test(arguments: Form.allCases)
  func damagedRecordingsHaveAVerdict(form: Form) throws {
    let whole = try recording(form)
    var mutator = ByteMutator(seed: form.seed)
    var books = try Books()
    var roundCount = 0
    for round in Campaign.rounds(Self.sampleCount, campaign: 100_000) {
      roundCount += 1
      let place = "\(form.rawValue), seed \(form.seed), round \(round)"
      let path = try folder.write(form.rawValue, damaged(form, whole, &mutator))
      do throws(CaptureError) {
        try read(path, form, into: &books)
        books.wholeCount += 1
      } catch {
        books.errorCount += 1
        #expect(error.path == path && !error.isUsageError, "\(place)")
        if case .system = error.reason { Issue.record("\(place): \(error)") }
      }
      if round % Self.checkInterval == Self.checkInterval - 1 {
        let broken = books.checkInvariants(form)
        #expect(broken == nil, "\(place)")
      }
    }
    // Every form shows both: damage that is told, and damage that leaves a readable recording.
    let told =
      UInt64(books.errorCount + books.rejectedRowCount) + books.messages.anomalies.total
      + books.events.anomalies.total
    #expect(told > UInt64(roundCount / 4), "\(form.rawValue): \(told)")
    #expect(books.wholeCount + books.errorCount == roundCount)
    #expect(form == .gzip || books.wholeCount > 0)
  }
}
