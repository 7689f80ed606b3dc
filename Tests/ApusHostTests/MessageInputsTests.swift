// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusHost
import ApusRings
import ApusTestSupport
import ApusThreads
import Foundation
import Testing

/// Several rings as one input: whose turn it is, what is no command, and how it ends.
@Suite struct MessageInputsTests {
  /// Rings in files, with an input that reads them.
  private final class Rig {
    let folder: ScratchFolder
    let door = InputDoor()
    private var inputs: MessageInputs<UInt64>

    init(_ count: Int, ringByteCount: Int = 16_384, wait: WaitStrategy = .fail) throws {
      let folder = try ScratchFolder()
      self.folder = folder
      for index in 0..<count {
        try MessageRing.createFile(at: folder.path("\(index)"), capacity: ringByteCount)
      }
      inputs = try MessageInputs(
        count: count, attachmentByteCountMax: 8, door: door, wait: wait
      ) { index throws(RingError) in try MessageRing.openConsumer(at: folder.path("\(index)")) }
    }

    func producer(_ index: Int) throws -> MessageProducer {
      try MessageRing.openProducer(at: folder.path("\(index)"), wait: .fail)
    }

    var hasCommand: Bool { inputs.hasCommand() }
    var isDrained: Bool { inputs.isDrained }
    func wait(_ limitNanoseconds: UInt64) -> Bool {
      inputs.waitForCommand(limitNanoseconds: limitNanoseconds)
    }

    /// Takes commands; those from `refusing` on are not taken.
    func take(_ countMax: Int = .max, refusing: UInt64? = nil) -> [UInt64] {
      var found: [UInt64] = []
      // SAFETY: each message has at least a command.
      let taken = unsafe inputs.withUnsafeMessages(countMax: countMax) { message in
        let command = unsafe message.loadUnaligned(as: UInt64.self)
        if command == refusing { return false }
        found.append(command)
        return true
      }
      #expect(taken == found.count)
      return found
    }
  }

  private static func push(_ producer: inout MessageProducer, _ commands: Range<UInt64>) {
    for command in commands { #expect(push(&producer, command) == .pushed) }
  }

  private static func push(
    _ producer: inout MessageProducer, _ command: UInt64, byteCount: Int = 8, type: UInt32 = 0
  ) -> PushOutcome {
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: command >> (8 * $0)) }
    bytes = Array((bytes + [UInt8](repeating: 0, count: max(0, byteCount - 8))).prefix(byteCount))
    return producer.tryPush(bytes.span, type: type)
  }

  @Test func eachRingGivesItsShareInTurn() throws {
    let rig = try Rig(3)
    var first = try rig.producer(0)
    var third = try rig.producer(2)
    Self.push(&first, 0..<150)
    Self.push(&third, 1_000..<1_010)
    #expect(rig.take() == Array(0..<64) + Array(1_000..<1_010))
    #expect(rig.take() == Array(64..<128))
    #expect(rig.take() == Array(128..<150))
    #expect(rig.take().isEmpty)
  }

  /// A caller that takes few at a time does not begin with the same ring each time.
  @Test func theNextLookBeginsBehindTheLastRing() throws {
    let rig = try Rig(2)
    var first = try rig.producer(0)
    var second = try rig.producer(1)
    Self.push(&first, 0..<20)
    Self.push(&second, 1_000..<1_020)
    #expect(rig.take(5) == Array(0..<5))
    #expect(rig.take(5) == Array(1_000..<1_005))
    #expect(rig.take(5) == Array(5..<10))
  }

  @Test func whatIsNotTakenStaysInItsPlace() throws {
    let rig = try Rig(2)
    var first = try rig.producer(0)
    var second = try rig.producer(1)
    Self.push(&first, 0..<10)
    Self.push(&second, 1_000..<1_010)
    #expect(rig.take(refusing: 4) == Array(0..<4))
    // Nothing of the other ring was asked for behind it; it is the next in turn.
    #expect(rig.take(refusing: 1_003) == Array(1_000..<1_003))
    #expect(rig.take() == Array(4..<10) + Array(1_003..<1_010))
  }

  @Test func aFullRingTakesMoreOnceItWasRead() throws {
    let rig = try Rig(2, ringByteCount: 4_096)
    var producer = try rig.producer(1)
    var pushed: UInt64 = 0
    while Self.push(&producer, pushed) == .pushed { pushed += 1 }
    #expect(pushed == 4_096 / 16)
    #expect(Self.push(&producer, pushed) == .full)
    #expect(rig.take(10) == Array(0..<10))
    #expect(Self.push(&producer, pushed) == .pushed)
    var all = rig.take()
    while case let more = rig.take(), !more.isEmpty { all += more }
    #expect(all == Array(10...pushed))
  }

  /// The claim of a client that dies is seen by nobody, and its successor claims the same place.
  @Test func aClientThatDiesInAClaimLeavesNothing() throws {
    let rig = try Rig(1)
    do {
      var producer = try rig.producer(0)
      Self.push(&producer, 1..<3)
      let bytes = unsafe producer.claim(byteCount: 8)
      unsafe bytes?.initializeMemory(as: UInt8.self, repeating: 0xEE)
    }
    #expect(rig.take() == [1, 2])
    #expect(!rig.isDrained && !rig.hasCommand)
    var next = try rig.producer(0)
    Self.push(&next, 3..<5)
    #expect(rig.take() == [3, 4])
  }

  @Test func whatIsNoCommandIsCountedByReason() throws {
    let rig = try Rig(2)
    var first = try rig.producer(0)
    var second = try rig.producer(1)
    #expect(Self.push(&first, 0, byteCount: 7) == .pushed)
    #expect(Self.push(&first, 0, byteCount: 17) == .pushed)
    #expect(Self.push(&second, 0, byteCount: 0) == .pushed)
    #expect(Self.push(&second, 0, type: 9) == .pushed)
    #expect(Self.push(&second, 7, byteCount: 16) == .pushed)
    #expect(rig.door.refused == RefusedMessages())
    #expect(rig.take() == [7])
    var expected = RefusedMessages()
    (expected.tooShort, expected.attachmentTooLong, expected.unknownType) = (2, 1, 1)
    #expect(rig.door.refused == expected)
    #expect(rig.door.refused.count == 4)
  }

  /// A ring whose bytes are no messages is read no more, and its client sees that; the others are.
  @Test func aForgedRingIsGivenUpAlone() throws {
    let rig = try Rig(2)
    var first = try rig.producer(0)
    var second = try rig.producer(1)
    Self.push(&first, 0..<4)
    #expect(rig.take() == Array(0..<4))
    // The next message's header, behind what was published: a length that no message has.
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: rig.folder.path("0")))
    Self.push(&first, 4..<5)
    try file.seek(toOffset: 4_096 + 4 * 16)
    try file.write(contentsOf: Data([0xFF, 0xFF, 0xFF, 0x7F]))
    try file.close()
    Self.push(&second, 1_000..<1_003)
    #expect(rig.take() == Array(1_000..<1_003))
    #expect(rig.door.refused.corruptRings == 1)
    #expect(rig.take().isEmpty && !rig.hasCommand)
    #expect(rig.door.refused.corruptRings == 1, "counted once")
    let isClosed = (first.isConsumerClosed, second.isConsumerClosed)
    #expect(isClosed == (true, false))
    rig.door.close()
    #expect(rig.isDrained)
  }

  @Test(arguments: [WaitStrategy.spin(), .spinThenYield(), .park(), .fail])
  func aWaitEndsWithItsLimit(wait: WaitStrategy) throws {
    let rig = try Rig(2, wait: wait)
    let start = ContinuousClock.now
    let found = rig.wait(20_000_000)
    #expect(!found)
    let waited = ContinuousClock.now - start
    #expect(wait == .fail ? waited < .seconds(5) : waited >= .milliseconds(20))
    var producer = try rig.producer(1)
    Self.push(&producer, 1..<2)
    #expect(rig.wait(0))
    #expect(rig.take() == [1])
  }

  @Test(arguments: [WaitStrategy.spinThenYield(), .park()])
  func aMessageOrTheClosedDoorEndsAWait(wait: WaitStrategy) throws {
    let rig = try Rig(2, wait: wait)
    let path = rig.folder.path("1")
    let thread = try PinnedThread(configuration: .init(name: "client")) { _ in
      usleep(20_000)
      do {
        var producer = try MessageRing.openProducer(at: path, wait: .fail)
        Self.push(&producer, 5..<6)
      } catch { Issue.record("\(error)") }
    }
    #expect(rig.wait(60_000_000_000))
    #expect(rig.take() == [5])
    thread.join()
    let door = rig.door
    let closing = try PinnedThread(configuration: .init(name: "owner")) { _ in
      usleep(20_000)
      door.close()
    }
    let start = ContinuousClock.now
    #expect(!rig.wait(60_000_000_000))
    #expect(ContinuousClock.now - start < .seconds(30))
    closing.join()
  }

  /// What was there when the door was closed is taken, and nothing that comes later.
  @Test func aClosedDoorLetsThoseInWhoAreThere() throws {
    let rig = try Rig(2)
    var first = try rig.producer(0)
    var second = try rig.producer(1)
    Self.push(&first, 0..<100)
    Self.push(&second, 1_000..<1_002)
    #expect(!rig.isDrained)
    rig.door.close()
    #expect(!rig.isDrained)
    #expect(rig.take(10) == Array(0..<10))
    // Too late: the rings were sealed with the first look.
    _ = Self.push(&second, 1_002)
    var rest: [UInt64] = []
    while !rig.isDrained, rest.count < 1_000 { rest += rig.take() }
    #expect(rest.sorted() == Array(10..<100) + [1_000, 1_001])
    #expect(rig.take().isEmpty)
  }
}
