// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusReplication
internal import Glibc

/// What moved over a socket.
public enum SocketOutcome: Equatable {
  /// So many bytes.
  case moved(Int)
  /// Nothing now.
  case none
  /// The other side has closed, in order.
  case ended
  /// It is over.
  case failed(errno: Int32)
}

/// A non-blocking socket of a test, with nothing of the library in it; closed with its owner.
@safe
public struct TestSocket: ~Copyable {
  /// The kernel's number.
  public let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { _ = Glibc.close(descriptor) }

  // MARK: Making one

  /// Listens; says at which port.
  public static func listen(_ endpoint: ReplicationEndpoint) throws(ReplicationError)
    -> TestListener
  {
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
    return TestListener(
      endpoint: ReplicationEndpoint(address: endpoint.address, port: port(of: socket.descriptor)),
      socket: socket)
  }

  /// Begins to connect; ``connectOutcome()`` tells the end.
  public static func connect(_ endpoint: ReplicationEndpoint) throws(ReplicationError) -> TestSocket
  {
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
  public static func accept(_ listener: Int32) -> TestSocket? {
    let descriptor = Glibc.accept(listener, nil, nil)
    guard descriptor >= 0 else { return nil }
    let socket = TestSocket(descriptor: descriptor)
    guard prepare(descriptor) else { return nil }
    socket.sendAtOnce()
    return socket
  }

  private static func make(_ endpoint: ReplicationEndpoint) throws(ReplicationError) -> TestSocket {
    let family = endpoint.address.contains(":") ? AF_INET6 : AF_INET
    let descriptor = Glibc.socket(family, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else {
      throw .system(operation: "socket", endpoint: endpoint, errno: errno)
    }
    let socket = TestSocket(descriptor: descriptor)
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

  static func withAddress<T>(
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
  public func connectOutcome() -> SocketOutcome {
    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    // SAFETY: one descriptor is there.
    guard unsafe poll(&ready, 1, 0) > 0 else { return .none }
    var error: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    // SAFETY: `error` is as long as the call is told.
    guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 else {
      return .failed(errno: errno)
    }
    return error == 0 ? .moved(0) : .failed(errno: error)
  }

  /// Without waiting.
  public func send(_ bytes: UnsafeRawBufferPointer) -> SocketOutcome {
    // SAFETY: the buffer is as long as its count. No signal: a closed connection is an errno.
    let count = unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    return count >= 0 ? .moved(count) : Self.outcome(errno)
  }

  /// Without waiting.
  public func receive(into bytes: UnsafeMutableRawBufferPointer) -> SocketOutcome {
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
public struct TestListener: ~Copyable {
  /// With the port that the kernel chose.
  public let endpoint: ReplicationEndpoint
  let socket: TestSocket

  /// Takes one connection that waits.
  public func accept() -> TestSocket? { TestSocket.accept(socket.descriptor) }
}
