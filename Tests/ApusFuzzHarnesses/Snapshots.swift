// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusTestSupport
internal import ApusTrading

extension FuzzHarness {
  /// A matching engine's snapshot of any bytes: refused, or a state that is written as it was read, has
  /// whole books and takes commands.
  static let matchingSnapshot = FuzzHarness("matchingSnapshot", isSlow: true) {
    try FuzzCommands.seeds.map { seed in
      var input = FuzzInput([23, 11, 7] + seed.dropFirst(3))
      let configuration = FuzzCommands.configuration(&input)
      let market = try FuzzMarket(MatchingEngine(configuration: configuration), configuration)
      var commands = FuzzCommands(beginning: input.byte() & 7 != 7)
      while let command = commands.next(&input) { _ = try market.apply(command, at: commands.time) }
      return [23, 11, 7] + (try market.snapshot())
    }
  } run: { bytes in
    var input = FuzzInput(bytes)
    let configuration = FuzzCommands.configuration(&input)
    let market: FuzzMarket
    do { market = try FuzzMarket(restoring: input.rest(), configuration) } catch is SnapshotError {
      return
    }
    try market.checkInvariants()
    let written = try market.snapshot()
    let again = try FuzzMarket(restoring: written, configuration)
    try law(again.digest == market.digest, "written and read again it has another digest")
    try law(try again.snapshot() == written, "written and read again it is written otherwise")
    for command in FuzzCommands.beginning + FuzzCommands.ending {
      let (ours, theirs) = (
        try market.apply(command, at: 1 << 40), try again.apply(command, at: 1 << 40)
      )
      try law(ours == theirs, "\(command) gives \(ours), and after another snapshot \(theirs)")
    }
    try market.checkInvariants()
    try law(again.digest == market.digest, "another digest some commands later")
  }

  /// As ``matchingSnapshot``, of the books of a feed.
  static let bookSnapshot = FuzzHarness("bookSnapshot", isSlow: true) {
    let books = try FuzzBooks()
    var seeds = [try books.snapshot()]
    books.take(SampleFeed.framed)
    seeds.append(try books.snapshot())
    return seeds
  } run: { bytes in
    let books: FuzzBooks
    do { books = try FuzzBooks(restoring: bytes) } catch is SnapshotError { return }
    try books.checkInvariants()
    let written = try books.snapshot()
    let again = try FuzzBooks(restoring: written)
    try law(again.digest == books.digest, "written and read again it has another digest")
    try law(try again.snapshot() == written, "written and read again it is written otherwise")
    let (ours, theirs) = (books.take(SampleFeed.framed), again.take(SampleFeed.framed))
    try law(ours == theirs, "\(ours) and after another snapshot \(theirs)")
    try law(again.digest == books.digest, "another digest some messages later")
    try books.checkInvariants()
  }
}

/// Books of a feed and room for their events.
private final class FuzzBooks {
  private var engine: BookReplayEngine
  private var queue: EventQueue<BestPriceChange>
  private static let configuration = BookReplayEngine.Configuration(
    books: SampleFeed.books, tellsBestPrices: true, messageCountMax: 64)

  init() throws {
    let engine = try BookReplayEngine(configuration: Self.configuration)
    queue = try EventQueue(capacity: engine.eventCountMax)
    self.engine = engine
  }

  init(restoring bytes: [UInt8]) throws {
    var reader = SnapshotReader(source: SnapshotBytes(bytes))
    let engine = try BookReplayEngine(configuration: Self.configuration, snapshot: &reader)
    try reader.finish()
    queue = try EventQueue(capacity: engine.eventCountMax)
    self.engine = engine
  }

  var digest: UInt64 { engine.digest }

  @discardableResult
  func take(_ framed: [UInt8]) -> [BestPriceChange] {
    let bytes = unsafe framed.span.bytes
    let time = MarketBookBuilder.timestampNanoseconds(framed: bytes) ?? 0
    queue.withSink(sequence: 1, countMax: engine.eventCountMax) { sink in
      engine.apply(
        FramedMessages(streamOffset: 0), attachment: bytes, at: Nanoseconds(time), sequence: 1,
        into: &sink)
    }
    var events: [BestPriceChange] = []
    queue.removeAll { events.append($0.event) }
    return events
  }

  func checkInvariants() throws { try FuzzHarness.checkInvariants(engine.builder.books) }

  func snapshot() throws -> [UInt8] {
    let target = SnapshotBytes()
    var writer = SnapshotWriter(target: target)
    try engine.writeSnapshot(to: &writer)
    try writer.finish()
    return target.bytes
  }
}
