// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

extension OrderBooks {
  /// Whether an order could be linked at a key of a ladder; where it says so, linking it next does not
  /// fail. For orders that have a place and may not lose it.
  ///
  /// - Parameter givesLevelUp: Whether a level becomes free before: the order, or its whole queue, is
  ///   all there is at its present price.
  func hasRoom(
    _ ladder: UnsafeMutablePointer<Ladder>, _ key: UInt32, givesLevelUp: Bool
  ) -> Bool {
    // SAFETY: ladder blocks are in use; positions are at most `count`.
    let entries = unsafe ladders.base(ladder.pointee)
    let position = unsafe entries.upperBound(key, count: Int(ladder.pointee.count))
    if position > 0, unsafe entries[position &- 1].key == key { return true }
    return unsafe ladder.pointee.count < priceCountMax
      && (givesLevelUp || levels.count < levels.capacity)
  }
}
