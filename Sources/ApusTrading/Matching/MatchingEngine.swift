// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
internal import ApusMarketProtocols
public import ApusMemory

/// A venue's matching engine: price-time and pro-rata books of many instruments with all their order
/// types, phases, auctions, protections and pre-trade risk, as one deterministic state machine.
///
/// ```swift
/// var engine = try MatchingEngine(configuration: .init())
/// var events = try EventQueue<MatchingEvent>(capacity: 1 << 14)
/// events.withSink(sequence: 1, countMax: engine.eventCountMax) {
///   engine.apply(.defineInstrument(1), at: .zero, sequence: 1, into: &$0)
/// }
/// ```
///
/// What every command does: docs/matching-rules.md. Bytes: docs/formats/matching.md.
///
/// - Threading: one thread at a time; queries on that thread.
/// - Complexity: entering, trading and cancelling an order is O(1) in resting orders and O(prices
///   between it and the touch), of which a side has at most ``Configuration/priceCountMax``; bounds
///   of every command: docs/matching-rules.md, section 15. Memory is reserved at `init` and touched as it is
///   used; nothing allocates but the order index when it grows.
@safe
public struct MatchingEngine: Engine, ~Copyable {
  /// Limits of an engine. Memory is reserved for them and committed only as it is touched.
  public struct Configuration: Sendable {
    /// Orders that may rest at the same time. Unit: orders, 1...2^31.
    public var orderCapacity: Int
    /// Orders whose memory is there from the start, so that no command of theirs is the first to touch
    /// a page. Unit: orders, at most `orderCapacity`.
    public var residentOrderCount: Int
    /// Prices that may be present at the same time, over all books.
    public var levelCapacity: Int
    /// Prices that one side of one set of an instrument's orders may have. Section 15. May be
    /// fewer where `levelCapacity` is above 2^24 (``OrderBooks/Configuration/priceCountMax``).
    public var priceCountMax: Int
    /// Trailing stops that an instrument may have: each follows every change of the last price. Section 15.
    public var trailingStopCountMax: Int
    /// Pairs of an owner and an instrument that were ever used, 1...2^24.
    public var holdingCapacity: Int
    /// The most events one command may give, 64 or more. See section 15 of the rules.
    public var eventCountMax: Int
    /// Which pages back the engine.
    public var pages: MemoryRegion.PagePolicy
    /// What the hashes of order ids and of owners and instruments are keyed with: a secret of the host, so
    /// that nobody can choose ids that collide. Nothing but time depends on it: primary and standby need
    /// not have the same one.
    public var hashSeed: UInt64

    /// A configuration; `MatchingEngine.init` checks it.
    public init(
      orderCapacity: Int = 1 << 22, residentOrderCount: Int = 0, levelCapacity: Int = 1 << 20,
      priceCountMax: Int = 1 << 14, trailingStopCountMax: Int = 1 << 10,
      holdingCapacity: Int = 1 << 18,
      eventCountMax: Int = 4_096, pages: MemoryRegion.PagePolicy = .transparentHuge,
      hashSeed: UInt64 = .random(in: .min ... .max)
    ) {
      self.orderCapacity = orderCapacity
      self.residentOrderCount = residentOrderCount
      self.levelCapacity = levelCapacity
      self.priceCountMax = priceCountMax
      self.trailingStopCountMax = trailingStopCountMax
      self.holdingCapacity = holdingCapacity
      self.eventCountMax = eventCountMax
      self.pages = pages
      self.hashSeed = hashSeed
    }
  }

  /// `matching`, second layout: expiries follow from the orders.
  public static var snapshotFormat: SnapshotFormat { SnapshotFormat(name: "matching", version: 2) }

  /// Everything that bounds what a command may do. Pages, the memory that is there from the start and the key of
  /// the hashes change nothing but time.
  public static func fingerprint(of configuration: Configuration) -> UInt64 {
    var digest = StateDigest()
    for bound in [
      configuration.orderCapacity, configuration.levelCapacity, configuration.priceCountMax,
      configuration.trailingStopCountMax, configuration.holdingCapacity,
      configuration.eventCountMax,
    ] { digest.mix(UInt64(truncatingIfNeeded: bound)) }
    return digest.value
  }

  /// Events kept free for the end of what a command began.
  static let eventReserve = 16

  let configuration: Configuration
  /// The books of every set of orders.
  public internal(set) var books: OrderBooks
  let orders: RecordTable<BookOrder>
  let levels: RecordTable<PriceLevel>
  let details: RecordTable<OrderDetail>
  var extraSlab: Slab<OrderExtra>
  let extras: RecordTable<OrderExtra>
  let instruments: RecordTable<Instrument>
  let owners: RecordTable<Owner>
  /// Who does not trade with whom: the owner's group plus 2^16, or the owner.
  let groups: RecordTable<UInt32>
  var holdings: HoldingTable
  /// Highest order id each session has used.
  let sessions: RecordTable<UInt64>
  var expiries: ExpiryHeap
  var work: InstrumentRing
  /// Orders of one level and what each is allotted, during one pro-rata round.
  let allotments: RecordTable<Allotment>

  /// Keeps the tables.
  private let memory: TableMemory

  var matchNumber: UInt64 = 0
  var entryCount: UInt64 = 0
  var isMarketKilled = false
  var sumResets = SumResets()

  // What holds during one command.
  var now: UInt64 = 0
  /// Events that are kept for the command itself, while what others left goes on before it.
  var eventsKept = 0
  var isBandSet = false
  var bandInstrument: UInt16 = 0
  var bandLowTicks: UInt32 = 0
  var bandHighTicks: UInt32 = .max
  /// The live order that is matching, or none, and whether a link has cancelled it meanwhile.
  var incomingSlot = UInt32.max
  var isIncomingLinkedAway = false
  /// An order that is out, whose children wait until the incoming order has ended; or none.
  var waitingParent = UInt32.max

  /// An engine without instruments and owners.
  ///
  /// - Throws: `MemoryError` when the address space could not be had.
  /// - Precondition: the configuration's values are in their ranges.
  public init(configuration: Configuration) throws(MemoryError) {
    precondition(
      configuration.eventCountMax >= 64,
      "MatchingEngine.init: expected an eventCountMax of 64 or more")
    precondition(
      (1...(1 << 24)).contains(configuration.holdingCapacity),
      "MatchingEngine.init: expected a holdingCapacity of 1...2^24")
    var bookConfiguration = OrderBooks.Configuration(
      orderCapacity: configuration.orderCapacity, levelCapacity: configuration.levelCapacity,
      pages: configuration.pages)
    bookConfiguration.hasOrderSets = true
    bookConfiguration.residentOrderCount = configuration.residentOrderCount
    bookConfiguration.priceCountMax = configuration.priceCountMax
    bookConfiguration.hashSeed = configuration.hashSeed
    let pages = configuration.pages
    let capacity = configuration.orderCapacity
    // Whatever throws comes first: none of these can be given back half-way.
    let books = try OrderBooks(configuration: bookConfiguration)
    let extraSlab = try Slab<OrderExtra>(
      capacity: capacity, options: MemoryRegion.Options(pages: pages))
    let memory = TableMemory(pages: pages)
    let tables = try MatchingTables(
      orderCapacity: capacity,
      residentOrderCount: min(configuration.residentOrderCount, capacity),
      holdingCapacity: configuration.holdingCapacity, hashSeed: configuration.hashSeed,
      memory: memory)
    // SAFETY: the slabs of books and extras live as long as self and hold this many.
    orders = unsafe RecordTable(books.orderBase, count: capacity)
    levels = unsafe RecordTable(books.levelBase, count: configuration.levelCapacity)
    extras = unsafe RecordTable(
      extraSlab.pointer(to: SlabIndex(rawValue: 0)), count: capacity)
    self.books = books
    self.extraSlab = extraSlab
    details = tables.details
    instruments = tables.instruments
    owners = tables.owners
    groups = tables.groups
    sessions = tables.sessions
    allotments = tables.allotments
    holdings = tables.holdings
    expiries = tables.expiries
    work = tables.work
    self.memory = memory
    self.configuration = configuration
  }

  /// The same engine: an initializer that may still throw cannot assign `self` as a whole.
  init(moving other: consuming MatchingEngine) {
    configuration = other.configuration
    books = other.books
    orders = other.orders
    levels = other.levels
    details = other.details
    extraSlab = other.extraSlab
    extras = other.extras
    instruments = other.instruments
    owners = other.owners
    groups = other.groups
    holdings = other.holdings
    sessions = other.sessions
    expiries = other.expiries
    work = other.work
    allotments = other.allotments
    memory = other.memory
    matchNumber = other.matchNumber
    entryCount = other.entryCount
    isMarketKilled = other.isMarketKilled
    sumResets = other.sumResets
  }

  /// Bytes of what orders take: in the books, their details, their prices, how they are found.
  public var orderByteCount: Int {
    books.memoryByteCount + books.orders.usedByteCount / MemoryLayout<BookOrder>.stride
      * MemoryLayout<OrderDetail>.stride + extraSlab.usedByteCount
  }

  /// What a client sent: kept beside its commands, for an audit. An Ethernet frame's worth.
  public static var attachmentByteCountMax: Int { 1_400 }

  /// Attachments decide nothing here.
  public static var attachmentUse: AttachmentUse { .kept }

  /// As configured.
  public var eventCountMax: Int { configuration.eventCountMax }

  /// Does what a command asks for; see docs/matching-rules.md.
  public mutating func apply(
    _ command: MatchingCommand, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<MatchingEvent>
  ) {
    now = time.rawValue
    isBandSet = false
    if !work.isEmpty {
      eventsKept = eventCountMax / 2
      resumeWork(&events)
      eventsKept = 0
    }
    if command.kindCode == MatchingCommandKind.new.rawValue {
      if !enterPlain(command, &events) { enter(command, &events) }
    } else if command.kindCode == MatchingCommandKind.cancel.rawValue {
      cancel(command, &events)
    } else {
      applyRarer(command, &events)
    }
    if !work.isEmpty { resumeWork(&events) }
  }

  @inline(never)
  private mutating func applyRarer(_ command: MatchingCommand, _ events: inout MatchingSink) {
    switch MatchingCommandKind(rawValue: command.kindCode) {
    case .new, .cancel, nil: reject(command, .malformed, &events)
    case .reduce: reduce(command, &events)
    case .replace: replace(command, &events)
    case .massCancel: massCancel(command, &events)
    case .quote: quote(command, &events)
    case .defineInstrument: defineInstrument(command, &events)
    case .changeInstrument: changeInstrument(command, &events)
    case .setPhase: setPhase(command, &events)
    case .setReferencePrice: setReferencePrice(command, &events)
    case .halt: halt(command, &events)
    case .resume: resume(command, &events)
    case .setOwnerLimit: setOwnerLimit(command, &events)
    case .killSwitch: killSwitch(command, &events)
    case .expire: expire(command, &events)
    case .resetSums: resetSums(command, &events)
    }
  }
}

/// What one order gets in one pro-rata round.
struct Allotment: BitwiseCopyable {
  var slot: UInt32
  var quantity: UInt32
}

/// The tables of an engine that are not its books', before it is made of them.
struct MatchingTables {
  let details: RecordTable<OrderDetail>
  let instruments: RecordTable<Instrument>
  let owners: RecordTable<Owner>
  let groups: RecordTable<UInt32>
  let sessions: RecordTable<UInt64>
  let allotments: RecordTable<Allotment>
  let holdings: HoldingTable
  let expiries: ExpiryHeap
  let work: InstrumentRing

  init(
    orderCapacity: Int, residentOrderCount: Int, holdingCapacity: Int, hashSeed: UInt64,
    memory: TableMemory
  ) throws(MemoryError) {
    details = try memory.records(count: orderCapacity, residentCount: residentOrderCount)
    instruments = try memory.records(count: 1 << 16)
    owners = try memory.records(count: 1 << 16)
    let isResident = residentOrderCount > 0
    groups = try memory.records(count: 1 << 16, residentCount: isResident ? 1 << 16 : 0)
    sessions = try memory.records(count: 1 << 16, residentCount: isResident ? 1 << 16 : 0)
    allotments = try memory.records(count: orderCapacity)
    holdings = try HoldingTable(
      capacity: holdingCapacity, isResident: isResident, hashSeed: hashSeed, memory: memory)
    expiries = try ExpiryHeap(capacity: orderCapacity, memory: memory)
    work = try InstrumentRing(memory: memory)
  }
}
