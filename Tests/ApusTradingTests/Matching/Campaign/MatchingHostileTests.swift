// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import ApusTrading
import Testing

/// Any bits are a command: valid or refused with a reason, never a trap, a hang or a broken book.
@Suite struct MatchingHostileTests {
  static var count: Int { MatchingCampaignTests.isCampaign ? 10_000_000 : 60_000 }

  static func engine() throws -> MatchingEngineAdapter {
    // Small, so that everything that can be full is full now and then.
    try MatchingEngineAdapter(
      configuration: .init(
        orderCapacity: 600, levelCapacity: 200, holdingCapacity: 64, eventCountMax: 64,
        pages: .plain))
  }

  @Test func mutatedCommandsBreakNothing() throws {
    let engine = try Self.engine()
    var commands = RandomCommands(seed: 24, isMutated: true)
    var reasons: Set<MatchingReason> = []
    for step in 0..<Self.count / 2 {
      let next = commands.next()
      let events = engine.apply(next.command, at: next.time)
      commands.observe(events)
      try #require(!events.isEmpty && events.count <= 64, "step \(step)")
      for event in events {
        if let reason = event.reason { reasons.insert(reason) }
        try #require(event.kind != nil && event.reason != nil, "step \(step): \(event)")
      }
    }
    // Limits that the comparison with the reference never meets.
    for reason in [MatchingReason.capacity, .eventLimit] {
      #expect(reasons.contains(reason), "\(reason)")
    }
  }

  @Test func randomBytesBreakNothing() throws {
    let engine = try Self.engine()
    for command in RandomCommands.beginning { _ = engine.apply(command, at: 1) }
    var random = SeededRandom(seed: 22)
    var acceptedCount = 0
    var tradeCount = 0
    for step in 0..<Self.count / 2 {
      var command = MatchingCommand()
      unsafe withUnsafeMutableBytes(of: &command) { bytes in
        for index in bytes.indices {
          unsafe bytes[index] = UInt8(truncatingIfNeeded: random.next())
        }
      }
      // Else hardly any would get past its kind, its instrument and its owner.
      command.kindCode %= 17
      if step % 2 == 0 {
        command.instrument %= 8
        command.owner %= 14
        command.sideCode = step % 4 == 0 ? 0x42 : 0x53
        command.typeCode %= 8
        command.detailCode %= 8
        command.capacityCode &= 0x51
        if step % 4 == 0 {
          // Every second one of these is an order as people send them, but for one byte.
          command.kindCode = 1
          command.instrument = 1 + UInt16(random.below(6))
          command.owner = 1 + UInt16(random.below(12))
          command.sideCode = random.below(2) == 0 ? 0x42 : 0x53
          (command.typeCode, command.detailCode) = (1, 1)
          command.flags = []
          command.priceTicks = 990 + UInt32(random.below(20))
          command.quantity = 1 + UInt32(random.below(200))
          (command.displayQuantity, command.triggerTicks) = (0, 0)
          (command.relatedOrderId, command.value) = (0, 0)
        }
        command.orderId = UInt64(step) + command.orderId % 64
      }
      let events = engine.apply(command, at: UInt64(step) * 1_000)
      try #require(!events.isEmpty && events.count <= 64, "step \(step): \(command)")
      acceptedCount += events.count { $0.kind == .accepted }
      tradeCount += events.count { $0.kind == .trade }
      // The market's own kill switch and closes would leave nothing to do.
      if step % 500 == 0 {
        _ = engine.apply(.killSwitch(owner: 0, isOn: false), at: UInt64(step) * 1_000)
        for command in RandomCommands.beginning {
          _ = engine.apply(command, at: UInt64(step) * 1_000)
        }
      }
    }
    // Some of it got through.
    #expect(acceptedCount > 200 && tradeCount > 20, "\(acceptedCount) and \(tradeCount)")
  }
}
