// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Testing

@testable import ApusMarketProtocols

/// Messages written byte by byte from the exchange's table, and what they say.
@Suite struct ITCHGoldenTests {
  /// Locate 8,191, tracking number 2, 09:30:00.000000001.
  private let header = ITCHHeader(
    locate: 8_191, trackingNumber: 2, timestampNanoseconds: 34_200_000_000_001)
  private let headerBytes: [UInt8] = [
    0x1F, 0xFF, 0x00, 0x02, 0x1F, 0x1A, 0xCE, 0xD9, 0xF0, 0x01,
  ]
  private let apple: [UInt8] = [0x41, 0x41, 0x50, 0x4C, 0x20, 0x20, 0x20, 0x20]

  private func check(_ letter: Character, _ fields: [UInt8], _ expected: ITCHMessage) {
    let bytes = [letter.asciiValue ?? 0] + headerBytes + fields
    #expect(decode(bytes) == .message(expected))
    var buffer = FramedMessageBuffer(capacityByteCount: 64)
    #expect(encode(expected, &buffer) == bytes)
    let framed = buffer.withBytes { $0.copiedPrefix(2) }
    #expect(framed == [0, UInt8(bytes.count)])
  }

  @Test func systemEvent() {
    check("S", [0x51], .systemEvent(SystemEvent(header: header, eventCode: UInt8(ascii: "Q"))))
  }

  @Test func stockDirectory() {
    let fields: [UInt8] =
      apple + [0x51, 0x4E, 0, 0, 0, 100, 0x4E, 0x43, 0x5A, 0x20, 0x50, 0x4E, 0x20, 0x31]
      + [0x4E, 0, 0, 1, 2, 0x59]
    check(
      "R", fields,
      .stockDirectory(
        StockDirectory(
          header: header, symbol: ITCHSymbol("AAPL"), marketCategory: UInt8(ascii: "Q"),
          financialStatus: UInt8(ascii: "N"), roundLotSize: 100, roundLotsOnly: UInt8(ascii: "N"),
          issueClassification: UInt8(ascii: "C"), issueSubType: ITCHText2("Z"),
          authenticity: UInt8(ascii: "P"), shortSaleThreshold: UInt8(ascii: "N"),
          ipoFlag: UInt8(ascii: " "), luldReferencePriceTier: UInt8(ascii: "1"),
          etpFlag: UInt8(ascii: "N"), etpLeverageFactor: 258, inverseIndicator: UInt8(ascii: "Y"))))
  }

  @Test func circuitBreakerLevels() {
    // 4,000.5 points, then 1 and the largest.
    let fields: [UInt8] =
      [0, 0, 0, 0x5D, 0x24, 0xD6, 0x90, 0x80] + [0, 0, 0, 0, 0, 0, 0, 1]
      + [UInt8](repeating: 0xFF, count: 8)
    check(
      "V", fields,
      .mwcbDeclineLevel(
        MWCBDeclineLevel(header: header, level1: 400_050_000_000, level2: 1, level3: .max)))
  }

  @Test func orders() {
    // Reference 0x0102030405060708, 300 shares at 585.3300.
    let fields: [UInt8] =
      [1, 2, 3, 4, 5, 6, 7, 8, 0x53, 0, 0, 1, 0x2C] + apple + [0, 0x59, 0x50, 0x54]
    check(
      "A", fields,
      .addOrder(
        AddOrder(
          header: header, reference: 0x0102_0304_0506_0708, sideCode: UInt8(ascii: "S"),
          quantity: 300, symbol: ITCHSymbol("AAPL"), price: 5_853_268)))
    check(
      "F", fields + [0x4E, 0x53, 0x44, 0x51],
      .addOrderAttributed(
        AddOrderAttributed(
          header: header, reference: 0x0102_0304_0506_0708, sideCode: UInt8(ascii: "S"),
          quantity: 300, symbol: ITCHSymbol("AAPL"), price: 5_853_268,
          attribution: ITCHText4("NSDQ"))))
    check(
      "U", [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4],
      .orderReplace(
        OrderReplace(
          header: header, originalReference: 1, newReference: 2, quantity: 3, price: 4)))
    check(
      "C",
      [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0x4E, 0x80, 0, 0, 0],
      .orderExecutedWithPrice(
        OrderExecutedWithPrice(
          header: header, reference: 1, executedQuantity: 2, matchNumber: 3,
          printable: UInt8(ascii: "N"), price: 0x8000_0000)))
  }

  @Test func netOrderImbalance() {
    let fields: [UInt8] =
      [0, 0, 0, 0, 0, 1, 0, 0] + [0, 0, 0, 0, 0, 0, 2, 0] + [0x42] + apple
      + [0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7, 0x4F, 0x4C]
    check(
      "I", fields,
      .netOrderImbalance(
        NetOrderImbalance(
          header: header, pairedQuantity: 65_536, imbalanceQuantity: 512,
          imbalanceDirection: UInt8(ascii: "B"), symbol: ITCHSymbol("AAPL"), farPrice: 5,
          nearPrice: 6, currentReferencePrice: 7, crossType: UInt8(ascii: "O"),
          priceVariation: UInt8(ascii: "L"))))
  }

  @Test func directListingAndRetail() {
    let fields: [UInt8] =
      apple + [0x59, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3] + [0, 0, 0x1F, 0x1A, 0xCE, 0xD9, 0xF0, 0]
      + [0, 0, 0, 4, 0, 0, 0, 5]
    check(
      "O", fields,
      .directListingCapitalRaise(
        DirectListingCapitalRaise(
          header: header, symbol: ITCHSymbol("AAPL"), openEligibility: UInt8(ascii: "Y"),
          minimumPrice: 1, maximumPrice: 2, nearExecutionPrice: 3,
          nearExecutionTime: 34_200_000_000_000, lowerPriceCollar: 4, upperPriceCollar: 5)))
    check(
      "N", apple + [0x41],
      .retailPriceImprovement(
        RetailPriceImprovement(
          header: header, symbol: ITCHSymbol("AAPL"), interestFlag: UInt8(ascii: "A"))))
  }
}
