import ApusCore
import ApusTrading
import Foundation

/// `DurableMatching FOLDER COUNT [SEEN]`: recovers, looks whether the first SEEN orders are there, and adds
/// COUNT more.
@main
enum DurableMatching {
  static func main() throws {
    let numbers = CommandLine.arguments.dropFirst(2).map { Int($0) ?? 0 }
    let storage = try FileJournalStorage(path: CommandLine.arguments[1])
    let journal = try JournalWriter(
      storage: storage, configuration: .init(segmentByteCount: 64 << 20, bufferByteCount: 1 << 20))
    let snapshots = try JournalSnapshots(storage: storage, journal: journal.identifier)
    let recovered = try EngineRecovery.recover(
      MatchingEngine.self, configuration: .init(orderCapacity: 1 << 20), writer: journal,
      snapshots: snapshots, storage: storage)
    print(recovered.report.description)
    var host = try recovered.makeHost(
      input: NoInput(), journal: journal, output: CallerOutput(),
      configuration: .init(release: .durable, eventCapacity: 1 << 16))
    // The orders rest and are numbered from 1: so many are there.
    let (start, seen) = (host.engine.books.orderCount, numbers.dropFirst().first ?? 0)
    print(start >= seen ? "nothing acknowledged was lost: \(start) orders" : "lost \(seen - start)")

    var clock = HostClock()
    let first: [MatchingCommand] = [
      .defineInstrument(1), .setOwnerLimit(7, .openOrders, to: 1 << 20), .setPhase(1, .continuous),
    ]
    // A crash may have come between these.
    for command in first.dropFirst(Int(host.lastSequence)) {
      while !host.step(now: clock.now(), command: command) {}
    }
    // No more than there is room for.
    let end = min(start + numbers[0], 1_000_000)
    var (next, acknowledged) = (start + 1, start)
    while acknowledged < end, !host.hasFailed {
      let order = MatchingCommand.new(
        orderId: UInt64(next), owner: 7, instrument: 1, side: Side.buy, priceTicks: 9, quantity: 1)
      // Neither waits for the disk: many commands share a commit.
      let hasRoom = next <= end && host.step(now: clock.now(), command: order)
      if hasRoom { next += 1 } else { host.move() }
      let left = host.takeEvents { one in
        if one.event.kind == .accepted { acknowledged = Int(one.event.orderId) }
      }
      if left > 0 { print("acknowledged \(acknowledged)") }
      fflush(nil)
      if next % 50_000 == 0 { try snapshots.write(&host) }
    }
    if let reason = host.failureDescription { print(reason) }
  }
}
