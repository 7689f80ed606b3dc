// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusPlatform
public import Synchronization

/// A futex word where threads, or processes, sleep until something they wait for has happened.
///
/// Bit 0 says that somebody sleeps or is about to; the others count wakes. Whoever makes the
/// condition true and then calls ``wake()`` pays one load of a line that is seldom written.
///
/// Sleeping and waking is the pattern "write mine, read yours" on both sides, which takes a full
/// barrier on both. Wakes are frequent and sleeps are not, so the sleeper pays for both: it has the
/// kernel execute a barrier on every CPU (`membarrier`), and a wake needs none. Where the kernel has
/// no such call, a sleep lasts a millisecond at most before the condition is looked at again. With
/// it, 100 milliseconds: should the compiler ever move what ``wake()`` needs in order, that costs a
/// delay and not a hang.
@safe
@frozen
public struct ParkingSpot: @unchecked Sendable {
  // SAFETY: all accesses to the word are atomic; whoever makes a spot keeps its memory alive.
  @usableFromInline let word: UnsafeMutablePointer<Atomic<UInt32>>
  @usableFromInline let isShared: Bool

  /// A spot at a word that is zero or was used by a spot before.
  ///
  /// - Parameters:
  ///   - word: Outlives every copy of the spot.
  ///   - isShared: Whether threads of other processes use it as well.
  @unsafe
  public init(word: UnsafeMutablePointer<Atomic<UInt32>>, isShared: Bool) {
    unsafe self.word = unsafe word
    self.isShared = isShared
    _ = isShared ? BarrierSupport.shared : BarrierSupport.process
  }

  /// Wakes all who sleep here; call it after what they wait for was stored.
  ///
  /// - Complexity: One load where nobody sleeps, else a system call.
  @inlinable @inline(__always)
  public func wake() {
    // Pairs with the barrier in `prepare`: either this load sees the flag, or the sleeper's look
    // at its condition sees what was stored before. What that takes here is that the compiler
    // keeps the caller's store in front of this load: it moves no atomic access across another.
    // A fence would say so too, but makes it keep the caller's fields in memory.
    // SAFETY: the word outlives the spot.
    let value = unsafe word.pointee.load(ordering: .acquiring)
    if _slowPath(value & 1 != 0) { wakeSleepers(value) }
  }

  @usableFromInline @inline(never)
  func wakeSleepers(_ value: UInt32) {
    // Adding one clears the flag and counts the wake. Where it fails somebody else did just that,
    // or will find the flag on its own.
    // SAFETY: the word outlives the spot.
    let (exchanged, _) = unsafe word.pointee.compareExchange(
      expected: value, desired: value &+ 1, ordering: .acquiringAndReleasing)
    if exchanged { _ = unsafe capus_futex_wake_all(word, isShared ? 1 : 0) }
  }

  /// Announces a sleeper; it has to look at its condition once more before it sleeps.
  ///
  /// - Returns: What to hand to ``sleep(_:until:)``.
  public func prepare() -> UInt32 {
    // SAFETY: the word outlives the spot.
    let token = unsafe word.pointee.bitwiseOr(1, ordering: .sequentiallyConsistent).newValue
    if hasBarrier { _ = capus_barrier_all(isShared ? 1 : 0) }
    return token
  }

  /// Sleeps until woken, until the deadline, or for no reason.
  ///
  /// - Returns: `false` when the deadline has passed.
  public func sleep(_ token: UInt32, until deadline: WaitDeadline) -> Bool {
    let remaining = deadline.remainingNanoseconds
    guard remaining > 0 else { return false }
    let limit = min(remaining, hasBarrier ? 100_000_000 : 1_000_000)
    // SAFETY: the word outlives the spot. Every result means: look again.
    _ = unsafe capus_futex_wait(word, token, limit, isShared ? 1 : 0)
    return true
  }

  private var hasBarrier: Bool { isShared ? BarrierSupport.shared : BarrierSupport.process }
}

/// Whether the kernel executes barriers for others; asked once.
enum BarrierSupport {
  static let process = capus_barrier_register(0) == 0
  static let shared = capus_barrier_register(1) == 0
}
