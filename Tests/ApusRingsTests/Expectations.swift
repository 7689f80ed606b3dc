// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Synchronization
import Testing

/// Compares two values. The macro cannot take calls on ends, which cannot be copied.
func expect<Value: Equatable>(
  _ value: Value, _ expected: Value, _ comment: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(value == expected, "\(comment)", sourceLocation: sourceLocation)
}

/// Counts failures on threads where an expectation would be slow.
final class ErrorCount: Sendable {
  private let value = Atomic<Int>(0)

  func add() { value.wrappingAdd(1, ordering: .relaxed) }

  func check(_ condition: Bool) {
    if !condition { add() }
  }

  var count: Int { value.load(ordering: .acquiring) }
}

/// The end that was taken; `#require` cannot hold what cannot be copied.
func take<End: ~Copyable>(
  _ end: consuming End?, sourceLocation: SourceLocation = #_sourceLocation
) throws -> End {
  guard let end = end else {
    Issue.record("there was no end to take", sourceLocation: sourceLocation)
    throw MissingEnd()
  }
  return end
}

struct MissingEnd: Error {}

/// Whether the long campaigns were asked for.
let isCampaign = ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] != nil
