// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

extension JournalWriter {
  /// Takes what the disk has done and gives it what is there: call it often.
  ///
  /// - Returns: ``durableSequence``. After a failure it stands still and ``failure`` says why.
  /// - Complexity: without io_uring a commit runs inside this call: 0.1 to 1 ms and more.
  @discardableResult
  public mutating func poll() -> UInt64 {
    guard failure == nil else { return durableSequence }
    step(wait: false)
    return durableSequence
  }

  /// Waits until everything that was appended is durable.
  ///
  /// - Throws: ``failure``, where the journal failed before or meanwhile.
  public mutating func flush() throws(JournalError) {
    while true {
      if let failure { throw failure }
      if durableSequence == lastSequence { return }
      step(wait: true)
    }
  }

  /// Makes everything durable and ends.
  ///
  /// - Throws: ``failure``; acknowledged records stay durable even then.
  public consuming func close() throws(JournalError) {
    try flush()
    try storage.syncAll(positionFile, name: JournalFormat.positionName)
  }

  /// Whether a commit is on its way.
  public var isCommitInFlight: Bool { flight.isActive }

  private mutating func step(wait: Bool) {
    if flight.isActive { harvest(wait: wait) }
    guard failure == nil, !flight.isActive else { return }
    if filledCount > 0 {
      heldUpCount = isHeldUp ? heldUpCount &+ 1 : 0
      isHeldUp = false
      do throws(JournalError) {
        try submitFilledBuffer()
      } catch {
        fail(error)
        return
      }
      // Without io_uring it is done already.
      harvest(wait: false)
    }
    // Zeros beside the commits of a disk that is behind would take from what it can write; what they save
    // is a change of the file's metadata in each commit, little of what a full buffer takes.
    prepareSpare(hasTime: heldUpCount < Self.heldUpCountMax)
  }

  /// Stops the journal: nothing is appended or committed from here on.
  private mutating func fail(_ error: JournalError) {
    failure = error
    limit = 0
  }

  /// Takes the end of the commit in flight.
  private mutating func harvest(wait: Bool) {
    switch storage.commitProgress(wait: wait) {
    case .inFlight: return
    case .idle:
      // It was lost, with whatever it wrote: to wait for it would be to wait for ever.
      flight.isActive = false
      fail(.failed("write", path: storage.path(segmentName), errno: 5))
    case .durable:
      flight.isActive = false
      durableSequence = flight.lastSequence
      commitCount &+= 1
      do throws(JournalError) {
        try writePosition()
      } catch {
        fail(error)
      }
    case .short(let byteCount): resubmit(written: byteCount)
    case .failed(let operation, let errno):
      flight.isActive = false
      let path = storage.path(segmentName)
      fail(
        operation == "fdatasync"
          ? .syncFailed(path: path, errno: errno)
          : .failed(operation, path: path, errno: errno))
    }
  }

  /// Goes on behind what was written; at a block, for O_DIRECT.
  private mutating func resubmit(written byteCount: Int) {
    let whole = byteCount & ~(Self.blockByteCount - 1)
    flight.stallCount = whole == 0 ? flight.stallCount + 1 : 0
    guard flight.stallCount <= 100 else {
      flight.isActive = false
      fail(
        .system(
          operation: "write (100 attempts without progress)", path: storage.path(segmentName),
          errno: 5))
      return
    }
    flight.offset += whole
    flight.bytesStart += whole
    flight.byteCount -= whole
    beginFlight()
  }

  private mutating func beginFlight() {
    // SAFETY: the bytes lie in the buffer that does not fill; it stays so until this has ended.
    unsafe storage.beginCommit(
      segmentFile, at: flight.offset,
      UnsafeRawBufferPointer(
        start: region.baseAddress + flight.bytesStart, count: flight.byteCount))
  }

  /// Hands the filled buffer to the disk and takes the other one.
  private mutating func submitFilledBuffer() throws(JournalError) {
    if opensSegment { try openNextSegment() }
    let start = fillStart
    let padded = JournalFormat.alignUp(used, segment.commitAlignment)
    // SAFETY: used <= limit <= bufferByteCount, which is a multiple of the alignment.
    let base = unsafe region.baseAddress + start
    unsafe (base + used).initializeMemory(as: UInt8.self, repeating: 0, count: padded - used)
    let header = CommitHeader(
      firstSequence: lastSequence &+ 1 &- UInt64(filledCount),
      byteCount: used - JournalFormat.commitHeaderByteCount, recordCount: filledCount,
      chain: chainBefore)
    unsafe header.encode(base, at: segmentOffset, segment: segment.checksum)
    flight = CommitFlight(
      isActive: true, lastSequence: lastSequence, offset: segmentOffset, bytesStart: start,
      byteCount: padded)
    segmentOffset += padded
    fillsSecondBuffer.toggle()
    beginBuffer()
    beginFlight()
  }

  /// Publishes how far everything is durable. It is written after the fact, so it is never too far.
  private mutating func writePosition() throws(JournalError) {
    try unsafe DurablePosition(identifier: identifier, sequence: durableSequence).write(
      storage, positionFile, block: block)
  }
}

extension DurablePosition {
  /// Shape: a block for the bytes.
  func write(
    _ storage: any JournalStorage, _ file: StorageFile, block: UnsafeMutableRawBufferPointer
  ) throws(JournalError) {
    guard let base = block.baseAddress else { return }
    // SAFETY: a block has room for the position.
    unsafe encode(base)
    try unsafe storage.writeAll(
      file, name: JournalFormat.positionName, at: 0,
      UnsafeRawBufferPointer(start: base, count: JournalFormat.positionByteCount))
  }
}
