// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusReplication
import Foundation
import Synchronization
import Testing

@Suite struct BackgroundLeaseTests {
  /// What the store behind a lease does, and what was asked of it.
  private final class Store: Sendable {
    struct State {
      var answer = LeaseStatus.notHeld
      var firstEpoch: UInt64?
      var stepCount = 0
      var releaseCount = 0
      /// A step does not return while it is set.
      var isStalled = false
      var isInStep = false
      /// How long it takes to give the lease up. Unit: microseconds.
      var releaseMicroseconds: UInt32 = 0
    }

    private let state = Mutex(State())

    subscript<Value: Sendable>(path: any WritableKeyPath<State, Value> & Sendable) -> Value {
      get { state.withLock { $0[keyPath: path] } }
      set { state.withLock { $0[keyPath: path] = newValue } }
    }

    func step() -> LeaseStatus {
      // What it answers is decided when it is asked, as in a store that is far away.
      let answer = state.withLock { state in
        state.isInStep = true
        return state.answer
      }
      while self[\.isStalled] { usleep(100) }
      state.withLock { state in
        state.stepCount += 1
        state.isInStep = false
      }
      return answer
    }
  }

  private final class StoreLease: LeaderLease {
    private let store: Store
    private(set) var status = LeaseStatus.notHeld
    var firstEpoch: UInt64? { store[\.firstEpoch] }

    init(_ store: Store) { self.store = store }

    func step(now: Nanoseconds) -> LeaseStatus {
      status = store.step()
      return status
    }

    func release() {
      usleep(store[\.releaseMicroseconds])
      store[\.releaseCount] += 1
      status = .notHeld
    }
  }

  private static let held = LeaseStatus.held(epoch: 7, until: Nanoseconds(.max))

  private static func lease(_ store: Store) throws -> BackgroundLease {
    try BackgroundLease(intervalNanoseconds: 1_000_000) { StoreLease(store) }
  }

  private static func wait(_ isReached: () -> Bool) -> Bool {
    let end = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < end {
      if isReached() { return true }
      usleep(500)
    }
    return false
  }

  @Test func whatTheStoreSaysIsPassedOn() throws {
    let store = Store()
    let lease = try Self.lease(store)
    #expect(lease.step(now: .zero) == .notHeld && lease.firstEpoch == nil)
    for answer in [Self.held, .unknown(reason: "no answer"), .notHeld] {
      store[\.answer] = answer
      store[\.firstEpoch] = answer == Self.held ? 5 : nil
      #expect(Self.wait { lease.step(now: .zero) == answer }, "\(lease.status)")
      #expect(lease.status == answer)
      #expect(Self.wait { lease.firstEpoch == store[\.firstEpoch] })
    }
  }

  @Test func aReleaseWaitsUntilTheStoreHasIt() throws {
    let store = Store()
    store[\.answer] = Self.held
    store[\.releaseMicroseconds] = 50_000
    let lease = try Self.lease(store)
    #expect(Self.wait { lease.step(now: .zero) == Self.held })
    let start = ContinuousClock.now
    lease.release()
    #expect(ContinuousClock.now - start >= .milliseconds(50))
    #expect(store[\.releaseCount] > 0 && lease.status == .notHeld)
    // Who has given it up does not ask for it.
    let count = store[\.stepCount]
    usleep(20_000)
    #expect(store[\.stepCount] == count && lease.status == .notHeld)
    // And takes part again with the next step.
    #expect(lease.step(now: .zero) == .notHeld)
    #expect(Self.wait { lease.step(now: .zero) == Self.held })
  }

  /// The answer to a question from before says "held", and comes after the lease was given up.
  @Test func aLateAnswerDoesNotBringTheLeaseBack() throws {
    let store = Store()
    store[\.answer] = Self.held
    let lease = try Self.lease(store)
    #expect(Self.wait { lease.step(now: .zero) == Self.held })
    store[\.isStalled] = true
    #expect(Self.wait { store[\.isInStep] })
    let releases = store[\.releaseCount]
    let other = Thread { [store] in
      usleep(50_000)
      store[\.isStalled] = false
    }
    other.start()
    let start = ContinuousClock.now
    lease.release()
    // The store was told, after the answer that was under way.
    #expect(ContinuousClock.now - start >= .milliseconds(40))
    #expect(store[\.releaseCount] > releases)
    for _ in 0..<20 {
      #expect(lease.status == .notHeld)
      usleep(1_000)
    }
  }

  @Test func aStoreThatDoesNotAnswerHoldsNoStepUp() throws {
    let store = Store()
    store[\.answer] = Self.held
    let lease = try Self.lease(store)
    #expect(Self.wait { lease.step(now: .zero) == Self.held })
    store[\.isStalled] = true
    #expect(Self.wait { store[\.isInStep] })
    let start = ContinuousClock.now
    let count = store[\.stepCount]
    for _ in 0..<1_000 { #expect(lease.step(now: .zero) == Self.held) }
    #expect(ContinuousClock.now - start < .seconds(10) && store[\.stepCount] == count)
    store[\.isStalled] = false
    #expect(Self.wait { store[\.stepCount] > count + 2 })
  }
}
