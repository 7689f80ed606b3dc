// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusPlatform
internal import Glibc

/// What a thread does while it waits for another one.
///
/// | strategy | reacts within | processor while waiting | where |
/// |---|---|---|---|
/// | ``fail`` | does not wait | none | the caller has other work |
/// | ``spin(timeoutNanoseconds:)`` | a cache-line transfer | all of it | both threads own a core |
/// | ``spinThenYield(spinCount:timeoutNanoseconds:)`` | a cache-line transfer, or a scheduler turn | all that nobody else wants | more threads than cores |
/// | ``park(spinCount:timeoutNanoseconds:)`` | some microseconds | none after the first moment | anything that may idle |
///
/// A thread that spins while the thread it waits for has no core to run on makes both wait for the
/// scheduler: with fewer cores than busy threads, yield or park.
@frozen
public struct WaitStrategy: Sendable, Equatable {
  /// How to wait.
  @frozen
  public enum Kind: UInt8, Sendable {
    /// Not at all.
    case fail
    /// By looking again and again.
    case spin
    /// By looking for a while, then giving the processor to others between looks.
    case spinThenYield
    /// By looking for a while, then sleeping until woken.
    case park
  }

  /// How to wait.
  public let kind: Kind
  /// Looks before the processor is given away.
  public let spinCount: Int
  /// Longest wait; nil for no limit. Unit: nanoseconds.
  public let timeoutNanoseconds: UInt64?

  /// Looks of a few nanoseconds each: less than a scheduler turn costs, more than most waits for a
  /// running thread take.
  public static let spinCountDefault = 1_000

  private init(_ kind: Kind, _ spinCount: Int, _ timeoutNanoseconds: UInt64?) {
    precondition(spinCount >= 0, "WaitStrategy: expected a spin count of 0 or more")
    self.kind = kind
    self.spinCount = spinCount
    self.timeoutNanoseconds = timeoutNanoseconds
  }

  /// Gives up immediately.
  public static var fail: WaitStrategy { WaitStrategy(.fail, 0, nil) }

  /// Looks again and again.
  public static func spin(timeoutNanoseconds: UInt64? = nil) -> WaitStrategy {
    WaitStrategy(.spin, 0, timeoutNanoseconds)
  }

  /// Looks `spinCount` times, then gives the processor to others between looks.
  public static func spinThenYield(
    spinCount: Int = spinCountDefault, timeoutNanoseconds: UInt64? = nil
  ) -> WaitStrategy {
    WaitStrategy(.spinThenYield, spinCount, timeoutNanoseconds)
  }

  /// Looks `spinCount` times, then sleeps on a futex until woken.
  public static func park(
    spinCount: Int = spinCountDefault, timeoutNanoseconds: UInt64? = nil
  ) -> WaitStrategy {
    WaitStrategy(.park, spinCount, timeoutNanoseconds)
  }

  /// The same strategy with another limit.
  public func limited(toNanoseconds timeoutNanoseconds: UInt64?) -> WaitStrategy {
    WaitStrategy(kind, spinCount, timeoutNanoseconds)
  }

  /// The same strategy, with this limit too: the shorter one holds.
  public func limited(byNanoseconds limit: UInt64) -> WaitStrategy {
    limited(toNanoseconds: min(limit, timeoutNanoseconds ?? .max))
  }

  /// When a wait that begins now has to end.
  public func deadline() -> WaitDeadline { WaitDeadline(afterNanoseconds: timeoutNanoseconds) }

  /// Waits until a condition holds or the deadline has passed.
  ///
  /// The condition is checked once more after the deadline, so a thread that was kept from
  /// running does not report a time-out for what has happened meanwhile.
  ///
  /// - Parameters:
  ///   - spot: Where whoever makes the condition true calls ``ParkingSpot/wake()`` afterwards.
  ///   - deadline: End of the wait; ``timeoutNanoseconds`` is not looked at again.
  ///   - isReady: Reads what the other thread writes, with acquiring loads. Called many times.
  /// - Returns: Whether the condition held at the last look.
  public func wait(
    at spot: ParkingSpot, until deadline: WaitDeadline, isReady: () -> Bool
  ) -> Bool {
    switch kind {
    case .fail: return isReady()
    case .spin: return Self.spin(.max, until: deadline, isReady)
    case .spinThenYield:
      if Self.spin(spinCount, until: deadline, isReady) { return true }
      while !deadline.hasPassed {
        sched_yield()
        if isReady() { return true }
      }
      return isReady()
    case .park:
      if Self.spin(spinCount, until: deadline, isReady) { return true }
      while true {
        let token = spot.prepare()
        if isReady() { return true }
        guard spot.sleep(token, until: deadline) else { return isReady() }
        // Before another barrier is asked for: it interrupts the CPU of whoever woke this thread,
        // and took a third of the time from the push until here.
        if isReady() { return true }
      }
    }
  }

  /// Looks in bursts; between two of them the sibling hyper-thread gets a turn and the clock is
  /// read. A pause costs as much as a burst's worth of looks, so it is not in every one.
  private static func spin(
    _ count: Int, until deadline: WaitDeadline, _ isReady: () -> Bool
  ) -> Bool {
    let burst = 128
    var remaining = count
    while true {
      for _ in 0..<min(burst, remaining) {
        if isReady() { return true }
        capus_loads_settle()
      }
      if remaining <= burst { return isReady() }
      if remaining != .max { remaining -= burst }
      capus_cpu_relax()
      if deadline.hasPassed { return isReady() }
    }
  }
}

/// The end of a wait on the monotonic clock.
@frozen
public struct WaitDeadline: Sendable, Equatable {
  private let monotonicNanoseconds: UInt64

  /// So many nanoseconds from now; nil never comes.
  public init(afterNanoseconds limit: UInt64?) {
    guard let limit else {
      monotonicNanoseconds = .max
      return
    }
    let (end, overflow) = capus_monotonic_read().addingReportingOverflow(limit)
    monotonicNanoseconds = overflow ? .max : end
  }

  /// Never comes.
  public static var never: WaitDeadline { WaitDeadline(afterNanoseconds: nil) }

  /// Whether it is over. Reads no clock where there is no limit.
  public var hasPassed: Bool {
    monotonicNanoseconds != .max && capus_monotonic_read() >= monotonicNanoseconds
  }

  /// What is left; `UInt64.max` without limit. Unit: nanoseconds.
  public var remainingNanoseconds: UInt64 {
    guard monotonicNanoseconds != .max else { return .max }
    let now = capus_monotonic_read()
    return now >= monotonicNanoseconds ? 0 : monotonicNanoseconds - now
  }

  /// The earlier of two.
  public func earlier(_ other: WaitDeadline) -> WaitDeadline {
    monotonicNanoseconds <= other.monotonicNanoseconds ? self : other
  }
}
