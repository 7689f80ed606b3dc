// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What a slot holds.
package enum SlotKind: UInt8, BitwiseCopyable {
  case free, listener, stream, unix, datagrams, file
}

package struct SlotFlags: OptionSet, BitwiseCopyable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// A connection that is being made.
  package static let connecting = SlotFlags(rawValue: 1 << 0)
  /// The caller does not want bytes now.
  package static let paused = SlotFlags(rawValue: 1 << 1)
  /// The other side has ended; `endHeld`: which the caller does not know yet.
  package static let ended = SlotFlags(rawValue: 1 << 2)
  package static let endHeld = SlotFlags(rawValue: 1 << 3)
  /// The caller sends no more; `finished`: which the other side was told.
  package static let finishing = SlotFlags(rawValue: 1 << 4)
  package static let finished = SlotFlags(rawValue: 1 << 5)
  /// The caller has closed it: bytes that come are dropped.
  package static let closing = SlotFlags(rawValue: 1 << 6)
  /// The kernel is letting it go; nothing is begun any more.
  package static let tearing = SlotFlags(rawValue: 1 << 7)
  /// A send took less than all.
  package static let wantsRoom = SlotFlags(rawValue: 1 << 8)
  /// The end has come to the kernel: no other edge will tell of it, so it is read until it is seen.
  package static let hungUp = SlotFlags(rawValue: 1 << 9)
  /// The descriptor may have something (epoll, Unix sockets), and may take something.
  package static let readable = SlotFlags(rawValue: 1 << 11)
  package static let blocked = SlotFlags(rawValue: 1 << 12)
  /// Operations of io_uring that are under way.
  package static let receives = SlotFlags(rawValue: 1 << 13)
  package static let sends = SlotFlags(rawValue: 1 << 14)
  package static let polls = SlotFlags(rawValue: 1 << 15)
  package static let cancelling = SlotFlags(rawValue: 1 << 16)
  /// Descriptors may come over it.
  package static let takesDescriptors = SlotFlags(rawValue: 1 << 17)
  /// A listener of Unix connections.
  package static let isUnixListener = SlotFlags(rawValue: 1 << 19)
  /// An event of room waits to be taken.
  package static let roomShown = SlotFlags(rawValue: 1 << 10)
  /// Closing it resets the connection.
  package static let resets = SlotFlags(rawValue: 1 << 18)
}

/// One socket or file of a loop.
package struct SocketSlot: BitwiseCopyable {
  package var kind = SlotKind.free
  package var flags: SlotFlags = []
  package var generation: UInt32 = 0
  package var descriptor: Int32 = -1
  /// Operations that the kernel has.
  package var inFlightCount: UInt32 = 0
  /// What waits to be sent: blocks, and how much of the first one has left.
  package var sendHead: UInt32 = BlockPool.none
  package var sendTail: UInt32 = BlockPool.none
  package var sendOffset: UInt32 = 0
  package var queuedByteCount: Int = 0
  /// What came while the caller did not want it.
  package var heldHead: UInt32 = BlockPool.none
  package var heldTail: UInt32 = BlockPool.none
  /// Timer of the loop itself: of a close, or a listener's rest.
  package var timer: TimerID?
  package var reason = CloseReason.requested
  /// How long a close may take.
  package var lingerNanoseconds: UInt64 = 0
  package var token: UInt64 = 0

  package init() {}
}

/// The slots of a loop.
@safe
package struct SocketTable: ~Copyable {
  private let slots: UnsafeMutablePointer<SocketSlot>
  private let free: UnsafeMutablePointer<UInt32>
  private let freeCount: UnsafeMutablePointer<Int>
  package let count: Int

  package init(count: Int) {
    self.count = count
    // SAFETY: as long as `count` says, initialised, and freed in `deinit`.
    unsafe slots = .allocate(capacity: count)
    unsafe slots.initialize(repeating: SocketSlot(), count: count)
    unsafe free = .allocate(capacity: count)
    unsafe freeCount = .allocate(capacity: 1)
    unsafe freeCount.initialize(to: count)
    // The lowest first.
    for index in 0..<count { unsafe free[index] = UInt32(count - 1 - index) }
  }

  deinit {
    unsafe slots.deallocate()
    unsafe free.deallocate()
    unsafe freeCount.deallocate()
  }

  package var usedCount: Int { unsafe count - freeCount.pointee }

  package subscript(index: UInt32) -> SocketSlot {
    @inline(__always)
    get {
      precondition(Int(index) < count, "SocketTable: expected the index of a slot")
      // SAFETY: checked.
      return unsafe slots[Int(index)]
    }
    @inline(__always)
    nonmutating _modify {
      precondition(Int(index) < count, "SocketTable: expected the index of a slot")
      // SAFETY: checked.
      yield unsafe &slots[Int(index)]
    }
  }

  /// A slot for something new; nil where all are used.
  package func take(_ kind: SlotKind, descriptor: Int32) -> SlotHandle? {
    // SAFETY: as many free indices as counted.
    guard unsafe freeCount.pointee > 0 else { return nil }
    unsafe freeCount.pointee -= 1
    let index = unsafe free[freeCount.pointee]
    let generation = self[index].generation
    var slot = SocketSlot()
    slot.kind = kind
    slot.generation = generation
    slot.descriptor = descriptor
    self[index] = slot
    return SlotHandle(index: index, generation: generation)
  }

  /// Ends what a slot holds: its handles name nothing any more. ``recycle(_:)`` gives the slot out again.
  package func end(_ index: UInt32) {
    self[index].kind = .free
    self[index].flags = []
    self[index].descriptor = -1
    self[index].generation &+= 1
  }

  package func recycle(_ index: UInt32) {
    // SAFETY: there is room for every index, and each is recycled once after it has ended.
    unsafe free[freeCount.pointee] = index
    unsafe freeCount.pointee += 1
  }

  /// The index of what a handle names; nil where that is gone.
  @inline(__always)
  package func index(_ handle: SlotHandle) -> UInt32? {
    guard Int(handle.index) < count, self[handle.index].generation == handle.generation,
      self[handle.index].kind != .free
    else { return nil }
    return handle.index
  }

  package func handle(_ index: UInt32) -> SlotHandle {
    SlotHandle(index: index, generation: self[index].generation)
  }
}
