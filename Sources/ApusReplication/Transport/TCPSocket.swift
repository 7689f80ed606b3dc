// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusSockets
internal import Glibc

/// Where a primary listens: a numeric address, since names would have to be waited for.
public struct ReplicationEndpoint: Hashable, Sendable, CustomStringConvertible {
  /// IPv4 or IPv6, for example `127.0.0.1` or `::1`.
  public var address: String
  /// 0 lets the kernel choose, for those who listen.
  public var port: UInt16

  /// An endpoint.
  public init(address: String, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// For messages.
  public var description: String {
    address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
  }
}

/// What moved over a socket.
enum SocketOutcome: Equatable {
  case moved(Int)
  /// Nothing now.
  case none
  /// The other side has closed, in order.
  case ended
  case failed(errno: Int32)
}

/// A non-blocking socket, closed with its owner.
@safe
struct TCPSocket: ~Copyable {
  let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { _ = Glibc.close(descriptor) }

  // MARK: Making one

  /// Listens; says at which port.
  ///
  /// - Throws: ``ReplicationError/configuration(field:value:expected:)`` for an address beyond the
  ///   exposure, as ``connect(_:exposure:)``.
  static func listen(
    _ endpoint: ReplicationEndpoint, exposure: ReplicationExposure = .loopbackOnly
  ) throws(ReplicationError) -> TCPListener {
    try exposure.check(isLoopback(endpoint), endpoint)
    let socket = try make(endpoint)
    var on: Int32 = 1
    // SAFETY: `on` is as long as the call is told.
    _ = unsafe setsockopt(
      socket.descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    let bound = try unsafe withAddress(endpoint) { address, length in
      // SAFETY: the address is as long as the call is told.
      unsafe Glibc.bind(socket.descriptor, address, length) == 0 ? 0 : errno
    }
    guard bound == 0 else { throw .system(operation: "bind", endpoint: endpoint, errno: bound) }
    guard Glibc.listen(socket.descriptor, 128) == 0 else {
      throw .system(operation: "listen", endpoint: endpoint, errno: errno)
    }
    return TCPListener(
      endpoint: ReplicationEndpoint(address: endpoint.address, port: port(of: socket.descriptor)),
      socket: socket)
  }

  /// Begins to connect; ``connectOutcome()`` tells the end.
  static func connect(
    _ endpoint: ReplicationEndpoint, exposure: ReplicationExposure = .loopbackOnly
  ) throws(ReplicationError) -> TCPSocket {
    try exposure.check(isLoopback(endpoint), endpoint)
    let socket = try make(endpoint)
    socket.sendAtOnce()
    let result = try unsafe withAddress(endpoint) { address, length in
      // SAFETY: the address is as long as the call is told.
      unsafe Glibc.connect(socket.descriptor, address, length) == 0 ? 0 : errno
    }
    guard result == 0 || result == EINPROGRESS || result == EINTR else {
      throw .system(operation: "connect", endpoint: endpoint, errno: result)
    }
    return socket
  }

  /// Takes one connection that is waiting; nil where none is.
  static func accept(_ listener: Int32) -> TCPSocket? {
    let descriptor = Glibc.accept(listener, nil, nil)
    guard descriptor >= 0 else { return nil }
    let socket = TCPSocket(descriptor: descriptor)
    guard prepare(descriptor) else { return nil }
    socket.sendAtOnce()
    return socket
  }

  private static func make(_ endpoint: ReplicationEndpoint) throws(ReplicationError) -> TCPSocket {
    let family = endpoint.address.contains(":") ? AF_INET6 : AF_INET
    let descriptor = Glibc.socket(family, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else {
      throw .system(operation: "socket", endpoint: endpoint, errno: errno)
    }
    let socket = TCPSocket(descriptor: descriptor)
    guard prepare(descriptor) else {
      throw .system(operation: "fcntl", endpoint: endpoint, errno: errno)
    }
    return socket
  }

  /// Non-blocking, and closed in programs that this one starts.
  private static func prepare(_ descriptor: Int32) -> Bool {
    let flags = fcntl(descriptor, F_GETFL)
    return flags >= 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0
      && fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
  }

  /// Acknowledgements are short and must not wait for more.
  private func sendAtOnce() {
    var on: Int32 = 1
    // SAFETY: `on` is as long as the call is told. Without it everything is only slower.
    _ = unsafe setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Whether an address is of the loopback interface, in whatever way it is written.
  private static func isLoopback(_ endpoint: ReplicationEndpoint) throws(ReplicationError) -> Bool {
    try unsafe withAddress(endpoint) { address, length in
      // SAFETY: the address is as long as the call says. IPv4: family, port, 4 bytes; IPv6: family,
      // port, flow, 16 bytes.
      let bytes = unsafe UnsafeRawBufferPointer(start: address, count: Int(length))
      let isIPv4 = unsafe address.pointee.sa_family == sa_family_t(AF_INET)
      guard bytes.count >= (isIPv4 ? 8 : 24) else { return false }
      if isIPv4 { return unsafe bytes[4] == 127 }
      let own = unsafe bytes[8..<24]
      let isOne = unsafe own.dropLast().allSatisfy { $0 == 0 } && own.last == 1
      // ::ffff:127.0.0.0 and on: IPv4 in IPv6.
      let isMapped =
        unsafe own.prefix(10).allSatisfy { $0 == 0 } && bytes[18] == 0xFF
        && bytes[19] == 0xFF && bytes[20] == 127
      return isOne || isMapped
    }
  }

  private static func withAddress<T>(
    _ endpoint: ReplicationEndpoint, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T
  ) throws(ReplicationError) -> T {
    var hints = unsafe addrinfo()
    unsafe hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    // SAFETY: the list is freed after its use.
    let result = unsafe getaddrinfo(endpoint.address, String(endpoint.port), &hints, &found)
    defer { if let list = unsafe found { unsafe freeaddrinfo(list) } }
    guard result == 0, let first = unsafe found, let address = unsafe first.pointee.ai_addr else {
      throw .configuration(
        field: "address", value: endpoint.address, expected: "a numeric IPv4 or IPv6 address")
    }
    return unsafe body(address, first.pointee.ai_addrlen)
  }

  private static func port(of descriptor: Int32) -> UInt16 {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    // SAFETY: the storage holds an address of either family, and both have the port at offset 2.
    return unsafe withUnsafeMutableBytes(of: &storage) { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      let address = unsafe base.assumingMemoryBound(to: sockaddr.self)
      guard unsafe getsockname(descriptor, address, &length) == 0 else { return 0 }
      return UInt16(bigEndian: unsafe base.load(fromByteOffset: 2, as: UInt16.self))
    }
  }

  // MARK: Using one

  /// Whether a connection that was begun stands: `.moved(0)` when it does, `.none` while it is
  /// being made.
  func connectOutcome() -> SocketOutcome {
    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    // SAFETY: one descriptor is there.
    guard unsafe capus_poll(&ready, 1, 0) > 0 else { return .none }
    var error: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    // SAFETY: `error` is as long as the call is told.
    guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 else {
      return .failed(errno: errno)
    }
    return error == 0 ? .moved(0) : .failed(errno: error)
  }

  func send(_ bytes: UnsafeRawBufferPointer) -> SocketOutcome {
    // SAFETY: the buffer is as long as its count. No signal: a closed connection is an errno.
    let count = unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    return count >= 0 ? .moved(count) : Self.outcome(errno)
  }

  func receive(into bytes: UnsafeMutableRawBufferPointer) -> SocketOutcome {
    // SAFETY: the buffer is as long as its count.
    let count = unsafe recv(descriptor, bytes.baseAddress, bytes.count, 0)
    if count == 0 { return unsafe bytes.isEmpty ? .none : .ended }
    return count > 0 ? .moved(count) : Self.outcome(errno)
  }

  private static func outcome(_ errno: Int32) -> SocketOutcome {
    errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? .none : .failed(errno: errno)
  }
}

/// A socket that takes connections.
struct TCPListener: ~Copyable {
  let endpoint: ReplicationEndpoint
  let socket: TCPSocket

  func accept() -> TCPSocket? { TCPSocket.accept(socket.descriptor) }
}
