// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

extension EventLoop {
  // MARK: Sending

  /// Queues bytes to be sent with the next step.
  ///
  /// - Returns: How many were taken, from the first on. Fewer than all where the connection has
  ///   ``EventLoopConfiguration/queuedByteCountMax`` queued or the loop's buffers are used:
  ///   ``IOEvent/writable(_:)`` comes when half of it is free. 0 for a connection that is closed, that sends
  ///   no more, or is not connected yet.
  /// - Complexity: O(bytes), one copy; no system call.
  public final func send(_ bytes: RawSpan, on connection: ConnectionID) -> Int {
    // SAFETY: the bytes are copied in the call.
    unsafe bytes.withUnsafeBytes { unsafe send($0, on: connection) }
  }

  /// Sends bytes that came at another connection, or at the same one.
  public final func send(_ received: ReceivedBytes, on connection: ConnectionID) -> Int {
    // SAFETY: the buffer stays until the next step, and the bytes are copied in the call.
    unsafe send(bytes(of: received), on: connection)
  }

  /// As ``send(_:on:)``; the unsafe twin, for bytes that no span can be had of.
  @unsafe
  public final func send(_ bytes: UnsafeRawBufferPointer, on connection: ConnectionID) -> Int {
    guard let index = sender(connection) else { return 0 }
    var taken = 0
    while taken < bytes.count {
      let room = unsafe sendRoom(index)
      let count = min(room.count, bytes.count - taken)
      guard count > 0, let target = room.baseAddress, let source = bytes.baseAddress else { break }
      // SAFETY: both are as long as `count` at least.
      unsafe target.copyMemory(from: source + taken, byteCount: count)
      queued(index, count)
      taken += count
    }
    if taken < bytes.count { noteFull(index) }
    return taken
  }

  /// Lets `body` write bytes where they are sent from: it gets free room, and says how much it has used.
  ///
  /// - Returns: What `body` returned; 0 where there is no room, or nothing can be sent. Then
  ///   ``IOEvent/writable(_:)`` follows as after ``send(_:on:)``.
  /// - Precondition: `body` returns no more than its room.
  @unsafe
  public final func withSendRoom(
    on connection: ConnectionID, _ body: (UnsafeMutableRawBufferPointer) -> Int
  ) -> Int {
    guard let index = sender(connection) else { return 0 }
    let room = unsafe sendRoom(index)
    guard room.count > 0 else {
      noteFull(index)
      return 0
    }
    let count = unsafe body(room)
    precondition(
      count >= 0 && count <= room.count, "EventLoop.withSendRoom: expected no more than the room")
    queued(index, count)
    return count
  }

  /// Bytes that wait to be sent.
  public final func queuedByteCount(of connection: ConnectionID) -> Int {
    slots.index(connection.handle).map { slots[$0].queuedByteCount } ?? 0
  }

  /// The slot of a connection that may send.
  private final func sender(_ connection: ConnectionID) -> UInt32? {
    guard let index = slots.index(connection.handle),
      slots[index].flags.isDisjoint(with: [.connecting, .finishing, .tearing])
    else { return nil }
    return index
  }

  /// Free room behind what is queued, in one piece; empty where there is none.
  private final func sendRoom(_ index: UInt32) -> UnsafeMutableRawBufferPointer {
    let allowed = configuration.queuedByteCountMax - slots[index].queuedByteCount
    guard allowed > 0 else { return unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0) }
    var tail = slots[index].sendTail
    if tail == BlockPool.none || sendBlocks.fill(tail) == sendBlocks.blockByteCount {
      guard let block = sendBlocks.take() else {
        return unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
      }
      if tail == BlockPool.none {
        slots[index].sendHead = block
        slots[index].sendOffset = 0
      } else {
        sendBlocks.setNext(tail, block)
      }
      slots[index].sendTail = block
      tail = block
    }
    let fill = sendBlocks.fill(tail)
    // SAFETY: the block has so much room behind its fill.
    return unsafe UnsafeMutableRawBufferPointer(
      start: sendBlocks.bytes(tail) + fill, count: min(sendBlocks.blockByteCount - fill, allowed))
  }

  private final func queued(_ index: UInt32, _ count: Int) {
    let tail = slots[index].sendTail
    guard count > 0 else {
      // A block that was taken for nothing is not kept from others.
      if slots[index].queuedByteCount == 0, sendBlocks.fill(tail) == 0 {
        slots[index].sendHead = BlockPool.none
        slots[index].sendTail = BlockPool.none
        sendBlocks.give(tail)
      }
      return
    }
    sendBlocks.setFill(tail, sendBlocks.fill(tail) + count)
    slots[index].queuedByteCount += count
    dirty.append(index)
  }

  private final func noteFull(_ index: UInt32) {
    unsafe state.pointee.counters.partialSendCount &+= 1
    slots[index].flags.insert(.wantsRoom)
    // Where nothing of it is queued no completion of its own will tell of room.
    if slots[index].queuedByteCount == 0 { starved.append(index) }
  }

  // MARK: For backends

  /// The pieces of what is queued, from the first on.
  package final func sendPieces(
    _ index: UInt32, into pieces: UnsafeMutableBufferPointer<SendPiece>
  ) -> Int {
    var count = 0
    var block = slots[index].sendHead
    var offset = Int(slots[index].sendOffset)
    while block != BlockPool.none, count < pieces.count {
      let byteCount = sendBlocks.fill(block) - offset
      if byteCount > 0 {
        // SAFETY: offset...fill lie inside the block; count < pieces.count.
        unsafe pieces[count] = SendPiece(
          bytes: UnsafeRawPointer(sendBlocks.bytes(block) + offset), byteCount: byteCount)
        count += 1
      }
      block = sendBlocks.next(block)
      offset = 0
    }
    return count
  }

  /// Takes out what the kernel has taken.
  package final func sent(_ index: UInt32, _ byteCount: Int) {
    precondition(
      byteCount <= slots[index].queuedByteCount, "EventLoop.sent: expected bytes that were queued")
    unsafe state.pointee.counters.sentByteCount &+= UInt64(byteCount)
    slots[index].queuedByteCount -= byteCount
    var left = byteCount
    while slots[index].sendHead != BlockPool.none {
      let block = slots[index].sendHead
      let inBlock = sendBlocks.fill(block) - Int(slots[index].sendOffset)
      if left < inBlock {
        slots[index].sendOffset += UInt32(left)
        break
      }
      left -= inBlock
      slots[index].sendHead = sendBlocks.next(block)
      slots[index].sendOffset = 0
      sendBlocks.give(block)
    }
    if slots[index].sendHead == BlockPool.none { slots[index].sendTail = BlockPool.none }
    tellRoom(index)
    endSendingIfDrained(index)
  }

  /// Tells the caller of room, where it was refused some.
  package final func tellRoom(_ index: UInt32) {
    guard slots[index].flags.contains(.wantsRoom) else { return }
    guard slots[index].flags.isDisjoint(with: [.finishing, .closing, .tearing]) else {
      slots[index].flags.remove(.wantsRoom)
      return
    }
    guard slots[index].queuedByteCount <= configuration.queuedByteCountMax / 2 else { return }
    // Where others have all buffers it waits until they give some back.
    guard sendBlocks.freeCount > 0 else { return starved.append(index) }
    slots[index].flags.remove(.wantsRoom)
    // One until it is taken, however often the caller sends meanwhile.
    guard !slots[index].flags.contains(.roomShown) else { return }
    slots[index].flags.insert(.roomShown)
    events.append(.writable(ConnectionID(slots.handle(index))))
  }
}

/// A piece of what is queued.
@unsafe
package struct SendPiece: BitwiseCopyable {
  package var bytes: UnsafeRawPointer?
  package var byteCount: Int

  package init(bytes: UnsafeRawPointer? = nil, byteCount: Int = 0) {
    unsafe self.bytes = unsafe bytes
    unsafe self.byteCount = byteCount
  }
}
