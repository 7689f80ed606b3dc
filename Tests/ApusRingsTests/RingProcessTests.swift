// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusRings
import ApusTestSupport
import ApusThreads
import Foundation
import Testing

/// Rings in files with the other end in a process that is killed at random points.
@Suite(.serialized) struct RingProcessTests {
  static var rounds: CampaignRounds { Campaign.rounds(12, campaign: 2_000) }

  /// The producer dies; the consumer gets all that was committed, in order and whole, is told, and
  /// goes on with the next producer.
  @Test func killedProducersLoseNothing() throws {
    let folder = try ScratchFolder()
    let path = folder.path("one-to-one")
    try OneToOneRing<PeerElement>.createFile(at: path, capacity: 64)
    var consumer = try OneToOneRing<PeerElement>.openConsumer(at: path)
    var random = SeededRandom(seed: 0xDEAD)
    var next: UInt64 = 0
    for round in Self.rounds {
      let peer = try Peer("produce", path)
      // Until then the end is its dead predecessor's.
      while consumer.producerEpoch <= UInt64(round), peer.isRunning { usleep(200) }
      // Some die while the ring is full, some while they push.
      let target = next + UInt64.random(in: 1...5_000, using: &random)
      var isKilled = false
      reading: while true {
        switch consumer.pop() {
        case .element(let element):
          guard element.isWhole, element.position == next else {
            Issue.record("round \(round): \(element.position), expected \(next)")
            return
          }
          next += 1
        case .peerDied: break reading
        default:
          Issue.record("round \(round): unexpected end")
          return
        }
        if !isKilled, next >= target {
          if Bool.random(using: &random) { usleep(UInt32.random(in: 0...500, using: &random)) }
          peer.kill()
          isKilled = true
        }
      }
      expect(consumer.producerState, .dead)
      expect(consumer.producerEpoch, UInt64(round) + 1)
      expect(peer.wait(), nil, "exit code; \(peer.errors)")
    }
    expect(consumer.fillCount, 0)
  }

  @Test func killedSendersLeaveNothingHalfWritten() throws {
    let folder = try ScratchFolder()
    let path = folder.path("messages")
    try MessageRing.createFile(at: path, capacity: 2_048)
    var consumer = try MessageRing.openConsumer(at: path)
    var random = SeededRandom(seed: 0xBEEF)
    var next: UInt64? = 0
    for round in Self.rounds {
      let peer = try Peer("send", path)
      // Until then the end is its dead predecessor's.
      while consumer.producerEpoch <= UInt64(round), peer.isRunning { usleep(200) }
      var left = Int.random(in: 1...3_000, using: &random)
      var problem: String?
      reading: while true {
        let outcome = consumer.consume(countMax: Int.random(in: 1...9, using: &random)) {
          problem = problem ?? PeerMessage.check($0, $1, capacity: 2_048, next: &next)
        }
        if let problem {
          Issue.record("round \(round): \(problem)")
          return
        }
        switch outcome {
        case .consumed(let count):
          let before = left
          left -= count
          if before > 0, left <= 0 { peer.kill() }
        case .peerDied: break reading
        default:
          Issue.record("round \(round): \(outcome)")
          return
        }
      }
      expect(peer.wait(), nil, "exit code; \(peer.errors)")
    }
  }

  /// The consumer dies; the producer is told when the ring is full, and the next consumer goes on
  /// where the last one had got to.
  @Test func killedConsumersGoOn() throws {
    let folder = try ScratchFolder()
    let path = folder.path("one-to-one")
    try OneToOneRing<PeerElement>.createFile(at: path, capacity: 64)
    var producer = try OneToOneRing<PeerElement>.openProducer(at: path)
    var random = SeededRandom(seed: 0xFEED)
    var next: UInt64 = 0
    for round in Self.rounds {
      let peer = try Peer("consume", path)
      // Until then the end is its dead predecessor's.
      while producer.consumerEpoch <= UInt64(round), peer.isRunning { usleep(200) }
      let target = next + UInt64.random(in: 65...5_000, using: &random)
      var isKilled = false
      while true {
        let outcome = producer.push(PeerElement(next))
        if outcome == .peerDied { break }
        guard outcome == .pushed else {
          Issue.record("round \(round): \(outcome)")
          return
        }
        next += 1
        if !isKilled, next >= target {
          peer.kill()
          isKilled = true
        }
      }
      expect(producer.consumerState, .dead)
      expect(peer.wait(), nil, "exit code; \(peer.errors)")
    }
    // What is left is whole, and follows what the last one had read.
    var consumer = try OneToOneRing<PeerElement>.openConsumer(at: path, wait: .fail)
    var last = consumer.gauge.pushedCount - UInt64(consumer.fillCount)
    while let element = consumer.tryPop() {
      #expect(element == PeerElement(last))
      last += 1
    }
    #expect(last == next)
  }

  @Test func deadBroadcastConsumersAreRestartedOrEvicted() throws {
    let folder = try ScratchFolder()
    let path = folder.path("broadcast")
    try BroadcastRing<PeerElement>.createFile(at: path, capacity: 64, consumers: [[], [0]])
    var producer = try BroadcastRing<PeerElement>.openProducer(at: path)
    let rounds = Self.rounds
    // The first consumer lives in this process, on its own thread.
    let leader = try BroadcastRing<PeerElement>.openConsumer(at: path, index: 0)
    let errors = ErrorCount()
    let thread = try PinnedThread(name: "leader", cpuIndex: nil, moving: leader) {
      var consumer = $0
      var expected: UInt64 = 0
      while case .element(let element) = consumer.pop() {
        errors.check(element == PeerElement(expected))
        expected += 1
      }
    }
    var random = SeededRandom(seed: 0xCAFE)
    var next: UInt64 = 0
    for round in rounds {
      let peer = try Peer("follow", path)
      // Until then the end is its dead predecessor's.
      while producer.consumerEpoch(1) <= UInt64(round), peer.isRunning { usleep(200) }
      let target = next + UInt64.random(in: 1...3_000, using: &random)
      var isKilled = false
      var countSinceKill = 0
      while true {
        let outcome = producer.push(PeerElement(next))
        if outcome == .peerDied { break }
        guard outcome == .pushed else {
          Issue.record("round \(round): \(outcome)")
          break
        }
        next += 1
        if isKilled { countSinceKill += 1 }
        // It may have died after it took its end and before it was back in line, where it holds
        // nobody up.
        if countSinceKill > 1_000, !peer.isRunning { break }
        // A peer that ended before it had the end holds nobody up: the loop would never end.
        if next % 4_096 == 0, !isKilled, !peer.isRunning {
          Issue.record("round \(round): the other process ended early: \(peer.errors)")
          break
        }
        // Not before it has the end: one that never opened it is absent, not dead.
        if !isKilled, next >= target, producer.consumerState(1) == .present {
          peer.kill()
          isKilled = true
        }
      }
      expect(producer.consumerState(1), .dead)
      expect(peer.wait(), nil, "exit code; \(peer.errors)")
      if round % 2 == 0 {
        expect(producer.evictDeadConsumers(), 1)
        expect(producer.evictDeadConsumers(), 0)
        for _ in 0..<200 {
          expect(producer.push(PeerElement(next)), .pushed)
          next += 1
        }
      }
    }
    producer.close()
    thread.join()
    #expect(errors.count == 0)
  }

  @Test func killedBroadcastProducersLoseNothing() throws {
    let folder = try ScratchFolder()
    let path = folder.path("broadcast")
    try BroadcastRing<PeerElement>.createFile(at: path, capacity: 32, consumers: [[], [0]])
    var leader = try BroadcastRing<PeerElement>.openConsumer(at: path, index: 0)
    var follower = try BroadcastRing<PeerElement>.openConsumer(at: path, index: 1)
    var random = SeededRandom(seed: 0xF00D)
    var next: UInt64 = 0
    for round in Self.rounds {
      let peer = try Peer("broadcast", path)
      // Until then the end is its dead predecessor's.
      while leader.producerEpoch <= UInt64(round), peer.isRunning { usleep(200) }
      let target = next + UInt64.random(in: 1...2_000, using: &random)
      var isKilled = false
      reading: while true {
        switch leader.pop() {
        case .element(let element):
          expect(element, PeerElement(next), "round \(round)")
          expect(follower.pop(), .element(PeerElement(next)), "round \(round)")
          next += 1
        case .peerDied: break reading
        default:
          Issue.record("round \(round): unexpected end")
          return
        }
        if !isKilled, next >= target {
          peer.kill()
          isKilled = true
        }
      }
      expect(follower.pop(), .peerDied)
      expect(peer.wait(), nil, "exit code; \(peer.errors)")
    }
  }

  /// A process that was killed and not waited for is dead all the same, and its number may come
  /// again: an end with another start time is not its.
  @Test func anEndOfALivingProcessIsRefused() throws {
    let folder = try ScratchFolder()
    let path = folder.path("one-to-one")
    try OneToOneRing<PeerElement>.createFile(at: path, capacity: 64)
    var consumer = try OneToOneRing<PeerElement>.openConsumer(at: path)
    let peer = try Peer("produce", path)
    expect(consumer.waitForElement(), true)
    #expect(
      throws: RingError.file(
        path: path, problem: .endInUse(end: "producer", processID: peer.processID))
    ) { _ = try OneToOneRing<PeerElement>.openProducer(at: path) }
    #expect(
      throws: RingError.file(path: path, problem: .endInUse(end: "consumer", processID: getpid()))
    ) { _ = try OneToOneRing<PeerElement>.openConsumer(at: path) }
    consumer.close()
    // Told that the consumer closed, it ends by itself.
    expect(peer.wait(), 0, peer.errors)
    // Both ends can be opened again, and nothing of what was pushed is lost.
    let producer = try OneToOneRing<PeerElement>.openProducer(at: path)
    var next = try OneToOneRing<PeerElement>.openConsumer(at: path)
    producer.close()
    var position = next.gauge.pushedCount - UInt64(next.fillCount)
    while case .element(let element) = next.pop() {
      expect(element, PeerElement(position))
      position += 1
    }
    expect(position, next.gauge.pushedCount)
    expect(next.isDrained, true)
  }
}

/// A process with one end of a ring.
final class Peer {
  private let process = Process()
  private let log: Pipe

  init(_ role: String, _ path: String) throws {
    log = Pipe()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
      .deletingLastPathComponent().appendingPathComponent("ApusRingsPeer")
    process.arguments = [role, path]
    process.standardError = log
    process.standardInput = FileHandle.nullDevice
    try process.run()
  }

  deinit { kill() }

  var processID: Int32 { process.processIdentifier }

  func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

  var isRunning: Bool { process.isRunning }

  /// Its exit code; nil when it was killed, by ``kill()`` or because it does not come to an end.
  func wait() -> Int32? {
    let deadline = ContinuousClock.now + .seconds(20)
    while process.isRunning, ContinuousClock.now < deadline { usleep(200) }
    if process.isRunning { kill() }
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : nil
  }

  var errors: String {
    process.isRunning
      ? "" : String(decoding: log.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }
}
