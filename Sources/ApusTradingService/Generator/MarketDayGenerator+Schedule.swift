// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

/// Messages whose time was fixed before the day began.
extension MarketDayGenerator {
  mutating func produceScheduledMessage(
    _ event: ScheduledEvent, into buffer: inout FramedMessageBuffer
  ) {
    let locate = event.locate
    let header = header(locate: locate)
    let symbol = universe.symbols[Int(locate)]
    switch event.kind {
    case .system:
      emit(SystemEvent(header: header, eventCode: event.code), into: &buffer)
    case .directory:
      emit(directory(header: header, symbol: symbol), into: &buffer)
    case .tradingAction:
      changeTradingState(event, header: header, into: &buffer)
    case .shortSaleRestriction:
      emit(
        RegSHORestriction(
          header: header, symbol: symbol.name,
          action: random.oneIn(16) ? UInt8(ascii: "1") : UInt8(ascii: "0")),
        into: &buffer)
    case .participantPosition:
      produceParticipantPosition(header: header, symbol: symbol, into: &buffer)
    case .declineLevels:
      // 7, 13 and 20 % below the index's last close, with 8 decimals.
      let close = 5_000 * 100_000_000 + random.below(wide: 2_000 * 100_000_000)
      emit(
        MWCBDeclineLevel(
          header: header, level1: close / 100 * 93, level2: close / 100 * 87,
          level3: close / 100 * 80),
        into: &buffer)
    case .declineStatus:
      emit(MWCBStatus(header: header, breachedLevel: event.code), into: &buffer)
    case .quotingPeriod:
      emit(
        IPOQuotingPeriodUpdate(
          header: header, symbol: symbol.name,
          releaseTimeSeconds: UInt32(DaySchedule.releaseTime / SessionTime.second),
          releaseQualifier: event.code, price: symbol.fairPrice),
        into: &buffer)
    case .auctionCollar:
      emit(
        LULDAuctionCollar(
          header: header, symbol: symbol.name, referencePrice: symbol.fairPrice,
          upperPrice: PriceGrid.roundedDown(symbol.fairPrice / 20 * 21),
          lowerPrice: PriceGrid.roundedDown(symbol.fairPrice / 20 * 19), extensionCount: 0),
        into: &buffer)
    case .operationalHalt:
      setHalt(HaltReason.operational, locate: locate, isOn: event.code == UInt8(ascii: "H"))
      emit(
        OperationalHalt(
          header: header, symbol: symbol.name, marketCode: UInt8(ascii: "Q"),
          action: event.code),
        into: &buffer)
    case .imbalance:
      produceImbalance(event, header: header, symbol: symbol, into: &buffer)
    case .cross:
      emit(
        CrossTrade(
          header: header, quantity: UInt64(random.logUniform(octaveCount: 20) & ~1),
          symbol: symbol.name, crossPrice: tradePrice(locate: locate), matchNumber: nextMatch(),
          crossType: event.code),
        into: &buffer)
    case .brokenTrade:
      produceBrokenTrade(into: &buffer)
    case .retailInterest:
      let flags: [UInt8] = [
        UInt8(ascii: "B"), UInt8(ascii: "S"), UInt8(ascii: "A"), UInt8(ascii: "N"),
      ]
      emit(
        RetailPriceImprovement(
          header: header, symbol: symbol.name, interestFlag: flags[Int(random.below(narrow: 4))]),
        into: &buffer)
    case .capitalRaise:
      produceCapitalRaise(header: header, symbol: symbol, into: &buffer)
    }
  }

  private mutating func setHalt(_ reason: UInt8, locate: UInt16, isOn: Bool) {
    if isOn {
      universe.symbols[Int(locate)].halts |= reason
    } else {
      universe.symbols[Int(locate)].halts &= ~reason
    }
  }

  private mutating func changeTradingState(
    _ event: ScheduledEvent, header: ITCHHeader, into buffer: inout FramedMessageBuffer
  ) {
    setHalt(HaltReason.trading, locate: event.locate, isOn: event.code != UInt8(ascii: "T"))
    emit(
      StockTradingAction(
        header: header, symbol: universe.symbols[Int(event.locate)].name,
        tradingState: event.code, reserved: UInt8(ascii: " "),
        reason: ITCHText4(DaySchedule.reasons[Int(event.reason)])),
      into: &buffer)
  }

  private mutating func directory(header: ITCHHeader, symbol: GeneratedSymbol) -> StockDirectory {
    func code(_ letters: String, _ weights: [UInt32]) -> UInt8 {
      Array(letters.utf8)[random.weightedIndex(weights)]
    }
    let isFund = random.oneIn(4)
    let isNew = header.locate == schedule.newListing
    return StockDirectory(
      header: header, symbol: symbol.name,
      marketCategory: code("QGSNAPZ", [30, 10, 15, 25, 3, 15, 2]),
      financialStatus: code("ND ", [60, 2, 38]),
      roundLotSize: symbol.fairPrice > 10_000_000 ? 10 : symbol.fairPrice > 2_500_000 ? 40 : 100,
      roundLotsOnly: UInt8(ascii: "N"),
      issueClassification: isFund ? UInt8(ascii: "Q") : code("CAPR", [80, 8, 7, 5]),
      issueSubType: ITCHText2(isFund ? "E" : "Z"), authenticity: UInt8(ascii: "P"),
      shortSaleThreshold: random.oneIn(64) ? UInt8(ascii: "Y") : UInt8(ascii: "N"),
      ipoFlag: isNew ? UInt8(ascii: "Y") : UInt8(ascii: "N"),
      luldReferencePriceTier: code("12", [1, 3]),
      etpFlag: isFund ? UInt8(ascii: "Y") : UInt8(ascii: "N"),
      etpLeverageFactor: isFund && random.oneIn(12) ? 2 : 0, inverseIndicator: UInt8(ascii: "N"))
  }

  private mutating func produceParticipantPosition(
    header: ITCHHeader, symbol: GeneratedSymbol, into buffer: inout FramedMessageBuffer
  ) {
    emit(
      MarketParticipantPosition(
        header: header, mpid: participants[Int(random.below(narrow: UInt32(participants.count)))],
        symbol: symbol.name,
        primaryMarketMaker: random.oneIn(3) ? UInt8(ascii: "Y") : UInt8(ascii: "N"),
        marketMakerMode: UInt8(ascii: "N"), participantState: UInt8(ascii: "A")),
      into: &buffer)
  }

  private mutating func produceImbalance(
    _ event: ScheduledEvent, header: ITCHHeader, symbol: GeneratedSymbol,
    into buffer: inout FramedMessageBuffer
  ) {
    let reference = tradePrice(locate: event.locate)
    let imbalance = random.oneIn(6) ? 0 : random.logUniform(octaveCount: 18)
    let isBuy = random.oneIn(2)
    let step = max(PriceGrid.tick(reference), reference / 500)
    let far = isBuy ? reference + 2 * step : reference - min(2 * step, reference)
    let near = isBuy ? reference + step : reference - min(step, reference)
    let direction: UInt8 =
      imbalance == 0 ? UInt8(ascii: "N") : isBuy ? UInt8(ascii: "B") : UInt8(ascii: "S")
    emit(
      NetOrderImbalance(
        header: header, pairedQuantity: UInt64(random.logUniform(octaveCount: 20)),
        imbalanceQuantity: UInt64(imbalance), imbalanceDirection: direction, symbol: symbol.name,
        farPrice: PriceGrid.roundedDown(far), nearPrice: PriceGrid.roundedDown(near),
        currentReferencePrice: PriceGrid.roundedDown(reference), crossType: event.code,
        priceVariation: UInt8(ascii: "L")),
      into: &buffer)
  }

  /// Breaks the latest printed trade; before the first one an order takes the message's place, so
  /// that the day keeps its length.
  private mutating func produceBrokenTrade(into buffer: inout FramedMessageBuffer) {
    guard let trade = lastPrinted else {
      addOrder(isAttributed: false, into: &buffer)
      return
    }
    lastPrinted = nil
    emit(BrokenTrade(header: header(locate: trade.locate), matchNumber: trade.match), into: &buffer)
  }

  private mutating func produceCapitalRaise(
    header: ITCHHeader, symbol: GeneratedSymbol, into buffer: inout FramedMessageBuffer
  ) {
    let price = symbol.fairPrice
    emit(
      DirectListingCapitalRaise(
        header: header, symbol: symbol.name, openEligibility: UInt8(ascii: "Y"),
        minimumPrice: PriceGrid.roundedDown(price / 5 * 4),
        maximumPrice: PriceGrid.roundedDown(price / 5 * 9), nearExecutionPrice: price,
        nearExecutionTime: now, lowerPriceCollar: PriceGrid.roundedDown(price / 10 * 9),
        upperPriceCollar: PriceGrid.roundedDown(price / 10 * 11)),
      into: &buffer)
  }
}
