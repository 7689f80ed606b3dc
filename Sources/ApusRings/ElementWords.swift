// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import Synchronization

/// Elements as whole words that are read and written one atomic access each.
///
/// A consumer of a many-to-many ring copies an element first and then claims it. When another one
/// was faster the copy may be a mix of two elements and is thrown away; the accesses to such bytes
/// have to be atomic all the same. Relaxed ones of eight bytes are plain moves.
@usableFromInline
enum ElementWords<Element: BitwiseCopyable> {
  /// Distance between slots. Unit: bytes.
  @inlinable @inline(__always)
  static var slotByteCount: Int { (MemoryLayout<Element>.stride &+ 7) & ~7 }

  @inlinable @inline(__always)
  static func store(_ source: UnsafePointer<Element>, to slot: UnsafeMutableRawPointer) {
    let words = unsafe slot.assumingMemoryBound(to: Atomic<UInt64>.self)
    let bytes = unsafe UnsafeRawPointer(source)
    let wordCount = MemoryLayout<Element>.size >> 3
    var index = 0
    // SAFETY: index * 8 + 8 <= the element's size; a slot is at least as long.
    while index < wordCount {
      unsafe words[index].store(
        bytes.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self), ordering: .relaxed)
      index &+= 1
    }
    let rest = MemoryLayout<Element>.size & 7
    if rest > 0 {
      var word: UInt64 = 0
      unsafe withUnsafeMutableBytes(of: &word) {
        unsafe $0.baseAddress?.copyMemory(from: bytes + wordCount &* 8, byteCount: rest)
      }
      unsafe words[wordCount].store(word, ordering: .relaxed)
    }
  }

  @inlinable @inline(__always)
  static func load(_ slot: UnsafeMutableRawPointer, into target: UnsafeMutablePointer<Element>) {
    let words = unsafe slot.assumingMemoryBound(to: Atomic<UInt64>.self)
    let bytes = UnsafeMutableRawPointer(target)
    let wordCount = MemoryLayout<Element>.size >> 3
    var index = 0
    // SAFETY: index * 8 + 8 <= the element's size; a slot is at least as long.
    while index < wordCount {
      unsafe bytes.storeBytes(
        of: words[index].load(ordering: .relaxed), toByteOffset: index &* 8, as: UInt64.self)
      index &+= 1
    }
    let rest = MemoryLayout<Element>.size & 7
    if rest > 0 {
      let word = unsafe words[wordCount].load(ordering: .relaxed)
      unsafe withUnsafeBytes(of: word) {
        if let from = $0.baseAddress {
          unsafe (bytes + wordCount &* 8).copyMemory(from: from, byteCount: rest)
        }
      }
    }
  }
}
