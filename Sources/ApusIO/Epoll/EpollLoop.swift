// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusIO

/// epoll, edge-triggered: readiness is remembered at each socket until a call says that there is nothing
/// more, so that a socket is asked once for what comes.
@safe
final class EpollLoop: SystemLoop {
  private let owner: EpollMemory
  private let epoll: Int32
  private let found: UnsafeMutablePointer<capus_ready>
  private let datagrams: UnsafeMutablePointer<capus_datagram>
  private let pieces: UnsafeMutableBufferPointer<SendPiece>

  private static var foundCountMax: Int { 256 }
  private static var wakeTag: UInt64 { .max }

  init(_ configuration: EventLoopConfiguration, reason: String?) throws(IOError) {
    owner = EpollMemory(foundCount: Self.foundCountMax, pieceCount: 16)
    epoll = owner.epoll
    // SAFETY: the owner has them as long as this loop does.
    unsafe found = owner.found
    unsafe datagrams = owner.datagrams
    unsafe pieces = owner.pieces
    guard epoll >= 0 else {
      throw .system(operation: "epoll_create1", operand: "event loop", errno: -epoll)
    }
    try super.init(configuration, backend: EventLoopBackend(.epoll, reason: reason))
    let added = capus_epoll_add(epoll, wakeDescriptor, 0, Self.wakeTag)
    guard added == 0 else {
      throw .system(operation: "epoll_ctl", operand: "event loop", errno: -added)
    }
  }

  deinit { closeAll() }

  override func attach(_ index: UInt32) -> Int32 {
    let kind = slots[index].kind
    if kind == .file { return 0 }
    return capus_epoll_add(
      epoll, slots[index].descriptor, kind == .listener ? 0 : 1,
      UInt64(slots[index].generation) << 32 | UInt64(index))
  }

  // MARK: Steps

  override func collect(waitNanoseconds: UInt64) {
    flushDirty()
    beginFiles()
    noteSystemCall()
    // What a flush has caused does not wait.
    let limit = events.count > 0 || ready.count > 0 ? 0 : waitNanoseconds
    let count = unsafe capus_epoll_wait(epoll, found, UInt32(Self.foundCountMax), limit)
    guard count >= 0 else {
      unsafe state.pointee.counters.lastLoopErrno = -count
      return
    }
    for place in 0..<Int(count) { unsafe note(found[place]) }
  }

  private func note(_ one: capus_ready) {
    if one.tag == Self.wakeTag { return woken() }
    let handle = SlotHandle(
      index: UInt32(truncatingIfNeeded: one.tag), generation: UInt32(one.tag >> 32))
    guard let index = slots.index(handle), !slots[index].flags.contains(.tearing) else { return }
    if one.events & UInt32(capus_ready_out) != 0 {
      slots[index].flags.remove(.blocked)
      if slots[index].flags.contains(.connecting) { finishConnecting(index) }
      guard slots.index(handle) != nil else { return }
      if slots[index].queuedByteCount > 0 { dirty.append(index) }
    }
    if one.events & UInt32(capus_ready_in) != 0, !slots[index].flags.contains(.connecting) {
      slots[index].flags.insert(.readable)
      if one.events & UInt32(capus_ready_end) != 0 { slots[index].flags.insert(.hungUp) }
      ready.append(index)
    }
  }

  override func reap(_ countMax: Int) {}

  override func receivingChanged(_ index: UInt32) {
    // A listener that rested, or a connection that is wanted again: what came meanwhile came without an edge.
    if !slots[index].flags.contains(.paused), slots[index].flags.contains(.readable) {
      ready.append(index)
    }
  }

  // MARK: Reading

  override func readReady(_ index: UInt32, _ countMax: Int) {
    switch slots[index].kind {
    case .listener: acceptReady(index, countMax)
    case .stream:
      guard let block = takeReceiveBlock(index) else { return }
      noteSystemCall()
      // SAFETY: the block is as long as the call is told.
      let received = unsafe capus_socket_receive(
        slots[index].descriptor, receiveBlocks.bytes(block), receiveBlocks.blockByteCount)
      readEnded(index, block, received)
    case .unix: readUnix(index)
    case .datagrams: readDatagrams(index, countMax)
    case .free, .file: break
    }
  }

  private func acceptReady(_ index: UInt32, _ countMax: Int) {
    guard slots[index].timer == nil, !slots[index].flags.contains(.ended) else { return }
    // As many as a step has events for, as io_uring does it: who waits behind many is not kept waiting for steps.
    while events.count < countMax {
      noteSystemCall()
      let descriptor = capus_socket_accept(slots[index].descriptor)
      if descriptor == -wouldBlock {
        slots[index].flags.remove(.readable)
        return
      }
      guard descriptor >= 0 else {
        acceptFailed(index, errno: -descriptor)
        // It is asked again after its rest.
        if slots[index].timer == nil { ready.append(index) }
        return
      }
      accepted(descriptor, from: index)
    }
    ready.append(index)
  }

  private func readDatagrams(_ index: UInt32, _ countMax: Int) {
    var wanted = 0
    let limit = min(Int(capus_datagram_batch), countMax - events.count)
    while wanted < limit, let block = datagramBlocks.take() {
      // SAFETY: wanted < the batch; the block has the headroom and so many bytes.
      unsafe datagrams[wanted] = capus_datagram(
        bytes: datagramBlocks.bytes(block), byte_count: UInt32(configuration.datagramByteCountMax),
        is_truncated: 0, tag: block, address: capus_address())
      wanted += 1
    }
    guard wanted > 0 else {
      unsafe state.pointee.counters.bufferShortageCount &+= 1
      return ready.append(index)
    }
    noteSystemCall()
    let received = unsafe capus_datagrams_receive(
      slots[index].descriptor, datagrams, UInt32(wanted))
    for place in max(0, Int(received))..<wanted { unsafe datagramBlocks.give(datagrams[place].tag) }
    for place in 0..<max(0, Int(received)) {
      let one = unsafe datagrams[place]
      unsafe cameDatagram(
        index, block: one.tag, byteCount: Int(one.byte_count),
        isTruncated: one.is_truncated != 0)
    }
    if received == wanted {
      ready.append(index)
    } else if received < 0, received != -wouldBlock, received != -interrupted {
      // Of a datagram that was sent before: the socket lives on.
      datagramFailed(index, errno: -received)
      ready.append(index)
    } else {
      slots[index].flags.remove(.readable)
    }
  }

  // MARK: Sending

  private func flushDirty() {
    // Once each: what has to wait comes back when it may continue.
    for _ in 0..<dirty.count {
      guard let index = popDirty() else { return }
      guard slots[index].flags.isDisjoint(with: [.blocked, .connecting, .tearing]) else { continue }
      if slots[index].kind == .datagrams {
        sendDatagrams(index)
      } else {
        sendBytes(index)
      }
    }
  }

  private func sendBytes(_ index: UInt32) {
    let handle = slots.handle(index)
    while slots.index(handle) != nil, slots[index].queuedByteCount > 0,
      !slots[index].flags.contains(.tearing)
    {
      let count = unsafe sendPieces(index, into: pieces)
      guard count > 0, let base = unsafe pieces.baseAddress else { return }
      noteSystemCall()
      // SAFETY: both are a pointer and a count; `count` of them are set.
      let result = unsafe UnsafeRawPointer(base).withMemoryRebound(
        to: capus_piece.self, capacity: count
      ) {
        unsafe capus_socket_send(slots[index].descriptor, $0, UInt32(count))
      }
      if result >= 0 {
        sent(index, Int(result))
      } else if result == -Int64(wouldBlock) {
        slots[index].flags.insert(.blocked)
        return
      } else if result != -Int64(interrupted) {
        return failed(index, errno: Int32(-result))
      }
    }
  }

  private func sendDatagrams(_ index: UInt32) {
    while slots[index].sendHead != BlockPool.none {
      var count = 0
      let block = slots[index].sendHead
      var offset = Int(slots[index].sendOffset)
      while count < Int(capus_datagram_batch), offset < sendBlocks.fill(block) {
        // SAFETY: records fill the block up to its fill.
        let record = unsafe DatagramRecord.read(at: sendBlocks.bytes(block) + offset)
        unsafe datagrams[count] = capus_datagram(
          bytes: record.bytes, byte_count: UInt32(record.byteCount), is_truncated: 0, tag: 0,
          address: record.address.raw)
        offset += unsafe DatagramRecord.byteCount(record.byteCount)
        count += 1
      }
      var taken = 0
      if count > 0 {
        noteSystemCall()
        let result = unsafe capus_datagrams_send(
          slots[index].descriptor, datagrams, UInt32(count))
        if result == -wouldBlock {
          slots[index].flags.insert(.blocked)
          return
        }
        if result < 0, result != -interrupted {
          // The first one cannot be sent; the others may.
          datagramFailed(index, errno: -result)
          taken = 1
        } else if result > 0 {
          taken = Int(result)
          unsafe state.pointee.counters.sentDatagramCount &+= UInt64(taken)
        }
      }
      takeDatagramsOut(index, taken)
    }
  }

  /// Takes the first datagrams of the first block out.
  private func takeDatagramsOut(_ index: UInt32, _ count: Int) {
    let block = slots[index].sendHead
    var offset = Int(slots[index].sendOffset)
    for _ in 0..<count {
      let record = unsafe DatagramRecord.read(at: sendBlocks.bytes(block) + offset)
      let byteCount = unsafe DatagramRecord.byteCount(record.byteCount)
      offset += byteCount
      slots[index].queuedByteCount -= byteCount
    }
    slots[index].sendOffset = UInt32(offset)
    guard offset == sendBlocks.fill(block) else { return }
    slots[index].sendHead = sendBlocks.next(block)
    slots[index].sendOffset = 0
    if slots[index].sendHead == BlockPool.none { slots[index].sendTail = BlockPool.none }
    sendBlocks.give(block)
  }

  // MARK: Files

  /// Files are always ready for epoll: the call is made here, and the thread waits for the disk.
  override func begin(_ operation: FileOperation, on index: UInt32) -> Bool {
    let descriptor = slots[index].descriptor
    // SAFETY: the block holds as many bytes as the operation has, which was checked.
    let bytes = unsafe fileBlocks.bytes(operation.buffer.index)
    noteSystemCall()
    let result =
      switch operation.kind {
      case .read:
        unsafe capus_io_file_read(descriptor, bytes, operation.byteCount, operation.offset)
      case .write:
        unsafe capus_io_file_write(descriptor, bytes, operation.byteCount, operation.offset)
      case .sync: Int64(capus_io_file_sync(descriptor))
      }
    fileEnded(index, operation.buffer, result)
    if slots[index].flags.contains(.tearing) { tearDown(index) }
    return true
  }

  // MARK: Ending

  override func tearDown(_ index: UInt32) {
    // Operations of a file that were not begun yet come first.
    if slots[index].inFlightCount == 0 { closeDescriptor(index) }
  }
}

/// The descriptor of epoll and what is read and written around its calls. A value of its own, since a class
/// that fails in `init` runs no `deinit`.
@safe
private struct EpollMemory: ~Copyable {
  let epoll = capus_epoll_create()
  let found: UnsafeMutablePointer<capus_ready>
  let datagrams: UnsafeMutablePointer<capus_datagram>
  let pieces: UnsafeMutableBufferPointer<SendPiece>

  init(foundCount: Int, pieceCount: Int) {
    // SAFETY: as long as the counts say, and freed in `deinit`.
    unsafe found = .allocate(capacity: foundCount)
    unsafe datagrams = .allocate(capacity: Int(capus_datagram_batch))
    unsafe pieces = .allocate(capacity: pieceCount)
  }

  deinit {
    if epoll >= 0 { _ = capus_descriptor_close(epoll) }
    unsafe found.deallocate()
    unsafe datagrams.deallocate()
    unsafe pieces.deallocate()
  }
}
