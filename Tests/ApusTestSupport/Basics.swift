// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// Every test has the seeded source, the scratch folder and the comparison with a model.
@_exported public import ApusTestBasics

extension Array where Element == UInt8 {
  /// The bytes as a span while `body` runs.
  public func withRawSpan<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    // SAFETY: the array is kept by `self` during the call.
    try unsafe body(span.bytes)
  }
}
