// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusAllocationCount

/// Heap allocations that `body` makes on the calling thread.
public func allocationCount(_ body: () throws -> Void) rethrows -> UInt64 {
  _ = isCounting
  let before = capus_allocation_count()
  try body()
  return capus_allocation_count() &- before
}

/// Begins counting once, when the first count is wanted.
private let isCounting = capus_allocation_counting_begin()

/// Whether allocation counts say anything of this build: unoptimised code allocates where
/// optimised code does not, and sanitizers bring an allocator of their own.
public let allocationsAreCounted: Bool = {
  #if DEBUG
    return false
  #else
    // SAFETY: what is allocated is freed at once.
    return allocationCount {
      unsafe UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 16).deallocate()
    } > 0
  #endif
}()
