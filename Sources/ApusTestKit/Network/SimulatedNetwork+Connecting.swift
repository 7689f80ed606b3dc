// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusIO
internal import Glibc

// How connections come to be: a client's attempt arrives at a listener, whose answer opens the client's end,
// whose answer opens the listener's.
extension SimulatedNetwork {
  /// Where an address leads from a host; nil where nowhere.
  func resolve(_ address: SocketAddress, from host: NetworkHost) -> NetworkHost? {
    guard let number = address.ipv4 else { return nil }
    let low = Int(number & 0xFFFF)
    if number >> 16 == Self.unauthenticatedPrefix, (1...65_534).contains(low) {
      return self.host(low)
    }
    if number >> 24 == 127 || number == 0 { return host }
    guard number >> 16 == 10 << 8, (1...65_534).contains(low) else { return nil }
    return self.host(low)
  }

  /// The address at which something is bound at a host, with a port of the host for port 0.
  func bind(
    _ address: SocketAddress, at host: NetworkHost, sharesPort: Bool,
    isTaken: (UInt16) -> Bool
  ) throws(IOError) -> SocketAddress {
    func failure(_ errno: Int32) -> IOError {
      .system(operation: "bind", operand: "\(address)", errno: errno)
    }
    guard let number = address.ipv4 else { throw failure(EAFNOSUPPORT) }
    guard number == 0 || resolve(address, from: host) === host else {
      throw failure(EADDRNOTAVAIL)
    }
    if address.port != 0 {
      guard !isTaken(address.port) else { throw failure(EADDRINUSE) }
      return address
    }
    for _ in 32_768...60_999 {
      let port = host.takePort()
      if !isTaken(port) { return SocketAddress(ipv4: number, port: port) }
    }
    throw failure(EADDRINUSE)
  }

  /// Whether something bound at an address gets what is sent to another one of its host.
  func answers(_ bound: SocketAddress, to target: SocketAddress) -> Bool {
    guard let own = bound.ipv4, let wanted = target.ipv4 else { return false }
    return own == 0 || wanted == 0 || own == wanted
  }

  /// The address that a host has on the way to another address.
  func localAddress(
    of host: NetworkHost, to address: SocketAddress, port: UInt16
  ) -> SocketAddress {
    guard let number = address.ipv4 else { return Self.address(host: host.number, port: port) }
    if number >> 16 == Self.unauthenticatedPrefix {
      return Self.unauthenticatedAddress(host: host.number, port: port)
    }
    return number >> 24 == 127 || number == 0
      ? SocketAddress(ipv4: 127 << 24 | 1, port: port)
      : Self.address(host: host.number, port: port)
  }

  // MARK: Listeners

  func listen(
    _ member: NetworkMember, _ address: SocketAddress, _ options: ListenOptions, backlog: Int
  ) throws(IOError) -> NetworkListener {
    let host = member.host
    let bound = try bind(address, at: host, sharesPort: options.sharesPort) { port in
      let others = host.listeners[port, default: []]
      return others.contains { !(options.sharesPort && self.listeners[$0]?.sharesPort == true) }
    }
    let made = listeners.insert {
      NetworkListener($0, member, bound, backlog: backlog, sharesPort: options.sharesPort)
    }
    guard let made else {
      throw .system(operation: "listen", operand: "\(address)", errno: ENFILE)
    }
    made.sizes = (options.kernelSendByteCount, options.kernelReceiveByteCount)
    host.listeners[bound.port, default: []].append(made.reference)
    return made
  }

  func close(_ listener: NetworkListener, isSilent: Bool) {
    let port = listener.address.port
    listener.owner.host.listeners[port]?.removeAll { $0 == listener.reference }
    if listener.owner.host.listeners[port]?.isEmpty == true {
      listener.owner.host.listeners[port] = nil
    }
    listeners.remove(listener.reference)
    while let waiting = listener.queue.popFirst() {
      guard let end = streams[waiting] else { continue }
      end.listener = .none
      if isSilent { remove(end) } else { release(end, resets: true) }
    }
  }

  /// The next connection that waits.
  func takeWaiting(_ listener: NetworkListener) -> StreamEnd? {
    while let reference = listener.queue.popFirst() {
      listener.waitingCount -= 1
      guard let end = streams[reference] else { continue }
      end.listener = .none
      return end
    }
    return nil
  }

  // MARK: Clients

  /// Begins a connection; nil where there are too many.
  func connect(
    _ member: NetworkMember, slot: UInt32, to address: SocketAddress, _ target: NetworkHost
  ) -> StreamEnd? {
    let host = member.host
    let port = host.takePort()
    let local = localAddress(of: host, to: address, port: port)
    let end = streams.insert {
      StreamEnd(
        $0, .connecting, host: host, peerHost: target, local: local, remote: address,
        path: path(host, target), pathBack: path(target, host), configuration: configuration,
        sizes: (0, 0), now: time)
    }
    guard let end else { return nil }
    end.owner = member
    end.slot = slot
    send(.connect, of: end)
    setTimer(end)
    return end
  }

  func connectArrived(_ event: NetworkEvent) {
    guard let client = streams[event.source], client.state == .connecting,
      !swallows(client.path), client.peerHost.isUp
    else { return }
    let host = client.peerHost
    if let server = streams[client.peer] {
      // It came before: the answer is under way or was lost.
      send(.accept, of: server)
      return
    }
    let found = host.listeners[client.remote.port, default: []].filter {
      listeners[$0].map { answers($0.address, to: client.remote) } ?? false
    }
    guard !found.isEmpty,
      let listener = listeners[found[found.count == 1 ? 0 : random.below(found.count)]]
    else {
      counts.refusedCount += 1
      return sendReset(to: client, ECONNREFUSED)
    }
    guard listener.waitingCount < listener.backlog else {
      counts.fullBacklogCount += 1
      return
    }
    let server = streams.insert {
      StreamEnd(
        $0, .accepting, host: host, peerHost: client.host, local: client.remote,
        remote: client.local,
        path: client.pathBack, pathBack: client.path, configuration: configuration,
        sizes: listener.sizes, now: time)
    }
    guard let server else {
      counts.fullBacklogCount += 1
      return
    }
    listener.waitingCount += 1
    server.listener = listener.reference
    server.peer = client.reference
    client.peer = server.reference
    server.windowEnd = client.receiveByteCountMax
    client.windowEnd = server.receiveByteCountMax
    send(.accept, of: server)
    setTimer(server)
  }

  func acceptArrived(_ event: NetworkEvent) {
    guard let server = streams[event.source], !swallows(server.path) else { return }
    guard let client = streams[server.peer], client.state != .failed else {
      guard server.peerHost.isUp else { return }
      return sendReset(to: server, ECONNRESET)
    }
    if client.state == .connecting {
      client.state = .open
      client.unansweredCount = 0
      client.doublingCount = 0
      client.progressTime = time
      counts.connectedCount += 1
      notice(client)
    }
    acknowledge(client)
  }

  /// The client has answered: the connection stands, and waits to be taken.
  func opened(_ server: StreamEnd) {
    server.state = .open
    server.unansweredCount = 0
    server.doublingCount = 0
    guard let listener = listeners[server.listener] else {
      server.listener = .none
      return release(server, resets: true)
    }
    listener.queue.append(server.reference)
    notice(listener)
  }
}
