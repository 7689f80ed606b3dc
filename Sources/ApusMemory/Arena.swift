// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Bump allocation out of one region: everything is freed at once, and nothing before.
///
/// - Threading: one thread at a time.
@safe
public struct Arena: ~Copyable {
  private let region: MemoryRegion
  /// Bytes handed out, with what alignment cost.
  public private(set) var usedByteCount = 0

  /// An arena over a region it takes over.
  public init(region: consuming MemoryRegion) { self.region = region }

  /// Size of the region. Unit: bytes.
  public var capacityByteCount: Int { region.byteCount }

  /// What the region got of what was asked for.
  public var placement: MemoryPlacement { region.placement }

  /// Room for `count` elements at their own alignment, or nil when there is not enough left.
  ///
  /// The contents are zero the first time, and after ``reset()`` whatever was there. The buffer is
  /// valid until the arena ends.
  ///
  /// - Complexity: O(1).
  @unsafe
  public mutating func allocate<T: BitwiseCopyable>(
    _ type: T.Type, count: Int
  ) -> UnsafeMutableBufferPointer<T>? {
    precondition(count >= 0, "Arena.allocate: expected a count of 0 or more")
    let alignment = MemoryLayout<T>.alignment
    let start = (usedByteCount + alignment - 1) & ~(alignment - 1)
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<T>.stride)
    guard !overflow, start <= region.byteCount, byteCount <= region.byteCount - start else {
      return nil
    }
    usedByteCount = start + byteCount
    // SAFETY: start + byteCount <= region.byteCount; the region begins at a page.
    let base = unsafe (region.baseAddress + start).bindMemory(to: T.self, capacity: count)
    return unsafe UnsafeMutableBufferPointer(start: base, count: count)
  }

  /// Takes back everything.
  public mutating func reset() { usedByteCount = 0 }
}
