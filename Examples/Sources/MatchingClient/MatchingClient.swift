import ApusClient
import ApusTrading
import Foundation

/// Drives `apus serve matching FOLDER`: defines an instrument, lets two owners trade, and prints the events.
///
/// The events are those of all clients of the service. `Examples/C/client.c` does the same in C.
@main
enum MatchingClient {
  static func main() {
    guard CommandLine.arguments.count == 2 else {
      print("usage: MatchingClient FOLDER")
      exit(2)
    }
    do throws(ClientError) { try trade(CommandLine.arguments[1]) } catch {
      print("MatchingClient: \(error)")
      exit(1)
    }
  }

  typealias Client = EngineClient<MatchingCommand, MatchingEvent>

  /// Connects, and waits for 10 s for a service that is starting or has yet to take over.
  static func connect(_ folder: String) throws(ClientError) -> Client {
    let end = ContinuousClock.now + .seconds(10)
    var isWaiting = false
    while true {
      do throws(ClientError) {
        return try Client(
          folder: folder, format: MatchingEngine.snapshotFormat,
          attachmentByteCountMax: MatchingEngine.attachmentByteCountMax)
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

  static func trade(_ folder: String) throws(ClientError) {
    var client = try connect(folder)
    // Ids that no earlier run has used: every order has an event.
    let (sell, buy) = (client.eventIndex + 1, client.eventIndex + 2)
    let commands: [MatchingCommand] = [
      .defineInstrument(1),
      .setOwnerLimit(10, .openOrders, to: 1_000),
      .setOwnerLimit(20, .openOrders, to: 1_000),
      .setPhase(1, .continuous),
      .new(orderId: sell, owner: 10, instrument: 1, side: .sell, priceTicks: 5_025, quantity: 100),
      .new(orderId: buy, owner: 20, instrument: 1, side: .buy, priceTicks: 5_030, quantity: 60),
      .cancel(orderId: sell, owner: 10),
    ]
    // The service keeps it with the command, for an audit; the engine is not shown it.
    let note = Array("from MatchingClient".utf8)
    for command in commands {
      var outcome = SubmitOutcome.full
      while outcome == .full { outcome = client.submit(command, attachment: note.span.bytes) }
      guard outcome == .submitted else { return print("not submitted: \(outcome)") }
    }
    var isDone = false
    while !isDone {
      guard client.isConnected else { return print("the service has ended") }
      _ = client.wait(limitNanoseconds: 100_000_000)
      let found = client.poll { one in
        print("\(one.sequence):", text(one.event))
        // Whether it was cancelled or refused: the last command was done.
        isDone = isDone || (one.event.orderId == sell && ends(one.event.kind))
      }
      if case .failed(let error) = found { throw .eventLog(error) }
    }
  }

  static func ends(_ kind: MatchingEventKind?) -> Bool { kind == .cancelled || kind == .rejected }

  static func text(_ event: MatchingEvent) -> String {
    let order = "order \(event.orderId) of owner \(event.owner)"
    return switch event.kind {
    case .accepted: "\(order) accepted: \(event.quantity) at \(event.priceTicks)"
    case .trade:
      "\(order) trades \(event.quantity) at \(event.priceTicks) with order \(event.relatedOrderId)"
    case .cancelled: "\(order) cancelled: \(event.quantity) at \(event.priceTicks)"
    case .rejected: "refused: \(event.reason.map { "\($0)" } ?? "reason \(event.reasonCode)")"
    default: "\(event.kind.map { "\($0)" } ?? "event \(event.kindCode)")"
    }
  }
}
