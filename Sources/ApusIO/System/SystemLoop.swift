// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusIO

/// What both backends of the kernel share: sockets as descriptors, Unix sockets, and how they end.
class SystemLoop: EventLoop {
  private let ownWaker: LoopWaker

  override init(
    _ configuration: EventLoopConfiguration, backend: EventLoopBackend,
    extraReceiveBufferCount: Int = 0
  ) throws(IOError) {
    ownWaker = try LoopWaker()
    try super.init(
      configuration, backend: backend, extraReceiveBufferCount: extraReceiveBufferCount)
  }

  override var waker: LoopWaker? { ownWaker }
  final var wakeDescriptor: Int32 { ownWaker.descriptor }

  final func woken() {
    ownWaker.clear()
    unsafe state.pointee.counters.wokenCount &+= 1
    // One event for all until it is taken, so that no other thread can fill the queue. Whoever takes it looks
    // afterwards at what it was woken for.
    if unsafe !state.pointee.isWokenShown { events.append(.woken) }
    unsafe state.pointee.isWokenShown = true
  }

  /// Watches a new descriptor. 0 or -errno.
  func attach(_ index: UInt32) -> Int32 { fatalError("SystemLoop: expected a backend") }

  final func noteSystemCall() { unsafe state.pointee.counters.systemCallCount &+= 1 }

  /// Closes what is open; for `deinit`.
  final func closeAll() {
    for index in 0..<UInt32(slots.count) where slots[index].descriptor >= 0 {
      // Whoever else has the file for a moment, the kernel's ring or a child that has not begun its program,
      // keeps neither the port nor the connection.
      if slots[index].kind == .listener || slots[index].kind == .stream {
        _ = capus_socket_shutdown(slots[index].descriptor, 0)
      }
      _ = capus_descriptor_close(slots[index].descriptor)
    }
    while let descriptor = delivered.takeDescriptor() { closePassed(descriptor) }
  }

  override func closePassed(_ descriptor: Int32) {
    unsafe state.pointee.counters.closedDescriptorCount &+= 1
    _ = capus_descriptor_close(descriptor)
  }

  // MARK: Making

  enum Adoption {
    case adopted(SlotHandle)
    case full
    case failed(errno: Int32)
  }

  /// Makes a slot of a descriptor, and closes the descriptor where that fails.
  final func adopt(_ descriptor: Int32, _ kind: SlotKind, _ flags: SlotFlags = []) -> Adoption {
    guard let handle = slots.take(kind, descriptor: descriptor) else {
      _ = capus_descriptor_close(descriptor)
      return .full
    }
    slots[handle.index].flags = flags
    let result = attach(handle.index)
    if result == 0 { return .adopted(handle) }
    slots.end(handle.index)
    recycleIfUnlisted(handle.index)
    _ = capus_descriptor_close(descriptor)
    return .failed(errno: -result)
  }

  /// As ``adopt(_:_:_:)``, for what the caller makes.
  final func make(
    _ descriptor: Int32, _ kind: SlotKind, _ operand: String, _ flags: SlotFlags = []
  ) throws(IOError) -> SlotHandle {
    switch adopt(descriptor, kind, flags) {
    case .adopted(let handle): return handle
    case .full: throw .full(socketCountMax: slots.count)
    case .failed(let errno): throw .system(operation: "watch", operand: operand, errno: errno)
    }
  }

  final func open(_ address: SocketAddress, datagrams: Bool) throws(IOError) -> Int32 {
    let descriptor = capus_socket_open(address.family, datagrams ? 1 : 0)
    guard descriptor >= 0 else {
      throw .system(operation: "socket", operand: "\(address)", errno: -descriptor)
    }
    return descriptor
  }

  /// The errno of a set-up call, whose descriptor is closed where it failed.
  final func check(
    _ result: Int32, _ operation: String, _ operand: String, closing descriptor: Int32
  ) throws(IOError) {
    guard result < 0 else { return }
    _ = capus_descriptor_close(descriptor)
    throw .system(operation: operation, operand: operand, errno: -result)
  }

  /// A socket with buffers of these sizes, at an address.
  final func openBound(
    _ address: SocketAddress, datagrams: Bool, sharesPort: Bool, receiveByteCount: Int,
    sendByteCount: Int
  ) throws(IOError) -> (descriptor: Int32, bound: SocketAddress) {
    let descriptor = try open(address, datagrams: datagrams)
    let text = "\(address)"
    var raw = address.raw
    var bound = capus_address()
    try check(
      capus_socket_buffers(
        descriptor, Int32(clamping: receiveByteCount), Int32(clamping: sendByteCount)),
      "setsockopt", text, closing: descriptor)
    // SAFETY: addresses are read and written in the call.
    try check(
      unsafe capus_socket_bind(
        descriptor, &raw, sharesPort ? UInt32(capus_socket_reuse_port) : 0, &bound),
      "bind", text, closing: descriptor)
    return (descriptor, SocketAddress(bound))
  }

  override func makeListener(
    _ address: SocketAddress, _ options: ListenOptions
  ) throws(IOError) -> (SlotHandle, SocketAddress) {
    let text = "\(address)"
    let (descriptor, bound) = try openBound(
      address, datagrams: false, sharesPort: options.sharesPort,
      receiveByteCount: options.kernelReceiveByteCount, sendByteCount: options.kernelSendByteCount)
    // Connections inherit it: answers are short, and must not wait for more.
    try check(capus_socket_no_delay(descriptor), "TCP_NODELAY", text, closing: descriptor)
    try check(
      capus_socket_listen(descriptor, Int32(configuration.backlog)), "listen", text,
      closing: descriptor)
    return (try make(descriptor, .listener, text), bound)
  }

  override func makeConnection(_ address: SocketAddress) throws(IOError) -> SlotHandle {
    let descriptor = try open(address, datagrams: false)
    try check(capus_socket_no_delay(descriptor), "TCP_NODELAY", "\(address)", closing: descriptor)
    var raw = address.raw
    // SAFETY: the address is read in the call.
    let result = unsafe capus_socket_connect(descriptor, &raw)
    let handle = try make(descriptor, .stream, "\(address)", .connecting)
    // A refusal that came at once is told as one that comes later.
    if result < 0, result != -inProgress, result != -interrupted {
      failed(handle.index, errno: -result)
    }
    return handle
  }

  /// A connection that was being made is decided.
  final func finishConnecting(_ index: UInt32) {
    guard slots[index].flags.contains(.connecting) else { return }
    let error = capus_socket_error(slots[index].descriptor)
    guard error == 0 else { return failed(index, errno: error) }
    cameToStand(index)
  }

  override func peerAddress(_ index: UInt32) -> SocketAddress? {
    guard slots[index].kind == .stream else { return nil }
    var found = capus_address()
    // SAFETY: the address is written in the call.
    return unsafe capus_socket_peer_address(slots[index].descriptor, &found) == 0
      ? SocketAddress(found) : nil
  }

  override func makeDatagramSocket(
    _ address: SocketAddress, _ options: DatagramOptions
  ) throws(IOError) -> (SlotHandle, SocketAddress) { try openDatagrams(address, options) }

  override func makeUnixListener(
    _ path: String, _ permissions: UInt16, _ takesDescriptors: Bool
  ) throws(IOError) -> SlotHandle { try listenUnix(path, permissions, takesDescriptors) }

  override func makeUnixConnection(
    _ path: String, _ takesDescriptors: Bool
  ) throws(IOError) -> SlotHandle { try connectUnix(path, takesDescriptors) }

  override func unixPeerUser(_ index: UInt32) -> UInt32? {
    guard slots[index].kind == .unix else { return nil }
    let user = capus_unix_peer_user(slots[index].descriptor)
    return user >= 0 ? UInt32(truncatingIfNeeded: user) : nil
  }

  override func passDescriptor(_ index: UInt32, _ bytes: RawSpan, _ descriptor: Int32) -> Bool {
    sendPassing(index, bytes, descriptor)
  }

  override func makeFile(_ path: String, writes: Bool) throws(IOError) -> SlotHandle {
    // SAFETY: the path ends in 0.
    let descriptor = unsafe capus_io_file_open(path, writes ? 1 : 0)
    guard descriptor >= 0 else {
      throw .system(operation: "open", operand: path, errno: -descriptor)
    }
    return try make(descriptor, .file, path)
  }

  // MARK: Accepting

  /// Takes a connection that the kernel gave.
  final func accepted(_ descriptor: Int32, from listener: UInt32) {
    let flags = slots[listener].flags
    let from = ListenerID(slots.handle(listener))
    switch adopt(
      descriptor, flags.contains(.isUnixListener) ? .unix : .stream,
      flags.intersection(.takesDescriptors))
    {
    case .adopted(let handle):
      unsafe state.pointee.counters.acceptedCount &+= 1
      events.append(.accepted(ConnectionID(handle), from: from))
    case .full:
      unsafe state.pointee.counters.refusedCount &+= 1
      events.append(.acceptFailed(from, .full))
    case .failed(let errno):
      unsafe state.pointee.counters.acceptFailureCount &+= 1
      events.append(.acceptFailed(from, .system(errno: errno)))
    }
  }

  /// The kernel could not give a connection: the listener rests, so that the same failure does not come again
  /// and again.
  final func acceptFailed(_ listener: UInt32, errno: Int32) {
    // The other side has gone meanwhile.
    if errno == connectionAborted || errno == wouldBlock || errno == interrupted { return }
    if errno == invalidArgument || errno == badDescriptor {
      return failed(listener, errno: errno)
    }
    unsafe state.pointee.counters.acceptFailureCount &+= 1
    events.append(
      .acceptFailed(ListenerID(slots.handle(listener)), .system(errno: errno)))
    setSlotTimer(listener, after: configuration.acceptPauseNanoseconds)
  }

  // MARK: Ending

  override func endSending(_ index: UInt32) {
    // A connection that is reset meanwhile tells so by itself.
    _ = capus_socket_shutdown(slots[index].descriptor, 1)
    if slots[index].flags.isSuperset(of: [.closing, .ended]) {
      end(index, slots[index].reason, resets: false)
    }
  }

  /// Closes the descriptor and frees the slot; for when the kernel has no operation with it any more.
  final func closeDescriptor(_ index: UInt32) {
    let descriptor = slots[index].descriptor
    if slots[index].flags.contains(.resets) { _ = capus_socket_reset_on_close(descriptor) }
    _ = capus_descriptor_close(descriptor)
    released(index)
  }
}
