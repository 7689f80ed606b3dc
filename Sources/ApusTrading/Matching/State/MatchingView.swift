// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

/// An engine's tables for reading: copies of its pointers and counts, to be used while it is not
/// changed.
///
/// Digest and snapshot go through this rather than a borrowed engine: of that, the compiler follows
/// every part through every branch, which took it minutes.
@safe
struct MatchingView: BitwiseCopyable {
  let ladders: BookLadders
  let orders: RecordTable<BookOrder>
  let levels: RecordTable<PriceLevel>
  let details: RecordTable<OrderDetail>
  let extras: RecordTable<OrderExtra>
  let instruments: RecordTable<Instrument>
  let owners: RecordTable<Owner>
  let sessions: RecordTable<UInt64>
  let holdings: HoldingTable
  let work: InstrumentRing
  let orderCount: Int
  let matchNumber: UInt64
  let entryCount: UInt64
  let isMarketKilled: Bool
  let sumResets: SumResets

  /// An owner with the sums that it has, whether they were looked at since the last reset or not.
  func owner(_ number: UInt16) -> Owner {
    var owner = owners[number]
    sumResets.catchUp(&owner)
    return owner
  }

  /// Calls `body` with the first order of every price of every set.
  func forEachQueue<Failure: Error>(
    _ instrument: UInt16, _ body: (SlabIndex<BookOrder>) throws(Failure) -> Void
  ) throws(Failure) {
    for code in OrderSet.main.rawValue...OrderSet.atClose.rawValue {
      let set = OrderSet(rawValue: code) ?? .main
      try forEachQueue(set, instrument, .buy, body)
      try forEachQueue(set, instrument, .sell, body)
    }
  }

  private func forEachQueue<Failure: Error>(
    _ set: OrderSet, _ instrument: UInt16, _ side: Side,
    _ body: (SlabIndex<BookOrder>) throws(Failure) -> Void
  ) throws(Failure) {
    // SAFETY: entries below `count` name live levels with orders.
    let ladder = unsafe ladders.ladder(set, instrument, side).pointee
    for position in 0..<Int(ladder.count) {
      try body(levels[unsafe ladders.base(ladder)[position].level].head)
    }
  }

  /// What an order shows and what it hides.
  func leaves(_ slot: UInt32) -> UInt32 {
    let order = orders[slot]
    return order.tag.hasExtra
      ? order.quantity &+ extras[details[slot].extra].hiddenQuantity : order.quantity
  }
}

extension MatchingEngine {
  /// The tables as they are now.
  var view: MatchingView {
    unsafe MatchingView(
      ladders: books.places, orders: orders, levels: levels, details: details,
      extras: extras, instruments: instruments, owners: owners, sessions: sessions,
      holdings: holdings, work: work, orderCount: books.orders.count,
      matchNumber: matchNumber, entryCount: entryCount, isMarketKilled: isMarketKilled,
      sumResets: sumResets)
  }

  /// Hash of everything that decides what later commands do; see ``MatchingView/digest``.
  public var digest: UInt64 { view.digest }

  /// Writes the state; see docs/formats/matching.md.
  ///
  /// - Complexity: O(live orders + 65,536 instruments, owners and sessions that may be).
  public func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try view.write(to: &writer)
  }
}
