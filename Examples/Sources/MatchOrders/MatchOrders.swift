import ApusTrading

/// Two owners, one instrument: an order rests, another trades with it, and the rest is cancelled.
/// `Examples/C/matching.c` does the same in C.
@main
enum MatchOrders {
  static func main() throws {
    var engine = try MatchingEngine(configuration: .init(orderCapacity: 1 << 16))
    var events = try EventQueue<MatchingEvent>(capacity: engine.eventCountMax)
    let commands: [MatchingCommand] = [
      .defineInstrument(1),
      // The first limit of an owner is what lets it trade.
      .setOwnerLimit(10, .openOrders, to: 1_000),
      .setOwnerLimit(20, .openOrders, to: 1_000),
      .setPhase(1, .continuous),
      .new(orderId: 101, owner: 10, instrument: 1, side: .sell, priceTicks: 5_025, quantity: 100),
      .new(orderId: 102, owner: 20, instrument: 1, side: .buy, priceTicks: 5_030, quantity: 60),
      .cancel(orderId: 101, owner: 20),
      .cancel(orderId: 101, owner: 10),
    ]
    for (index, command) in commands.enumerated() {
      let sequence = UInt64(index + 1)
      events.withSink(sequence: sequence, countMax: engine.eventCountMax) {
        // The engine has no clock: equal times make equal runs.
        engine.apply(command, at: Nanoseconds(sequence * 1_000), sequence: sequence, into: &$0)
      }
      events.removeAll { print("\($0.sequence):", text($0.event)) }
      if let ask = engine.books.best(.sell, locate: 1) {
        print("   best ask \(ask.quantity) at \(ask.priceTicks)")
      }
    }
    print("\(engine.books.orderCount) orders rest")
  }

  static func text(_ event: MatchingEvent) -> String {
    let order = "order \(event.orderId) of owner \(event.owner)"
    return switch event.kind {
    case .instrumentDefined: "instrument \(event.instrument) defined"
    case .ownerLimitSet: "owner \(event.owner) may trade"
    case .phaseChanged: "instrument \(event.instrument) is in phase \(event.detailCode & 15)"
    case .accepted: "\(order) accepted: \(event.quantity) at \(event.priceTicks)"
    case .trade:
      "\(order) trades \(event.quantity) at \(event.priceTicks) with order \(event.relatedOrderId), "
        + "which has \(event.relatedLeavesQuantity) left"
    case .cancelled: "\(order) cancelled: \(event.quantity) at \(event.priceTicks)"
    case .rejected: "\(order) refused for reason \(event.reasonCode)"
    default: "event \(event.kindCode)"
    }
  }
}
