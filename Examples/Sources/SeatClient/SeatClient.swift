import ApusClient
import Foundation
import Seats

/// `SeatClient FOLDER hold|buy|release SEAT CUSTOMER [NAME]`, or `SeatClient FOLDER list`
@main
enum SeatClient {
  typealias Client = EngineClient<SeatCommand, SeatEvent>

  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      if arguments.count == 2, arguments[1] == "list" { return try list(arguments[0]) }
      guard arguments.count >= 4, let action = actions[arguments[1]],
        let seat = UInt32(arguments[2]), let customer = UInt64(arguments[3])
      else {
        print("usage: SeatClient FOLDER hold|buy|release SEAT CUSTOMER [NAME], or FOLDER list")
        exit(2)
      }
      try ask(
        arguments[0], SeatCommand(action, seat: seat, customer: customer),
        name: arguments.dropFirst(4).joined(separator: " "))
    } catch {
      print("SeatClient: \(error)")
      exit(1)
    }
  }

  static let actions: [String: SeatAction] = ["hold": .hold, "buy": .buy, "release": .release]

  /// Connects, and waits for 10 s for a service that is starting.
  static func connect(_ folder: String, from start: EventLogStart) throws(ClientError) -> Client {
    let end = ContinuousClock.now + .seconds(10)
    var isWaiting = false
    while true {
      do throws(ClientError) {
        return try Client(
          folder: folder, format: SeatEngine.snapshotFormat,
          attachmentByteCountMax: SeatEngine.attachmentByteCountMax, start: start)
      } catch {
        guard ContinuousClock.now < end else { throw error }
        if !isWaiting {
          FileHandle.standardError.write(Data("waiting for 10 s at most: \(error)\n".utf8))
        }
        isWaiting = true
        Thread.sleep(forTimeInterval: 0.05)
      }
    }
  }

  /// Submits a command and waits for the event that answers it.
  static func ask(_ folder: String, _ command: SeatCommand, name: String) throws {
    var client = try connect(folder, from: .end)
    var outcome = SubmitOutcome.full
    while outcome == .full {
      outcome = client.submit(command, attachment: Array(name.utf8).span.bytes)
    }
    guard outcome == .submitted else { return print("not submitted: \(outcome)") }
    var isAnswered = false
    while !isAnswered, client.isConnected {
      _ = client.wait(limitNanoseconds: 100_000_000)
      let found = client.poll {
        // The log has the events of all clients.
        guard $0.event.seat == command.seat, $0.event.customer == command.customer else { return }
        show($0)
        isAnswered = true
      }
      if case .failed(let error) = found { throw error }
    }
    if !isAnswered { print("the service has ended; ask again when it is back") }
  }

  static func list(_ folder: String) throws {
    var client = try connect(folder, from: .first)
    while case .events = client.poll(show) {}
  }

  static func show(_ one: SequencedEvent<SeatEvent>) {
    let outcome = SeatOutcome(rawValue: one.event.outcome).map { "\($0)" } ?? "?"
    print(
      "\(one.sequence): seat \(one.event.seat), customer \(one.event.customer): \(outcome)",
      one.event.name.text)
  }
}
