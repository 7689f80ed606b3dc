// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Testing

@testable import ApusMarketProtocols

@Suite struct LOBSTERParserTests {
  private func parse(_ line: String) -> LOBSTERVerdict<LOBSTERMessage> {
    Array(line.utf8).withRawSpan { LOBSTERParser.message($0) }
  }

  private func parseRow(_ line: String) -> (row: LOBSTERBookRow, rejection: LOBSTERRejection?) {
    var row = LOBSTERBookRow()
    let rejection = Array(line.utf8).withRawSpan { LOBSTERParser.row($0, into: &row) }
    return (row, rejection)
  }

  // MARK: Messages

  @Test func goldenLines() {
    #expect(
      parse("34200.017459617,1,16113575,18,5853300,1")
        == .value(
          LOBSTERMessage(
            timestampNanoseconds: 34_200_017_459_617, kind: .add, orderID: 16_113_575, size: 18,
            price: 5_853_300, side: .buy)))
    #expect(
      parse("57599.9,7,0,0,-1,-1")
        == .value(
          LOBSTERMessage(
            timestampNanoseconds: 57_599_900_000_000, kind: .halt, orderID: 0, size: 0, price: -1,
            side: .sell)))
  }

  @Test func everyKindRoundTrips() {
    var random = SeededRandom(seed: 13)
    for round in 0..<2_000 {
      let kind = LOBSTERMessage.Kind.allCases[random.below(7)]
      let nanoseconds = random.next() % 86_400_000_000_000
      let message = LOBSTERMessage(
        timestampNanoseconds: nanoseconds, kind: kind, orderID: random.next() >> 1,
        size: UInt32(truncatingIfNeeded: random.next()),
        price: Int64(truncatingIfNeeded: random.next()) >> 1,
        side: random.next() & 1 == 0 ? .buy : .sell)
      let fraction = String(nanoseconds % 1_000_000_000 + 1_000_000_000).dropFirst()
      let tail = round % 3 == 0 ? ",MPID" : ""
      let line =
        "\(nanoseconds / 1_000_000_000).\(fraction),\(kind.rawValue),\(message.orderID),"
        + "\(message.size),\(message.price),\(message.side == .buy ? 1 : -1)\(tail)"
      #expect(parse(line) == .value(message), "\(line)")
    }
  }

  @Test func secondsHaveAnyNumberOfDecimals() {
    let cases: [(String, UInt64?)] = [
      ("0", 0), ("1", 1_000_000_000), ("1.", 1_000_000_000), ("1.5", 1_500_000_000),
      ("1.000000001", 1_000_000_001), ("1.0000000019", 1_000_000_001), (".5", 500_000_000),
      ("00001.50", 1_500_000_000), ("86399.9999999999", 86_399_999_999_999), ("86400", nil),
      ("18446744073.709551615", nil), ("18446744073.709551616", nil),
      ("18446744074", nil), ("99999999999999999999", nil), ("-1", nil), ("1.2.3", nil), ("", nil),
      (".", nil), ("1e3", nil), (" 1", nil), ("+1", nil), ("0x1", nil), ("NaN", nil),
    ]
    for (text, nanoseconds) in cases {
      switch parse("\(text),1,2,3,4,1") {
      case .value(let message): #expect(message.timestampNanoseconds == nanoseconds, "\(text)")
      case .rejected(let reason): #expect(reason == .invalidNumber && nanoseconds == nil, "\(text)")
      }
    }
  }

  @Test func hostileLinesAreRejectedWithTheirReason() {
    let cases: [(String, LOBSTERRejection)] = [
      ("", .tooFewFields), ("1", .tooFewFields), ("1,1,2,3,4", .tooFewFields),
      (",", .invalidNumber), ("1,", .invalidNumber), ("1,1,2,3,4,", .invalidNumber),
      (",,,,,", .invalidNumber), ("1,1,,3,4,1", .invalidNumber), ("1,-,2,3,4,1", .invalidNumber),
      ("1,1,2,3,4,1,a,b", .tooManyFields), ("1,1,2,3,4,1,,", .tooManyFields),
      ("1,0,2,3,4,1", .invalidType), ("1,8,2,3,4,1", .invalidType), ("1,257,2,3,4,1", .invalidType),
      ("1,-1,2,3,4,1", .invalidType), ("1,1,2,3,4,0", .invalidDirection),
      ("1,1,2,3,4,2", .invalidDirection), ("1,1,-2,3,4,1", .invalidNumber),
      ("1,1,2,-3,4,1", .invalidNumber), ("1,1,2,4294967296,4,1", .invalidNumber),
      ("1,1,9223372036854775808,3,4,1", .invalidNumber), ("1,1,2,3,4.0,1", .invalidNumber),
      ("1,1,2,3,99999999999999999999,1", .invalidNumber), ("1,1,2,3,4--,1", .invalidNumber),
      ("time,type,id,size,price,direction", .invalidNumber), ("1;1;2;3;4;1", .invalidNumber),
      ("1,1,2,3,4,1\u{0}", .invalidNumber), ("1,1,2,3,\u{FF11},1", .invalidNumber),
    ]
    for (line, reason) in cases { #expect(parse(line) == .rejected(reason), "'\(line)'") }
    // One participant more is passed over, whatever it is, and so is an empty one.
    for line in ["1,1,2,3,4,1,GSCO", "1,1,2,3,4,1,", "1,1,2,3,-4,-1,\u{0}\u{FF}"] {
      guard case .value = parse(line) else {
        Issue.record("'\(line)'")
        continue
      }
    }
  }

  // MARK: Rows

  @Test func rowsOfAnyDepth() {
    for depth in [1, 2, 10, 50] {
      var expected = LOBSTERBookRow()
      var fields: [String] = []
      for level in 1...depth {
        let ask = LOBSTERLevel(price: 5_850_000 + Int64(level) * 100, size: Int64(level))
        let isEmpty = level > 5
        let bid = LOBSTERLevel(
          price: isEmpty ? -9_999_999_999 : 5_850_000 - Int64(level), size: isEmpty ? 0 : 7)
        #expect(bid.isEmpty == isEmpty && !ask.isEmpty)
        expected.asks.append(ask)
        expected.bids.append(bid)
        fields += ["\(ask.price)", "\(ask.size)", "\(bid.price)", "\(bid.size)"]
      }
      let (row, rejection) = parseRow(fields.joined(separator: ","))
      #expect(rejection == nil && row == expected)
    }
    #expect(LOBSTERLevel(price: 9_999_999_999, size: 0).isEmpty)
  }

  @Test func hostileRowsAreRejectedWithTheirReason() {
    let cases: [(String, LOBSTERRejection)] = [
      ("", .tooFewFields), ("1", .incompleteLevel), ("1,2,3", .incompleteLevel),
      ("1,2,3,4,5", .incompleteLevel), ("1,2,3,4,", .invalidNumber), ("1,2,,4", .invalidNumber),
      ("1,2,3,4x", .invalidNumber), ("1,-2,3,4", .invalidNumber), ("1,2,3,-4", .invalidNumber),
      ("1,2,3,4.5", .invalidNumber), ("1,99999999999999999999,3,4", .invalidNumber),
      ("ask,2,3,4", .invalidNumber),
    ]
    for (line, reason) in cases { #expect(parseRow(line).rejection == reason, "'\(line)'") }
  }

  // MARK: Lines

  private func lines(_ bytes: [UInt8], isLast: Bool) -> (lines: [String], consumed: Int) {
    var lines: [String] = []
    let consumed = bytes.withRawSpan { window in
      LOBSTERParser.forEachLine(in: window, isLast: isLast) { line, offset in
        let text = String(decoding: line.copiedPrefix(.max), as: UTF8.self)
        lines.append("\(offset):\(text)")
      }
    }
    return (lines, consumed)
  }

  @Test func linesEndWithLineFeedsOrTheEnd() {
    let bytes = Array("ab\r\n\n\r\nc\nde".utf8)
    #expect(lines(bytes, isLast: false) == (["0:ab", "7:c"], 9))
    #expect(lines(bytes, isLast: true) == (["0:ab", "7:c", "9:de"], 11))
    #expect(lines([], isLast: true) == ([], 0))
    #expect(lines(Array("\n\r".utf8), isLast: true) == ([], 2))
    #expect(lines(Array("a\rb\n".utf8), isLast: false) == (["0:a\rb"], 4))
  }

  @Test func linesAreTheSameWhereverTheWindowEnds() {
    let bytes = Array((1...40).map { String(repeating: "x", count: $0 % 7) + "\n" }.joined().utf8)
    let whole = lines(bytes, isLast: true).lines.map { $0.drop { $0 != ":" } }
    for piece in 1...12 {
      var found: [Substring] = []
      var start = 0
      var end = 0
      while end < bytes.count {
        end = min(bytes.count, end + piece)
        let (some, consumed) = lines(Array(bytes[start..<end]), isLast: end == bytes.count)
        found += some.map { $0.drop { $0 != ":" } }
        start += consumed
      }
      #expect(found == whole && start == bytes.count)
    }
  }

  @Test func mutatedLinesNeverTrap() {
    var mutator = ByteMutator(seed: 14)
    let message = Array("34200.017459617,1,16113575,18,5853300,1".utf8)
    let book = Array("5859400,200,5853300,18,5859800,200,5853000,150".utf8)
    var row = LOBSTERBookRow()
    var counts = (accepted: 0, rejected: 0)
    for _ in 0..<20_000 {
      let verdict = mutator.mutated(message).withRawSpan { LOBSTERParser.message($0) }
      if case .value = verdict { counts.accepted += 1 } else { counts.rejected += 1 }
      _ = mutator.mutated(book).withRawSpan { LOBSTERParser.row($0, into: &row) }
      #expect(row.asks.count == row.bids.count)
    }
    #expect(counts.accepted > 500 && counts.rejected > 5_000)
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func parsingAllocatesNothing() {
    let line = Array("34200.017459617,1,16113575,18,5853300,1".utf8)
    let book = Array("5859400,200,5853300,18,5859800,200,5853000,150".utf8)
    var row = LOBSTERBookRow()
    // What is made once, at the first use, is not counted.
    _ = line.withRawSpan { LOBSTERParser.message($0) }
    _ = book.withRawSpan { LOBSTERParser.row($0, into: &row) }
    let count = allocationCount {
      for _ in 0..<100 {
        _ = line.withRawSpan { LOBSTERParser.message($0) }
        _ = book.withRawSpan { LOBSTERParser.row($0, into: &row) }
      }
    }
    #expect(count == 0)
  }
}
