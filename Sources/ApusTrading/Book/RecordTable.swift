// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// Records of one type side by side, addressed by number and changed in place.
///
/// Memory is reserved once, zero-filled, and committed as it is touched. Indices are not checked in
/// release builds: they come from the structures themselves or from 16-bit fields.
///
/// - Threading: one thread at a time.
@safe
struct RecordTable<Element: BitwiseCopyable>: ~Copyable {
  private let region: MemoryRegion?
  let base: UnsafeMutablePointer<Element>
  let count: Int

  /// So many records of zero bits, which have to be a valid element.
  init(count: Int, pages: MemoryRegion.PagePolicy) throws(MemoryError) {
    let region = try MemoryRegion(
      byteCount: count * MemoryLayout<Element>.stride, options: MemoryRegion.Options(pages: pages))
    // SAFETY: the region holds `count` elements and lives as long as self.
    unsafe base = region.baseAddress.bindMemory(to: Element.self, capacity: count)
    self.count = count
    self.region = consume region
  }

  /// Records in memory that somebody else keeps for as long as the table is used.
  @unsafe
  init(_ base: UnsafeMutablePointer<Element>, count: Int) {
    region = nil
    unsafe self.base = unsafe base
    self.count = count
  }

  subscript(_ index: UInt32) -> Element {
    @inline(__always)
    unsafeAddress {
      assert(Int(index) < count, "RecordTable: expected an index below the count")
      // SAFETY: see the type's comment.
      return unsafe UnsafePointer(base + Int(index))
    }
    @inline(__always)
    nonmutating unsafeMutableAddress {
      assert(Int(index) < count, "RecordTable: expected an index below the count")
      // SAFETY: see the type's comment.
      return unsafe base + Int(index)
    }
  }

  subscript(_ index: UInt16) -> Element {
    @inline(__always)
    unsafeAddress {
      assert(Int(index) < count, "RecordTable: expected an index below the count")
      // SAFETY: see the type's comment.
      return unsafe UnsafePointer(base + Int(index))
    }
    @inline(__always)
    nonmutating unsafeMutableAddress {
      assert(Int(index) < count, "RecordTable: expected an index below the count")
      // SAFETY: see the type's comment.
      return unsafe base + Int(index)
    }
  }
}
