// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import ApusThreads
import Glibc
import Synchronization
import Testing

@Suite struct WakerTests {
  @Test(arguments: systemChoices)
  func aWakeEndsAWait(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let waker = try #require(driver.loop.waker)
    let start = Driver.now().rawValue
    let thread = try PinnedThread(name: "waker", cpuIndex: nil) {
      while Driver.now().rawValue < start + 20_000_000 {}
      waker.wake()
    }
    while driver.wokenCount == 0, Driver.now().rawValue < start + 20_000_000_000 {
      driver.step(waitNanoseconds: 30_000_000_000)
    }
    #expect(driver.wokenCount == 1)
    #expect(Driver.now().rawValue < start + 10_000_000_000)
    thread.join()
    waker.wake()
    waker.wake()
    driver.settle()
    #expect(driver.wokenCount == 2)
  }

  /// A number is stored, then the loop is woken: it always sees the last one without another wake.
  @Test(arguments: systemChoices)
  func noWakeIsLost(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let waker = try #require(driver.loop.waker)
    let roundCount = 10_000
    let shared = Shared()
    let thread = try PinnedThread(name: "waker", cpuIndex: nil) {
      for round in 1...roundCount {
        shared.given.store(round, ordering: .relaxed)
        waker.wake()
        // Half of the rounds wait for the answer, and so meet a loop that sleeps; the others meet one that
        // takes events.
        if round % 2 == 0 {
          while shared.seen.load(ordering: .acquiring) < round { _ = sched_yield() }
        }
      }
    }
    let end = Driver.now().rawValue + 60_000_000_000
    var seen = 0
    while seen < roundCount, Driver.now().rawValue < end {
      let before = driver.wokenCount
      // A lost wake shows as a wait of 20 s, and then as the missing of the last number.
      driver.step(waitNanoseconds: 20_000_000_000)
      if driver.wokenCount > before {
        seen = shared.given.load(ordering: .relaxed)
        shared.seen.store(seen, ordering: .releasing)
      }
    }
    #expect(seen == roundCount)
    shared.seen.store(.max, ordering: .releasing)
    thread.join()
  }

  /// Between two steps too, where a wait or a flush is what sees it.
  @Test(arguments: systemChoices)
  func aWakeDuringAWaitOrAFlushIsAnEvent(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let waker = try #require(driver.loop.waker)
    for round in 1...3 {
      waker.wake()
      driver.settle()
      #expect(driver.wokenCount == 2 * round - 1)
      waker.wake()
      if round.isMultiple(of: 2) {
        driver.loop.flush()
      } else {
        driver.loop.wait(limitNanoseconds: 1_000_000_000)
      }
      driver.settle()
      #expect(driver.wokenCount == 2 * round)
    }
  }

  @Test(arguments: systemChoices)
  func aWakerMayOutliveItsLoop(_ choice: EventLoopChoice) throws {
    var driver: Driver? = try Driver(choice)
    let waker = try #require(driver?.loop.waker)
    driver?.step()
    driver = nil
    waker.wake()
  }

  private final class Shared: Sendable {
    let given = Atomic<Int>(0)
    let seen = Atomic<Int>(0)
  }
}
