// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture
import ApusMarketProtocols
import ApusTestSupport
import ApusTrading
import Foundation
import Testing

@testable import ApusTradingService

private func configuration(_ path: String) -> MatchingReplayConfiguration {
  MatchingReplayConfiguration(paths: [path])
}

@Suite struct OrderLogReplayTests {
  private func replay(
    _ kind: OrderStreamKind, seed: UInt64 = 1, count: Int
  ) throws -> (figures: MatchingFigures, totals: OrderStreamTotals) {
    let folder = try ScratchFolder()
    let path = folder.path("log")
    let written = try OrderLogWriter.write(
      try OrderStreamConfiguration(kind: kind, seed: seed, commandCount: count), to: path)
    #expect(RecordingFormat.isOrderLog(try RecordingInputs(paths: [path]).head(0)))
    return (try OrderLogReplay.run(configuration(path)), written.totals)
  }

  /// The engine's trades are those that an independent model computed while it made the stream.
  @Test(arguments: [OrderStreamKind.mixed, .trades], [UInt64(1), 7])
  func theModelTradesTheSame(kind: OrderStreamKind, seed: UInt64) throws {
    let (figures, totals) = try replay(kind, seed: seed, count: 60_000)
    #expect(figures.format == "orders" && figures.kind == kind.rawValue && figures.seed == seed)
    #expect(figures.commandCount == 60_000 && figures.inputError == nil)
    #expect(figures.tradeCount == totals.tradeCount)
    #expect(figures.tradedQuantity == totals.tradedQuantity)
    #expect(figures.tradedNotional == totals.tradedNotional)
    #expect(figures.rejectsByReason.isEmpty, "\(figures.rejectsByReason)")
    #expect(figures.digest.count == 16)
  }

  @Test func theFlashCrashPausesAsItsModelDoes() throws {
    let (figures, totals) = try replay(.flashCrash, count: 60_000)
    #expect(figures.tradeCount == totals.tradeCount)
    #expect(figures.tradedNotional == totals.tradedNotional)
    #expect(figures.rejectsByReason.isEmpty, "\(figures.rejectsByReason)")
    #expect((figures.eventsByKind["triggered"] ?? 0) > 100)
    #expect((figures.eventsByKind["auction"] ?? 0) > 2)
  }

  /// Streams whose model leaves things out: few of their commands are refused, and none for a
  /// reason that a sensible command does not have.
  @Test(arguments: [OrderStreamKind.auctionDay, .quoteStorm])
  func fewCommandsAreRefused(kind: OrderStreamKind) throws {
    let (figures, _) = try replay(kind, count: 60_000)
    let rejects = figures.rejectsByReason.values.reduce(0, +)
    #expect(rejects < 60_000 / 20, "\(figures.rejectsByReason)")
    for reason in ["malformed", "orderIdReused", "duplicateOrderId", "unfinished", "notOwner"] {
      #expect(figures.rejectsByReason[reason] == nil, "\(figures.rejectsByReason)")
    }
    #expect(figures.tradeCount > 100)
  }

  @Test func aReplayIsRepeatable() throws {
    let first = try replay(.auctionDay, seed: 3, count: 20_000).figures
    let second = try replay(.auctionDay, seed: 3, count: 20_000).figures
    #expect(first.digest == second.digest && first.eventsByKind == second.eventsByKind)
  }

  @Test func whatWasReadBeforeAnErrorIsReported() throws {
    let folder = try ScratchFolder()
    let path = folder.path("log")
    try OrderLogWriter.write(
      try OrderStreamConfiguration(kind: .mixed, seed: 1, commandCount: 5_000), to: path)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    try bytes.prefix(64 + 72 * 100 + 5).write(to: URL(fileURLWithPath: path))
    let figures = try OrderLogReplay.run(configuration(path))
    #expect(figures.commandCount == 100)
    #expect(figures.inputError?.contains("offset 7264: truncated") == true)
  }
}

@Suite struct RecordedOrderReplayTests {
  @Test(arguments: ["day.itch", "day.itch.gz", "day.pcap"], [UInt64(1), 8])
  func aGeneratedDayIsMatchedAgain(name: String, seed: UInt64) throws {
    let folder = try ScratchFolder()
    let path = folder.path(name)
    let summary = try MarketDayWriter.write(
      try MarketDayConfiguration(seed: seed, messageCount: 60_000, symbolCount: 200), to: path)
    let figures = try RecordedOrderReplay.run(configuration(path))
    let agreement = try #require(figures.agreement)
    let executions = summary.countsByType.filter { ["E", "C"].contains($0.type) }
      .reduce(0) { $0 + $1.count }
    #expect(figures.inputError == nil)
    #expect(agreement.isComplete, "\(agreement)")
    #expect(agreement.equalCount == UInt64(executions) && executions > 500)
    #expect(agreement.recordedQuantity == agreement.tradedQuantity)
    #expect(figures.tradeCount == agreement.recordedCount)
    #expect(agreement.differences.isEmpty && agreement.differingInstruments.isEmpty)
    #expect(agreement.otherPriceCount > 0 && agreement.undisplayedTradeCount > 0)
    #expect(figures.rejectsByReason.isEmpty, "\(figures.rejectsByReason)")
  }

  // MARK: Recordings that no price-time market made

  private struct Day {
    private var messages = FramedBytes()
    private var time: UInt64 = 1_000

    var path: String

    init(_ path: String) {
      self.path = path
      messages.append(.stockDirectory(Day.directory(header())))
    }

    private mutating func header() -> ITCHHeader {
      time += 10
      return ITCHHeader(locate: 1, trackingNumber: 0, timestampNanoseconds: time)
    }

    mutating func add(_ reference: UInt64, _ side: Side, _ quantity: UInt32, at price: UInt32) {
      messages.append(
        .addOrder(
          AddOrder(
            header: header(), reference: reference, sideCode: side.rawValue, quantity: quantity,
            symbol: ITCHSymbol("ONE"), price: price)))
    }

    mutating func execute(_ reference: UInt64, _ quantity: UInt32) {
      messages.append(
        .orderExecuted(
          OrderExecuted(
            header: header(), reference: reference, executedQuantity: quantity, matchNumber: 1)))
    }

    mutating func delete(_ reference: UInt64) {
      messages.append(.orderDelete(OrderDelete(header: header(), reference: reference)))
    }

    mutating func replace(
      _ reference: UInt64, by newReference: UInt64, _ quantity: UInt32, at price: UInt32
    ) {
      messages.append(
        .orderReplace(
          OrderReplace(
            header: header(), originalReference: reference, newReference: newReference,
            quantity: quantity, price: price)))
    }

    mutating func trading(_ state: Character) {
      messages.append(
        .stockTradingAction(
          StockTradingAction(
            header: header(), symbol: ITCHSymbol("ONE"), tradingState: state.asciiValue ?? 0,
            reserved: 0x20, reason: ITCHText4(""))))
    }

    func replay() throws -> MatchingFigures {
      try Data(messages.bytes).write(to: URL(fileURLWithPath: path))
      return try RecordedOrderReplay.run(configuration(path))
    }

    private static func directory(_ header: ITCHHeader) -> StockDirectory {
      StockDirectory(
        header: header, symbol: ITCHSymbol("ONE"), marketCategory: 0x51, financialStatus: 0x4E,
        roundLotSize: 100, roundLotsOnly: 0x4E, issueClassification: 0x43,
        issueSubType: ITCHText2("Z"), authenticity: 0x50, shortSaleThreshold: 0x4E, ipoFlag: 0x4E,
        luldReferencePriceTier: 0x31, etpFlag: 0x4E, etpLeverageFactor: 0,
        inverseIndicator: 0x4E)
    }
  }

  private func agreement(
    _ make: (inout Day) -> Void
  ) throws -> MatchingFigures.Agreement {
    let folder = try ScratchFolder()
    var day = Day(folder.path("day.itch"))
    make(&day)
    let figures = try day.replay()
    #expect(figures.inputError == nil && figures.rejectsByReason.isEmpty)
    return try #require(figures.agreement)
  }

  @Test func anOrderThatWasNotFirst() throws {
    let agreement = try agreement { day in
      day.add(1, .buy, 100, at: 50_000)
      day.add(2, .buy, 100, at: 50_000)
      day.execute(2, 60)
      day.execute(1, 100)
      day.execute(2, 40)
    }
    #expect(agreement.equalCount == 1)
    #expect(agreement.differences == ["notFirstInQueue": 1, "tradedEarlier": 1])
    #expect(agreement.recordedQuantity == 200 && agreement.tradedQuantity == 200)
    #expect(!agreement.isComplete)
  }

  @Test func anOrderBehindABetterOne() throws {
    let agreement = try agreement { day in
      day.add(1, .sell, 100, at: 50_100)
      day.add(2, .sell, 100, at: 50_000)
      day.execute(1, 30)
      day.delete(2)
      day.execute(1, 70)
    }
    #expect(agreement.equalCount == 1)
    #expect(agreement.differences == ["notBestPrice": 1])
    #expect(agreement.recordedQuantity == 100 && agreement.tradedQuantity == 100)
  }

  @Test func ordersThatCrossWhenTheyAreEntered() throws {
    let agreement = try agreement { day in
      day.add(1, .sell, 100, at: 50_000)
      day.add(2, .buy, 100, at: 50_100)
      day.execute(1, 100)
      day.execute(2, 100)
    }
    #expect(agreement.equalCount == 0 && agreement.unaskedTradeCount == 1)
    #expect(agreement.differences == ["tradedEarlier": 2])
    #expect(agreement.instrumentCount == 1 && agreement.equalInstrumentCount == 0)
    #expect(agreement.differingInstruments.first?.symbol == "ONE")
  }

  @Test func ordersThatGatherInAHalt() throws {
    let agreement = try agreement { day in
      day.add(1, .sell, 50, at: 50_000)
      day.trading("H")
      day.add(2, .sell, 100, at: 50_000)
      day.trading("Q")
      day.add(3, .buy, 50, at: 50_200)
      day.trading("T")
      day.execute(2, 100)
    }
    // The auction has traded the first order with the third; the second is first then.
    #expect(agreement.unaskedTradeCount == 1)
    #expect(agreement.equalCount == 1 && agreement.differences.isEmpty)
  }

  @Test func aReplacementGoesBehindTheOthersEvenWhereOnlyItsQuantityShrinks() throws {
    let agreement = try agreement { day in
      day.add(1, .buy, 100, at: 50_000)
      day.add(2, .buy, 100, at: 50_000)
      day.replace(1, by: 3, 80, at: 50_000)
      day.execute(2, 100)
      day.execute(3, 80)
      day.add(4, .sell, 10, at: 51_000)
      day.replace(4, by: 5, 20, at: 50_900)
      day.execute(5, 20)
    }
    #expect(agreement.isComplete && agreement.equalCount == 3)
  }
}

/// Framed messages as an array.
private struct FramedBytes {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ message: ITCHMessage) {
    var buffer = FramedMessageBuffer(capacityByteCount: 64)
    let isAppended = buffer.append(message)
    #expect(isAppended)
    buffer.withBytes { span in
      for index in 0..<span.byteCount {
        bytes.append(unsafe span.unsafeLoad(fromByteOffset: index, as: UInt8.self))
      }
    }
  }
}
