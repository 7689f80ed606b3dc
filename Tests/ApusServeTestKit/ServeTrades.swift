// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusClient
public import ApusTrading

/// Orders of which everything follows from their number and session: tests and the programs that they
/// kill submit the same.
public enum ServeTrades {
  /// A client of the matching engine.
  public typealias Client = EngineClient<MatchingCommand, MatchingEvent>

  /// Sessions, and owners of the same numbers.
  public static let sessions: ClosedRange<UInt16> = 1...4

  /// Connects to a service.
  public static func connect(
    _ folder: String, cursor: String? = nil, start: EventLogStart = .first
  ) throws(ClientError) -> Client {
    try Client(
      folder: folder, format: MatchingEngine.snapshotFormat,
      attachmentByteCountMax: MatchingEngine.attachmentByteCountMax, cursor: cursor, start: start)
  }

  /// What has to be done before the first order.
  public static var preparation: [MatchingCommand] {
    [.defineInstrument(1), .setPhase(1, .continuous)]
      + sessions.map { .setOwnerLimit($0, .openOrders, to: 1_000_000) }
  }

  /// Id of the n-th order of a session, from 1.
  public static func orderID(_ number: UInt64, session: UInt16) -> UInt64 {
    number * UInt64(sessions.count) + UInt64(session - 1)
  }

  /// The number that an order has in its session.
  public static func number(ofOrder id: UInt64) -> UInt64 { id / UInt64(sessions.count) }

  /// Buys and sells in turn at one price, so that few orders rest.
  public static func order(_ number: UInt64, session: UInt16) -> MatchingCommand {
    .new(
      orderId: orderID(number, session: session), owner: session, instrument: 1,
      side: (number + UInt64(session)).isMultiple(of: 2) ? .buy : .sell, priceTicks: 100,
      quantity: 1, session: session)
  }

  /// What is attached to an order: of all lengths, now and then none and the longest.
  public static func attachment(ofOrder id: UInt64) -> [UInt8] {
    let count =
      switch id % 13 {
      case 0: 0
      case 1: MatchingEngine.attachmentByteCountMax
      default: Int(id &* 37 % 300)
      }
    return [UInt8](repeating: UInt8(truncatingIfNeeded: id), count: count)
  }
}

extension EngineClient where Command == MatchingCommand, Event == MatchingEvent {
  /// Submits the n-th order of a session.
  public mutating func submit(order number: UInt64, session: UInt16) -> SubmitOutcome {
    let order = ServeTrades.order(number, session: session)
    let bytes = ServeTrades.attachment(ofOrder: order.orderId)
    // SAFETY: bytes as bytes, for the call.
    return unsafe submit(order, attachment: bytes.span.bytes)
  }
}
