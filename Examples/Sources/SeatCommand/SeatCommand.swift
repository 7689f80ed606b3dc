import ApusCommand
import ApusTradingSystem
import Seats

extension SystemOffer {
  /// What the command line has of the seats.
  static var seats: SystemOffer {
    var offer = SystemOffer(name: "seats", summary: "Sells the seats of a house.")
    offer.services = [
      EngineServing.offer(
        "seats", summary: "the seats of a house",
        options: [Option("seats", "N", "seats in the house (default 200)")],
        of: SeatEngine.self,
        launch: { host, cpuIndex throws(ThreadError) in
          try EngineThread.start(host, name: "apus-host", cpuIndex: cpuIndex)
        }
      ) { options in
        SeatEngine.Configuration(seatCount: try options.integer("seats", in: 1...1_000_000) ?? 200)
      }
    ]
    return offer
  }
}

/// `apus` with the seats in it: `SeatCommand serve seats FOLDER`
@main
enum SeatCommand {
  static func main() { Apus.main(systems: [.seats, .trading]) }
}
