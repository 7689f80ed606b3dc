// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusIO
internal import Glibc

/// How the processes of a host end.
public enum SimulatedHostCrash: Sendable, CaseIterable {
  /// The machine is gone: its peers hear nothing, until it is started again and answers with resets.
  case silence
  /// The processes are gone, and the kernel resets what they had open.
  case reset
  /// The processes are gone; the kernel still sends what they had written, and ends every stream in order.
  case close
}

extension SimulatedNetwork {
  // MARK: Paths

  /// Says what happens to packets from one host to another, from now on; of one host to itself too.
  public func setPath(_ path: SimulatedPath, from source: Int, to target: Int) {
    self.path(host(source), host(target)).settings = path
  }

  func path(_ source: NetworkHost, _ target: NetworkHost) -> NetworkPath {
    let key = UInt64(source.number) << 32 | UInt64(target.number)
    if let path = paths[key] { return path }
    let path = NetworkPath(source === target ? configuration.loopback : configuration.path)
    paths[key] = path
    return path
  }

  /// Swallows every packet from the one hosts to the others, and back.
  ///
  /// - Parameter bothWays: With `false` packets come back.
  public func partition(_ hosts: [Int], from others: [Int], bothWays: Bool = true) {
    setCut(hosts, others, true)
    if bothWays { setCut(others, hosts, true) }
  }

  /// Ends all partitions. What was sent meanwhile comes with its next retransmission.
  public func heal() {
    // The order does not matter.
    for path in paths.values { path.isCut = false }
  }

  /// Ends the partition between these hosts, both ways.
  public func heal(_ hosts: [Int], from others: [Int]) {
    setCut(hosts, others, false)
    setCut(others, hosts, false)
  }

  private func setCut(_ sources: [Int], _ targets: [Int], _ isCut: Bool) {
    for source in sources {
      for target in targets { path(host(source), host(target)).isCut = isCut }
    }
  }

  // MARK: Connections

  /// Resets every connection between two hosts: both sides fail with ECONNRESET, what is under way is lost.
  public func reset(everyConnectionBetween host: Int, and other: Int) {
    for place in 0..<streams.placeCount {
      guard let end = streams[place: place], end.host.number == host || end.host.number == other,
        let peer = streams[end.peer], end.host.number == host || peer.host.number == host,
        end.host.number == other || peer.host.number == other
      else { continue }
      injectReset(end)
    }
  }

  func injectReset(_ end: StreamEnd) {
    guard end.state != .failed else { return }
    counts.resetCount += 1
    let peer = streams[end.peer]
    fail(end, ECONNRESET)
    if let peer { fail(peer, ECONNRESET) }
  }

  // MARK: Crashes

  /// Ends all loops of a host: they give nothing any more, and everything that they had is gone. A loop
  /// that is made then is the host's new start.
  ///
  /// - Parameter crash: How its peers learn of it; nil lets the seed choose.
  public func crash(host number: Int, _ crash: SimulatedHostCrash? = nil) {
    let host = host(number)
    let kinds = SimulatedHostCrash.allCases
    let how = crash ?? kinds[random.below(kinds.count)]
    counts.crashCount += 1
    note(0x80, UInt64(number), UInt64(kinds.firstIndex(of: how) ?? 0), time)
    for member in members where member.host === host {
      member.isCrashed = true
      member.loop?.stop()
      leave(member, how)
    }
    members.removeAll { $0.host === host }
    host.isUp = how != .silence
    guard how == .silence else { return }
    // What the kernel still had of closed connections.
    for place in 0..<streams.placeCount {
      if let end = streams[place: place], end.host === host { remove(end) }
    }
  }

  /// Ends all that a loop has open.
  func leave(_ member: NetworkMember, _ how: SimulatedHostCrash) {
    member.notices.removeAll()
    for place in 0..<listeners.placeCount {
      guard let listener = listeners[place: place], listener.owner === member else { continue }
      close(listener, isSilent: how == .silence)
    }
    for place in 0..<datagramSockets.placeCount {
      guard let socket = datagramSockets[place: place], socket.owner === member else { continue }
      close(socket)
    }
    for place in 0..<streams.placeCount {
      guard let end = streams[place: place], end.owner === member else { continue }
      switch how {
      case .silence: remove(end)
      case .reset: release(end, resets: true)
      case .close: release(end, resets: false)
      }
    }
  }
}
