import ApusTestKit
import Seats
import Testing

@Suite struct SeatsTests {
  func command(
    _ action: SeatAction, customer: UInt64, name: String = ""
  ) -> SimulatedCommand<SeatCommand> {
    SimulatedCommand(SeatCommand(action, seat: 3, customer: customer), attachment: Array(name.utf8))
  }

  @Test func aHoldEndsAndASaleDoesNot() throws {
    var run = try EngineRun(SeatEngine(configuration: .init(seatCount: 8)))
    func outcome(_ next: SimulatedCommand<SeatCommand>, minute: UInt64) -> SeatOutcome? {
      let events = run.apply(next, at: Nanoseconds(minute * 60_000_000_000))
      return events.first.flatMap { SeatOutcome(rawValue: $0.outcome) }
    }
    #expect(outcome(command(.hold, customer: 1, name: "Ada"), minute: 0) == .held)
    #expect(outcome(command(.hold, customer: 2, name: "Bob"), minute: 9) == .taken)
    #expect(outcome(command(.hold, customer: 2, name: "Bob"), minute: 10) == .held)
    #expect(outcome(command(.buy, customer: 1), minute: 11) == .notYours)
    #expect(outcome(command(.buy, customer: 2), minute: 11) == .bought)
    #expect(outcome(command(.hold, customer: 1, name: "Ada"), minute: 10_000) == .taken)
    #expect(outcome(command(.release, customer: 2), minute: 10_001) == .released)
    #expect(outcome(command(.hold, customer: 1), minute: 10_001) == .noName)
  }

  @Test func itSurvivesEveryCrash() throws {
    let simulation = EngineSimulation(
      SeatEngine.self, configuration: .init(seatCount: 8),
      commands: { random in
        var command = SeatCommand(
          .hold, seat: UInt32(random.below(10)), customer: UInt64(random.below(3)))
        // Nonsense as well: seats and actions that are not there.
        command.action = UInt32(random.below(5))
        let name = (0..<random.below(SeatEngine.attachmentByteCountMax + 1)).map { _ in
          UInt8(truncatingIfNeeded: random.next())
        }
        return SimulatedCommand(command, attachment: name)
      })
    let summary = try simulation.check(seeds: 1...1)
    #expect(summary.acknowledgedSequence > 10 && summary.fromSnapshotCount > 0)
  }
}
