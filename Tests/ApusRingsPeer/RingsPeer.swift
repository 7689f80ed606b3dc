// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusRings
import ApusTestSupport
import ApusThreads
import Glibc

/// One end of a ring in a file, driven until the process is killed. Exit codes: 0 the other side
/// closed, 2 bad usage, 3 what was read is wrong, 4 the ring could not be opened.
@main
struct RingsPeer {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 3 else { fail(2, "usage: ApusRingsPeer ROLE FILE") }
    let path = arguments[2]
    do {
      switch arguments[1] {
      case "produce": try produce(path)
      case "consume": try consume(path)
      case "broadcast": try broadcast(path)
      case "follow": try follow(path)
      case "send": try send(path)
      case "receive": try receive(path)
      default: fail(2, "unknown role \(arguments[1])")
      }
    } catch {
      fail(4, "\(error)")
    }
  }

  static func fail(_ code: Int32, _ text: String) -> Never {
    let line = Array("ApusRingsPeer: \(text)\n".utf8)
    // SAFETY: the array has as many bytes as the call is told.
    _ = unsafe write(2, line, line.count)
    exit(code)
  }

  static func produce(_ path: String) throws {
    var producer = try OneToOneRing<PeerElement>.openProducer(at: path)
    var position = producer.gauge.pushedCount
    // Single elements and batches in turn, so that a kill meets both.
    while true {
      if position % 3 == 0 {
        let batch = (0..<7).map { PeerElement(position + $0) }
        let count = producer.tryPush(contentsOf: batch.span)
        position += UInt64(count)
        if count == 0, producer.waitForRoom() == .closed { return }
      } else {
        if producer.push(PeerElement(position)) == .closed { return }
        position += 1
      }
    }
  }

  static func consume(_ path: String) throws {
    var consumer = try OneToOneRing<PeerElement>.openConsumer(at: path)
    var last: UInt64?
    while case .element(let element) = consumer.pop() { last = check(element, after: last) }
  }

  static func broadcast(_ path: String) throws {
    var producer = try BroadcastRing<PeerElement>.openProducer(at: path)
    var position = producer.gauge.pushedCount
    while producer.push(PeerElement(position)) != .closed { position += 1 }
  }

  static func follow(_ path: String) throws {
    var consumer = try BroadcastRing<PeerElement>.openConsumer(at: path, index: 1)
    var last: UInt64?
    while case .element(let element) = consumer.pop() { last = check(element, after: last) }
  }

  static func check(_ element: PeerElement, after last: UInt64?) -> UInt64 {
    guard element.isWhole else { fail(3, "torn element after \(last ?? 0)") }
    if let last, element.position != last + 1 {
      fail(3, "\(element.position) after \(last)")
    }
    return element.position
  }

  static func send(_ path: String) throws {
    var producer = try MessageRing.openProducer(at: path)
    while true {
      let position = producer.gauge.pushedCount
      let byteCount = PeerMessage.byteCount(position)
      let outcome = producer.withClaim(byteCount: byteCount, type: PeerMessage.type(position)) {
        // Some claims are given up half written, as a crash would leave them.
        if position % 5 == 0, isFirstTry(position) {
          PeerMessage.write(position ^ 1, into: &$0)
          return nil
        }
        PeerMessage.write(position, into: &$0)
        return byteCount
      }
      if outcome == .full { _ = producer.waitForRoom(byteCount: byteCount) }
      if outcome == .closed { return }
    }
  }

  nonisolated(unsafe) private static var lastAborted: UInt64?

  private static func isFirstTry(_ position: UInt64) -> Bool {
    // SAFETY: one thread.
    if unsafe lastAborted == position { return false }
    unsafe lastAborted = position
    return true
  }

  static func receive(_ path: String) throws {
    var consumer = try MessageRing.openConsumer(at: path)
    let capacity = consumer.capacity
    var next: UInt64?
    while true {
      var problem: String?
      let outcome = consumer.consume(countMax: 8) { type, payload in
        problem = problem ?? PeerMessage.check(type, payload, capacity: capacity, next: &next)
      }
      if let problem { fail(3, problem) }
      guard case .consumed = outcome else { return }
    }
  }
}
