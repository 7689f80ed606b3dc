// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols
internal import ApusMemory

/// One resting order. Two fit a cache line.
///
/// ```
///  0        8         12         16     20    24        28      30    31
///  ┌────────┬─────────┬──────────┬──────┬─────┬─────────┬───────┬─────┬──┐
///  │reference│quantity │priceTicks│level │next │previous │locate │side│tag│
///  └────────┴─────────┴──────────┴──────┴─────┴─────────┴───────┴────┴───┘
/// ```
/// `next` leads away from the front of the queue: `next` of the oldest order is the second oldest.
struct BookOrder: BitwiseCopyable {
  var reference: UInt64
  var quantity: UInt32
  var priceTicks: UInt32
  var level: SlabIndex<PriceLevel>
  var next: SlabIndex<BookOrder>
  var previous: SlabIndex<BookOrder>
  var locate: UInt16
  var side: Side
  var tag = OrderTag()
}

/// Which of an instrument's sets an order is in. Only a matching engine has more than `main`.
enum OrderSet: UInt8, CaseIterable {
  /// Displayed, and matched against.
  case main = 0
  /// Waiting for a last price; sorted by trigger, the first to be triggered best.
  case stop
  /// At the best price of their own side; sorted by limit.
  case primaryPeg
  /// Half-way between the best prices; sorted by limit.
  case midPeg
  /// For the opening auction.
  case atOpen
  /// For the closing auction.
  case atClose
  /// In no ladder: a bracket's child whose parent is live.
  case dormant
}

/// What the hot path has to know of an order before it looks at anything else; zero for a plain one.
struct OrderTag: BitwiseCopyable, Equatable {
  var rawValue: UInt8 = 0

  init() {}

  init(_ set: OrderSet, hasExtra: Bool = false) {
    rawValue = set.rawValue | (hasExtra ? 8 : 0)
  }

  /// Of a displayed order without an `OrderExtra`.
  @inline(__always)
  init(isQuote: Bool) { rawValue = isQuote ? 16 : 0 }

  /// The set's raw value.
  @inline(__always)
  var setCode: UInt8 { rawValue & 7 }

  @inline(__always)
  var set: OrderSet {
    get { OrderSet(rawValue: setCode) ?? .dormant }
    set { rawValue = rawValue & ~7 | newValue.rawValue }
  }

  /// Whether there is an `OrderExtra`.
  @inline(__always)
  var hasExtra: Bool {
    get { rawValue & 8 != 0 }
    set { rawValue = newValue ? rawValue | 8 : rawValue & ~8 }
  }

  /// Whether it is one side of a quote.
  @inline(__always)
  var isQuote: Bool {
    get { rawValue & 16 != 0 }
    set { rawValue = newValue ? rawValue | 16 : rawValue & ~16 }
  }
}

/// All orders of one side at one price, oldest first. Its price is the key of its ladder entry; its
/// book and side are those of its orders.
struct PriceLevel: BitwiseCopyable {
  var quantity: UInt64
  var orderCount: UInt32
  var head: SlabIndex<BookOrder>
  var tail: SlabIndex<BookOrder>
}
