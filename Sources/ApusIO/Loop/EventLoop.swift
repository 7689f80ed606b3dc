// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
internal import ApusMemory

/// One thread's sockets, timers and files.
///
/// The caller owns the thread: ``step(now:countMax:waitNanoseconds:)`` sends what was queued, takes what
/// came, and says how many events there are, which ``nextEvent()`` hands out. Nothing is called back.
///
/// ```swift
/// let loop = try EventLoop.make(configuration)
/// let listener = try loop.listen(at: address)
/// while isRunning {
///   _ = loop.step(now: clock.now(), countMax: 256, waitNanoseconds: 1_000_000)
///   while let event = loop.nextEvent() {
///     switch event {
///     case .received(let connection, let bytes):
///       // Fewer than all were taken: the other side takes nothing. Who wants to wait for it keeps the rest in a
///       // `StreamBuffer`, calls `pauseReceiving`, and continues at `.writable`.
///       if loop.send(bytes, on: connection) < bytes.byteCount { loop.abort(connection) }
///     case .ended(let connection): loop.close(connection)
///     default: break
///     }
///   }
/// }
/// ```
///
/// `clock` is any clock that does not go back, such as `CycleClock` of ApusThreads, or CLOCK_MONOTONIC.
///
/// What is queued between two steps leaves with the next one, in one system call where the backend can.
/// Steps, sends and receives allocate nothing; making a socket may.
///
/// - Threading: one thread, that of the first step; a loop may be made, and given its first sockets, by
///   another one. ``waker`` is for all threads.
@safe
open class EventLoop {
  /// Its sizes.
  public let configuration: EventLoopConfiguration
  /// What moves the bytes, and why this and nothing better.
  public let backend: EventLoopBackend

  package let slots: SocketTable
  package let receiveBlocks: BlockPool
  package let sendBlocks: BlockPool
  package let datagramBlocks: BlockPool
  package let fileBlocks: BlockPool
  package let fileStates: FileBufferStates
  package let events: IOEventQueue
  package let timers: TimerQueue
  /// Timers of the loop itself; the token is a slot.
  package let slotTimers: TimerQueue
  package let dirty: SlotList
  package let ready: SlotList
  package let starved: SlotList
  /// Connections that were closed since the last step: their time begins with the next one.
  package let lingering: SlotList
  /// Those for whose bytes the kernel had no buffer.
  package let bufferless: SlotList
  /// Slots that have ended and are given out again with the next step.
  package let endedSlots: SlotList
  /// File buffers whose operation was not begun yet.
  package let waitingFiles: SlotList
  package let state: UnsafeMutablePointer<LoopState>
  package let delivered: DeliveredBuffers

  /// - Parameter extraReceiveBufferCount: Buffers besides those that the configuration counts.
  package init(
    _ configuration: EventLoopConfiguration, backend: EventLoopBackend,
    extraReceiveBufferCount: Int = 0
  ) throws(IOError) {
    try configuration.validate()
    self.configuration = configuration
    self.backend = backend
    do throws(MemoryError) {
      let memory = configuration.memory
      receiveBlocks = try BlockPool(
        count: configuration.receiveBufferCount + extraReceiveBufferCount,
        blockByteCount: configuration.receiveBufferByteCount, memory: memory)
      sendBlocks = try BlockPool(
        count: configuration.sendBufferCount, blockByteCount: configuration.sendBufferByteCount,
        memory: memory)
      datagramBlocks = try BlockPool(
        count: configuration.datagramBufferCount,
        blockByteCount: configuration.datagramByteCountMax + LoopState.datagramHeadroom,
        memory: memory)
      fileBlocks = try BlockPool(
        count: configuration.fileBufferCount, blockByteCount: configuration.fileBufferByteCount,
        memory: memory)
    } catch {
      throw .memory(error)
    }
    fileStates = FileBufferStates(count: configuration.fileBufferCount)
    slots = SocketTable(count: configuration.socketCountMax)
    dirty = SlotList(capacity: configuration.socketCountMax)
    ready = SlotList(capacity: configuration.socketCountMax)
    starved = SlotList(capacity: configuration.socketCountMax)
    lingering = SlotList(capacity: configuration.socketCountMax)
    bufferless = SlotList(capacity: configuration.socketCountMax)
    endedSlots = SlotList(capacity: configuration.socketCountMax)
    waitingFiles = SlotList(capacity: max(1, configuration.fileBufferCount))
    // A step begins with none. What then comes of bytes, datagrams, timers and failures stops at
    // `eventCountMax`, with one batch of accepts or descriptors above it. A slot adds its begin, its end,
    // room and its close, once each, since an ended slot is given out again only in the next step; a file
    // buffer adds one operation, and the waker one event.
    events = IOEventQueue(
      countMax: 2 * configuration.eventCountMax + 4 * configuration.socketCountMax
        + configuration.fileBufferCount + 64)
    timers = TimerQueue(capacity: configuration.timerCountMax)
    slotTimers = TimerQueue(capacity: configuration.socketCountMax)
    delivered = DeliveredBuffers(
      capacity: configuration.receiveBufferCount + extraReceiveBufferCount
        + configuration.datagramBufferCount,
      descriptorCapacity: 64)
    // SAFETY: freed in `deinit`.
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: LoopState())
  }

  deinit { unsafe state.deallocate() }

  /// What it has seen.
  public var counters: IOCounters { unsafe state.pointee.counters }

  /// Wakes this loop from other threads; nil where the backend cannot (the simulated one).
  open var waker: LoopWaker? { nil }

  // MARK: Steps

  /// Sends what was queued, waits at most so long for something to happen, and takes what did.
  ///
  /// Buffers of the events before are taken back, so an event that is still there holds the step up: it
  /// does nothing then.
  ///
  /// - Parameters:
  ///   - now: Of a clock that does not go back, always the same one; timers follow it.
  ///   - countMax: Most events to take; at most ``EventLoopConfiguration/eventCountMax`` are.
  ///   - waitNanoseconds: 0 looks without waiting. A wait is shorter where a timer is due before.
  /// - Returns: Events that ``nextEvent()`` will give.
  public final func step(
    now: Nanoseconds, countMax: Int, waitNanoseconds: UInt64 = 0
  ) -> Int {
    unsafe state.pointee.now = now
    guard events.count == 0 else { return events.count }
    takeBuffersBack()
    recycleEnded()
    let limit = min(countMax, configuration.eventCountMax)
    guard limit > 0 else { return 0 }
    startLingering()
    // In turn, so that timers that are always due, and peers that always send, keep nobody out.
    let areTimersFirst = unsafe state.pointee.areTimersFirst
    unsafe state.pointee.areTimersFirst = !areTimersFirst
    if areTimersFirst { fireTimers(now, limit) }
    // Before the wait for what was closed since the last step, after it for what was sent.
    feedStarved()
    collect(waitNanoseconds: events.count > 0 ? 0 : shortened(waitNanoseconds, now))
    deliver(limit)
    if !areTimersFirst { fireTimers(now, limit) }
    feedStarved()
    return events.count
  }

  /// Sends what was queued and waits until the next step has something to do, but not longer than the limit.
  ///
  /// Of the time that passes it knows only after the next step.
  public final func wait(limitNanoseconds: UInt64) {
    let now = unsafe state.pointee.now
    let isBusy = events.count > 0 || (starved.count > 0 && sendBlocks.freeCount > 0)
    collect(waitNanoseconds: isBusy ? 0 : shortened(limitNanoseconds, now))
  }

  /// Hands what was queued to the kernel now, where that cannot wait for the next step.
  ///
  /// A connection whose last bytes the kernel has not reported yet waits for the step that hears of them.
  /// Nothing is taken in: the events, and so the buffers, of a step stay those of its `countMax`.
  public final func flush() { collect(waitNanoseconds: 0) }

  /// The next event; nil where all were taken.
  public final func nextEvent() -> IOEvent? {
    guard let event = events.take() else { return nil }
    // From now on another wake-up, or more room, is another event.
    switch event {
    case .woken: unsafe state.pointee.isWokenShown = false
    case .writable(let connection):
      if let index = slots.index(connection.handle) { slots[index].flags.remove(.roomShown) }
    case .fileDone(let buffer, _): fileStates[buffer] = .taken
    default: break
    }
    return event
  }

  private final func shortened(_ wait: UInt64, _ now: Nanoseconds) -> UInt64 {
    // What is ready and was left for want of events does not wait.
    if wait == 0 || ready.count > 0 { return 0 }
    var limit = wait
    if let due = timers.nextDue { limit = min(limit, due > now ? due.rawValue - now.rawValue : 0) }
    if let due = slotTimers.nextDue {
      limit = min(limit, due > now ? due.rawValue - now.rawValue : 0)
    }
    return limit
  }

  private final func fireTimers(_ now: Nanoseconds, _ countMax: Int) {
    while let (_, token) = slotTimers.takeDue(now) {
      slotTimerFired(UInt32(truncatingIfNeeded: token))
    }
    while events.count < countMax, let (timer, token) = timers.takeDue(now) {
      events.append(.timer(timer, token: token))
    }
  }

  private final func takeBuffersBack() {
    while let block = delivered.takeBlock() { returnReceiveBlock(block) }
    while let block = delivered.takeDatagram() { returnDatagramBlock(block) }
    while let descriptor = delivered.takeDescriptor() { closePassed(descriptor) }
  }

  /// Hands out what is ready, socket by socket: none has two turns before another has one.
  private final func deliver(_ countMax: Int) {
    reap(countMax)
    for _ in 0..<ready.count {
      guard events.count < countMax, let index = popReady() else { return }
      deliverHeld(index, countMax)
      let flags = slots[index].flags
      if flags.contains(.readable), flags.isDisjoint(with: [.paused, .tearing]) {
        readReady(index, countMax)
      }
    }
  }

  // MARK: Timers

  /// Sets a timer, whose event carries the token.
  ///
  /// - Returns: nil where ``EventLoopConfiguration/timerCountMax`` are set.
  /// - Complexity: O(log n).
  public final func setTimer(at due: Nanoseconds, token: UInt64) -> TimerID? {
    timers.schedule(at: due, token: token)
  }

  /// Takes a timer out.
  ///
  /// - Returns: `false` where it is due already, or was taken out.
  /// - Complexity: O(log n).
  @discardableResult
  public final func cancelTimer(_ timer: TimerID) -> Bool { timers.cancel(timer) }

  // MARK: What a backend does

  /// Hands what is queued to the kernel, and waits until something is there.
  package func collect(waitNanoseconds: UInt64) { fatalError("EventLoop: expected a backend") }
  /// Turns what the kernel says into events, or makes sockets ready.
  package func reap(_ countMax: Int) { fatalError("EventLoop: expected a backend") }
  /// Reads a socket that may have something.
  package func readReady(_ index: UInt32, _ countMax: Int) {}
  /// Takes a buffer that the caller has seen.
  package func returnReceiveBlock(_ block: UInt32) { receiveBlocks.give(block) }
  package func returnDatagramBlock(_ block: UInt32) { datagramBlocks.give(block) }
  package func closePassed(_ descriptor: Int32) {}
  package func makeListener(
    _ address: SocketAddress, _ options: ListenOptions
  ) throws(IOError) -> (SlotHandle, SocketAddress) { fatalError("EventLoop: expected a backend") }
  package func makeConnection(_ address: SocketAddress) throws(IOError) -> SlotHandle {
    fatalError("EventLoop: expected a backend")
  }
  package func makeDatagramSocket(
    _ address: SocketAddress, _ options: DatagramOptions
  ) throws(IOError) -> (SlotHandle, SocketAddress) { fatalError("EventLoop: expected a backend") }
  /// The caller wants no bytes, or wants them again.
  package func receivingChanged(_ index: UInt32) {}
  /// Everything that was queued has left, and the caller sends no more.
  package func endSending(_ index: UInt32) {}
  /// Lets a socket go; calls ``released(_:)`` when the kernel has nothing of it any more.
  package func tearDown(_ index: UInt32) { fatalError("EventLoop: expected a backend") }
  package func peerAddress(_ index: UInt32) -> SocketAddress? { nil }
  package func makeUnixListener(
    _ path: String, _ permissions: UInt16, _ takesDescriptors: Bool
  ) throws(IOError) -> SlotHandle { throw .unsupported("no Unix sockets with this backend") }
  package func makeUnixConnection(
    _ path: String, _ takesDescriptors: Bool
  ) throws(IOError) -> SlotHandle { throw .unsupported("no Unix sockets with this backend") }
  package func unixPeerUser(_ index: UInt32) -> UInt32? { nil }
  package func passDescriptor(_ index: UInt32, _ bytes: RawSpan, _ descriptor: Int32) -> Bool {
    false
  }
  package func makeFile(_ path: String, writes: Bool) throws(IOError) -> SlotHandle {
    throw .unsupported("no files with this backend")
  }
  /// Begins an operation on a file, and calls ``fileEnded(_:_:_:)`` when it is over; `false` where there is no
  /// room for it now.
  package func begin(_ operation: FileOperation, on index: UInt32) -> Bool { true }
}

/// What moves the bytes of a loop.
public struct EventLoopBackend: Sendable, Equatable, CustomStringConvertible {
  /// Which one.
  public enum Kind: String, Sendable, CaseIterable {
    /// io_uring: multishot accepts and receives into buffers that the kernel chooses, one system call for all.
    case ioUring
    /// epoll, with one system call an operation; `recvmmsg` and `sendmmsg` for datagrams.
    case epoll
    /// A network in memory that fails from a seed.
    case simulated
  }
  /// Which one.
  public let kind: Kind
  /// Why not a better one; nil for the best, or the one that was asked for.
  public let reason: String?

  package init(_ kind: Kind, reason: String? = nil) {
    self.kind = kind
    self.reason = reason
  }

  /// For reports.
  public var description: String { kind.rawValue + (reason.map { " (\($0))" } ?? "") }
}
