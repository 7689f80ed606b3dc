// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Place of an element in a slab of that element: half a pointer, and it cannot be mixed up.
@frozen
public struct SlabIndex<Element>: BitwiseCopyable, Hashable, Sendable {
  /// Slot number, or `UInt32.max` for none.
  public var rawValue: UInt32

  /// An index of this slot number.
  @inlinable @inline(__always)
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// No slot.
  @inlinable @inline(__always)
  public static var none: SlabIndex { SlabIndex(rawValue: .max) }

  /// Whether it names no slot.
  @inlinable @inline(__always)
  public var isNone: Bool { rawValue == .max }
}

/// Fixed slots of one type, recycled last in first out.
///
/// Free slots are threaded through their own first four bytes; slots never used lie above a
/// watermark, so that memory is committed only as the slab fills.
///
/// - Threading: one thread at a time.
@safe
@frozen
public struct Slab<Element: BitwiseCopyable>: ~Copyable {
  @usableFromInline let region: MemoryRegion
  @usableFromInline let base: UnsafeMutablePointer<Element>
  @usableFromInline var freeHead: UInt32
  @usableFromInline var usedCount: UInt32
  @usableFromInline var liveCount: Int
  /// Slots in all.
  public let capacity: Int

  /// Reserves room for `capacity` elements.
  ///
  /// - Precondition: 1...2^32 - 1 elements of at least 4 bytes.
  /// - Throws: ``MemoryError`` when no memory could be mapped.
  public init(capacity: Int, options: MemoryRegion.Options) throws(MemoryError) {
    precondition(
      capacity > 0 && capacity <= Int(UInt32.max),
      "Slab.init: expected a capacity of 1...2^32 - 1")
    precondition(
      MemoryLayout<Element>.stride >= 4 && MemoryLayout<Element>.alignment >= 4,
      "Slab.init: expected elements of at least 4 bytes at 4-byte alignment")
    let region = try MemoryRegion(
      byteCount: capacity * MemoryLayout<Element>.stride, options: options)
    // SAFETY: the region holds `capacity` elements; zero bytes are a valid BitwiseCopyable.
    unsafe base = region.baseAddress.bindMemory(to: Element.self, capacity: capacity)
    self.region = region
    self.capacity = capacity
    freeHead = .max
    usedCount = 0
    liveCount = 0
  }

  /// Slots ever used.
  @inlinable @inline(__always)
  public var watermark: UInt32 { usedCount }

  /// Slots in use.
  @inlinable @inline(__always)
  public var count: Int { liveCount }

  /// Bytes of slots that were ever used.
  public var usedByteCount: Int { Int(watermark) * MemoryLayout<Element>.stride }

  /// What the slab's memory got of what was asked for.
  public var placement: MemoryPlacement { region.placement }

  /// Takes a slot with unspecified contents, or nil when the slab is full.
  ///
  /// - Complexity: O(1); no allocation.
  @inlinable @inline(__always)
  public mutating func allocate() -> SlabIndex<Element>? {
    let slot = freeHead
    if slot != .max {
      // SAFETY: the free list holds slots below the watermark, each with the next in its front.
      freeHead = unsafe UnsafeRawPointer(base + Int(slot)).load(as: UInt32.self)
      liveCount &+= 1
      return SlabIndex(rawValue: slot)
    }
    guard Int(watermark) < capacity else { return nil }
    let fresh = usedCount
    usedCount &+= 1
    liveCount &+= 1
    return SlabIndex(rawValue: fresh)
  }

  /// Gives a slot back.
  ///
  /// - Precondition: The slot is in use; giving it back twice corrupts the slab.
  /// - Complexity: O(1).
  @inlinable @inline(__always)
  public mutating func free(_ index: SlabIndex<Element>) {
    precondition(index.rawValue < watermark, "Slab.free: expected an index that was allocated")
    // SAFETY: the slot is below the watermark and at least 4 bytes long.
    unsafe UnsafeMutableRawPointer(base + Int(index.rawValue)).storeBytes(
      of: freeHead, as: UInt32.self)
    freeHead = index.rawValue
    liveCount &-= 1
  }

  /// The element in a slot.
  ///
  /// - Precondition: The slot was allocated.
  @inlinable
  public subscript(index: SlabIndex<Element>) -> Element {
    get {
      precondition(index.rawValue < watermark, "Slab: expected an index that was allocated")
      // SAFETY: checked above.
      return unsafe base[Int(index.rawValue)]
    }
    nonmutating set {
      precondition(index.rawValue < watermark, "Slab: expected an index that was allocated")
      // SAFETY: checked above.
      unsafe base[Int(index.rawValue)] = newValue
    }
  }

  /// The address of a slot, unchecked: for structures that keep their own links.
  @inlinable @inline(__always)
  @unsafe
  public func pointer(to index: SlabIndex<Element>) -> UnsafeMutablePointer<Element> {
    unsafe base + Int(index.rawValue)
  }
}
