// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
internal import ApusMarketProtocols
internal import ApusMemory

extension BookReplayEngine {
  /// Writes orders, names, counts and the prices last told.
  public func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writeState(to: &writer)
  }

  /// Hash of all that a snapshot has: the books, the names, the counts, the prices last told.
  public var digest: UInt64 {
    var sink = DigestSink()
    writeState(to: &sink)
    return sink.value
  }

  func writeState<Sink: StateSink & ~Copyable>(
    to writer: inout Sink
  ) throws(Sink.Failure) {
    try builder.books.writeOrders(to: &writer)
    try builder.writeCounts(to: &writer)
    let count = (0..<OrderBooks.bookCount).count { isTold($0) }
    try writer.write(UInt32(count))
    for locate in 0..<OrderBooks.bookCount where isTold(locate) {
      let prices = told[locate]
      try writer.write(UInt16(locate))
      try writer.write(prices.bidQuantity)
      try writer.write(prices.askQuantity)
      try writer.write(prices.bidPriceTicks)
      try writer.write(prices.askPriceTicks)
    }
  }

  private func isTold(_ locate: Int) -> Bool {
    told[locate].bidQuantity != 0 || told[locate].askQuantity != 0
  }

  /// Books as a snapshot has them.
  public init(
    configuration: Configuration, snapshot reader: inout SnapshotReader
  ) throws(SnapshotError) {
    var builder = try Self.makeBuilder(configuration)
    let told = try Self.makeTold()
    try builder.books.readOrders(from: &reader)
    try builder.readCounts(from: &reader)
    let count = try reader.read(0...UInt32(OrderBooks.bookCount), field: "told count")
    for _ in 0..<count {
      let locate: UInt16 = try reader.read(field: "told locate")
      told[Int(locate)] = ToldPrices.Told(
        bidQuantity: try reader.read(field: "told bid quantity"),
        askQuantity: try reader.read(field: "told ask quantity"),
        bidPriceTicks: try reader.read(field: "told bid price"),
        askPriceTicks: try reader.read(field: "told ask price"))
    }
    self.builder = builder
    self.told = told
    self.configuration = configuration
  }

  private static func makeBuilder(
    _ configuration: Configuration
  ) throws(SnapshotError) -> MarketBookBuilder {
    do throws(MemoryError) {
      return try MarketBookBuilder(
        configuration: configuration.books, symbols: configuration.symbols)
    } catch {
      throw .memory(error)
    }
  }

  private static func makeTold() throws(SnapshotError) -> ToldPrices {
    do throws(MemoryError) { return try ToldPrices() } catch { throw .memory(error) }
  }
}

extension MarketBookBuilder {
  /// Writes what there is besides the orders.
  func writeCounts<Sink: StateSink & ~Copyable>(
    to writer: inout Sink
  ) throws(Sink.Failure) {
    try writer.write(messageCount)
    try writer.write(lastTimestampNanoseconds)
    try writer.write(secondStart)
    try writer.write(countInSecond)
    for type in 0..<256 { try writer.write(messageCount(ofType: UInt8(type))) }
    for kind in MarketAnomaly.allCases {
      try writer.write(anomalies[kind].count)
      try writer.write(anomalies[kind].firstOffset)
    }
    try writer.write(UInt32((0..<OrderBooks.bookCount).count { isKnown($0) }))
    for locate in 0..<OrderBooks.bookCount where isKnown(locate) {
      let book = books.header(locate: locate)
      try writer.write(UInt16(locate))
      try writer.write(book.symbolRaw)
      try writer.write(book.messageCount)
      try writer.write(UInt8(book.isListed ? 1 : 0))
    }
    // SAFETY: every second is below secondsPerDay.
    let seconds = (0..<Self.secondsPerDay).count { unsafe secondCounts[$0] != 0 }
    try writer.write(UInt32(seconds))
    for second in 0..<Self.secondsPerDay where unsafe secondCounts[second] != 0 {
      try writer.write(UInt32(second))
      try writer.write(unsafe secondCounts[second])
    }
  }

  private func isKnown(_ locate: Int) -> Bool {
    let book = books.header(locate: locate)
    return book.symbolRaw != 0 || book.messageCount != 0 || book.isListed
  }

  /// Takes what there is besides the orders.
  mutating func readCounts(from reader: inout SnapshotReader) throws(SnapshotError) {
    messageCount = try reader.read(field: "message count")
    lastTimestampNanoseconds = try reader.read(field: "last timestamp")
    secondStart = try reader.read(field: "start of the second")
    countInSecond = try reader.read(field: "messages in the second")
    for type in 0..<256 {
      let count: UInt64 = try reader.read(field: "messages of a type")
      // SAFETY: type < 256.
      unsafe scratch.pointee.countsByType[type] = count
    }
    for kind in MarketAnomaly.allCases {
      anomalies[kind] = AnomalyCounts.Entry(
        count: try reader.read(field: "anomaly count"),
        firstOffset: try reader.read(field: "anomaly offset"))
    }
    let bookCount = try reader.read(0...UInt32(OrderBooks.bookCount), field: "book count")
    for _ in 0..<bookCount {
      let locate: UInt16 = try reader.read(field: "book locate")
      let symbol: UInt64 = try reader.read(field: "book symbol")
      let count: UInt32 = try reader.read(field: "book messages")
      let isListed = try reader.read(0...UInt8(1), field: "book listed") == 1
      if symbol != 0 { name(locate, ITCHSymbol(rawValue: symbol), isListed: isListed) }
      // SAFETY: every locate names a book.
      unsafe books.books[Int(locate)].messageCount = count
      unsafe books.books[Int(locate)].isListed = isListed
    }
    let secondCount = try reader.read(0...UInt32(Self.secondsPerDay), field: "second count")
    for _ in 0..<secondCount {
      let second = try reader.read(0...UInt32(Self.secondsPerDay - 1), field: "second")
      let count: UInt32 = try reader.read(field: "messages in a second")
      // SAFETY: second < secondsPerDay.
      unsafe secondCounts[Int(second)] = count
    }
  }
}
