// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What has to be resumed at a later command.
struct UnfinishedWork: OptionSet, BitwiseCopyable {
  var rawValue: UInt8

  /// In the ring of instruments with something to do.
  static let queued = UnfinishedWork(rawValue: 1)
  static let auction = UnfinishedWork(rawValue: 2)
  /// Cancel what is left of the orders of the auction.
  static let auctionOnly = UnfinishedWork(rawValue: 4)
  static let close = UnfinishedWork(rawValue: 8)
  /// Mid pegs, activated brackets and stops.
  static let followUp = UnfinishedWork(rawValue: 16)
}

/// One instrument; zero bits are one that is not defined.
struct Instrument: BitwiseCopyable {
  var symbol: UInt64
  var isDefined: Bool
  var phase: MarketPhase
  var allocation: AllocationRule
  var selfTradePrevention: SelfTradePrevention
  var unfinished: UnfinishedWork
  /// The set of the auction that is not finished: at-open or at-close.
  var auctionSet: OrderSet
  var tickRowCount: UInt8
  var lot: UInt32
  var quantityMax: UInt32
  /// 0 for none.
  var lastTicks: UInt32
  /// 0 for none.
  var referenceTicks: UInt32
  /// Both 0 where there is no band.
  var staticLowTicks: UInt32
  var staticHighTicks: UInt32
  var staticBandPpm: UInt32
  var dynamicBandPpm: UInt32
  var collarPpm: UInt32
  var proRataMinimum: UInt32
  var marginPpm: UInt32
  /// Mid pegs, stops and activated brackets: what may have something to do after a command.
  var followUpCount: UInt32
  var pegCount: UInt32
  var icebergCount: UInt32
  /// Bracket children that are not active, by their `next` and `previous` among the orders; slots plus
  /// one, 0 for none.
  var firstDormant: UInt32
  var lastDormant: UInt32
  /// Orders that live for one auction.
  var auctionOnlyCount: UInt32
  /// The order that a sweep looks at next, plus one; 0 where it is to begin a queue.
  var sweepSlot: UInt32
  /// The number of that queue.
  var sweepStep: UInt8
  var trailingCount: UInt32
  /// Trailing stops in order of entry; slots plus one, 0 for none.
  var firstTrailing: UInt32
  var lastTrailing: UInt32
  /// First children of brackets that are to be activated; slots plus one, 0 for none.
  var firstActivated: UInt32
  var lastActivated: UInt32
  var auctionTicks: UInt32
  /// What the auction has still to trade.
  var auctionLeft: UInt64
  var tickStarts: [4 of UInt32]
  var ticks: [4 of UInt32]

  /// Continuous, by price and time, with nothing else to meet than displayed orders.
  @inline(__always)
  var isPlain: Bool {
    isDefined && phase == .continuous && unfinished == [] && allocation == .priceTime
      && pegCount == 0 && firstTrailing == 0
  }

  var anchorTicks: UInt32 { lastTicks != 0 ? lastTicks : referenceTicks }

  /// Sections 3.12 to 3.14: what is wrong with a quantity.
  @inline(__always)
  func refusal(ofQuantity quantity: UInt32) -> MatchingReason? {
    guard quantity > 0 else { return .quantity }
    guard lot == 1 || quantity % lot == 0 else { return .lot }
    guard quantityMax == 0 || quantity <= quantityMax else { return .instrumentQuantity }
    return nil
  }

  /// Sections 3.15 to 3.17: what is wrong with the price of an order that needs one.
  ///
  /// - Parameter bidTicks: What it has to be above: a quote's bid, for its ask.
  @inline(__always)
  func refusal(ofPrice priceTicks: UInt32, above bidTicks: UInt32 = 0) -> MatchingReason? {
    guard priceTicks > bidTicks, priceTicks <= OrderRequest.priceTicksMax else { return .price }
    guard isOnGrid(priceTicks) else { return .tick }
    guard staticBandPpm == 0 || priceTicks >= staticLowTicks && priceTicks <= staticHighTicks
    else { return .priceBand }
    return nil
  }

  @inline(__always)
  func isOnGrid(_ priceTicks: UInt32) -> Bool {
    if tickRowCount == 1 { return ticks[0] == 1 || priceTicks % ticks[0] == 0 }
    var row = Int(tickRowCount) &- 1
    while row > 0, tickStarts[row] > priceTicks { row &-= 1 }
    return priceTicks % ticks[row] == 0
  }

  mutating func setStaticBand() {
    guard staticBandPpm != 0, referenceTicks != 0 else {
      (staticLowTicks, staticHighTicks) = (0, .max)
      return
    }
    (staticLowTicks, staticHighTicks) = Self.band(referenceTicks, staticBandPpm)
  }

  /// Prices around one, the bounds included.
  static func band(_ center: UInt32, _ ppm: UInt32) -> (low: UInt32, high: UInt32) {
    let width = UInt64(center) * UInt64(ppm) / 1_000_000
    let high = min(UInt64(center) + width, UInt64(UInt32.max))
    return (UInt32(UInt64(center) - min(width, UInt64(center))), UInt32(high))
  }
}
