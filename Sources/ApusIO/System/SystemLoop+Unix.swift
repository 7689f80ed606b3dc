// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusIO

extension SystemLoop {
  final func listenUnix(
    _ path: String, _ permissions: UInt16, _ takesDescriptors: Bool
  ) throws(IOError) -> SlotHandle {
    // SAFETY: the path ends in 0.
    let descriptor = unsafe capus_unix_listen(
      path, Int32(configuration.backlog), UInt32(permissions))
    guard descriptor >= 0 else {
      throw .system(operation: "listen", operand: path, errno: -descriptor)
    }
    return try make(
      descriptor, .listener, path,
      takesDescriptors ? [.isUnixListener, .takesDescriptors] : .isUnixListener)
  }

  final func connectUnix(_ path: String, _ takesDescriptors: Bool) throws(IOError) -> SlotHandle {
    // SAFETY: the path ends in 0.
    let descriptor = unsafe capus_unix_connect(path)
    guard descriptor >= 0 else {
      throw .system(operation: "connect", operand: path, errno: -descriptor)
    }
    let handle = try make(descriptor, .unix, path, takesDescriptors ? .takesDescriptors : [])
    unsafe state.pointee.counters.connectedCount &+= 1
    events.append(.connected(ConnectionID(handle)))
    return handle
  }

  final func sendPassing(_ index: UInt32, _ bytes: RawSpan, _ descriptor: Int32) -> Bool {
    // What the kernel does not take at once has to find room behind it: in whole or not at all.
    let blockCount = bytes.byteCount / sendBlocks.blockByteCount + 1
    guard bytes.byteCount <= configuration.queuedByteCountMax, blockCount <= sendBlocks.freeCount
    else { return false }
    // SAFETY: the bytes are read in the call.
    let sent = unsafe bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress else { return Int64(0) }
      return unsafe capus_unix_send(slots[index].descriptor, base, source.count, descriptor)
    }
    guard sent >= 0 else {
      // Of the descriptor, or of too many that are on their way: the connection has nothing to do with it.
      let isOfDescriptor = [badDescriptor, tooManyReferences, invalidArgument].contains(
        Int32(-sent))
      if sent != -Int64(wouldBlock), sent != -Int64(interrupted), !isOfDescriptor {
        failed(index, errno: Int32(-sent))
      }
      return false
    }
    unsafe state.pointee.counters.sentByteCount &+= UInt64(sent)
    guard sent < bytes.byteCount else { return true }
    // The descriptor has left with the first bytes; the others follow it.
    let rest = bytes.extracting(Int(sent)..<bytes.byteCount)
    return send(rest, on: ConnectionID(slots.handle(index))) == rest.byteCount
  }

  /// Takes what a Unix socket has, with its descriptors: one buffer's worth.
  final func readUnix(_ index: UInt32) {
    guard let block = takeReceiveBlock(index) else { return }
    var passed = capus_passed()
    noteSystemCall()
    // SAFETY: the block is as long as the call is told.
    let received = unsafe capus_unix_receive(
      slots[index].descriptor, receiveBlocks.bytes(block), receiveBlocks.blockByteCount, &passed)
    let handle = slots.handle(index)
    readEnded(index, block, received)
    guard passed.count + passed.dropped > 0 else { return }
    unsafe state.pointee.counters.closedDescriptorCount &+= UInt64(passed.dropped)
    let came = (
      passed.descriptors.0, passed.descriptors.1, passed.descriptors.2, passed.descriptors.3
    )
    if passed.count > 0 { showPassed(handle, came.0) }
    if passed.count > 1 { showPassed(handle, came.1) }
    if passed.count > 2 { showPassed(handle, came.2) }
    if passed.count > 3 { showPassed(handle, came.3) }
    if slots.index(handle) != nil, !slots[index].flags.contains(.takesDescriptors) {
      end(index, .unwantedDescriptor, resets: false)
    }
  }

  /// Shows the caller a descriptor, or closes it where none is wanted.
  private final func showPassed(_ handle: SlotHandle, _ descriptor: Int32) {
    guard let index = slots.index(handle), slots[index].flags.contains(.takesDescriptors),
      slots[index].flags.isDisjoint(with: [.closing, .tearing]),
      delivered.append(descriptor: descriptor)
    else { return closePassed(descriptor) }
    events.append(.descriptor(ConnectionID(handle), PassedDescriptor(descriptor: descriptor)))
  }

  /// A block to read into; nil where all are in use, and the socket is read with the next step.
  final func takeReceiveBlock(_ index: UInt32) -> UInt32? {
    if let block = receiveBlocks.take() { return block }
    unsafe state.pointee.counters.bufferShortageCount &+= 1
    ready.append(index)
    return nil
  }

  /// What came of a read into a block.
  final func readEnded(_ index: UInt32, _ block: UInt32, _ received: Int64) {
    if received > 0 {
      // A read that filled its block may have left more; one that did not has left the end at most.
      if received == receiveBlocks.blockByteCount || slots[index].kind == .unix
        || slots[index].flags.contains(.hungUp)
      {
        ready.append(index)
      } else {
        slots[index].flags.remove(.readable)
      }
      return came(index, block: block, byteCount: Int(received))
    }
    receiveBlocks.give(block)
    slots[index].flags.remove(.readable)
    if received == 0 {
      cameToEnd(index)
    } else if received == -Int64(interrupted) {
      slots[index].flags.insert(.readable)
      ready.append(index)
    } else if received != -Int64(wouldBlock) {
      failed(index, errno: Int32(-received))
    }
  }
}
