// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

// How sockets end, and what comes of them: what all backends share.
extension EventLoop {
  // MARK: Receiving

  /// Bytes came into a block.
  package final func came(_ index: UInt32, block: UInt32, byteCount: Int) {
    unsafe state.pointee.counters.receivedByteCount &+= UInt64(byteCount)
    let flags = slots[index].flags
    if !flags.isDisjoint(with: [.closing, .tearing]) {
      returnReceiveBlock(block)
    } else if flags.contains(.paused) || slots[index].heldHead != BlockPool.none {
      hold(index, block, byteCount)
    } else {
      delivered.append(block: block)
      events.append(
        .received(
          ConnectionID(slots.handle(index)), ReceivedBytes(block: block, byteCount: byteCount)))
    }
  }

  private final func hold(_ index: UInt32, _ block: UInt32, _ byteCount: Int) {
    receiveBlocks.setFill(block, byteCount)
    receiveBlocks.setNext(block, BlockPool.none)
    if slots[index].heldHead == BlockPool.none {
      slots[index].heldHead = block
    } else {
      receiveBlocks.setNext(slots[index].heldTail, block)
    }
    slots[index].heldTail = block
  }

  /// Hands out what came while the caller wanted nothing.
  package final func deliverHeld(_ index: UInt32, _ countMax: Int) {
    guard slots[index].flags.isDisjoint(with: [.paused, .closing, .tearing]) else { return }
    while slots[index].heldHead != BlockPool.none {
      guard events.count < countMax else { return ready.append(index) }
      let block = slots[index].heldHead
      slots[index].heldHead = receiveBlocks.next(block)
      delivered.append(block: block)
      events.append(
        .received(
          ConnectionID(slots.handle(index)),
          ReceivedBytes(block: block, byteCount: receiveBlocks.fill(block))))
    }
    guard slots[index].flags.contains(.endHeld) else { return }
    slots[index].flags.remove(.endHeld)
    events.append(.ended(ConnectionID(slots.handle(index))))
  }

  package final func dropHeld(_ index: UInt32) {
    while slots[index].heldHead != BlockPool.none {
      let block = slots[index].heldHead
      slots[index].heldHead = receiveBlocks.next(block)
      returnReceiveBlock(block)
    }
    slots[index].flags.remove(.endHeld)
  }

  /// The other side sends nothing more.
  package final func cameToEnd(_ index: UInt32) {
    guard slots[index].flags.isDisjoint(with: [.ended, .tearing]) else { return }
    slots[index].flags.insert(.ended)
    if slots[index].flags.contains(.closing) {
      if slots[index].flags.contains(.finished) { end(index, slots[index].reason, resets: false) }
    } else if slots[index].flags.contains(.paused) || slots[index].heldHead != BlockPool.none {
      slots[index].flags.insert(.endHeld)
    } else {
      events.append(.ended(ConnectionID(slots.handle(index))))
    }
  }

  // MARK: Ending

  /// The socket failed.
  package final func failed(_ index: UInt32, errno: Int32) {
    guard !slots[index].flags.contains(.tearing) else { return }
    switch slots[index].kind {
    // Told once: it is neither read nor armed again.
    case .listener:
      guard !slots[index].flags.contains(.ended) else { return }
      slots[index].flags.insert(.ended)
      events.append(.stopped(.listener(ListenerID(slots.handle(index))), errno: errno))
    case .datagrams:
      guard !slots[index].flags.contains(.ended) else { return }
      slots[index].flags.insert(.ended)
      events.append(.stopped(.datagrams(DatagramSocketID(slots.handle(index))), errno: errno))
    default:
      if slots[index].flags.contains(.connecting) {
        unsafe state.pointee.counters.connectFailureCount &+= 1
        end(index, .notConnected(errno: errno), resets: false)
      } else {
        unsafe state.pointee.counters.failedCount &+= 1
        end(index, .failed(errno: errno), resets: false)
      }
    }
  }

  /// A connection that was begun stands.
  package final func cameToStand(_ index: UInt32) {
    slots[index].flags.remove(.connecting)
    unsafe state.pointee.counters.connectedCount &+= 1
    events.append(.connected(ConnectionID(slots.handle(index))))
    dirty.append(index)
    // The caller may have said before that nothing is sent.
    endSendingIfDrained(index)
  }

  /// Tells the other side that nothing follows, once everything has left.
  package final func endSendingIfDrained(_ index: UInt32) {
    guard slots[index].flags.contains(.finishing), slots[index].queuedByteCount == 0,
      slots[index].flags.isDisjoint(with: [.tearing, .connecting])
    else { return }
    if slots[index].flags.isSuperset(of: [.closing, .ended]) {
      // The other side has said its last: nothing can be lost by closing.
      return end(index, slots[index].reason, resets: false)
    }
    guard !slots[index].flags.contains(.finished) else { return }
    slots[index].flags.insert(.finished)
    endSending(index)
  }

  /// Begins the end of a socket.
  package final func end(_ index: UInt32, _ reason: CloseReason, resets: Bool) {
    guard !slots[index].flags.contains(.tearing) else { return }
    slots[index].reason = reason
    slots[index].flags.insert(.tearing)
    if resets { slots[index].flags.insert(.resets) }
    dropHeld(index)
    if let timer = slots[index].timer { slotTimers.cancel(timer) }
    slots[index].timer = nil
    tearDown(index)
  }

  /// The kernel has nothing of it any more: the slot is free, and the caller learns of it.
  package final func released(_ index: UInt32) {
    dropHeld(index)
    sendBlocks.giveAll(from: slots[index].sendHead)
    slots[index].sendHead = BlockPool.none
    slots[index].sendTail = BlockPool.none
    let (kind, reason, handle) = (slots[index].kind, slots[index].reason, slots.handle(index))
    slots.end(index)
    endedSlots.append(index)
    guard kind == .stream || kind == .unix else { return }
    unsafe state.pointee.counters.closedCount &+= 1
    if reason == .lingered { unsafe state.pointee.counters.lingeredCount &+= 1 }
    events.append(.closed(ConnectionID(handle), reason))
  }

  // MARK: Timers of slots

  package final func setSlotTimer(_ index: UInt32, after nanoseconds: UInt64) {
    if let timer = slots[index].timer { slotTimers.cancel(timer) }
    let now = unsafe state.pointee.now.rawValue
    let due = now.addingReportingOverflow(nanoseconds)
    slots[index].timer = slotTimers.schedule(
      at: Nanoseconds(due.overflow ? .max : due.partialValue), token: UInt64(index))
  }

  package final func slotTimerFired(_ index: UInt32) {
    slots[index].timer = nil
    if slots[index].kind == .listener {
      // It has rested.
      receivingChanged(index)
    } else if slots[index].flags.contains(.closing) {
      end(index, .lingered, resets: true)
    }
  }
}
