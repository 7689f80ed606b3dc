// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusC
import ApusTrading
import CApus
import CApusDriver
import Testing

/// What the functions of `apus.h` promise about handles, queues, statuses and bad arguments.
@Suite struct EngineHandleTests {
  private static func status(_ status: apus_status) -> CInt { CInt(status.rawValue) }

  private static func submit(
    _ engine: OpaquePointer?, _ command: MatchingCommand, at time: UInt64
  ) -> CInt {
    var bytes = unsafe unsafeBitCast(command, to: apus_command.self)
    return unsafe apus_engine_submit(engine, &bytes, time)
  }

  /// An open market: instrument 1, owners 10 and 20; the events of that are polled.
  private static func openMarket(
    eventsPerCommand: UInt64 = 64, eventCapacity: UInt64 = 128
  ) -> OpaquePointer? {
    let engine = unsafe capus_small_engine(eventsPerCommand, eventCapacity)
    for command: MatchingCommand in [
      .defineInstrument(1), .setOwnerLimit(10, .openOrders, to: 100),
      .setOwnerLimit(20, .openOrders, to: 100), .setPhase(1, .continuous),
    ] {
      unsafe #expect(submit(engine, command, at: 1) == status(APUS_OK))
    }
    var events = [apus_event](repeating: apus_event(), count: 64)
    let polled = unsafe apus_engine_poll(engine, &events, nil, 64)
    #expect(polled == 4)
    return unsafe engine
  }

  @Test func aTradeHasTheBytesOfItsFormat() throws {
    let engine = unsafe Self.openMarket()
    defer { unsafe apus_engine_destroy(engine) }
    _ = unsafe Self.submit(
      engine,
      .new(
        orderId: 0x0102, owner: 10, instrument: 1, side: .sell, priceTicks: 0x1388, quantity: 100),
      at: 2)
    _ = unsafe Self.submit(
      engine,
      .new(
        orderId: 0x0304, owner: 20, instrument: 1, side: .buy, priceTicks: 0x1390, quantity: 60,
        session: 7), at: 3)
    var events = [apus_event](repeating: apus_event(), count: 8)
    var sequences = [UInt64](repeating: 0, count: 8)
    let polled = unsafe apus_engine_poll(engine, &events, &sequences, 8)
    #expect(polled == 3)
    #expect(Array(sequences[..<3]) == [5, 6, 6])
    let bytes = unsafe withUnsafeBytes(of: &events[2]) { unsafe Array($0) }
    let expected: [UInt8] =
      [3, 0x42, 0, 0, 1, 0, 0, 0x11]  // trade, buy, no reason, no flags, instrument; day limit
      + [4, 3, 0, 0, 0, 0, 0, 0] + [4, 3, 0, 0, 0, 0, 0, 0]  // order, client order
      + [20, 0, 7, 0, 0, 0, 0, 0]  // owner, session, account
      + [2, 1, 0, 0, 0, 0, 0, 0] + [2, 1, 0, 0, 0, 0, 0, 0]  // the resting order
      + [10, 0, 0, 0, 0, 0, 0, 0]
      + [0x88, 0x13, 0, 0] + [60, 0, 0, 0] + [0, 0, 0, 0] + [40, 0, 0, 0]  // price to leaves
      + [1, 0, 0, 0, 0, 0, 0, 0]  // match number
    #expect(bytes == expected)

    var level = apus_level()
    let status = unsafe apus_engine_best(engine, 1, UInt8(APUS_SIDE_SELL.rawValue), &level)
    #expect(status == Self.status(APUS_OK))
    #expect(level.price == 0x1388 && level.quantity == 40 && level.order_count == 1)
    let empty = unsafe apus_engine_best(engine, 1, UInt8(APUS_SIDE_BUY.rawValue), &level)
    #expect(empty == Self.status(APUS_EMPTY))
    let bad = unsafe apus_engine_best(engine, 1, 9, &level)
    #expect(bad == Self.status(APUS_BAD_SIDE))
  }

  @Test func aFullQueueTakesNoCommandUntilItIsPolled() {
    let engine = unsafe Self.openMarket()
    defer { unsafe apus_engine_destroy(engine) }
    var submitted: UInt64 = 0
    var status = Self.status(APUS_OK)
    // One event each, room for 128, and 64 of it must be free.
    while submitted < 1_000 {
      status = unsafe Self.submit(engine, .cancel(orderId: 1, owner: 10), at: 5)
      guard status == Self.status(APUS_OK) else { break }
      submitted += 1
    }
    #expect(status == Self.status(APUS_QUEUE_FULL))
    #expect(submitted == 65)
    let sequence = unsafe apus_engine_sequence(engine)
    #expect(sequence == 69)
    var event = apus_event()
    let polled = unsafe apus_engine_poll(engine, &event, nil, 1)
    #expect(polled == 1)
    #expect(UInt32(event.reason) == APUS_REASON_UNKNOWN_ORDER.rawValue)
    status = unsafe Self.submit(engine, .cancel(orderId: 1, owner: 10), at: 5)
    #expect(status == Self.status(APUS_OK))
  }

  @Test func timeDoesNotGoBack() {
    let engine = unsafe Self.openMarket()
    defer { unsafe apus_engine_destroy(engine) }
    let before = unsafe apus_engine_digest(engine)
    let status = unsafe Self.submit(engine, .setPhase(1, .halted), at: 0)
    #expect(status == Self.status(APUS_TIME_BACKWARDS))
    let after = unsafe apus_engine_digest(engine)
    #expect(before == after && before != 0)
    let good = unsafe Self.submit(engine, .setPhase(1, .halted), at: .max)
    #expect(good == Self.status(APUS_OK))
  }

  @Test func nullIsAStatus() {
    apus_engine_destroy(nil)
    var command = apus_command()
    var event = apus_event()
    var level = apus_level()
    let bad = Self.status(APUS_NULL_ARGUMENT)
    unsafe #expect(apus_engine_submit(nil, &command, 1) == bad)
    unsafe #expect(apus_engine_poll(nil, &event, nil, 1) == 0)
    unsafe #expect(apus_engine_best(nil, 1, 0x42, &level) == bad)
    #expect(apus_engine_digest(nil) == 0)
    #expect(apus_engine_sequence(nil) == 0)
    let engine = unsafe Self.openMarket()
    defer { unsafe apus_engine_destroy(engine) }
    unsafe #expect(apus_engine_submit(engine, nil, 1) == bad)
    unsafe #expect(apus_engine_poll(engine, nil, nil, 1) == 0)
    unsafe #expect(apus_engine_best(engine, 1, 0x42, nil) == bad)
    unsafe #expect(String(cString: apus_version()) == APUS_VERSION)
  }

  /// Any bytes are a command: what is wrong with it is an event.
  @Test func noCommandTraps() {
    let engine = unsafe capus_small_engine(64, 64)
    defer { unsafe apus_engine_destroy(engine) }
    for kind: UInt8 in 0...255 {
      var command = unsafe unsafeBitCast(
        InlineArray<8, UInt64>(repeating: .max), to: apus_command.self)
      command.kind = kind
      let status = unsafe apus_engine_submit(engine, &command, 1)
      #expect(status == Self.status(APUS_OK))
      var events = [apus_event](repeating: apus_event(), count: 64)
      let polled = unsafe apus_engine_poll(engine, &events, nil, 64)
      #expect(polled >= 1)
    }
  }

  @Test func nullConfigurationMeansTheDefaults() {
    let engine = unsafe apus_engine_create(nil, nil, 0)
    unsafe #expect(engine != nil)
    unsafe apus_engine_destroy(engine)
  }

  @Test(
    arguments: [
      ("size", 0), ("size", 8), ("size", .max),
      ("order_capacity", (1 << 31) + 1), ("order_capacity", .max),
      ("resident_orders", 1 << 23), ("level_capacity", .max),
      ("holding_capacity", (1 << 24) + 1),
      ("events_per_command", 63), ("events_per_command", (1 << 20) + 1),
      ("event_capacity", 4_095), ("event_capacity", .max),
    ] as [(String, UInt64)])
  func badConfigurationsAreErrors(name: String, value: UInt64) throws {
    let members: [String: WritableKeyPath<apus_configuration, UInt64>] = [
      "size": \.size, "order_capacity": \.order_capacity, "resident_orders": \.resident_orders,
      "level_capacity": \.level_capacity, "holding_capacity": \.holding_capacity,
      "events_per_command": \.events_per_command, "event_capacity": \.event_capacity,
    ]
    var configuration = apus_configuration()
    configuration.size = UInt64(MemoryLayout<apus_configuration>.size)
    configuration[keyPath: try #require(members[name])] = value
    var error = [CChar](repeating: 1, count: 256)
    let engine = unsafe apus_engine_create(&configuration, &error, error.count)
    unsafe #expect(engine == nil)
    let text = String(
      decoding: error.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    #expect(text.hasPrefix("\(name): expected "))

    // Cut to fit, and nothing written behind.
    var short = [CChar](repeating: 1, count: 5)
    _ = unsafe apus_engine_create(&configuration, &short, 4)
    #expect(short == Array(error[..<3]) + [0, 1])
    _ = unsafe apus_engine_create(&configuration, &short, 0)
    #expect(short == Array(error[..<3]) + [0, 1])
  }
}
