// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusCore
import ApusServiceKit
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

/// Clients that write anything into their rings: theirs is given up, and nothing else.
@Suite struct EngineServiceHostileTests {
  typealias Service = EngineService<SumEngine>
  typealias Rig = EngineServiceTests

  /// Places in a ring's file; docs/formats/ring.md has them.
  enum Place {
    static let tail = 256
    static let head = 384
    static let data = 4_096
  }

  static func scribble(_ path: String, _ bytes: [UInt8], at offset: Int) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    defer { try? file.close() }
    try file.seek(toOffset: UInt64(offset))
    try file.write(contentsOf: Data(bytes))
  }

  static func bytes(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  static func wait(_ limit: Duration = .seconds(30), _ isReached: () -> Bool) -> Bool {
    let end = ContinuousClock.now + limit
    while !isReached() {
      if ContinuousClock.now >= end { return false }
      usleep(1_000)
    }
    return true
  }

  /// Positions that cannot be.
  @Test(arguments: ["behind", "ahead", "odd", "garbage"])
  func aRingThatCannotBeIsGivenUpAlone(how: String) throws {
    let folder = try ScratchFolder()
    let configuration = Rig.configuration(folder, clients: 3)
    let service = try Service.start(engine: .init(), configuration: configuration)
    var bad = try Rig.client(configuration)
    var good = try Rig.client(configuration)
    var seen: [SequencedEvent<UInt64>] = []
    try Rig.drive(&bad, 1...100, &seen)
    let ring = ServiceFolder(configuration.folder).ring(bad.ringIndex)
    switch how {
    case "behind": try Self.scribble(ring, Self.bytes(8), at: Place.tail)
    case "ahead": try Self.scribble(ring, Self.bytes(1 << 40), at: Place.tail)
    case "odd": try Self.scribble(ring, Self.bytes((1 << 40) + 3), at: Place.tail)
    default:
      // Lengths that no message has, and then one more message's room.
      let all = [UInt8](repeating: 0xFF, count: configuration.clientRingBytes)
      try Self.scribble(ring, all, at: Place.data)
      let tail = [UInt8](
        try Data(contentsOf: URL(fileURLWithPath: ring))[Place.tail..<Place.tail + 8])
      try Self.scribble(ring, [tail[0] &+ 64] + tail.dropFirst(), at: Place.tail)
    }
    #expect(Self.wait { service.status.refused.corruptRings == 1 }, "\(service.status)")
    #expect(bad.submit(1) == .disconnected)
    // The other one does not notice, and a new client is not given the ring that nobody reads.
    seen = []
    while case .events = good.poll({ _ in }) {}
    try Rig.drive(&good, 201...300, &seen)
    var next = try Rig.client(configuration, start: .index(good.eventIndex))
    #expect(next.ringIndex == 2)
    seen = []
    try Rig.drive(&next, 301...400, &seen)
    do throws(ClientError) {
      _ = try Rig.client(configuration)
      Issue.record("a client has the ring that was given up")
    } catch {
      guard case .full = error else {
        Issue.record("\(error)")
        return
      }
    }
    #expect(service.isServing && service.status.refused.corruptRings == 1)
    try service.stop()
    #expect(service.status.problems.isEmpty)
  }

  /// A client that writes the service's own position does not keep it from ending.
  @Test func aForgedReadersPositionDoesNotKeepTheServiceFromEnding() throws {
    let folder = try ScratchFolder()
    let configuration = Rig.configuration(folder)
    let service = try Service.start(engine: .init(), configuration: configuration)
    var client = try Rig.client(configuration)
    var seen: [SequencedEvent<UInt64>] = []
    try Rig.drive(&client, 1...10, &seen)
    let ring = ServiceFolder(configuration.folder).ring(client.ringIndex)
    try Self.scribble(ring, Self.bytes(8), at: Place.head)
    let isEnded = DispatchSemaphore(value: 0)
    // SAFETY: the service is used by this thread again once that one has ended.
    nonisolated(unsafe) let own = service
    Thread.detachNewThread {
      unsafe try? own.stop()
      isEnded.signal()
    }
    #expect(isEnded.wait(timeout: .now() + 30) == .success, "the service does not end")
  }

  /// Random bytes anywhere in a client's file, while it and another one push.
  @Test func scribblesAnywhereHarmNobodyElse() throws {
    for seed in Campaign.rounds(6, campaign: 3_000) {
      var random = SeededRandom(seed: UInt64(seed))
      let comment: Comment = "seed \(seed)"
      let folder = try ScratchFolder()
      let configuration = Rig.configuration(folder)
      let service = try Service.start(engine: .init(), configuration: configuration)
      var bad = try Rig.client(configuration)
      var good = try Rig.client(configuration, start: .end)
      let ring = ServiceFolder(configuration.folder).ring(bad.ringIndex)
      var told = 0
      // Numbers that the bad client's bytes hardly ever are.
      let base = UInt64(seed) << 32 | 1 << 60
      for step in 0..<40 {
        let offset =
          random.next() % 2 == 0
          ? Int(random.next() % 1_024)
          : Int(random.next() % UInt64(Place.data + configuration.clientRingBytes - 64))
        let count = 1 + Int(random.next() % 64)
        try Self.scribble(
          ring, (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }, at: offset)
        for _ in 0..<3 { _ = bad.submit(UInt64(step)) }
        #expect(good.submit(base + UInt64(step)) == .submitted, comment)
      }
      let end = ContinuousClock.now + .seconds(30)
      // Every command gives one event: the good client's, and whatever the other's bytes have become.
      let applied = { service.status.commandCount }
      while told < 40 || UInt64(told) < applied(), ContinuousClock.now < end {
        if case .failed(let error) = good.poll({ _ in told += 1 }) { Issue.record("\(error)") }
        _ = good.wait(limitNanoseconds: 1_000_000)
      }
      #expect(told >= 40 && service.isServing, comment)
      #expect(service.status.refused.corruptRings <= 1, comment)
      let isEnded = DispatchSemaphore(value: 0)
      // SAFETY: the service is used by this thread again once that one has ended.
      nonisolated(unsafe) let own = service
      Thread.detachNewThread {
        unsafe try? own.stop()
        isEnded.signal()
      }
      guard isEnded.wait(timeout: .now() + 30) == .success else {
        Issue.record("\(comment): the service does not end")
        return
      }
      // What was journaled is whole: it recovers, with another client's rings. The end may have brought more of
      // what the bad one has written.
      let last = applied()
      let again = try Service.start(engine: .init(), configuration: configuration)
      #expect(again.eventLogRecovery.position == last && last >= UInt64(told), comment)
      try again.stop()
    }
  }

  /// Messages that are no command are skipped and counted by reason.
  @Test func messagesThatAreNoCommandAreCounted() throws {
    let folder = try ScratchFolder()
    let configuration = Rig.configuration(folder)
    let service = try Service.start(engine: .init(), configuration: configuration)
    do {
      var raw = try MessageRing.openProducer(at: ServiceFolder(configuration.folder).ring(0))
      let longest = 8 + SumEngine.attachmentByteCountMax
      for (count, type) in [(longest + 1, 0), (7, 0), (0, 0), (8, 5), (longest, 0)] {
        let bytes = [UInt8](repeating: 1, count: count)
        #expect(raw.tryPush(bytes.span, type: UInt32(type)) == .pushed)
      }
    }
    #expect(Self.wait { service.status.commandCount == 1 })
    var expected = RefusedMessages()
    expected.attachmentTooLong = 1
    expected.tooShort = 2
    expected.unknownType = 1
    #expect(Self.wait { service.status.refused == expected }, "\(service.status.refused)")
    var client = try Rig.client(configuration, start: .index(1))
    var seen: [SequencedEvent<UInt64>] = []
    try Rig.drive(&client, 1...10, &seen)
    #expect(client.ringIndex == 0)
    try service.stop()
  }

  /// A ring of another version, or none at all, in the place of the first one.
  @Test func aRingFileOfAnotherVersionIsPassedOver() throws {
    let folder = try ScratchFolder()
    let configuration = Rig.configuration(folder)
    let service = try Service.start(engine: .init(), configuration: configuration)
    let ring = ServiceFolder(configuration.folder).ring(0)
    try Self.scribble(ring, [99], at: 8)
    var client = try Rig.client(configuration)
    #expect(client.ringIndex == 1)
    var seen: [SequencedEvent<UInt64>] = []
    try Rig.drive(&client, 1...10, &seen)
    do throws(ClientError) {
      _ = try Rig.client(configuration)
      Issue.record("a client has the ring of another version")
    } catch {
      #expect(error.description.contains("version"), "\(error)")
      #expect(!error.description.contains("\n"))
    }
    try service.stop()
  }

  /// A client that never reads holds up neither the engine nor others, with a cursor or without.
  @Test(arguments: [nil, "lazy"] as [String?])
  func aClientThatNeverReadsHoldsNothingUp(cursor: String?) throws {
    let folder = try ScratchFolder()
    let configuration = Rig.configuration(folder)
    let service = try Service.start(engine: .init(), configuration: configuration)
    var lazy = try Rig.client(configuration, cursor: cursor)
    var other = try Rig.client(configuration)
    for number in UInt64(1)...100 { #expect(lazy.submit(number) == .submitted) }
    var seen: [SequencedEvent<UInt64>] = []
    let end = ContinuousClock.now + .seconds(60)
    // More than the log keeps for those without a cursor.
    var next: UInt64 = 1
    while seen.count < 20_100, ContinuousClock.now < end {
      while next <= 20_000, other.submit(next) == .submitted { next += 1 }
      _ = other.poll { seen.append($0) }
      if next % 64 == 0 { _ = lazy.submit(1) }
    }
    #expect(seen.count >= 20_100)
    #expect(service.isServing && service.status.problems.isEmpty)
    // It may come back: with its cursor to all of them.
    var count = 0
    var missed = 0
    loop: while true {
      switch lazy.poll({ _ in count += 1 }) {
      case .events: continue
      case .missed: missed += 1
      case .cut: Issue.record("nothing was cut off")
      case .nothing: break loop
      case .failed(let error): throw error
      }
    }
    #expect(cursor == nil ? missed <= 1 && count > 0 : missed == 0 && count >= seen.count)
    try service.stop()
  }

  /// Clients that push without a pause cannot keep a service from ending, and what was submitted before is
  /// done.
  @Test func aServiceEndsWhileClientsPush() throws {
    let folder = try ScratchFolder()
    var own = Rig.configuration(folder)
    own.eventBytesKept = 1 << 40
    let configuration = own
    let service = try Service.start(engine: .init(), configuration: configuration)
    var first = try Rig.client(configuration)
    for number in UInt64(1)...200 { #expect(first.submit(number) == .submitted) }
    let isFlooding = DispatchSemaphore(value: 0)
    let hasEnded = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      if var flood = try? Rig.client(configuration) {
        isFlooding.signal()
        while flood.submit(7) != .disconnected {}
      }
      hasEnded.signal()
    }
    #expect(isFlooding.wait(timeout: .now() + 30) == .success)
    try service.stop()
    #expect(hasEnded.wait(timeout: .now() + 30) == .success)
    let status = service.status
    #expect(status.acknowledgedSequence == status.appliedSequence)
    #expect(status.durableSequence == status.appliedSequence)
    var count = 0
    while case .events = first.poll({ _ in count += 1 }) {}
    #expect(count >= 200 && UInt64(count) == status.commandCount)
  }
}
