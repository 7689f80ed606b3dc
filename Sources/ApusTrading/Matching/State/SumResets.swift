// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// How often the sums of all owners were reset, and when each of them was last. Section 12.3.
///
/// A reset of all owners touches none of them: each catches up when its sums are next looked at. What
/// an owner's sums are follows from both, and is all that digest and snapshot know of it.
struct SumResets: BitwiseCopyable {
  /// Resets of all owners so far. Never wraps: one a nanosecond would take centuries.
  private(set) var count: UInt64 = 0
  /// `count` after the last one that was of traded notional.
  private var traded: UInt64 = 0
  /// `count` after the last one that was of fees.
  private var fees: UInt64 = 0

  /// Resets the sums of all owners.
  ///
  /// - Complexity: O(1).
  mutating func reset(_ sums: OwnerSums) {
    count &+= 1
    if sums.hasTraded { traded = count }
    if sums.hasFees { fees = count }
  }

  /// Takes off an owner's sums what was reset since they were last looked at.
  ///
  /// Not a method of the engine: the compiler copies an engine that is borrowed for a call.
  @inline(never)
  func catchUp(_ owner: inout Owner) {
    if owner.resetCount < traded { owner.tradedNotional = [0, 0] }
    if owner.resetCount < fees { owner.fees = 0 }
    owner.resetCount = count
  }
}
