// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMarketProtocols
internal import ApusTestBasics

/// Produces the messages of one realistic Nasdaq ITCH 5.0 day, a buffer at a time.
///
/// Equal configurations give equal bytes: all arithmetic is on integers and nothing depends on
/// the order of a hash table. The generator keeps the books it implies, so that every delete,
/// replace and execution names a living order, executions hit the oldest order at the best
/// price, and no book is ever crossed.
///
/// The order flow is driven by three rules. Kinds are drawn by the shares of a real day. The
/// choice between adding and deleting steers the number of living orders along a curve that
/// rises to a peak before the close and falls after it. Victims of deletes and replaces are
/// drawn by age with a log-uniform tail: most orders live for microseconds to seconds, some all
/// day.
///
/// - Threading: one thread at a time.
public struct MarketDayGenerator: ~Copyable {
  /// What day this is.
  public let configuration: MarketDayConfiguration
  /// Messages produced so far.
  public private(set) var producedCount = 0
  /// Messages produced so far, by ASCII code of their type.
  public private(set) var countsByType: [Int]
  /// Most orders that have lived at the same time so far.
  public private(set) var liveOrderPeak = 0

  var random: SeededRandom
  var universe: SymbolUniverse
  var books: GeneratorBooks
  var flow: OrderFlowPlan
  let schedule: DaySchedule
  var scheduleIndex = 0
  var clock: IntradayClock
  /// Time of the next order-flow message, drawn ahead so that scheduled messages go before it.
  var nextFlowTime: UInt64 = 0
  var flowIndex = 0
  var now: UInt64 = 0

  var lastReference: UInt64
  var lastMatch: UInt64
  /// Latest printed trade: what a broken trade breaks.
  var lastPrinted: (match: UInt64, locate: UInt16)?
  var lastLocate: UInt16 = 1
  var sweep = Sweep()
  var pressure = Pressure()
  /// Market participants that sign their orders.
  let participants = ["GSCO", "MSCO", "JPMS", "UBSS", "VIRT", "NITE", "ETMM", "SUFI"]
    .map { ITCHText4($0) }

  /// An incoming order that goes on to hit the next resting one.
  struct Sweep {
    var quantityLeft: UInt32 = 0
    var locate: UInt16 = 0
    var side: UInt8 = 0
    /// Worst level it accepts.
    var keyLimit: Int32 = 0
  }

  /// A best price that the fair price has passed: its orders are pulled or hit until it is gone,
  /// which is how books follow the walk of their prices.
  struct Pressure {
    /// 0 when there is none.
    var locate: UInt16 = 0
    var side: UInt8 = 0
  }

  /// Largest framed message: the length prefix and 50 bytes.
  static let framedByteCountMax = 52

  /// Plans a day. Takes milliseconds and memory for the living orders' peak.
  public init(configuration: MarketDayConfiguration) {
    self.configuration = configuration
    countsByType = Array(repeating: 0, count: 256)
    random = SeededRandom(seed: configuration.seed)
    universe = SymbolUniverse(symbolCount: configuration.symbolCount, random: &random)
    schedule = DaySchedule(configuration: configuration, universe: universe, random: &random)
    let flowCount = configuration.messageCount - schedule.events.count
    flow = OrderFlowPlan(messageCount: configuration.messageCount, flowCount: flowCount)
    clock = IntradayClock(messageCount: flowCount)
    books = GeneratorBooks(
      symbolCount: configuration.symbolCount,
      orderCapacity: min(flow.livePeakTarget, 1 << 22) + 1_024)
    lastReference = UInt64(random.below(narrow: 4_096))
    lastMatch = UInt64(random.below(narrow: 4_096))
    nextFlowTime = clock.advance(isBurst: false, using: &random)
  }

  /// Appends the next messages of the day, as many as fit.
  ///
  /// - Parameters:
  ///   - buffer: Where to; what it holds already stays.
  ///   - spanNanosecondsMax: Stops before a message so much later than the first one appended.
  /// - Returns: `false` when nothing was appended: the day is over, or the buffer is too small.
  /// - Complexity: amortised O(1) a message in practice; allocates only while books grow.
  public mutating func fill(
    _ buffer: inout FramedMessageBuffer, spanNanosecondsMax: UInt64 = .max
  ) -> Bool {
    let countBefore = producedCount
    var lastTimeAllowed = UInt64.max
    while producedCount < configuration.messageCount,
      buffer.capacityByteCount - buffer.byteCount >= Self.framedByteCountMax
    {
      let scheduledTime =
        scheduleIndex < schedule.events.count ? schedule.events[scheduleIndex].timestamp : .max
      let isFlow = nextFlowTime < scheduledTime
      let time = isFlow ? nextFlowTime : scheduledTime
      if producedCount == countBefore {
        lastTimeAllowed = time.addingReportingOverflow(spanNanosecondsMax).partialValue
        if lastTimeAllowed < time { lastTimeAllowed = .max }
      } else if time > lastTimeAllowed {
        break
      }
      now = time
      if isFlow {
        produceFlowMessage(into: &buffer)
        prepareNextFlowTime()
      } else {
        scheduleIndex += 1
        produceScheduledMessage(schedule.events[scheduleIndex - 1], into: &buffer)
      }
    }
    return producedCount > countBefore
  }

  @inline(__always)
  private mutating func prepareNextFlowTime() {
    flowIndex += 1
    nextFlowTime =
      flowIndex < flow.flowCount
      ? clock.advance(isBurst: sweep.quantityLeft > 0, using: &random) : .max
  }

  /// Time of the last message. Unit: nanoseconds since midnight.
  public var lastTimestampNanoseconds: UInt64 { now }

  /// Orders that live now.
  public var liveOrderCount: Int { books.live.count }

  /// Appends one message; `fill` has made sure of the room.
  @inline(__always)
  mutating func emit<Message: ITCHMessageBody>(
    _ message: Message, into buffer: inout FramedMessageBuffer
  ) {
    let isStored = buffer.append(message)
    assert(isStored, "MarketDayGenerator.emit: expected room for a message")
    producedCount += 1
    countsByType[Int(Message.messageType)] += 1
  }

  @inline(__always)
  func header(locate: UInt16) -> ITCHHeader {
    // Nasdaq's tracking numbers are small even values that mean nothing outside.
    ITCHHeader(
      locate: locate, trackingNumber: UInt16(truncatingIfNeeded: producedCount & 3) &* 2,
      timestampNanoseconds: now)
  }

  @inline(__always)
  mutating func nextReference() -> UInt64 {
    let draw = random.next()
    // Undisplayed orders take references too: now and then a few are skipped.
    lastReference &+= draw & 15 == 0 ? 2 &+ (draw >> 4) & 7 : 1
    return lastReference
  }

  @inline(__always)
  mutating func nextMatch() -> UInt64 {
    lastMatch &+= 1
    return lastMatch
  }

  @inline(__always)
  mutating func noteLivePeak() {
    if books.live.count > liveOrderPeak { liveOrderPeak = books.live.count }
  }
}

extension MarketDayGenerator {
  /// The state of all books now, from the generator's own orders.
  ///
  /// ``TruthModel`` must reach the same rows from the messages alone.
  public func bookRows() -> [BookTruthRow] {
    var rows = (1...configuration.symbolCount).map { locate in
      BookTruthRow(locate: UInt16(locate), symbol: universe.symbols[locate].name.description)
    }
    for slot in books.live {
      let order = books.orders[Int(slot)]
      rows[Int(order.locate) - 1]
        .count(
          isBuy: order.side == GeneratorBooks.buy, price: order.price,
          quantity: UInt64(order.quantity))
    }
    return rows
  }
}
