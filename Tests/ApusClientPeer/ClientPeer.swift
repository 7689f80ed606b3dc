// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusServeTestKit
import ApusTrading
import Glibc

/// A client of a service in a process of its own, until a test kills it.
///
///     apus-client-peer trade FOLDER SESSION
///     apus-client-peer flood FOLDER SESSION
///     apus-client-peer claim FOLDER RING
///
/// Each prints `ring N` when it has one. `trade` submits what the event log does not have yet and prints
/// the number of each order that it is told of; `flood` pushes without a pause and reads nothing;
/// `claim` writes half a message, prints `claimed`, and sleeps. Exit codes: 0 the service has ended, 2 bad
/// usage, 3 what was read is wrong, 4 no connection. It ends by itself after 60 seconds.
@main
enum ClientPeer {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let number = UInt16(arguments[3]) else {
      fail(2, "usage: apus-client-peer ROLE FOLDER NUMBER")
    }
    // Whoever starts it may have blocked the signal.
    var alone = sigset_t()
    // SAFETY: the set is there for all three calls.
    unsafe sigemptyset(&alone)
    unsafe sigaddset(&alone, SIGALRM)
    unsafe sigprocmask(SIG_UNBLOCK, &alone, nil)
    alarm(60)
    switch arguments[1] {
    case "trade": trade(arguments[2], session: number)
    case "flood": flood(arguments[2], session: number)
    case "claim": claim(arguments[2], ring: number)
    default: fail(2, "unknown role \(arguments[1])")
    }
  }

  static func fail(_ code: Int32, _ text: String) -> Never {
    say("apus-client-peer: \(text)")
    exit(code)
  }

  static func say(_ text: String) {
    let line = Array("\(text)\n".utf8)
    // SAFETY: the array has as many bytes as the call is told.
    _ = unsafe write(1, line, line.count)
  }

  static func connect(_ folder: String, start: EventLogStart) -> ServeTrades.Client {
    do throws(ClientError) {
      let client = try ServeTrades.connect(folder, start: start)
      say("ring \(client.ringIndex)")
      return client
    } catch {
      fail(4, error.description)
    }
  }

  static func trade(_ folder: String, session: UInt16) {
    var client = connect(folder, start: .first)
    var told: UInt64 = 0
    var next: UInt64 = 1
    var isUpToDate = false
    while true {
      var isWrong = false
      let outcome = client.poll(countMax: 256) { sequenced in
        let event = sequenced.event
        guard event.kind == .accepted, event.session == session else { return }
        isWrong = isWrong || ServeTrades.number(ofOrder: event.orderId) != told + 1
        told += 1
        if isUpToDate { say("\(told)") }
      }
      if isWrong { fail(3, "an order was accepted out of its turn, after \(told)") }
      switch outcome {
      case .events: continue
      case .nothing: isUpToDate = true
      case .missed, .cut, .failed: fail(3, "\(outcome)")
      }
      next = max(next, told + 1)
      while next < told + 100 {
        let submitted = client.submit(order: next, session: session)
        if submitted == .disconnected { return }
        guard submitted == .submitted else { break }
        next += 1
      }
      // The one before may have left some in the ring: then the first of ours are refused by their ids.
      if !client.wait(limitNanoseconds: 20_000_000) {
        if !client.isConnected { return }
        next = told + 1
      }
    }
  }

  static func flood(_ folder: String, session: UInt16) {
    var client = connect(folder, start: .end)
    var number: UInt64 = 1
    while true {
      switch client.submit(order: number, session: session) {
      case .submitted: number += 1
      case .full: continue
      case .disconnected: return
      case .attachmentTooLong: fail(3, "an attachment is too long")
      }
    }
  }

  static func claim(_ folder: String, ring: UInt16) {
    do throws(RingError) {
      var producer = try MessageRing.openProducer(at: "\(folder)/clients/0\(ring).ring")
      // What the one before has left is still there, and may be all that there is room for.
      while producer.waitForRoom(byteCount: 200) != .pushed {}
      guard let bytes = unsafe producer.claim(byteCount: 200) else { fail(3, "no room") }
      // SAFETY: half of what was claimed; the producer is there until the loop below ends.
      for index in 0..<100 { unsafe bytes[index] = 0xFF }
      say("ring \(ring)")
      say("claimed")
      // It has the ring, and the ring's memory, until it is killed.
      while !producer.isConsumerClosed { usleep(1_000) }
    } catch {
      fail(4, "\(error)")
    }
  }
}
