// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusServeTestKit
import ApusTestSupport
import ApusTrading
import Foundation
import Testing

/// A client that keeps to what the service promises, and holds the service to it: it resends what no event
/// told of, and expects that each order is accepted once and in its turn.
final class ServeTrader {
  let session: UInt16
  private let service: ServeProcess
  private var client: ServeTrades.Client?
  /// The event log as it was read, from its first event on.
  private(set) var seen: [SequencedEvent<MatchingEvent>] = []
  /// Orders of this session that are accepted: 1 to this one.
  private(set) var told: UInt64 = 0
  /// The next order to submit.
  private var next: UInt64 = 1
  /// Orders that were refused because the engine had them already.
  private(set) var refusedCount = 0

  init(_ service: ServeProcess, session: UInt16) {
    self.service = service
    self.session = session
  }

  var ringIndex: Int { client?.ringIndex ?? -1 }

  /// Connects, or reconnects, and begins again with the first order that no event told of.
  ///
  /// - Parameter readsFirst: Reads what the log has before. Else orders that the engine has are sent twice.
  func connect(readsFirst: Bool) throws {
    if client == nil {
      client = try service.connect(cursor: "session \(session)")
    } else {
      try reconnect()
    }
    if readsFirst { poll() }
    next = told + 1
  }

  private func reconnect() throws {
    let end = ContinuousClock.now + .seconds(60)
    while true {
      do throws(ClientError) {
        try client?.reconnect()
        return
      } catch {
        guard ContinuousClock.now < end, service.isRunning else {
          Issue.record("no connection: \(error) \(service.errors)")
          throw error
        }
        usleep(2_000)
      }
    }
  }

  func disconnect() { client = nil }

  /// Submits what the window has room for.
  ///
  /// - Returns: False where the service has ended.
  @discardableResult
  func submit(window: UInt64 = 200, through last: UInt64 = .max) -> Bool {
    while next <= last, next <= told + window {
      switch client?.submit(order: next, session: session) {
      case .submitted: next += 1
      case .full: return true
      case .disconnected, nil: return false
      case .attachmentTooLong:
        Issue.record("an attachment is too long")
        return false
      }
    }
    return true
  }

  /// Reads what the log has.
  func poll() {
    while true {
      let before = client?.eventIndex ?? 0
      let start = seen.count
      let outcome = client?.poll { self.take($0) }
      #expect(before == UInt64(start))
      switch outcome {
      case .events(let count): #expect(seen.count == start + count)
      case .nothing, nil: return
      case .missed, .cut, .failed:
        Issue.record("session \(session): \(String(describing: outcome))")
        return
      }
    }
  }

  private func take(_ sequenced: SequencedEvent<MatchingEvent>) {
    if let last = seen.last, sequenced.sequence < last.sequence {
      Issue.record("event \(seen.count) is of command \(sequenced.sequence), a former one")
    }
    seen.append(sequenced)
    let event = sequenced.event
    guard event.session == session else { return }
    if event.kind == .accepted {
      let number = ServeTrades.number(ofOrder: event.orderId)
      if number != told + 1 { Issue.record("order \(number) was accepted after \(told)") }
      told = number
    } else if event.kind == .rejected {
      refusedCount += 1
      if event.reason != .orderIdReused { Issue.record("\(event)") }
    }
  }

  /// Submits until so many orders are accepted.
  func trade(through last: UInt64) {
    let end = ContinuousClock.now + .seconds(60)
    while told < last, ContinuousClock.now < end {
      guard submit(through: last) else { break }
      poll()
      if told < last { _ = client?.wait(limitNanoseconds: 1_000_000) }
    }
    #expect(told >= last, "session \(session): \(service.errors)")
  }

  /// Makes the engine ready for orders. A second time changes nothing.
  func prepare() {
    for command in ServeTrades.preparation { #expect(client?.submit(command) == .submitted) }
    let end = ContinuousClock.now + .seconds(60)
    while seen.filter({ $0.event.kind == .ownerLimitSet }).count < ServeTrades.sessions.count,
      ContinuousClock.now < end
    {
      poll()
      _ = client?.wait(limitNanoseconds: 1_000_000)
    }
  }
}
