// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import Testing

@testable import ApusTrading

/// Ids and references that were chosen to collide. Work is counted in the tables, not timed.
@Suite struct HashFloodingTests {
  static let count = 40_000

  /// References whose hashes by the finalizer of MurmurHash3, which the table once used, have the same
  /// upper 32 bits: the finalizer backwards, since each of its steps has an inverse.
  static func colliding(_ count: Int) -> [UInt64] {
    func inverse(_ factor: UInt64) -> UInt64 {
      var result = factor
      for _ in 0..<6 { result = result &* (2 &- factor &* result) }
      return result
    }
    let (first, second) = (inverse(0xFF51_AFD7_ED55_8CCD), inverse(0xC4CE_B9FE_1A85_EC53))
    return (1...UInt64(count)).map { low in
      var hash = (0x1234_5678 << 32 | low) &* second
      hash = (hash ^ (hash >> 33)) &* first
      return hash ^ (hash >> 33)
    }
  }

  /// Steps from home to every entry of the table of references.
  static func displacement(_ books: borrowing OrderBooks) -> Int {
    var sum = 0
    let table = unsafe books.index.table.entries
    let capacity = books.index.table.capacity
    for position in 0..<capacity {
      let entry = unsafe table[position]
      guard entry.handle != 0 else { continue }
      let distance = position - books.index.table.home(entry.fingerprint)
      sum += distance >= 0 ? distance : distance + capacity
    }
    return sum
  }

  static func books(hashSeed: UInt64) throws -> OrderBooks {
    var configuration = OrderBooks.Configuration(
      orderCapacity: 1 << 17, levelCapacity: 1 << 12, pages: .plain)
    configuration.hashSeed = hashSeed
    return try OrderBooks(configuration: configuration)
  }

  @Test(arguments: [UInt64(0), 1, .max]) func collidingReferencesLieApart(seed: UInt64) throws {
    var books = try Self.books(hashSeed: seed)
    var sum = 0
    for (index, reference) in Self.colliding(Self.count).enumerated() {
      let outcome = books.add(
        reference: reference, locate: 1, side: .buy, quantity: 1, priceTicks: 1)
      try #require(outcome == .applied)
      // Early: a table that is quadratic does not get to the end in a minute.
      if index % 4_000 == 3_999 {
        sum = Self.displacement(books)
        try #require(sum < 8 * (index + 1), "\(sum) steps for \(index + 1) references")
      }
    }
    for reference in Self.colliding(Self.count) {
      let outcome = books.delete(reference: reference)
      try #require(outcome == .applied)
    }
    let (count, left) = (books.orderCount, Self.displacement(books))
    #expect(count == 0 && left == 0)
  }

  @Test func rowsOfReferencesLieApart() throws {
    for step: UInt64 in [1, 1 << 13, 1 << 20, 1 << 32, 1 << 40, 0x0001_0001_0001] {
      var books = try Self.books(hashSeed: 77)
      for index in 0..<UInt64(Self.count) {
        _ = books.add(
          reference: 1 << 33 &+ index &* step, locate: 1, side: .buy, quantity: 1, priceTicks: 1)
      }
      let (sum, count) = (Self.displacement(books), books.orderCount)
      #expect(sum < 8 * count && count == Self.count, "step \(step): \(sum)")
    }
  }

  /// Each reference is in a page of its own: a page that takes another's place costs 8,192 cells.
  @Test func referencesFarApartGiveFewPagesUp() throws {
    var books = try Self.books(hashSeed: 5)
    for index in 0..<UInt64(100_000) {
      _ = books.add(
        reference: index << 13, locate: 1, side: .buy, quantity: 1, priceTicks: 1)
    }
    let (count, givenUp) = (books.orderCount, books.index.givenUpPageCount)
    #expect(count == 100_000)
    #expect(givenUp <= 100_000 / Int(OrderReferenceIndex.insertsPerPage))
    // A feed as feeds are has its pages all the same.
    for index in 0..<UInt64(1 << 20) {
      let reference = 1 << 32 + index
      _ = books.add(reference: reference, locate: 1, side: .buy, quantity: 1, priceTicks: 1)
      if index >= 1_000 { _ = books.delete(reference: reference - 1_000) }
    }
    // The first one may have come too early.
    let pages = books.index.givenUpPageCount - givenUp
    #expect(pages >= (1 << 20) / OrderReferenceIndex.cellsPerPage - 1)
    let broken = books._checkInvariants()
    #expect(broken == nil)
  }

  /// Owners and instruments whose products with 2^64 over the golden ratio, the table's hash once, have
  /// their home in one place.
  @Test func collidingHoldingsLieApart() throws {
    let memory = TableMemory(pages: .plain)
    var table = try HoldingTable(capacity: 1 << 10, isResident: false, hashSeed: 3, memory: memory)
    let mask = UInt32(table.cells.count - 1)
    var key: UInt32 = 1 << 16
    while table.count < 500 {
      key += 1
      let home = UInt32(truncatingIfNeeded: (UInt64(key) &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
      guard home == 0 else { continue }
      _ = table.insert(owner: UInt16(key >> 16), instrument: UInt16(truncatingIfNeeded: key))
    }
    var sum = 0
    for position in 0...mask {
      let cell = table.cells[position]
      guard cell != 0 else { continue }
      let holding = table.records[cell - 1]
      let home = table.home(HoldingTable.key(holding.owner, holding.instrument))
      sum += Int((position &- home) & mask)
    }
    #expect(sum < 8 * 500, "\(sum) steps")
  }

  @Test func theSeedIsDrawn() {
    let (one, other) = (MatchingEngine.Configuration(), MatchingEngine.Configuration())
    #expect(one.hashSeed != other.hashSeed)
  }

  // MARK: What the seed decides: nothing

  @Test func twoSeedsGiveTheSameBytes() throws {
    func engine(_ seed: UInt64) throws -> MatchingEngineAdapter {
      var configuration = MatchingEngineAdapter.roomy
      configuration.hashSeed = seed
      return try MatchingEngineAdapter(configuration: configuration)
    }
    let (one, other) = try (engine(1), engine(0xFEED_FACE_CAFE_BEEF))
    var stream = RandomCommands(seed: 21)
    for step in 0..<4_000 {
      let next = stream.next()
      let events = one.apply(next.command, at: next.time)
      stream.observe(events)
      try #require(other.apply(next.command, at: next.time) == events, "step \(step)")
    }
    // Ids that are in the table rather than in pages.
    for id in Self.colliding(2_000).sorted() {
      let command = MatchingCommand.buy(id, 1, at: 1, .limit, .goodTillCancel).through(900)
      try #require(one.apply(command, at: 1 << 50) == other.apply(command, at: 1 << 50))
    }
    #expect(one.digest == other.digest)
    let bytes = try one.snapshot()
    #expect(try other.snapshot() == bytes)
    // A snapshot is read with another seed than it was written with.
    var configuration = MatchingEngineAdapter.roomy
    configuration.hashSeed = 99
    let restored = try MatchingEngineAdapter(
      restoring: bytes, configuration: configuration, after: one.sequence)
    #expect(restored.digest == one.digest)
    #expect(try restored.snapshot() == bytes)
  }

  /// Else a secret would be none: what collides under one seed would collide under all.
  @Test func theHashDependsOnTheSecret() {
    let (one, other) = (KeyedHash(seed: 1), KeyedHash(seed: 2))
    let full = (UInt64(0)..<1_000).count { one.full($0) != other.full($0) }
    let quick = (UInt32(0)..<1_000).count { one.quick($0) != other.quick($0) }
    #expect(full > 990 && quick > 990, "\(full), \(quick)")
  }
}
