// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols
internal import ApusTrading

/// Commands out of an input: most are of a few instruments, owners, prices and order ids, so that they
/// meet; one in four is 64 bytes as they are.
struct FuzzCommands {
  private(set) var time: UInt64 = 1_000
  private var beginning: [MatchingCommand]

  /// - Parameter beginning: Whether the market is opened first.
  init(beginning: Bool) { self.beginning = beginning ? Self.beginning.reversed() : [] }

  /// Capacities of one and more of everything.
  static func configuration(_ input: inout FuzzInput) -> MatchingEngine.Configuration {
    let (orders, levels, holdings) = (input.byte(), input.byte(), input.byte())
    return MatchingEngine.Configuration(
      orderCapacity: 1 + Int(orders % 24), levelCapacity: 1 + Int(levels % 12),
      holdingCapacity: 1 + Int(holdings % 8), eventCountMax: 64, pages: .plain)
  }

  /// The next command; nil at the end of the input.
  mutating func next(_ input: inout FuzzInput) -> MatchingCommand? {
    if let command = beginning.popLast() { return command }
    guard !input.isAtEnd else { return nil }
    let control = input.byte()
    time &+= UInt64(control >> 4) * 1_000
    return control & 3 == 3 ? raw(&input) : near(&input, isOrder: control & 4 == 0)
  }

  private func raw(_ input: inout FuzzInput) -> MatchingCommand {
    let bytes = input.take(64)
    // A record of a log is a time and a command.
    let record =
      [UInt8](repeating: 0, count: 8) + bytes + [UInt8](repeating: 0, count: 64 - bytes.count)
    return record.withRawSpan { OrderLogRecord(bytes: $0, at: 0).command }
  }

  private func near(_ input: inout FuzzInput, isOrder: Bool) -> MatchingCommand {
    var command = MatchingCommand()
    let kinds = input.byte()
    command.kindCode = isOrder ? 1 : kinds % 18
    command.instrument = 1 + UInt16(input.byte() % 3)
    let who = input.byte()
    command.owner = UInt16(who & 3)
    command.session = UInt16(who >> 2 & 3)
    command.account = UInt32(who >> 4)
    let codes = input.byte()
    command.sideCode =
      switch codes & 7 {
      case 0, 2, 4: Side.buy.rawValue
      case 1, 3, 5: Side.sell.rawValue
      case 6: 0
      default: codes
      }
    command.typeCode = codes >> 4 & 7
    if command.typeCode == 0 { command.typeCode = 1 }
    let detail = input.byte()
    command.detailCode = isOrder ? 1 + detail % 7 : detail
    command.capacityCode = input.byte() & 0x52
    command.flags = CommandFlags(rawValue: input.byte())
    command.orderId = UInt64(input.byte())
    command.relatedOrderId = UInt64(input.byte())
    command.clientOrderId = command.orderId
    command.priceTicks = price(input.byte())
    command.quantity = UInt32(input.byte())
    command.displayQuantity = UInt32(input.byte() & 63)
    command.triggerTicks = price(input.byte())
    let value = input.byte()
    command.value =
      switch value & 3 {
      case 0: time &+ UInt64(value) * 100
      case 1: UInt64(value) << (value & 56)
      case 2: UInt64.max - UInt64(value >> 2)
      default: UInt64(value)
      }
    return command
  }

  /// Around 1,000, and the extremes.
  private func price(_ byte: UInt8) -> UInt32 {
    switch byte {
    case 0: 0
    case 255: .max
    case 254: 1
    default: 990 + UInt32(byte % 20)
    }
  }

  static let beginning: [MatchingCommand] = {
    var commands: [MatchingCommand] = [
      .defineInstrument(1), .defineInstrument(2, allocation: .proRata),
      .defineInstrument(3, tick: 2, allocation: .proRataTopOrder, selfTradePrevention: .cancelBoth),
    ]
    for owner in UInt16(1)...3 { commands.append(.setOwnerLimit(owner, .openOrders, to: 1_000)) }
    for instrument in UInt16(1)...3 {
      commands.append(.setReferencePrice(instrument, priceTicks: 1_000))
      commands.append(.setPhase(instrument, .continuous))
    }
    return commands
  }()

  /// What touches everything that may rest.
  static let ending: [MatchingCommand] = {
    var commands: [MatchingCommand] = [MatchingCommand(.expire)]
    for instrument in UInt16(1)...3 {
      for (side, price) in [(Side.buy, UInt32(1_004)), (.sell, 996)] {
        commands.append(
          .new(
            orderId: (1 << 40) + UInt64(commands.count), owner: 2, instrument: instrument,
            side: side,
            timeInForce: .goodTillCancel, priceTicks: price, quantity: 40))
      }
      commands.append(.setPhase(instrument, .closingAuction))
      commands.append(.setPhase(instrument, .closed))
    }
    commands += (1...3).map { .massCancel(owner: UInt16($0)) }
    return commands
  }()

  /// Orders of every type with every time in force, and what changes them.
  static var seeds: [[UInt8]] {
    (0..<6).map { seed in
      var output = FuzzOutput()
      output.add([UInt8(seed * 5), UInt8(seed * 3), UInt8(seed), UInt8(0)])
      for step in UInt8(0)..<40 {
        let isOrder = step % 5 != 4
        output.add(UInt8(isOrder ? 0x10 : 0x14))
        output.add([
          UInt8(2 + step / 5 % 14), step % 3, 1 + step % 3 | (step % 2) << 2,
          step % 2 | (1 + step % 7) << 4, UInt8(isOrder ? step / 2 % 7 : step % 7), 0,
          UInt8(isOrder ? [0, 0, 1, 2, 4][Int(step) % 5] : 24), step + 1, step,
          UInt8(1 + (step &* 7 &+ UInt8(seed)) % 20), 10 + step, step % 4 == 0 ? 5 : 0,
          UInt8(3 + step % 16), 4 * step,
        ])
      }
      return output.bytes
    }
  }
}
