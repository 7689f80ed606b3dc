// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import Synchronization

/// A slot of a counter file, this time around: slots are used again.
@usableFromInline
struct CounterSlot: Sendable, Equatable {
  var index: Int
  var generation: UInt32
}

/// A number that only grows, in a file that other processes read.
///
/// Updating it is a load and a store of one aligned word on its own cache line: no lock, no
/// locked instruction, no system call. Readers cost its writer a cache miss at most.
///
/// The handle is the right to write: there is one, and it moves to the thread that does. Without it
/// the counter stays in the file with its last value; ``CounterFile/release(_:)-(Counter)`` takes it
/// out.
///
/// - Threading: one thread at a time.
@safe
@frozen
public struct Counter: ~Copyable {
  @usableFromInline let cell: UnsafeMutablePointer<Atomic<UInt64>>
  // Keeps the memory behind `cell`.
  @usableFromInline let mapping: CounterMapping
  @usableFromInline let slot: CounterSlot

  init(mapping: CounterMapping, slot: CounterSlot) {
    unsafe cell = mapping.atomic(at: mapping.layout.valueOffset(slot.index))
    self.mapping = mapping
    self.slot = slot
  }

  /// The current value.
  @inlinable @inline(__always)
  public var value: UInt64 {
    // SAFETY: the mapping lives as long as the handle.
    unsafe cell.pointee.load(ordering: .relaxed)
  }

  /// Adds one.
  ///
  /// - Complexity: O(1); no allocation.
  @inlinable @inline(__always)
  public mutating func increment() { add(1) }

  /// Adds `amount`, around 2^64.
  ///
  /// - Complexity: O(1); no allocation.
  @inlinable @inline(__always)
  public mutating func add(_ amount: UInt64) {
    // SAFETY: the mapping lives as long as the handle. Relaxed and not read-modify-write: this
    // handle is the only writer, and each value is independent.
    unsafe cell.pointee.store(
      cell.pointee.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
  }

  /// Sets it, for a count that is kept elsewhere. Readers take a value below the last as a restart.
  ///
  /// - Complexity: O(1); no allocation.
  @inlinable @inline(__always)
  public mutating func set(_ value: UInt64) {
    // SAFETY: the mapping lives as long as the handle.
    unsafe cell.pointee.store(value, ordering: .relaxed)
  }
}

// SAFETY: the only writer of its word (~Copyable), and every update needs exclusive access.
extension Counter: @unchecked Sendable {}

/// A signed number that goes up and down, in a file that other processes read.
///
/// As ``Counter`` otherwise.
///
/// - Threading: one thread at a time.
@safe
@frozen
public struct Gauge: ~Copyable {
  @usableFromInline let cell: UnsafeMutablePointer<Atomic<UInt64>>
  @usableFromInline let mapping: CounterMapping
  @usableFromInline let slot: CounterSlot

  init(mapping: CounterMapping, slot: CounterSlot) {
    unsafe cell = mapping.atomic(at: mapping.layout.valueOffset(slot.index))
    self.mapping = mapping
    self.slot = slot
  }

  /// The current value.
  @inlinable @inline(__always)
  public var value: Int64 {
    // SAFETY: the mapping lives as long as the handle.
    unsafe Int64(bitPattern: cell.pointee.load(ordering: .relaxed))
  }

  /// Sets it.
  ///
  /// - Complexity: O(1); no allocation.
  @inlinable @inline(__always)
  public mutating func set(_ value: Int64) {
    // SAFETY: the mapping lives as long as the handle.
    unsafe cell.pointee.store(UInt64(bitPattern: value), ordering: .relaxed)
  }

  /// Adds `amount`, which may be negative, around 2^63.
  ///
  /// - Complexity: O(1); no allocation.
  @inlinable @inline(__always)
  public mutating func add(_ amount: Int64) { set(value &+ amount) }
}

// SAFETY: the only writer of its word (~Copyable), and every update needs exclusive access.
extension Gauge: @unchecked Sendable {}
