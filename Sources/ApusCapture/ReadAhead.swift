// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory
internal import ApusThreads
internal import Glibc
internal import Synchronization

/// Runs a producer on a thread of its own and hands its bytes on in windows.
///
/// The buffers go round between the two threads, so nothing allocates after `init`. A window is one
/// chunk with what its predecessor left over in front of it: every buffer has headroom for that.
///
/// - Threading: one consumer; the producer belongs to the thread until the reader ends.
@safe
public final class ReadAhead {
  private let ring: ChunkRing
  private let thread: PinnedThread
  private var held: Int?
  private var rest = 0..<0
  private var restOffset: UInt64 = 0
  private var isFinished = false
  /// Bytes that were left when the data ended: an incomplete record. Unit: bytes.
  public private(set) var trailingByteCount = 0

  /// Starts reading.
  ///
  /// - Parameters:
  ///   - chunkByteCount: Size of one read.
  ///   - chunkCount: Buffers: how far the reader may be ahead. At least 2.
  ///   - cpuIndex: CPU for the reading thread; nil leaves it to the scheduler.
  /// - Throws: ``CaptureError`` when no memory or thread could be had.
  public init(
    producer: any ChunkProducer, chunkByteCount: Int = 1 << 20, chunkCount: Int = 4,
    cpuIndex: Int? = nil
  ) throws(CaptureError) {
    precondition(
      chunkCount >= 2 && chunkByteCount > 0, "ReadAhead.init: expected two chunks or more")
    do {
      let ring = try ChunkRing(
        producer: producer, chunkByteCount: chunkByteCount, chunkCount: chunkCount)
      thread = try PinnedThread(name: "apus-readahead", cpuIndex: cpuIndex) { ring.produce() }
      self.ring = ring
    } catch {
      throw CaptureError(
        path: producer.path, reason: .system(operation: "start reading: \(error)", errno: 11))
    }
  }

  deinit {
    ring.stop()
    thread.join()
  }

  /// Size of the file as stored; nil where it is not known. Unit: bytes.
  public var inputByteCount: UInt64? { ring.inputByteCount }

  /// How much of the file was read. Unit: bytes.
  public var inputBytesRead: UInt64 { ring.inputBytesRead.load(ordering: .relaxed) }

  /// Hands on the next window.
  ///
  /// - Parameter body: Gets the window, the offset of its first byte in the decoded stream, and
  ///   whether nothing follows; returns how many bytes it consumed. The rest leads the next window.
  /// - Returns: False after the last window.
  /// - Throws: ``CaptureError`` of the producer, after every window before it, or when `body` leaves
  ///   more than 128 KiB, which no record of any format needs.
  public func nextWindow(
    _ body: (_ window: RawSpan, _ streamOffset: UInt64, _ isLast: Bool) -> Int
  ) throws(CaptureError) -> Bool {
    if isFinished { return false }
    let slot = ring.takeFilled()
    let chunkByteCount = ring.byteCount(slot)
    if chunkByteCount == 0 {
      isFinished = true
      let failure = ring.failure
      finish(body, isLast: failure == nil)
      if let failure { throw failure }
      return false
    }
    guard rest.count <= ChunkRing.headroomByteCount else {
      isFinished = true
      throw CaptureError(
        path: ring.path, offset: restOffset,
        reason: .foreign("a record longer than \(ChunkRing.headroomByteCount) bytes"))
    }
    let start = ring.prepend(rest, of: held, to: slot)
    if let held { ring.giveBack(held) }
    held = slot
    let window = start..<start + rest.count + chunkByteCount
    let consumed = ring.withBytes(slot, window) { body($0, restOffset, false) }
    precondition(
      (0...window.count).contains(consumed),
      "ReadAhead.nextWindow: expected no more consumed than given")
    restOffset += UInt64(consumed)
    rest = window.lowerBound + consumed..<window.upperBound
    return true
  }

  private func finish(_ body: (RawSpan, UInt64, Bool) -> Int, isLast: Bool) {
    guard let held, !rest.isEmpty else { return }
    let consumed = ring.withBytes(held, rest) { body($0, restOffset, isLast) }
    restOffset += UInt64(consumed)
    rest = rest.lowerBound + consumed..<rest.upperBound
    trailingByteCount = rest.count
  }
}

/// The buffers between a producer's thread and its consumer: two counting semaphores and a ring.
@safe
final class ChunkRing: @unchecked Sendable {
  // SAFETY: a slot belongs to the thread that last took it from a semaphore; `failure` is written
  // before the last post and read after its wait; the rest is constant or atomic.
  static let headroomByteCount = 128 << 10

  let path: String
  let inputByteCount: UInt64?
  let inputBytesRead = Atomic<UInt64>(0)
  private(set) var failure: CaptureError?
  private let producer: any ChunkProducer
  private let region: MemoryRegion
  private let slotByteCount: Int
  private let chunkByteCount: Int
  private let chunkCount: Int
  /// Bytes in each slot.
  private let byteCounts: UnsafeMutablePointer<Int>
  private let filled: UnsafeMutablePointer<sem_t>
  private let free: UnsafeMutablePointer<sem_t>
  private let isStopped = Atomic<Bool>(false)
  private var nextToFill = 0
  private var nextToTake = 0

  init(producer: any ChunkProducer, chunkByteCount: Int, chunkCount: Int) throws(MemoryError) {
    self.producer = producer
    path = producer.path
    inputByteCount = producer.inputByteCount
    self.chunkByteCount = chunkByteCount
    self.chunkCount = chunkCount
    slotByteCount = (Self.headroomByteCount + chunkByteCount + 4_095) & ~4_095
    region = try MemoryRegion(byteCount: slotByteCount * chunkCount, options: .init(pages: .plain))
    unsafe byteCounts = .allocate(capacity: chunkCount)
    unsafe byteCounts.initialize(repeating: 0, count: chunkCount)
    unsafe filled = .allocate(capacity: 1)
    unsafe free = .allocate(capacity: 1)
    // SAFETY: freshly allocated; destroyed in deinit, when no thread uses them.
    unsafe sem_init(filled, 0, 0)
    unsafe sem_init(free, 0, UInt32(chunkCount))
  }

  deinit {
    unsafe sem_destroy(filled)
    unsafe sem_destroy(free)
    unsafe byteCounts.deallocate()
    unsafe filled.deallocate()
    unsafe free.deallocate()
  }

  /// The producer's thread.
  func produce() {
    while true {
      unsafe Self.wait(free)
      if isStopped.load(ordering: .acquiring) { return }
      let slot = nextToFill
      nextToFill = (slot + 1) % chunkCount
      var byteCount = 0
      do throws(CaptureError) {
        // SAFETY: the slot is free, so it is this thread's.
        byteCount = try unsafe producer.fill(
          UnsafeMutableRawBufferPointer(
            start: base(slot) + Self.headroomByteCount, count: chunkByteCount))
      } catch {
        failure = error
      }
      // SAFETY: slot < chunkCount.
      unsafe byteCounts[slot] = byteCount
      inputBytesRead.store(producer.inputBytesRead, ordering: .relaxed)
      unsafe sem_post(filled)
      if byteCount == 0 { return }
    }
  }

  func stop() {
    isStopped.store(true, ordering: .releasing)
    unsafe sem_post(free)
  }

  func takeFilled() -> Int {
    unsafe Self.wait(filled)
    defer { nextToTake = (nextToTake + 1) % chunkCount }
    return nextToTake
  }

  func giveBack(_ slot: Int) { unsafe sem_post(free) }

  func byteCount(_ slot: Int) -> Int {
    // SAFETY: slot < chunkCount; the slot is the consumer's.
    unsafe byteCounts[slot]
  }

  /// Copies what is left of one slot in front of the chunk in another.
  ///
  /// - Returns: Where the joined window begins in the slot.
  func prepend(_ rest: Range<Int>, of source: Int?, to target: Int) -> Int {
    let start = Self.headroomByteCount - rest.count
    // SAFETY: both slots are the consumer's; rest.count <= headroom was checked.
    if let source, !rest.isEmpty {
      unsafe (base(target) + start).copyMemory(
        from: base(source) + rest.lowerBound, byteCount: rest.count)
    }
    return start
  }

  func withBytes(_ slot: Int, _ range: Range<Int>, _ body: (RawSpan) -> Int) -> Int {
    // SAFETY: the slot is the consumer's until it is given back; the range was filled.
    unsafe body(
      RawSpan(
        _unsafeBytes: UnsafeRawBufferPointer(
          start: base(slot) + range.lowerBound, count: range.count)))
  }

  private func base(_ slot: Int) -> UnsafeMutableRawPointer {
    unsafe region.baseAddress + slot * slotByteCount
  }

  private static func wait(_ semaphore: UnsafeMutablePointer<sem_t>) {
    // A signal may interrupt the wait any number of times; each is a new wait.
    while unsafe sem_wait(semaphore) != 0 {}
  }
}
