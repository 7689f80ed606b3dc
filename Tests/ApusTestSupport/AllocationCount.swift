// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusAllocationCount

/// Heap allocations that `body` makes on the calling thread.
public func allocationCount(_ body: () throws -> Void) rethrows -> UInt64 {
  let before = capus_allocation_count()
  try body()
  return capus_allocation_count() &- before
}
