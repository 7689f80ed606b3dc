// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusTestSupport
import ApusTrading
import Foundation
import Testing

/// Two processes of `apus serve matching`, of which the one that leads is killed again and again: nothing
/// that was acknowledged is lost, and nothing is done twice.
@Suite struct ServeFailoverCrashTests {
  typealias Client = EngineClient<MatchingCommand, MatchingEvent>

  /// One replica as a process.
  final class Replica {
    let folder: String
    private let arguments: [String]
    private let errors: String
    private var process: Process?

    init(_ name: String, _ node: Int, _ listen: UInt16, _ peer: UInt16, _ scratch: ScratchFolder)
      throws
    {
      folder = scratch.path(name)
      errors = try scratch.write("\(name).errors", "")
      let configuration = """
        { release: 'replicated', clients: 2, clientRingBytes: 65536, journalSegmentBytes: 1048576,
          journalBufferBytes: 65536, snapshotInterval: 400, eventSegmentBytes: 262144,
          digestInterval: 50 }
        """
      let path = try scratch.write("\(name).json5", configuration)
      arguments = [
        "serve", "matching", folder, "--config", path, "--orders", "65536",
        "--lease", scratch.path("lease"), "--node", "\(node)", "--peer-node", "\(3 - node)",
        "--listen", "127.0.0.1:\(listen)", "--peer", "127.0.0.1:\(peer)",
      ]
    }

    func start() throws {
      let process = Process()
      process.executableURL = CommandRun.executable
      process.arguments = arguments
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      let log = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
      try log.seekToEnd()
      process.standardError = log
      try process.run()
      self.process = process
    }

    func kill() {
      guard let process else { return }
      Glibc.kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      self.process = nil
    }

    func end() -> Int32? {
      guard let process else { return nil }
      process.terminate()
      process.waitUntilExit()
      self.process = nil
      return process.terminationReason == .exit ? process.terminationStatus : -1
    }

    var isRunning: Bool { process?.isRunning ?? false }
    func said() -> String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }
    deinit { kill() }
  }

  /// A client of whichever replica leads, and what it knows.
  struct Trader: ~Copyable {
    var client: Client?
    var nextOrder: UInt64 = 1
    /// Orders that no event told of yet.
    var waiting: Set<UInt64> = []
    /// Accepted orders, each with the sequence of its command.
    var accepted: [UInt64: UInt64] = [:]
    var twice: [UInt64] = []
    var index: UInt64 = 0

    mutating func connect(_ replicas: [Replica]) -> Bool {
      for replica in replicas {
        guard
          let found = try? Client(
            folder: replica.folder, format: MatchingEngine.snapshotFormat,
            attachmentByteCountMax: MatchingEngine.attachmentByteCountMax, start: .index(index))
        else { continue }
        client = consume found
        return true
      }
      return false
    }

    static func order(_ id: UInt64) -> MatchingCommand {
      .new(
        orderId: id, owner: 10, instrument: 1, side: id % 2 == 0 ? .buy : .sell,
        priceTicks: id % 2 == 0 ? 100 : 200, quantity: 5)
    }

    mutating func begin() {
      for command in [
        MatchingCommand.defineInstrument(1), .setOwnerLimit(10, .openOrders, to: 1_000_000),
        .setPhase(1, .continuous),
      ] { _ = client?.submit(command) }
    }

    /// Submits again what no event told of, in order: of ids that were taken the engine refuses the second.
    mutating func resend() {
      for id in waiting.sorted() { _ = client?.submit(Self.order(id), attachment: RawSpan()) }
    }

    mutating func submit() {
      let outcome = client?.submit(Self.order(nextOrder))
      guard outcome == .submitted else { return }
      waiting.insert(nextOrder)
      nextOrder += 1
    }

    /// False where the service is gone.
    mutating func poll() -> Bool {
      var found: [SequencedEvent<MatchingEvent>] = []
      guard let outcome = client?.poll({ found.append($0) }) else { return false }
      if case .failed = outcome { return false }
      index = client?.eventIndex ?? index
      for event in found where event.event.kind == .accepted {
        let id = event.event.orderId
        if accepted.updateValue(event.sequence, forKey: id) != nil { twice.append(id) }
        waiting.remove(id)
      }
      return client?.isConnected ?? false
    }
  }

  @Test func nothingAcknowledgedIsLostAndNothingIsDoneTwice() throws {
    let scratch = try ScratchFolder()
    let (first, second) = try FreePorts.pair()
    let one = try Replica("one", 1, first, second, scratch)
    let two = try Replica("two", 2, second, first, scratch)
    for replica in [one, two] { try replica.start() }
    var trader = Trader()
    var random = SeededRandom(seed: 11)
    var takeOvers: [Duration] = []
    try Self.reconnect(&trader, [one, two])
    trader.begin()
    for _ in Campaign.rounds(4, campaign: 1_000) {
      try Self.trade(&trader, [one, two], until: trader.accepted.count + 60)
      for _ in 0..<Int.random(in: 0...80, using: &random) { trader.submit() }
      let leader = trader.client?.folder == one.folder ? one : two
      leader.kill()
      let killed = ContinuousClock.now
      let other = leader === one ? two : one
      try leader.start()
      try Self.reconnect(&trader, [other, leader])
      takeOvers.append(ContinuousClock.now - killed)
      trader.resend()
    }
    try Self.trade(&trader, [one, two], until: trader.accepted.count + 20)
    while !trader.waiting.isEmpty {
      try Self.trade(&trader, [one, two], until: trader.accepted.count + 1)
    }
    #expect(trader.twice.isEmpty)
    #expect(trader.accepted.count == Int(trader.nextOrder - 1))
    // From the kill until a client has a ring of the other one.
    takeOvers.sort()
    let (median, longest) = (takeOvers[takeOvers.count / 2], takeOvers.last ?? .zero)
    #expect(takeOvers.count >= 4 && longest < .seconds(30))
    if Campaign.isOn {
      print("\(takeOvers.count) take-overs: median \(median), longest \(longest)")
    }
    trader.client = nil
    #expect(one.end() == 0, "\(one.said())")
    #expect(two.end() == 0, "\(two.said())")
    try Self.compare(one, two, trader.accepted)
  }

  /// Both logs have every acknowledged order once, at the same places, and every file holds.
  static func compare(_ one: Replica, _ two: Replica, _ accepted: [UInt64: UInt64]) throws {
    for folder in [one.folder, two.folder] {
      var reader = try EventLogReader<MatchingEvent>(
        path: folder + "/events", format: MatchingEngine.snapshotFormat)
      var found: [UInt64: UInt64] = [:]
      var count = 0
      while case .read = reader.tryRead({ events in
        for index in events.indices where events[index].event.kind == .accepted {
          found[events[index].event.orderId] = events[index].sequence
          count += 1
        }
        return events.count
      }) {}
      #expect(found == accepted && count == accepted.count, "\(folder)")
      for part in ["journal", "events"] {
        let run = try CommandRun("journal", "verify", folder + "/" + part)
        #expect(run.exitCode == 0, "\(run.errors)")
      }
    }
  }

  static func reconnect(_ trader: inout Trader, _ replicas: [Replica]) throws {
    trader.client = nil
    let end = ContinuousClock.now + .seconds(60)
    while !trader.connect(replicas) {
      guard ContinuousClock.now < end else {
        throw Failure(text: replicas.map { $0.said() }.joined(separator: "\n"))
      }
      Thread.sleep(forTimeInterval: 0.005)
    }
  }

  static func trade(
    _ trader: inout Trader, _ replicas: [Replica], until count: Int
  ) throws {
    let end = ContinuousClock.now + .seconds(90)
    while trader.accepted.count < count {
      guard ContinuousClock.now < end else {
        throw Failure(
          text: "stuck at \(trader.accepted.count) of \(count), \(trader.waiting.count) wait: "
            + replicas.map { $0.said() }.joined(separator: "\n"))
      }
      if trader.waiting.count < 40 { trader.submit() }
      if !trader.poll() {
        try reconnect(&trader, replicas)
        trader.resend()
      }
    }
  }

  struct Failure: Error, CustomStringConvertible {
    var text: String
    var description: String { text }
  }
}
