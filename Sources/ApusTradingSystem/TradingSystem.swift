// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCommand
internal import ApusCommandKit
internal import ApusTradingBench
internal import ApusTradingService

extension SystemOffer {
  /// Trading: the order books of recorded markets, and a matching engine.
  public static var trading: SystemOffer {
    var offer = SystemOffer(
      name: "trading",
      summary: "Full-depth order books of recorded markets, and a matching engine for venues.")
    offer.replays = [MarketReplayOffer.offer, OrderLogReplayOffer.offer, DayAsOrdersOffer.offer]
    offer.generators = [MarketDayOffer.offer, OrderStreamOffer.offer]
    offer.services = [MatchingServiceOffer.offer]
    offer.suites = TradingBenchmarks.suites
    offer.demo = TradingDemo.offer
    return offer
  }
}

/// `apus serve matching`.
enum MatchingServiceOffer {
  static var offer: CommandOffer {
    EngineServing.offer(
      "matching",
      summary:
        "the matching engine; clients on this machine submit through rings in its folder and "
        + "read its event log",
      options: [Option("orders", "N", "orders that may rest (default 1048576)")],
      start: { configuration, options in
        try MatchingService.start(
          orderCapacity: orderCapacity(options), configuration: configuration)
      },
      startReplica: { configuration, options, makeLease in
        try MatchingService.startReplica(
          orderCapacity: orderCapacity(options), configuration: configuration,
          makeLease: makeLease)
      })
  }

  private static func orderCapacity(_ options: ParsedOptions) throws(UsageError) -> Int {
    try options.integer("orders", in: 1...(1 << 31)) ?? MatchingService.orderCapacityDefault
  }
}
