// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTestBasics
public import ApusTrading

/// What decides the next commands of a stream.
protocol OrderFlow: Sendable {
  /// Writes the commands that make instruments and owners.
  mutating func begin(_ desk: inout OrderDesk)
  /// Writes one command or more.
  ///
  /// - Parameter progress: Commands handed out so far, of `commandCount`.
  mutating func step(_ desk: inout OrderDesk, progress: Int)
}

/// A seeded stream of commands to the matching engine, one at a time.
///
/// ```swift
/// var stream = OrderStream(
///   try OrderStreamConfiguration(kind: .mixed, seed: 1, commandCount: 1_000_000))
/// while let record = stream.next() { … }
/// ```
///
/// - Complexity: memory for the living orders only.
public struct OrderStream: Sendable {
  /// Which stream.
  public let configuration: OrderStreamConfiguration
  /// Commands handed out.
  public private(set) var producedCount = 0
  /// Commands before the first order.
  public let preparingCount: Int
  /// Commands in all.
  public let commandCount: Int
  private var desk: OrderDesk
  private var flow: any OrderFlow
  private var commandsByKind = [Int](repeating: 0, count: 256)
  private var ordersByType = [Int](repeating: 0, count: 8)

  /// A stream from its beginning.
  public init(_ configuration: OrderStreamConfiguration) {
    let count = configuration.commandCount
    let half = UInt64(1_800_000_000_000)
    var desk: OrderDesk
    var flow: any OrderFlow
    switch configuration.kind {
    case .mixed:
      desk = OrderDesk(
        seed: configuration.seed, instrumentCount: 1, ownerCount: 16, findsById: false,
        timeNanoseconds: 19 * half)
      flow = SteadyFlow.mixed
    case .trades:
      desk = OrderDesk(
        seed: configuration.seed, instrumentCount: 1, ownerCount: 16, findsById: false,
        timeNanoseconds: 19 * half)
      flow = SteadyFlow.trades
    case .flashCrash:
      desk = OrderDesk(
        seed: configuration.seed, instrumentCount: 1, ownerCount: 64, findsById: false,
        timeNanoseconds: 29 * half)
      flow = FlashCrashFlow(commandCount: count)
    case .auctionDay:
      desk = OrderDesk(
        seed: configuration.seed, instrumentCount: AuctionDayFlow.instrumentCount, ownerCount: 40,
        findsById: true, timeNanoseconds: 18 * half)
      flow = AuctionDayFlow(commandCount: count)
    case .quoteStorm:
      desk = OrderDesk(
        seed: configuration.seed, instrumentCount: QuoteStormFlow.instrumentCount,
        ownerCount: QuoteStormFlow.makerCount + QuoteStormFlow.takerCount, findsById: true,
        timeNanoseconds: 20 * half)
      flow = QuoteStormFlow()
    }
    desk.authorise(limitsEveryOwner: configuration.limitsEveryOwner)
    // Limits come on top, so that the orders behind them are the same with and without.
    let authorisingCount = desk.written.count
    flow.begin(&desk)
    preparingCount = desk.written.count
    commandCount =
      configuration.limitsEveryOwner
      ? count + authorisingCount - Int(desk.ownerCount) : count
    // Draws for the times of the limits must not change the orders either.
    desk.random = SeededRandom(seed: configuration.seed &+ 0x0DE5)
    desk.timeNanoseconds += half
    self.configuration = configuration
    self.desk = desk
    self.flow = flow
  }

  /// The next command; nil at the end.
  public mutating func next() -> OrderLogRecord? {
    guard producedCount < commandCount else { return nil }
    while !desk.hasWritten {
      flow.step(
        &desk, progress: producedCount - (commandCount - configuration.commandCount))
    }
    let record = desk.takeNext()
    producedCount += 1
    commandsByKind[Int(record.command.kindCode)] += 1
    if record.command.kindCode == MatchingCommandKind.new.rawValue {
      ordersByType[Int(record.command.typeCode) & 7] += 1
    }
    return record
  }

  /// What was handed out, and what the model makes of it. Between two commands of one step of the
  /// stream the model is already behind the step.
  public var totals: OrderStreamTotals {
    var totals = desk.market.totals
    totals.commandsByKind = commandsByKind
    totals.ordersByType = ordersByType
    totals.liveOrderCount = desk.market.liveCount
    return totals
  }
}
