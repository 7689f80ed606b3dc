// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

package import ApusMemory

/// Blocks of one size out of one region, in lists linked by 32-bit indices.
@safe
package struct BlockPool: ~Copyable {
  package static var none: UInt32 { .max }

  private let region: MemoryRegion
  private let base: UnsafeMutableRawPointer
  private let links: UnsafeMutablePointer<UInt32>
  /// How much of a block is used, as its owner counts.
  private let fills: UnsafeMutablePointer<UInt32>
  private let free: UnsafeMutablePointer<(head: UInt32, count: Int)>
  package let count: Int
  package let blockByteCount: Int

  package init(
    count: Int, blockByteCount: Int, memory: MemoryRegion.Options
  ) throws(MemoryError) {
    // Whole cache lines; at least one block, so that there is memory.
    let stride = (blockByteCount + 63) & ~63
    region = try MemoryRegion(byteCount: max(1, count) * stride, options: memory)
    // SAFETY: the region lives as long as self; the lists are as long as `count` says.
    unsafe base = region.baseAddress
    unsafe links = .allocate(capacity: max(1, count))
    unsafe fills = .allocate(capacity: max(1, count))
    unsafe fills.initialize(repeating: 0, count: max(1, count))
    unsafe free = .allocate(capacity: 1)
    self.count = count
    self.blockByteCount = stride
    for index in 0..<count {
      unsafe links[index] = index + 1 < count ? UInt32(index + 1) : Self.none
    }
    unsafe free.initialize(to: (count > 0 ? 0 : Self.none, count))
  }

  deinit {
    unsafe links.deallocate()
    unsafe fills.deallocate()
    unsafe free.deallocate()
  }

  package var freeCount: Int { unsafe free.pointee.count }

  private func check(_ block: UInt32) {
    precondition(Int(block) < count, "BlockPool: expected the index of a block")
  }

  /// First byte of a block.
  @unsafe
  package func bytes(_ block: UInt32) -> UnsafeMutableRawPointer {
    check(block)
    // SAFETY: checked.
    return unsafe base + Int(block) * blockByteCount
  }

  package func fill(_ block: UInt32) -> Int {
    check(block)
    return unsafe Int(fills[Int(block)])
  }

  package func setFill(_ block: UInt32, _ value: Int) {
    check(block)
    unsafe fills[Int(block)] = UInt32(truncatingIfNeeded: value)
  }

  package func next(_ block: UInt32) -> UInt32 {
    check(block)
    return unsafe links[Int(block)]
  }

  package func setNext(_ block: UInt32, _ next: UInt32) {
    check(block)
    unsafe links[Int(block)] = next
  }

  /// A free block, with nothing behind it; nil where all are used.
  package func take() -> UInt32? {
    let head = unsafe free.pointee.head
    guard head != Self.none else { return nil }
    unsafe free.pointee = unsafe (links[Int(head)], free.pointee.count - 1)
    unsafe links[Int(head)] = Self.none
    unsafe fills[Int(head)] = 0
    return head
  }

  package func give(_ block: UInt32) {
    check(block)
    unsafe links[Int(block)] = free.pointee.head
    unsafe free.pointee = unsafe (block, free.pointee.count + 1)
  }

  /// Gives back a whole list.
  package func giveAll(from head: UInt32) {
    var block = head
    while block != Self.none {
      let following = next(block)
      give(block)
      block = following
    }
  }
}
