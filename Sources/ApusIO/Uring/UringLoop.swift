// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory
internal import CApusIO

/// io_uring: one `io_uring_enter` a step, in which the kernel takes what is queued and runs what has come; a
/// socket that begins or ends takes one call more, for the table of registered files.
/// Accepts and receives stay armed, and the kernel chooses the buffers.
///
/// A socket's operations name its slot in the table of registered files. Each counts in the slot until its
/// last completion, and the descriptor is closed when there is none left.
@safe
final class UringLoop: SystemLoop {
  private let owner: UringMemory
  let ring: OpaquePointer
  let completions: UnsafeMutablePointer<capus_completion>
  let pieces: UnsafeMutableBufferPointer<SendPiece>
  /// Datagrams of a block of what waits to be sent that the kernel has; the highest bit says that all of
  /// the block were handed to it.
  let datagramCounts: UnsafeMutablePointer<UInt32>
  private let bufferRings: MemoryRegion

  static var completionBatch: Int { 64 }
  static var pieceCountMax: Int { 16 }
  private static var callBufferCount: Int { 16 }
  static var streamGroup: Int32 { 0 }
  static var datagramGroup: Int32 { 1 }

  init(_ configuration: EventLoopConfiguration, entryCount: Int) throws(IOError) {
    try configuration.validate()
    var made: OpaquePointer?
    // SAFETY: the ring is written by the call. A descriptor of each slot, and the waker's behind them.
    let result = unsafe capus_loop_create(
      &made, UInt32(entryCount),
      UInt32(max(1_024, min(65_536, 2 * configuration.socketCountMax + entryCount))),
      UInt32(configuration.socketCountMax + 1))
    guard result == 0, let ring = unsafe made else {
      throw .system(operation: "io_uring_setup", operand: "event loop", errno: -result)
    }
    // SAFETY: the owner has what is used here as long as this loop does.
    owner = unsafe UringMemory(
      ring: ring, completionCount: Self.completionBatch, pieceCount: Self.pieceCountMax,
      sendBufferCount: configuration.sendBufferCount)
    unsafe self.ring = unsafe ring
    unsafe completions = owner.completions
    unsafe pieces = owner.pieces
    unsafe datagramCounts = owner.datagramCounts
    let streamRing = Self.ringByteCount(configuration.receiveBufferCount)
    do throws(MemoryError) {
      bufferRings = try MemoryRegion(
        byteCount: streamRing + Self.ringByteCount(max(1, configuration.datagramBufferCount)),
        options: .init(pages: .plain, prefaulted: true))
    } catch {
      throw .memory(error)
    }
    try super.init(
      configuration, backend: EventLoopBackend(.ioUring),
      extraReceiveBufferCount: Self.callBufferCount)
    try unsafe provide(
      receiveBlocks, Self.streamGroup, unsafe bufferRings.baseAddress,
      configuration.receiveBufferCount)
    if configuration.datagramBufferCount > 0 {
      try unsafe provide(
        datagramBlocks, Self.datagramGroup, unsafe bufferRings.baseAddress + streamRing,
        configuration.datagramBufferCount)
    }
    let registered = unsafe capus_loop_register(ring, wakeSlot, wakeDescriptor)
    guard registered == 0 else {
      throw .system(operation: "io_uring_register", operand: "waker", errno: -registered)
    }
    armWaker()
  }

  deinit {
    drain()
    closeAll()
  }

  private var wakeSlot: UInt32 { UInt32(configuration.socketCountMax) }

  private static func ringByteCount(_ count: Int) -> Int { (count * 16 + 4_095) & ~4_095 }

  /// Gives a group of buffers to the kernel: the first ones of a pool.
  private func provide(
    _ pool: borrowing BlockPool, _ group: Int32, _ start: UnsafeMutableRawPointer, _ count: Int
  ) throws(IOError) {
    let result = unsafe capus_loop_add_group(ring, group, start, UInt32(count))
    guard result == 0 else {
      throw .system(operation: "io_uring_register", operand: "receive buffers", errno: -result)
    }
    for _ in 0..<count {
      guard let block = pool.take() else { break }
      unsafe capus_loop_return_buffer(
        ring, group, pool.bytes(block), UInt32(pool.blockByteCount), block)
    }
    unsafe capus_loop_publish_buffers(ring, group)
  }

  override func returnReceiveBlock(_ block: UInt32) {
    guard Int(block) < configuration.receiveBufferCount else { return receiveBlocks.give(block) }
    unsafe state.pointee.lentBlockCount -= 1
    // SAFETY: the caller is done with the block.
    unsafe capus_loop_return_buffer(
      ring, Self.streamGroup, receiveBlocks.bytes(block), UInt32(receiveBlocks.blockByteCount),
      block)
  }

  override func returnDatagramBlock(_ block: UInt32) {
    // SAFETY: the caller is done with the block.
    unsafe capus_loop_return_buffer(
      ring, Self.datagramGroup, datagramBlocks.bytes(block),
      UInt32(datagramBlocks.blockByteCount), block)
  }

  override func attach(_ index: UInt32) -> Int32 {
    let result = unsafe capus_loop_register(ring, index, slots[index].descriptor)
    if result == 0 { dirty.append(index) }
    return result
  }

  // MARK: Steps

  override func collect(waitNanoseconds: UInt64) {
    unsafe capus_loop_publish_buffers(ring, Self.streamGroup)
    if configuration.datagramBufferCount > 0 {
      unsafe capus_loop_publish_buffers(ring, Self.datagramGroup)
    }
    // Not before one buffer is back: it would only be told again that there is none.
    if bufferless.count > 0, unsafe state.pointee.lentBlockCount < configuration.receiveBufferCount
    {
      feedBufferless()
    }
    if unsafe !state.pointee.isWakerArmed { armWaker() }
    for _ in 0..<dirty.count {
      guard let index = popDirty() else { break }
      submit(index)
    }
    beginFiles()
    enter(events.count > 0 || ready.count > 0 ? 0 : waitNanoseconds)
  }

  private func enter(_ nanoseconds: UInt64) {
    let result = unsafe capus_loop_enter(ring, nanoseconds)
    if result != 0 { noteSystemCall() }
    if result < 0 { unsafe state.pointee.counters.lastLoopErrno = -result }
  }

  override func reap(_ countMax: Int) {
    while events.count < countMax {
      let count = unsafe Int(
        capus_loop_take(
          ring, completions, UInt32(min(Self.completionBatch, countMax - events.count))))
      if count == 0 { return }
      for place in 0..<count { unsafe complete(completions[place]) }
    }
  }

  // MARK: Submitting

  /// Takes an entry of the queue, which the kernel empties where it is full.
  ///
  /// - Returns: Whether it was taken; else the slot stays dirty for the next step.
  @inline(__always)
  func queue(_ index: UInt32, _ body: () -> Int32) -> Bool {
    if body() == 0 {
      slots[index].inFlightCount += 1
      return true
    }
    enter(0)
    guard body() == 0 else {
      dirty.append(index)
      return false
    }
    slots[index].inFlightCount += 1
    return true
  }

  func armWaker() {
    // Where the queue is full the next step tries again.
    unsafe state.pointee.isWakerArmed =
      unsafe capus_loop_poll(ring, wakeSlot, 0, 1, UringTag(.wake, 0).rawValue) == 0
  }

  override func receivingChanged(_ index: UInt32) { dirty.append(index) }

  override func readReady(_ index: UInt32, _ countMax: Int) {
    if slots[index].kind == .unix { readUnix(index) }
  }

  // MARK: Ending

  override func tearDown(_ index: UInt32) {
    if slots[index].inFlightCount > 0 {
      // The other side learns of it now, and not when the kernel has let everything go.
      if slots[index].kind == .stream || slots[index].kind == .unix {
        _ =
          slots[index].flags.contains(.resets)
          ? capus_socket_reset(slots[index].descriptor)
          : capus_socket_shutdown(slots[index].descriptor, 0)
      }
      cancelAll(index)
    }
    closeIfUnused(index)
  }

  /// For `deinit`: the kernel ends what is under way before the buffers go, and connections that nobody has
  /// taken are closed. On the loop's own thread only, or where that has ended: no other may enter the ring.
  private func drain() {
    // The kernel never had these.
    while let buffer = waitingFiles.pop() {
      slots[fileStates.kept(buffer).slot].inFlightCount -= 1
    }
    var result = unsafe capus_loop_cancel_everything(ring)
    if result == -busy {
      _ = unsafe capus_loop_enter(ring, 0)
      result = unsafe capus_loop_cancel_everything(ring)
    }
    let isOwn = result == 0
    // A disk may need long; what it does then is the kernel's, which keeps the memory of a write alive.
    for _ in 0..<100 {
      let result = unsafe isOwn ? capus_loop_enter(ring, 10_000_000) : 0
      while true {
        let count = unsafe Int(capus_loop_take(ring, completions, UInt32(Self.completionBatch)))
        if count == 0 { break }
        for place in 0..<count { unsafe drop(completions[place]) }
      }
      if !isOwn || result < 0 { return }
      let left = (0..<UInt32(slots.count)).contains { slots[$0].inFlightCount > 0 }
      if !left { return }
    }
  }

  private func drop(_ completion: capus_completion) {
    let tag = UringTag(rawValue: completion.tag)
    guard let kind = tag.kind, kind != .wake else { return }
    if kind == .accept, completion.result >= 0 { _ = capus_descriptor_close(completion.result) }
    if completion.flags & UInt32(capus_completion_more) == 0 {
      slots[tag.index].inFlightCount -= 1
    }
  }

  // MARK: Files

  override func begin(_ operation: FileOperation, on index: UInt32) -> Bool {
    // SAFETY: the block holds as many bytes as the operation has, and stays until it completes.
    let bytes = unsafe fileBlocks.bytes(operation.buffer.index)
    let tag = UringTag(.file, index, extra: operation.buffer.index).rawValue
    func entry() -> Int32 {
      switch operation.kind {
      case .read:
        unsafe capus_loop_read(
          ring, index, bytes, UInt32(operation.byteCount), operation.offset, tag)
      case .write:
        unsafe capus_loop_write(
          ring, index, bytes, UInt32(operation.byteCount), operation.offset, tag)
      case .sync: unsafe capus_loop_sync(ring, index, tag)
      }
    }
    if entry() == 0 { return true }
    enter(0)
    return entry() == 0
  }
}

/// The ring and what is read and written around its calls. A value of its own, since a class that fails
/// in `init` runs no `deinit`.
@safe
private struct UringMemory: ~Copyable {
  let ring: OpaquePointer
  let completions: UnsafeMutablePointer<capus_completion>
  let pieces: UnsafeMutableBufferPointer<SendPiece>
  let datagramCounts: UnsafeMutablePointer<UInt32>

  init(ring: OpaquePointer, completionCount: Int, pieceCount: Int, sendBufferCount: Int) {
    unsafe self.ring = unsafe ring
    // SAFETY: as long as the counts say, and freed in `deinit`.
    unsafe completions = .allocate(capacity: completionCount)
    unsafe pieces = .allocate(capacity: pieceCount)
    unsafe datagramCounts = .allocate(capacity: sendBufferCount)
    unsafe datagramCounts.initialize(repeating: 0, count: sendBufferCount)
  }

  deinit {
    // SAFETY: nobody uses them after their owner.
    unsafe capus_loop_destroy(ring)
    unsafe completions.deallocate()
    unsafe pieces.deallocate()
    unsafe datagramCounts.deallocate()
  }
}

/// What an operation was, in the word that comes back with its completion.
struct UringTag {
  enum Kind: UInt8 {
    case accept, receive, datagrams, send, datagramSend, poll, connect, wake, file, cancel
  }

  let rawValue: UInt64

  init(rawValue: UInt64) { self.rawValue = rawValue }

  /// - Parameter extra: A block or buffer. Shape: below 2^24 (``EventLoopConfiguration`` sees to it).
  init(_ kind: Kind, _ index: UInt32, extra: UInt32 = 0) {
    rawValue = UInt64(kind.rawValue) << 56 | UInt64(extra & 0xFF_FFFF) << 32 | UInt64(index)
  }

  var kind: Kind? { Kind(rawValue: UInt8(truncatingIfNeeded: rawValue >> 56)) }
  var index: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
  var extra: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) & 0xFF_FFFF }
}
