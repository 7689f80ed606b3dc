// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols
internal import ApusMemory

/// One resting order. Two fit a cache line.
///
/// ```
///  0        8         12         16     20    24        28      30    31
///  ┌────────┬─────────┬──────────┬──────┬─────┬─────────┬───────┬─────┬──┐
///  │reference│quantity │priceTicks│level │next │previous │locate │side │  │
///  └────────┴─────────┴──────────┴──────┴─────┴─────────┴───────┴─────┴──┘
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
  var reserved: UInt8 = 0
}

/// All orders of one side at one price, oldest first. Its price is the key of its ladder entry; its
/// book and side are those of its orders.
struct PriceLevel: BitwiseCopyable {
  var quantity: UInt64
  var orderCount: UInt32
  var head: SlabIndex<BookOrder>
  var tail: SlabIndex<BookOrder>
}
