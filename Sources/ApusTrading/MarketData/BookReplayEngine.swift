// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusMarketProtocols
public import ApusMemory

/// The books of a whole market as an engine: framed messages in, changes of best prices out.
///
/// ```swift
/// var host = try EngineHost(
///   engine: BookReplayEngine(configuration: .init(books: .wholeMarket)), input: NoInput(),
///   journal: NoJournal(), output: NoOutput(), configuration: .init(release: .atOnce, eventCapacity: 1))
/// let byteCount = FramedMessages.wholeByteCount(of: window, messageCountMax: 4_096)
/// host.step(
///   now: time, command: FramedMessages(streamOffset: 0),
///   attachment: window.extracting(0..<byteCount))
/// let best = host.engine.builder.books.best(.buy, locate: 1)
/// ```
///
/// - Threading: one thread at a time.
public struct BookReplayEngine: Engine, ~Copyable {
  /// What is built.
  public struct Configuration: Sendable {
    /// Limits of the books.
    public var books: OrderBooks.Configuration
    /// Only these instruments; nil for all.
    public var symbols: [ITCHSymbol]?
    /// Whether changes of best prices are told.
    public var tellsBestPrices: Bool
    /// The most messages one command may bring.
    public var messageCountMax: Int

    /// A configuration.
    public init(
      books: OrderBooks.Configuration, symbols: [ITCHSymbol]? = nil,
      tellsBestPrices: Bool = false, messageCountMax: Int = 4_096
    ) {
      self.books = books
      self.symbols = symbols
      self.tellsBestPrices = tellsBestPrices
      self.messageCountMax = messageCountMax
    }
  }

  /// `books`, second layout: as the first, with another digest.
  public static var snapshotFormat: SnapshotFormat { SnapshotFormat(name: "books", version: 2) }

  /// The messages are the attachment: 4,096 of a usual length, and one of any length.
  public static var attachmentByteCountMax: Int { 1 << 18 }

  /// Books, counts and anomalies.
  public internal(set) var builder: MarketBookBuilder
  let told: ToldPrices
  let configuration: Configuration

  /// Empty books.
  ///
  /// - Throws: `MemoryError` when no memory could be mapped.
  /// - Precondition: `messageCountMax` is positive.
  public init(configuration: Configuration) throws(MemoryError) {
    precondition(
      configuration.messageCountMax > 0,
      "BookReplayEngine.init: expected a messageCountMax of 1 or more")
    let builder = try MarketBookBuilder(
      configuration: configuration.books, symbols: configuration.symbols)
    let told = try ToldPrices()
    self.builder = builder
    self.told = told
    self.configuration = configuration
  }

  /// A change for every message, and the room of a batch that the builder keeps.
  public var eventCountMax: Int {
    configuration.tellsBestPrices
      ? configuration.messageCountMax + MarketBookBuilder.batchCount : 0
  }

  /// Messages that one command takes at most, as configured.
  public var messageCountMax: Int { configuration.messageCountMax }

  /// Takes the whole messages at the front of the attachment, up to the command's and the configuration's
  /// limit; see ``MarketBookBuilder/process(framed:streamOffset:messageCountMax:)``.
  public mutating func apply(
    _ command: FramedMessages, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<BestPriceChange>
  ) {
    let countMax = min(Int(clamping: command.messageCountMax), configuration.messageCountMax)
    let streamOffset = command.streamOffset
    guard configuration.tellsBestPrices else {
      _ = builder.process(
        framed: attachment, streamOffset: streamOffset, messageCountMax: countMax)
      return
    }
    var sink = BestPriceEvents(told: told.handle, events: events)
    _ = builder.process(attachment, streamOffset, countMax, &sink)
    events = sink.events
  }
}

/// Best-price changes as events of a command.
struct BestPriceEvents: BestPriceSink, ~Copyable {
  let told: ToldPrices.Handle
  var events: EventSink<BestPriceChange>

  @inline(__always)
  var hasRoomForBatch: Bool { events.remainingCapacity >= MarketBookBuilder.batchCount }

  @inline(__always)
  mutating func touched(
    _ locate: UInt16, at timestampNanoseconds: UInt64, in books: borrowing OrderBooks
  ) {
    if let change = told.change(of: locate, at: timestampNanoseconds, in: books) {
      events.emit(change)
    }
  }
}
