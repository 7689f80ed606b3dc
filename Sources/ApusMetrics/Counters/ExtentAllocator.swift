// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Which bytes of a range are taken: first fit, neighbours joined when they are given back.
///
/// - Complexity: O(free ranges); registration only.
struct ExtentAllocator {
  /// Free ranges, ascending, never adjacent.
  private(set) var free: [Range<Int>]

  init(_ range: Range<Int>) { free = range.isEmpty ? [] : [range] }

  mutating func allocate(byteCount: Int) -> Range<Int>? {
    guard let index = free.firstIndex(where: { $0.count >= byteCount }) else { return nil }
    let start = free[index].lowerBound
    let rest = start + byteCount..<free[index].upperBound
    if rest.isEmpty { free.remove(at: index) } else { free[index] = rest }
    return start..<start + byteCount
  }

  mutating func release(_ range: Range<Int>) {
    var joined = range
    var index = free.firstIndex { $0.lowerBound >= range.upperBound } ?? free.count
    if index < free.count, free[index].lowerBound == joined.upperBound {
      joined = joined.lowerBound..<free.remove(at: index).upperBound
    }
    if index > 0, free[index - 1].upperBound == joined.lowerBound {
      index -= 1
      joined = free.remove(at: index).lowerBound..<joined.upperBound
    }
    free.insert(joined, at: index)
  }
}
