// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusIO

// What a slot wants of the kernel, and what the kernel answers.
extension UringLoop {
  /// Begins whatever a slot needs and has not under way.
  func submit(_ index: UInt32) {
    let flags = slots[index].flags
    if flags.contains(.tearing) { return cancelAll(index) }
    switch slots[index].kind {
    case .stream:
      if flags.contains(.connecting) { return armConnect(index) }
      if flags.contains(.paused) {
        // What comes until the kernel has stopped is held.
        if flags.contains(.receives), !flags.contains(.cancelling) { cancelReceive(index) }
      } else if flags.isDisjoint(with: [.receives, .ended]), !bufferless.contains(index) {
        arm(index)
      }
      sendBytes(index)
    case .datagrams:
      if flags.isDisjoint(with: [.receives, .ended]) { arm(index) }
      sendDatagrams(index)
    case .unix:
      if !flags.contains(.ended) { armPoll(index) }
      sendBytes(index)
    case .listener:
      if slots[index].timer == nil, flags.isDisjoint(with: [.receives, .ended]) { arm(index) }
    case .file, .free: break
    }
  }

  private func arm(_ index: UInt32) {
    let kind = slots[index].kind
    let armed = queue(index) {
      switch kind {
      case .listener:
        unsafe capus_loop_accept(ring, index, UringTag(.accept, index).rawValue)
      case .datagrams:
        unsafe capus_loop_receive_datagrams(
          ring, index, Self.datagramGroup, UringTag(.datagrams, index).rawValue)
      default:
        unsafe capus_loop_receive(
          ring, index, Self.streamGroup, UringTag(.receive, index).rawValue)
      }
    }
    if armed { slots[index].flags.insert(.receives) }
  }

  private func armPoll(_ index: UInt32) {
    guard !slots[index].flags.contains(.polls) else { return }
    let armed = queue(index) {
      unsafe capus_loop_poll(ring, index, 0, 1, UringTag(.poll, index).rawValue)
    }
    if armed { slots[index].flags.insert(.polls) }
  }

  private func armConnect(_ index: UInt32) {
    guard !slots[index].flags.contains(.polls) else { return }
    let armed = queue(index) {
      unsafe capus_loop_poll(ring, index, 1, 0, UringTag(.connect, index).rawValue)
    }
    if armed { slots[index].flags.insert(.polls) }
  }

  private func sendBytes(_ index: UInt32) {
    guard slots[index].queuedByteCount > 0, !slots[index].flags.contains(.sends) else { return }
    let count = unsafe sendPieces(index, into: pieces)
    guard count > 0, let base = unsafe pieces.baseAddress else { return }
    let queued = queue(index) {
      // SAFETY: both are a pointer and a count; `count` of them are set, and the blocks stay until the send
      // completes.
      unsafe UnsafeRawPointer(base).withMemoryRebound(to: capus_piece.self, capacity: count) {
        unsafe capus_loop_send(
          ring, index, $0, UInt32(count), UringTag(.send, index).rawValue)
      }
    }
    if queued { slots[index].flags.insert(.sends) }
  }

  // MARK: Datagrams

  private static var allHanded: UInt32 { 1 << 31 }

  private func sendDatagrams(_ index: UInt32) {
    while slots[index].sendHead != BlockPool.none {
      let block = slots[index].sendHead
      while Int(slots[index].sendOffset) < sendBlocks.fill(block) {
        let offset = Int(slots[index].sendOffset)
        // SAFETY: records fill the block up to its fill, and the block stays until all have completed.
        let record = unsafe DatagramRecord.read(at: sendBlocks.bytes(block) + offset)
        var datagram = unsafe capus_datagram(
          bytes: record.bytes, byte_count: UInt32(record.byteCount), is_truncated: 0, tag: 0,
          address: record.address.raw)
        // The address is read when the entry is submitted, from the record and not from this copy.
        let isQueued = queue(index) {
          unsafe capus_loop_send_datagram(
            ring, index, &datagram, sendBlocks.bytes(block) + offset + 4,
            UringTag(.datagramSend, index, extra: block).rawValue)
        }
        guard isQueued else { return }
        let byteCount = unsafe DatagramRecord.byteCount(record.byteCount)
        slots[index].sendOffset += UInt32(byteCount)
        unsafe datagramCounts[Int(block)] += 1
      }
      slots[index].sendHead = sendBlocks.next(block)
      slots[index].sendOffset = 0
      if slots[index].sendHead == BlockPool.none { slots[index].sendTail = BlockPool.none }
      unsafe datagramCounts[Int(block)] |= Self.allHanded
    }
  }

  private func datagramSent(_ index: UInt32, _ block: UInt32, _ result: Int32) {
    if result < 0 {
      datagramFailed(index, errno: -result)
    } else {
      unsafe state.pointee.counters.sentDatagramCount &+= 1
    }
    unsafe datagramCounts[Int(block)] -= 1
    if unsafe datagramCounts[Int(block)] == Self.allHanded {
      unsafe datagramCounts[Int(block)] = 0
      // Counted until here, so that a socket whose network is slow cannot have all buffers.
      slots[index].queuedByteCount -= sendBlocks.fill(block)
      sendBlocks.give(block)
    }
  }

  private func cameDatagrams(_ index: UInt32, _ completion: capus_completion) {
    let block = completion.flags >> UInt32(capus_completion_buffer_shift)
    // SAFETY: the kernel's header is in front: lengths of name, control messages and payload, and flags.
    let header = unsafe UnsafeRawBufferPointer(start: datagramBlocks.bytes(block), count: 16)
    let (flags, length) = unsafe (
      header.load(fromByteOffset: 12, as: UInt32.self),
      Int(completion.result) - LoopState.datagramHeadroom
    )
    let isTruncated = flags & UInt32(capus_message_truncated) != 0
    guard length >= 0 else { return returnDatagramBlock(block) }
    cameDatagram(
      index, block: block, byteCount: min(length, configuration.datagramByteCountMax),
      isTruncated: isTruncated || length > configuration.datagramByteCountMax)
  }

  // MARK: Completions

  func complete(_ completion: capus_completion) {
    let tag = UringTag(rawValue: completion.tag)
    guard let kind = tag.kind else { return }
    let isLast = completion.flags & UInt32(capus_completion_more) == 0
    if kind == .wake {
      if completion.result >= 0 { woken() }
      if isLast { unsafe state.pointee.isWakerArmed = false }
      return
    }
    let index = tag.index
    // A file's operation counts from when it was asked for, on all backends.
    if isLast, kind != .file { slots[index].inFlightCount -= 1 }
    switch kind {
    case .accept: acceptCompleted(index, completion.result, isLast)
    case .receive: receiveCompleted(index, completion, isLast)
    case .datagrams: datagramsCompleted(index, completion, isLast)
    case .send:
      slots[index].flags.remove(.sends)
      sendCompleted(index, completion.result)
    case .datagramSend: datagramSent(index, tag.extra, completion.result)
    case .poll:
      if isLast { slots[index].flags.remove(.polls) }
      pollCompleted(index, completion.result, isLast)
    case .connect:
      slots[index].flags.remove(.polls)
      if !slots[index].flags.contains(.tearing) { finishConnecting(index) }
    case .file: fileEnded(index, FileBufferID(index: tag.extra), Int64(completion.result))
    case .cancel:
      slots[index].flags.remove(.cancelling)
      // Something else may be under way than what was cancelled.
      if slots[index].flags.contains(.tearing) { dirty.append(index) }
    case .wake: break
    }
    closeIfUnused(index)
  }

  private func acceptCompleted(_ index: UInt32, _ result: Int32, _ isLast: Bool) {
    if isLast { slots[index].flags.remove(.receives) }
    guard !slots[index].flags.contains(.tearing) else {
      if result >= 0 { _ = capus_descriptor_close(result) }
      return
    }
    if result >= 0 {
      accepted(result, from: index)
    } else {
      acceptFailed(index, errno: -result)
    }
    if isLast { dirty.append(index) }
  }

  private func receiveCompleted(_ index: UInt32, _ completion: capus_completion, _ isLast: Bool) {
    if isLast { slots[index].flags.remove(.receives) }
    if completion.flags & UInt32(capus_completion_has_buffer) != 0 {
      let block = completion.flags >> UInt32(capus_completion_buffer_shift)
      unsafe state.pointee.lentBlockCount += 1
      if completion.result > 0 {
        came(index, block: block, byteCount: Int(completion.result))
      } else {
        returnReceiveBlock(block)
      }
    }
    guard !slots[index].flags.contains(.tearing) else { return }
    switch completion.result {
    case 1...: break
    case 0: return cameToEnd(index)
    case -noBuffers:
      unsafe state.pointee.counters.bufferShortageCount &+= 1
      return bufferless.append(index)
    case -cancelled, -interrupted, -wouldBlock: break
    default: return failed(index, errno: -completion.result)
    }
    if isLast { dirty.append(index) }
  }

  private func datagramsCompleted(
    _ index: UInt32, _ completion: capus_completion, _ isLast: Bool
  ) {
    if isLast { slots[index].flags.remove(.receives) }
    if completion.flags & UInt32(capus_completion_has_buffer) != 0 {
      if completion.result >= 0 {
        cameDatagrams(index, completion)
      } else {
        returnDatagramBlock(completion.flags >> UInt32(capus_completion_buffer_shift))
      }
    }
    guard !slots[index].flags.contains(.tearing) else { return }
    switch completion.result {
    case 0...: break
    case -noBuffers: unsafe state.pointee.counters.bufferShortageCount &+= 1
    case -cancelled, -interrupted, -wouldBlock: break
    // Of a datagram that was sent before: the socket lives on.
    default: datagramFailed(index, errno: -completion.result)
    }
    if isLast { dirty.append(index) }
  }

  private func sendCompleted(_ index: UInt32, _ result: Int32) {
    guard !slots[index].flags.contains(.tearing) else { return }
    if result >= 0 {
      sent(index, Int(result))
    } else if result != -interrupted, result != -wouldBlock {
      return failed(index, errno: -result)
    }
    if slots[index].queuedByteCount > 0 { dirty.append(index) }
  }

  private func pollCompleted(_ index: UInt32, _ result: Int32, _ isLast: Bool) {
    guard !slots[index].flags.contains(.tearing) else { return }
    if result >= 0 {
      slots[index].flags.insert(.readable)
      ready.append(index)
    }
    if isLast { dirty.append(index) }
  }

  // MARK: Ending

  func cancelAll(_ index: UInt32) {
    // Files are closed after what is under way.
    guard !slots[index].flags.contains(.cancelling), slots[index].inFlightCount > 0,
      slots[index].kind != .file
    else { return }
    let queued = queue(index) {
      unsafe capus_loop_cancel_slot(ring, index, UringTag(.cancel, index).rawValue)
    }
    if queued { slots[index].flags.insert(.cancelling) }
  }

  private func cancelReceive(_ index: UInt32) {
    let queued = queue(index) {
      unsafe capus_loop_cancel(
        ring, UringTag(.receive, index).rawValue, UringTag(.cancel, index).rawValue)
    }
    if queued { slots[index].flags.insert(.cancelling) }
  }

  func closeIfUnused(_ index: UInt32) {
    guard slots[index].flags.contains(.tearing), slots[index].kind != .free,
      slots[index].inFlightCount == 0
    else { return }
    _ = unsafe capus_loop_register(ring, index, -1)
    closeDescriptor(index)
  }
}
