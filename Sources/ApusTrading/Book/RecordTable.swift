// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// Records of one type side by side, addressed by number and changed in place.
///
/// Only a place: who makes it keeps the memory (``TableMemory``), so that engines can hand out copies
/// without moving anything. Indices are not checked in release builds: they come from the structures
/// themselves or from 16-bit fields.
///
/// - Threading: one thread at a time.
@safe
struct RecordTable<Element: BitwiseCopyable>: BitwiseCopyable {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  /// Records in memory that somebody else keeps for as long as the table is used.
  @unsafe
  init(_ base: UnsafeMutablePointer<Element>, count: Int) {
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
