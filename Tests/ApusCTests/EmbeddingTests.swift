// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusC
import ApusEngine
import ApusTrading
import ApusTradingService
import CApus
import CApusDriver
import Testing

/// The engine through `apus.h` does what it does in Swift.
@Suite struct EmbeddingTests {
  struct Outcome: Equatable {
    var events: [MatchingEvent] = []
    var sequences: [UInt64] = []
    var digest: UInt64 = 0
  }

  /// A program in C and one in Swift, over the same commands.
  @Test(arguments: OrderStreamKind.allCases)
  func equalCommandsGiveEqualEventsAndDigests(kind: OrderStreamKind) throws {
    var stream = OrderStream(
      try OrderStreamConfiguration(kind: kind, seed: 11, commandCount: 10_000))
    var records: [OrderLogRecord] = []
    while let record = stream.next() { records.append(record) }
    #expect(records.count == 10_000)
    let swift = try Self.runInSwift(records)
    let c = Self.runInC(records, eventCountMax: swift.events.count + 100)
    #expect(swift.events.count >= 10_000)
    #expect(swift.events.contains { $0.kind == .trade })
    #expect(c.digest == swift.digest)
    #expect(c.sequences == swift.sequences)
    #expect(c.events == swift.events)
  }

  private static func runInSwift(_ records: [OrderLogRecord]) throws -> Outcome {
    var engine = try MatchingEngine(
      configuration: .init(
        orderCapacity: 1 << 16, levelCapacity: 1 << 16, holdingCapacity: 1 << 14,
        eventCountMax: 4_096))
    var queue = try EventQueue<MatchingEvent>(capacity: 4_096)
    var outcome = Outcome()
    var sequence: UInt64 = 0
    for record in records {
      sequence += 1
      queue.withSink(sequence: sequence, countMax: engine.eventCountMax) {
        engine.apply(
          record.command, at: Nanoseconds(record.timeNanoseconds), sequence: sequence, into: &$0)
      }
      queue.removeAll {
        outcome.events.append($0.event)
        outcome.sequences.append($0.sequence)
      }
    }
    outcome.digest = engine.digest
    return outcome
  }

  private static func runInC(_ records: [OrderLogRecord], eventCountMax: Int) -> Outcome {
    let commands = records.map { unsafe unsafeBitCast($0.command, to: apus_command.self) }
    let times = records.map(\.timeNanoseconds)
    var events = [apus_event](repeating: apus_event(), count: eventCountMax)
    var sequences = [UInt64](repeating: 0, count: eventCountMax)
    var outcome = Outcome()
    let count = unsafe capus_drive(
      commands, times, records.count, &events, &sequences, eventCountMax, &outcome.digest)
    if count <= eventCountMax {
      outcome.sequences = Array(sequences[..<count])
      outcome.events = events[..<count].map { unsafe unsafeBitCast($0, to: MatchingEvent.self) }
    }
    return outcome
  }

  /// The codes of the header are those of the enumerations.
  @Test func codesAreEqual() {
    #expect(APUS_COMMAND_EXPIRE.rawValue == UInt32(MatchingCommandKind.expire.rawValue))
    #expect(APUS_EVENT_TIME_EXPIRED.rawValue == UInt32(MatchingEventKind.timeExpired.rawValue))
    #expect(APUS_COMMAND_RESET_SUMS.rawValue == UInt32(MatchingCommandKind.resetSums.rawValue))
    #expect(APUS_EVENT_SUMS_RESET.rawValue == UInt32(MatchingEventKind.sumsReset.rawValue))
    #expect(APUS_SUMS_TRADED_AND_FEES.rawValue == UInt32(OwnerSums.tradedAndFees.rawValue))
    #expect(APUS_TYPE_MID_PEG.rawValue == UInt32(OrderType.midPeg.rawValue))
    #expect(APUS_TIME_AT_CLOSE.rawValue == UInt32(TimeInForce.atClose.rawValue))
    #expect(APUS_PHASE_VOLATILITY_PAUSE.rawValue == UInt32(MarketPhase.volatilityPause.rawValue))
    #expect(
      APUS_ALLOCATION_PRO_RATA_TOP_ORDER.rawValue == UInt32(AllocationRule.proRataTopOrder.rawValue)
    )
    #expect(APUS_PROPERTY_RESTRICTED.rawValue == UInt32(InstrumentProperty.restricted.rawValue))
    #expect(APUS_LIMIT_MAKER_FEE_PPM.rawValue == UInt32(OwnerLimit.makerFeePpm.rawValue))
    #expect(
      APUS_SELF_TRADE_DECREMENT_AND_CANCEL.rawValue
        == UInt32(SelfTradePrevention.decrementAndCancel.rawValue))
    #expect(APUS_REASON_UNFINISHED.rawValue == UInt32(MatchingReason.unfinished.rawValue))
    #expect(APUS_REASON_NO_RISK_PRICE.rawValue == UInt32(MatchingReason.noRiskPrice.rawValue))
    #expect(APUS_REASON_REQUESTED.rawValue == UInt32(MatchingReason.requested.rawValue))
    #expect(APUS_REASON_EVENT_LIMIT.rawValue == UInt32(MatchingReason.eventLimit.rawValue))
    #expect(APUS_FLAG_ON.rawValue == UInt32(CommandFlags.on.rawValue))
    #expect(APUS_EVENT_FLAG_QUOTE.rawValue == UInt32(EventFlags.quote.rawValue))
  }
}
