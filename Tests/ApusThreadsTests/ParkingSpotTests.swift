// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusThreads
import Foundation
import Synchronization
import Testing

/// Who sleeps, and what waking leaves behind.
@Suite struct ParkingSpotTests {
  /// A word to park at and what is waited for.
  @safe
  private final class Place: @unchecked Sendable {
    // SAFETY: all accesses are atomic; the word outlives the threads, which are joined.
    private let word = UnsafeMutablePointer<Atomic<UInt32>>.allocate(capacity: 1)
    let isReady = Atomic(false)
    init() { unsafe word.initialize(to: Atomic(0)) }
    deinit { unsafe word.deallocate() }
    var spot: ParkingSpot { unsafe ParkingSpot(word: word, isShared: false) }
    var value: UInt32 { unsafe word.pointee.load(ordering: .acquiring) }
  }

  /// A sleeper that was woken and finds what it waited for is not announced as one again: that costs a
  /// barrier on the processor of whoever woke it, and whoever wakes next a system call for nobody.
  @Test func whoWasWokenIsNoSleeperAnyMore() throws {
    let place = Place()
    let sleeper = try PinnedThread(name: "sleeper", cpuIndex: nil) {
      let isReady = WaitStrategy.park(spinCount: 0).wait(at: place.spot, until: .never) {
        place.isReady.load(ordering: .acquiring)
      }
      if !isReady { Issue.record("the wait ended early") }
    }
    while place.value & 1 == 0 { usleep(100) }
    // It announces itself just before it sleeps, for 100 ms at a time.
    usleep(20_000)
    place.isReady.store(true, ordering: .releasing)
    place.spot.wake()
    sleeper.join()
    #expect(place.value == 2, "one wake, and nobody sleeps")
  }

  @Test func aWakeWithoutSleepersChangesNothing() {
    let place = Place()
    place.spot.wake()
    #expect(place.value == 0)
  }

  @Test func aSleepEndsAtItsDeadline() {
    let place = Place()
    let start = ContinuousClock.now
    let deadline = WaitDeadline(afterNanoseconds: 5_000_000)
    let isReady = WaitStrategy.park(spinCount: 0).wait(at: place.spot, until: deadline) { false }
    #expect(!isReady)
    #expect(ContinuousClock.now - start >= .milliseconds(5))
  }
}
