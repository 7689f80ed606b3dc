// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import Synchronization

/// Where the lanes of a ring lie.
@safe
@frozen
@usableFromInline
struct LaneTable {
  // SAFETY: addresses inside a storage that whoever has the table retains.
  @usableFromInline let positions: UnsafeMutableRawPointer
  @usableFromInline let data: UnsafeMutableRawPointer
  @usableFromInline let laneByteCount: Int
  @usableFromInline let count: Int

  init(_ storage: RingStorage) {
    unsafe positions = UnsafeMutableRawPointer(storage.position(0))
    unsafe data = storage.data()
    laneByteCount = storage.layout.laneByteCount
    count = storage.layout.laneCount
  }

  /// Distance between positions; `LayoutTests` compares it with the C header. Unit: bytes.
  @inlinable @inline(__always)
  static var lineByteCount: Int { 128 }

  /// Preconditions as for all here: lane < count.
  @inlinable @inline(__always)
  func tailWord(_ lane: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (positions + lane &* (2 &* Self.lineByteCount)).assumingMemoryBound(
      to: Atomic<UInt64>.self)
  }

  @inlinable @inline(__always)
  func headWord(_ lane: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe (positions + (lane &* 2 &+ 1) &* Self.lineByteCount).assumingMemoryBound(
      to: Atomic<UInt64>.self)
  }

  @inlinable @inline(__always)
  func slots(_ lane: Int) -> UnsafeMutableRawPointer { unsafe data + lane &* laneByteCount }
}
