// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTestSupport
import Testing

@testable import ApusTradingService

/// Everything a test wants to know of one generated day.
private struct GeneratedDay {
  var market = GeneratorCheckedMarket()
  var truth = TruthModel()
  var generatorRows: [BookTruthRow] = []
  var countsByType: [UInt8: Int] = [:]
  var countsByHour = [Int](repeating: 0, count: 24)
  var countsByLocate: [UInt16: Int] = [:]
  var messageCount = 0
  var rejectedCount = 0
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325

  init(
    seed: UInt64, messageCount: Int, symbolCount: Int, bufferByteCount: Int = 1 << 16,
    isChecked: Bool = true
  ) throws {
    let configuration = try MarketDayConfiguration(
      seed: seed, messageCount: messageCount, symbolCount: symbolCount)
    var generator = MarketDayGenerator(configuration: configuration)
    var buffer = FramedMessageBuffer(capacityByteCount: bufferByteCount)
    while generator.fill(&buffer) {
      buffer.withBytes { bytes in
        for offset in 0..<bytes.byteCount {
          hash = (hash ^ UInt64(byte(bytes, offset))) &* 0x100_0000_01B3
        }
        _ = ITCHFileFraming.forEachMessage(in: bytes) { message, _ in
          count(message, isChecked: isChecked)
        }
      }
      buffer.removeAll()
    }
    generatorRows = generator.bookRows()
  }

  private mutating func count(_ bytes: RawSpan, isChecked: Bool) {
    messageCount += 1
    guard case .message(let message) = ITCHDecoder.decode(bytes) else {
      rejectedCount += 1
      return
    }
    let header = message.header
    countsByType[byte(bytes, 0), default: 0] += 1
    countsByHour[Int(header.timestampNanoseconds / 3_600_000_000_000)] += 1
    countsByLocate[header.locate, default: 0] += 1
    guard isChecked else { return }
    truth.apply(message)
    market.apply(message, header: header)
  }

  func share(_ types: String) -> Double {
    let count = types.utf8.reduce(0) { $0 + countsByType[$1, default: 0] }
    return Double(count) / Double(messageCount)
  }
}

private func byte(_ bytes: RawSpan, _ offset: Int) -> UInt8 {
  unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
}

private let allTypes = "SRHYLVWKJhAFECXDUPQBINO"

@Suite struct GeneratorTests {
  @Test(
    "Every day keeps the market's rules",
    arguments: [
      (UInt64(1), 2_000, 10), (2, 2_000, 10), (3, 212, 4), (4, 20_000, 4_000), (5, 60_000, 50),
      (0x5EED, 40_000, 300),
    ])
  func keepsTheRules(seed: UInt64, messageCount: Int, symbolCount: Int) throws {
    let day = try GeneratedDay(seed: seed, messageCount: messageCount, symbolCount: symbolCount)
    #expect(day.messageCount == messageCount)
    #expect(day.rejectedCount == 0)
    #expect(day.market.violations == [], "seed \(seed)")
    #expect(day.market.systemEvents == Array("OSQMEC".utf8))
    #expect(day.truth.anomalyCount == 0)
    #expect(day.truth.rows() == day.generatorRows)
    #expect(day.generatorRows.map(\.locate) == (1...symbolCount).map { UInt16($0) })
    #expect(day.countsByType[UInt8(ascii: "R")] == symbolCount)
    #expect(day.countsByType[UInt8(ascii: "Y")] == symbolCount)
  }

  @Test(
    "A day of 2,000 messages already has every type",
    arguments: [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
  func smallDayHasEveryType(seed: UInt64) throws {
    let day = try GeneratedDay(seed: seed, messageCount: 2_000, symbolCount: 10)
    for type in allTypes.utf8 {
      #expect(
        day.countsByType[type, default: 0] > 0,
        "type \(Character(UnicodeScalar(type))) is missing, seed \(seed)")
    }
    #expect(day.countsByType.count == allTypes.utf8.count)
  }

  @Test("The mix is that of a real day")
  func mix() throws {
    let day = try GeneratedDay(seed: 11, messageCount: 100_000, symbolCount: 100)
    #expect(abs(day.share("AF") - 0.44) < 0.01)
    #expect(abs(day.share("D") - 0.43) < 0.01)
    #expect(abs(day.share("U") - 0.08) < 0.005)
    #expect(abs(day.share("XEC") - 0.03) < 0.003)
    #expect(day.share("F") > 0.004 && day.share("F") < 0.02)
    #expect(day.market.partialExecutionCount > 300)
    #expect(day.market.fullExecutionCount > 300)
    #expect(day.market.haltCount >= 2)
  }

  @Test("Orders rest as on a real day: some for microseconds, some until the end")
  func lifetimes() throws {
    let day = try GeneratedDay(seed: 12, messageCount: 100_000, symbolCount: 100)
    let peakShare = Double(day.market.orderCountPeak) / 100_000
    #expect(peakShare > 0.03 && peakShare < 0.06)
    #expect(day.market.orderCount > 300)
    let lifetimes = day.market.lifetimes.sorted()
    #expect(lifetimes[lifetimes.count / 50] < 1_000_000)
    #expect(lifetimes[lifetimes.count * 98 / 100] > 3_600_000_000_000)
  }

  @Test("Trading is busiest at the open and the close, and in few symbols")
  func activity() throws {
    let day = try GeneratedDay(
      seed: 13, messageCount: 100_000, symbolCount: 400, isChecked: false)
    let hours = day.countsByHour
    #expect(hours[9] > hours[12])  // half an hour of trading only, yet more than a whole one
    #expect(hours[15] > hours[12] * 3 / 2)
    #expect(hours[5] < hours[12] / 10)
    let counts = day.countsByLocate.values.sorted(by: >)
    #expect(counts.prefix(40).reduce(0, +) > 100_000 * 4 / 10)
  }

  @Test("Equal seeds give equal bytes, whatever the buffer; other seeds give others")
  func isDeterministic() throws {
    func hash(seed: UInt64, bufferByteCount: Int) throws -> UInt64 {
      try GeneratedDay(
        seed: seed, messageCount: 5_000, symbolCount: 30, bufferByteCount: bufferByteCount,
        isChecked: false
      ).hash
    }
    let first = try hash(seed: 42, bufferByteCount: 1 << 16)
    #expect(try hash(seed: 42, bufferByteCount: 1 << 16) == first)
    #expect(try hash(seed: 42, bufferByteCount: 64) == first)
    #expect(try hash(seed: 43, bufferByteCount: 1 << 16) != first)
    // The same on every machine. A change of the generator changes it: then state the new value.
    #expect(first == 0x9DFC_56A3_33FE_0C5A)
  }

  @Test("A span limit keeps messages far apart in separate buffers")
  func spanLimit() throws {
    let configuration = try MarketDayConfiguration(seed: 5, messageCount: 3_000, symbolCount: 20)
    var generator = MarketDayGenerator(configuration: configuration)
    var buffer = FramedMessageBuffer(capacityByteCount: 1_400)
    var count = 0
    while generator.fill(&buffer, spanNanosecondsMax: 1_000) {
      var times: [UInt64] = []
      buffer.withBytes { bytes in
        _ = ITCHFileFraming.forEachMessage(in: bytes) { message, _ in
          if case .message(let decoded) = ITCHDecoder.decode(message) {
            times.append(decoded.header.timestampNanoseconds)
          }
        }
      }
      buffer.removeAll()
      count += times.count
      let first = try #require(times.first)
      #expect(times.allSatisfy { $0 >= first && $0 - first <= 1_000 })
      #expect(generator.lastTimestampNanoseconds == times.last)
    }
    #expect(count == 3_000)
  }
}

@Suite struct GeneratorConfigurationTests {
  @Test("Limits are checked and named")
  func limits() throws {
    #expect(throws: MarketDayConfigurationError.symbolCount(3)) {
      _ = try MarketDayConfiguration(seed: 1, messageCount: 1_000, symbolCount: 3)
    }
    #expect(throws: MarketDayConfigurationError.symbolCount(65_536)) {
      _ = try MarketDayConfiguration(seed: 1, messageCount: 1_000_000, symbolCount: 65_536)
    }
    let allowed = MarketDayConfiguration.messageCounts(symbolCount: 4_000)
    let error = #expect(throws: MarketDayConfigurationError.self) {
      _ = try MarketDayConfiguration(seed: 1, messageCount: 1_000)
    }
    #expect(error == .messageCount(1_000, allowed: allowed))
    let text = try #require(error).description
    #expect(text.contains("message count 1000") && text.contains("\(allowed.lowerBound)"))
    #expect(!text.contains("\n"))
  }

  @Test("Dates are calendar days, and midnight is New York's")
  func dates() throws {
    #expect(try SessionDate("2026-01-15") == .standard)
    #expect(SessionDate.standard.description == "2026-01-15")
    // Fixed points from a calendar: EST is UTC−5, EDT UTC−4.
    #expect(SessionDate.standard.midnightUnixNanoseconds == 1_768_453_200_000_000_000)
    let summer = try SessionDate("2024-07-01").midnightUnixNanoseconds
    #expect(summer == 1_719_806_400_000_000_000)
    let switchDay = try SessionDate("2025-03-09").midnightUnixNanoseconds
    #expect(switchDay == 1_741_496_400_000_000_000)
    let dayAfter = try SessionDate("2025-03-10").midnightUnixNanoseconds
    #expect(dayAfter - switchDay == 23 * 3_600_000_000_000)
    for text in ["2026-02-29", "2026-13-01", "2026-00-10", "2026-1", "tomorrow", "1969-12-31", ""] {
      #expect(throws: MarketDayConfigurationError.self) { _ = try SessionDate(text) }
    }
    #expect(try SessionDate("2024-02-29").dayNumber == 19_782)
  }

  @Test("Symbols are distinct, in alphabetical order, with prices of a real market")
  func symbols() throws {
    for count in [4, 100, 4_000, 65_535] {
      var random = SeededRandom(seed: 9)
      let universe = SymbolUniverse(symbolCount: count, random: &random)
      let names = universe.symbols.dropFirst().map(\.name.description)
      #expect(Set(names).count == count)
      #expect(names == names.sorted())
      #expect(names.allSatisfy { (1...4).contains($0.count) })
      let prices = universe.symbols.dropFirst().map(\.fairPrice)
      #expect(prices.allSatisfy { $0 >= 2_000 && $0 <= 30_000_000 })
      #expect(Set(universe.locatesByActivity) == Set((1...count).map { UInt16($0) }))
    }
  }
}

@Suite struct GeneratorTruthTests {
  private func header(_ locate: UInt16) -> ITCHHeader {
    ITCHHeader(locate: locate, trackingNumber: 0, timestampNanoseconds: 0)
  }

  private func add(_ reference: UInt64, _ side: Character, _ quantity: UInt32, _ price: UInt32)
    -> ITCHMessage
  {
    .addOrder(
      AddOrder(
        header: header(7), reference: reference, sideCode: side.asciiValue ?? 0,
        quantity: quantity, symbol: ITCHSymbol("ABC"), price: price))
  }

  @Test("Rows give the best prices, their quantities and the totals")
  func rows() {
    var row = BookTruthRow(locate: 7, symbol: "ABC")
    #expect(row.csvLine == "7,ABC,,,,,0,0")
    row.count(isBuy: true, price: 10_000, quantity: 5)
    row.count(isBuy: true, price: 10_100, quantity: 6)
    row.count(isBuy: true, price: 10_100, quantity: 7)
    row.count(isBuy: true, price: 9_900, quantity: 8)
    #expect(row.csvLine == "7,ABC,10100,13,,,4,26")
    row.count(isBuy: false, price: 10_300, quantity: 1)
    row.count(isBuy: false, price: 10_200, quantity: 2)
    #expect(row.csvLine == "7,ABC,10100,13,10200,2,6,29")
    #expect(
      BookTruthRow.csv([row])
        == "locate,symbol,bidPrice,bidQuantity,askPrice,askQuantity,orderCount,orderQuantity\n"
        + "7,ABC,10100,13,10200,2,6,29\n")
  }

  @Test("Anomalies are counted and change nothing")
  func anomalies() {
    var truth = TruthModel()
    truth.apply(add(1, "B", 100, 10_000))
    truth.apply(add(1, "S", 100, 20_000))
    truth.apply(.orderDelete(OrderDelete(header: header(7), reference: 9)))
    truth.apply(
      .orderCancel(OrderCancel(header: header(7), reference: 1, cancelledQuantity: 101)))
    truth.apply(
      .orderReplace(
        OrderReplace(
          header: header(7), originalReference: 8, newReference: 10, quantity: 1, price: 1)))
    #expect(truth.anomalyCount == 4)
    #expect(truth.orderCount == 1)
  }
}
