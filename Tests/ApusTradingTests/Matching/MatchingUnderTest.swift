// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading
import Testing

/// One line of a main book: an order in the order of its queue.
struct BookLine: Equatable {
  var orderId: UInt64
  var priceTicks: UInt32
  var shown: UInt32
}

/// Anything that does what docs/matching-rules.md says.
protocol MatchingUnderTest: AnyObject {
  /// Applies one command.
  func apply(_ command: MatchingCommand, at time: UInt64) -> [MatchingEvent]

  /// What is displayed, best price first, then in time order.
  func mainBook(_ instrument: UInt16, _ side: Side) -> [BookLine]

  /// What does not hold of the state within, or nil.
  ///
  /// - Parameter instruments: Those that may have orders.
  func brokenInvariant(_ instruments: Set<UInt16>) -> String?

  /// Another engine in the same state, by way of a snapshot; nil where there are none. Both go on.
  func restored() throws -> (any MatchingUnderTest)?

  /// Stands for the state; 0 where there is none.
  var digest: UInt64 { get }
}

extension MatchingUnderTest {
  func brokenInvariant(_ instruments: Set<UInt16>) -> String? { nil }
  func restored() throws -> (any MatchingUnderTest)? { nil }
  var digest: UInt64 { 0 }
}

/// An engine that the rule tests run on.
struct EngineUnderTest: Sendable, CustomTestStringConvertible {
  var name: String
  var make: @Sendable () throws -> any MatchingUnderTest

  var testDescription: String { name }

  static let reference = EngineUnderTest(name: "reference") { ReferenceMatchingEngine() }
}
