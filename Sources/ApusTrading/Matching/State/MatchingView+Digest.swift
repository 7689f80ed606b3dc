// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

extension MatchingView {
  /// Hash of everything that decides what later commands do: all that a snapshot has, and what is kept
  /// besides because it follows from that, so that a sum gone wrong is told as well. Slot numbers do
  /// not count.
  ///
  /// - Complexity: O(live orders + owners and instruments that may be: 65,536 each).
  var digest: UInt64 {
    var sink = DigestSink()
    write(to: &sink)
    mixSums(into: &sink)
    return sink.value
  }

  private func mixSums(into sink: inout DigestSink) {
    for number in UInt16.min...UInt16.max where instruments[number].isDefined {
      let instrument = instruments[number]
      sink.write(instrument.followUpCount)
      sink.write(instrument.pegCount)
      sink.write(instrument.icebergCount)
      sink.write(instrument.auctionOnlyCount)
      sink.write(instrument.trailingCount)
    }
    for number in UInt16.min...UInt16.max where owners[number].isAuthorised {
      let owner = owners[number]
      sink.write(owner.openOrderCount)
      sink.write(owner.openNotional[0])
      sink.write(owner.openNotional[1])
      sink.write(owner.openMargin)
      sink.write(owner.positionMargin)
      sink.write(owner.positionMarginCarry)
    }
    for number in 0..<holdings.count {
      let holding = holdings.records[number]
      sink.write(holding.openQuantity[0])
      sink.write(holding.openQuantity[1])
      sink.write(holding.quoteBid == Holding.none ? 0 : orders[holding.quoteBid].reference)
      sink.write(holding.quoteAsk == Holding.none ? 0 : orders[holding.quoteAsk].reference)
    }
  }
}
