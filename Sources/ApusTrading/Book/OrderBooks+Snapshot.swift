// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension OrderBooks {
  /// What is kept of a book besides its orders.
  func header(locate: Int) -> Book {
    precondition(locate < Self.bookCount, "OrderBooks.header: expected a locate")
    // SAFETY: checked above.
    return unsafe books[locate]
  }

  /// Writes every order, in the order of its book, side, price and queue: adding them again in this
  /// order gives equal books.
  func writeOrders<Sink: StateSink & ~Copyable>(
    to writer: inout Sink
  ) throws(Sink.Failure) {
    try writer.write(UInt64(orderCount))
    try writer.write(UInt64(liveCountMax))
    for locate in 0..<Self.bookCount {
      for side in [Side.buy, .sell] {
        // SAFETY: entries below `count` name live levels; links name live neighbours.
        let ladder = unsafe ladder(UInt16(locate), side).pointee
        let entries = unsafe ladders.base(ladder)
        for position in 0..<Int(ladder.count) {
          let level = unsafe levelBase[Int(entries[position].level)]
          var next = level.head
          while !next.isNone {
            let order = unsafe orderBase[Int(next.rawValue)]
            try writer.write(order.reference)
            try writer.write(order.quantity)
            try writer.write(order.priceTicks)
            try writer.write(order.locate)
            try writer.write(order.side.rawValue)
            next = order.next
          }
        }
      }
    }
  }

  /// Adds the orders of a snapshot to empty books.
  ///
  /// - Throws: `SnapshotError` for orders that cannot all be.
  mutating func readOrders(from reader: inout SnapshotReader) throws(SnapshotError) {
    let count = try reader.read(0...UInt64(orders.capacity), field: "order count")
    let countMax = try reader.read(count...UInt64(orders.capacity), field: "most orders")
    for _ in 0..<count {
      let start = reader.offset
      let reference: UInt64 = try reader.read(field: "order reference")
      let quantity: UInt32 = try reader.read(field: "order quantity")
      let priceTicks: UInt32 = try reader.read(field: "order price")
      let locate: UInt16 = try reader.read(field: "order locate")
      let code: UInt8 = try reader.read(field: "order side")
      guard let side = Side(rawValue: code) else {
        throw .malformed(
          field: "order side", offset: reader.offset - 1, value: "\(code)",
          expected: "\(Side.buy.rawValue) or \(Side.sell.rawValue)")
      }
      let outcome = add(
        reference: reference, locate: locate, side: side, quantity: quantity,
        priceTicks: priceTicks)
      guard outcome == .applied else {
        throw .malformed(
          field: "order", offset: start, value: "\(reference) (\(outcome))",
          expected: "an order that can be added")
      }
    }
    liveCountMax = Int(countMax)
  }
}
