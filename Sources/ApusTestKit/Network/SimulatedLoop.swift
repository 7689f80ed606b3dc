// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusIO

/// A loop of a ``SimulatedNetwork``: an ``EventLoop`` whose peers, time and faults are simulated.
///
/// `step(now:…)` never waits, whatever it is told: ``SimulatedNetwork/step(_:limit:)`` says how far a clock may
/// jump. TCP and UDP over IPv4 are there; Unix sockets, files, groups and wakers are not.
///
/// - Threading: one thread at a time, with its network.
public final class SimulatedLoop: DrivenLoop {
  private let own: SimulatedLoopDriver

  init(_ configuration: EventLoopConfiguration, _ driver: SimulatedLoopDriver) throws(IOError) {
    own = driver
    try super.init(configuration, backend: EventLoopBackend(.simulated), driver: driver)
  }

  deinit { own.leave() }

  /// Its network.
  public var network: SimulatedNetwork { own.network }
  /// Its host.
  public var host: Int { own.member.host.number }
  /// Its host's address, with port 0: for listeners and UDP sockets.
  public var address: SocketAddress { SimulatedNetwork.address(host: host) }
  /// Whether its host has crashed: nothing of the network comes to it or leaves it any more. Drop it.
  public var isCrashed: Bool { own.member.isCrashed }

  /// When it has something to do. The network's time where that is at once.
  func nextTime(_ network: SimulatedNetwork) -> UInt64? {
    let isBusy =
      events.count > 0 || ready.count > 0 || dirty.count > 0 || !own.member.notices.isEmpty
      || own.canContinueReading(self) || (starved.count > 0 && sendBlocks.freeCount > 0)
    if isBusy { return network.time }
    return [timers.nextDue?.rawValue, slotTimers.nextDue?.rawValue].compactMap { $0 }.min()
  }

  /// Drops all that it would give or do.
  func stop() {
    while events.take() != nil {}
    while timers.takeDue(.init(.max)) != nil {}
    while slotTimers.takeDue(.init(.max)) != nil {}
    while let index = popReady() { dropHeld(index) }
    while popDirty() != nil {}
  }
}
