// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusIO
internal import Glibc

/// The hooks of a simulated loop. A slot's descriptor is the place of its socket in the network's table.
final class SimulatedLoopDriver: LoopDriver {
  let network: SimulatedNetwork
  let member: NetworkMember

  init(_ network: SimulatedNetwork, _ member: NetworkMember) {
    self.network = network
    self.member = member
  }

  /// The loop is no more.
  func leave() {
    guard !member.isCrashed else { return }
    member.isCrashed = true
    network.leave(member, .close)
  }

  private func stream(_ loop: EventLoop, _ index: UInt32) -> StreamEnd? {
    guard let end = network.streams[place: Int(loop.slots[index].descriptor)],
      end.owner === member, end.slot == index
    else { return nil }
    return end
  }

  private func listener(_ loop: EventLoop, _ index: UInt32) -> NetworkListener? {
    guard let listener = network.listeners[place: Int(loop.slots[index].descriptor)],
      listener.owner === member
    else { return nil }
    return listener
  }

  private func datagramSocket(_ loop: EventLoop, _ index: UInt32) -> NetworkDatagramSocket? {
    guard let socket = network.datagramSockets[place: Int(loop.slots[index].descriptor)],
      socket.owner === member
    else { return nil }
    return socket
  }

  // MARK: Steps

  func collect(_ loop: EventLoop) {
    guard !member.isCrashed else { return }
    let now = unsafe loop.state.pointee.now
    network.advance(to: now)
    flush(loop)
    // Where a path takes no time it has arrived.
    network.advance(to: now)
    let notices = member.notices
    member.notices.removeAll(keepingCapacity: true)
    for one in notices { note(loop, one) }
    if canContinueReading(loop) { loop.feedBufferless() }
  }

  private func note(_ loop: EventLoop, _ notice: NetworkMember.Notice) {
    switch notice {
    case .stream(let reference):
      guard let end = network.streams[reference], end.owner === member else { return }
      end.isNoticed = false
      noteStream(loop, end)
    case .listener(let reference):
      guard let listener = network.listeners[reference] else { return }
      listener.isNoticed = false
      becameReadable(loop, listener.slot)
    case .datagrams(let reference):
      guard let socket = network.datagramSockets[reference] else { return }
      socket.isNoticed = false
      becameReadable(loop, socket.slot)
    }
  }

  private func noteStream(_ loop: EventLoop, _ end: StreamEnd) {
    let index = end.slot
    if loop.slots[index].flags.contains(.connecting) {
      if end.state == .failed { return loop.failed(index, errno: end.errno) }
      guard end.state == .open else { return }
      loop.cameToStand(index)
      guard end.owner === member else { return }
    }
    if end.room > 0 || end.state == .failed {
      end.wantsRoom = false
      loop.slots[index].flags.remove(.blocked)
      if loop.slots[index].queuedByteCount > 0 { loop.dirty.append(index) }
    }
    if end.isReadable { becameReadable(loop, index) }
  }

  private func becameReadable(_ loop: EventLoop, _ index: UInt32) {
    loop.slots[index].flags.insert(.readable)
    loop.ready.append(index)
  }

  // MARK: Reading

  func readReady(_ loop: EventLoop, _ index: UInt32, _ countMax: Int) {
    guard !member.isCrashed else { return }
    switch loop.slots[index].kind {
    case .listener: accept(loop, index, countMax)
    case .stream: readStream(loop, index)
    case .datagrams: readDatagrams(loop, index, countMax)
    case .free, .file, .unix: break
    }
  }

  private func readStream(_ loop: EventLoop, _ index: UInt32) {
    guard let end = stream(loop, index) else { return }
    guard end.receiveBytes.count > 0 else {
      loop.slots[index].flags.remove(.readable)
      // As with Linux what came before a reset is given first, and a reset that follows the end is told to
      // who sends.
      if end.hasEnd {
        loop.cameToEnd(index)
      } else if end.state == .failed {
        loop.failed(index, errno: end.errno)
      }
      return
    }
    guard let block = loop.receiveBlocks.take() else { return waitForBuffer(loop, index) }
    // SAFETY: the block has so many bytes.
    let count = unsafe network.read(
      end,
      into: UnsafeMutableRawBufferPointer(
        start: loop.receiveBlocks.bytes(block), count: loop.receiveBlocks.blockByteCount))
    if end.isReadable {
      loop.ready.append(index)
    } else {
      loop.slots[index].flags.remove(.readable)
    }
    loop.came(index, block: block, byteCount: count)
  }

  private func readDatagrams(_ loop: EventLoop, _ index: UInt32, _ countMax: Int) {
    guard let socket = datagramSocket(loop, index) else { return }
    while socket.queue.count > 0 {
      guard loop.events.count < countMax else { return loop.ready.append(index) }
      guard let block = loop.datagramBlocks.take() else { return waitForBuffer(loop, index) }
      guard let datagram = network.takeDatagram(socket) else { return }
      let count = min(datagram.bytes.count, loop.configuration.datagramByteCountMax)
      let start = unsafe loop.datagramBlocks.bytes(block)
      unsafe datagram.bytes.withUnsafeBytes { source in
        // SAFETY: the block has the headroom and, behind it, room for the longest datagram.
        unsafe UnsafeMutableRawBufferPointer(
          start: start + LoopState.datagramHeadroom, count: count
        ).copyMemory(from: UnsafeRawBufferPointer(rebasing: source.prefix(count)))
      }
      unsafe Self.writeSource(datagram.source, at: start)
      loop.cameDatagram(
        index, block: block, byteCount: count, isTruncated: count < datagram.bytes.count)
    }
    loop.slots[index].flags.remove(.readable)
  }

  /// The headroom: the length of the address, and from byte 16 the address.
  @unsafe
  private static func writeSource(
    _ address: SocketAddress, at start: UnsafeMutableRawPointer
  ) {
    unsafe withUnsafeBytes(of: address) { bytes in
      // SAFETY: an address is its length and 28 bytes; the headroom is longer.
      unsafe start.copyMemory(from: bytes.baseAddress.unsafelyUnwrapped, byteCount: 4)
      unsafe UnsafeMutableRawBufferPointer(start: start + 16, count: 28).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[4..<32]))
    }
  }

  private func waitForBuffer(_ loop: EventLoop, _ index: UInt32) {
    unsafe loop.state.pointee.counters.bufferShortageCount &+= 1
    loop.bufferless.append(index)
  }

  /// Whether what a step had no buffer for may have one: it is free, or the next step takes it back.
  func canContinueReading(_ loop: EventLoop) -> Bool {
    loop.bufferless.count > 0
      && (loop.delivered.count > 0 || loop.receiveBlocks.freeCount > 0
        || loop.datagramBlocks.freeCount > 0)
  }

  func receivingChanged(_ loop: EventLoop, _ index: UInt32) {
    if !loop.slots[index].flags.contains(.paused), loop.slots[index].flags.contains(.readable) {
      loop.ready.append(index)
    }
  }

  // MARK: Making

  func makeListener(
    _ loop: EventLoop, _ address: SocketAddress, _ options: ListenOptions
  ) throws(IOError) -> (SlotHandle, SocketAddress) {
    try checkAlive()
    let listener = try network.listen(
      member, address, options, backlog: loop.configuration.backlog)
    guard
      let handle = loop.slots.take(.listener, descriptor: Int32(listener.reference.index))
    else {
      network.close(listener, isSilent: false)
      throw .full(socketCountMax: loop.slots.count)
    }
    listener.slot = handle.index
    return (handle, listener.address)
  }

  func makeConnection(
    _ loop: EventLoop, _ address: SocketAddress
  ) throws(IOError) -> SlotHandle {
    try checkAlive()
    guard address.ipv4 != nil else {
      throw .system(operation: "socket", operand: "\(address)", errno: EAFNOSUPPORT)
    }
    guard let handle = loop.slots.take(.stream, descriptor: -1) else {
      throw .full(socketCountMax: loop.slots.count)
    }
    loop.slots[handle.index].flags = .connecting
    guard let target = network.resolve(address, from: member.host) else {
      loop.failed(handle.index, errno: ENETUNREACH)
      return handle
    }
    guard let end = network.connect(member, slot: handle.index, to: address, target) else {
      loop.failed(handle.index, errno: ENFILE)
      return handle
    }
    loop.slots[handle.index].descriptor = Int32(end.reference.index)
    return handle
  }

  func makeDatagramSocket(
    _ loop: EventLoop, _ address: SocketAddress, _ options: DatagramOptions
  ) throws(IOError) -> (SlotHandle, SocketAddress) {
    try checkAlive()
    let socket = try network.openDatagrams(member, address, options)
    guard let handle = loop.slots.take(.datagrams, descriptor: Int32(socket.reference.index))
    else {
      network.close(socket)
      throw .full(socketCountMax: loop.slots.count)
    }
    socket.slot = handle.index
    return (handle, socket.address)
  }

  private func checkAlive() throws(IOError) {
    guard !member.isCrashed else {
      throw .unsupported("the simulated host \(member.host.number) has crashed; make a new loop")
    }
  }

  private func accept(_ loop: EventLoop, _ index: UInt32, _ countMax: Int) {
    guard let listener = listener(loop, index) else { return }
    let from = ListenerID(loop.slots.handle(index))
    while loop.events.count < countMax {
      guard let end = network.takeWaiting(listener) else {
        loop.slots[index].flags.remove(.readable)
        return
      }
      guard let handle = loop.slots.take(.stream, descriptor: Int32(end.reference.index)) else {
        unsafe loop.state.pointee.counters.refusedCount &+= 1
        network.release(end, resets: true)
        loop.events.append(.acceptFailed(from, .full))
        continue
      }
      end.owner = member
      end.slot = handle.index
      unsafe loop.state.pointee.counters.acceptedCount &+= 1
      loop.events.append(.accepted(ConnectionID(handle), from: from))
      if end.isReadable { network.notice(end) }
    }
    loop.ready.append(index)
  }

  // MARK: Ending

  func endSending(_ loop: EventLoop, _ index: UInt32) {
    if let end = stream(loop, index) { network.finish(end) }
  }

  func tearDown(_ loop: EventLoop, _ index: UInt32) {
    switch loop.slots[index].kind {
    case .listener:
      if let listener = listener(loop, index) { network.close(listener, isSilent: false) }
    case .datagrams: if let socket = datagramSocket(loop, index) { network.close(socket) }
    default:
      if let end = stream(loop, index) {
        network.release(end, resets: loop.slots[index].flags.contains(.resets))
      }
    }
    loop.released(index)
  }

  func peerAddress(_ loop: EventLoop, _ index: UInt32) -> SocketAddress? {
    guard let end = stream(loop, index), end.state == .open else { return nil }
    return end.remote
  }

  // MARK: Sending

  private func flush(_ loop: EventLoop) {
    for _ in 0..<loop.dirty.count {
      guard let index = loop.popDirty() else { return }
      guard loop.slots[index].flags.isDisjoint(with: [.blocked, .connecting, .tearing]) else {
        continue
      }
      if loop.slots[index].kind == .datagrams {
        sendDatagrams(loop, index)
      } else {
        sendBytes(loop, index)
      }
    }
  }

  private func sendBytes(_ loop: EventLoop, _ index: UInt32) {
    guard let end = stream(loop, index) else { return }
    // What a short write leaves has to wait for the next step.
    let limit =
      network.strikes(network.configuration.shortWritePerMille)
      ? 1 + network.random.below(max(1, loop.slots[index].queuedByteCount)) : .max
    var taken = 0
    while end.owner === member, loop.slots[index].queuedByteCount > 0, taken < limit {
      if end.state == .failed { return loop.failed(index, errno: end.errno) }
      guard end.room > 0 else {
        network.counts.fullSendCount += 1
        end.wantsRoom = true
        loop.slots[index].flags.insert(.blocked)
        return
      }
      let block = loop.slots[index].sendHead
      let offset = Int(loop.slots[index].sendOffset)
      let count = min(loop.sendBlocks.fill(block) - offset, limit - taken)
      // SAFETY: offset...fill lie inside the block.
      let written = unsafe network.write(
        end,
        UnsafeRawBufferPointer(start: loop.sendBlocks.bytes(block) + offset, count: count))
      taken += written
      network.transmit(end)
      loop.sent(index, written)
    }
    guard end.owner === member, loop.slots[index].queuedByteCount > 0 else { return }
    network.counts.shortWriteCount += 1
    loop.dirty.append(index)
  }

  private func sendDatagrams(_ loop: EventLoop, _ index: UInt32) {
    guard let socket = datagramSocket(loop, index) else { return }
    while loop.slots[index].sendHead != BlockPool.none {
      let block = loop.slots[index].sendHead
      var offset = Int(loop.slots[index].sendOffset)
      while offset < loop.sendBlocks.fill(block) {
        // SAFETY: records fill the block up to its fill.
        let record = unsafe DatagramRecord.read(at: loop.sendBlocks.bytes(block) + offset)
        let errno = unsafe network.sendDatagram(
          UnsafeRawBufferPointer(start: record.bytes, count: record.byteCount),
          to: record.address, on: socket)
        if let errno {
          loop.datagramFailed(index, errno: errno)
        } else {
          unsafe loop.state.pointee.counters.sentDatagramCount &+= 1
        }
        let byteCount = unsafe DatagramRecord.byteCount(record.byteCount)
        offset += byteCount
        loop.slots[index].queuedByteCount -= byteCount
      }
      loop.slots[index].sendHead = loop.sendBlocks.next(block)
      loop.slots[index].sendOffset = 0
      if loop.slots[index].sendHead == BlockPool.none {
        loop.slots[index].sendTail = BlockPool.none
      }
      loop.sendBlocks.give(block)
    }
  }
}
