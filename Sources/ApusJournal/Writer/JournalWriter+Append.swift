// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

extension JournalWriter {
  /// Appends a record: a copy into memory and a checksum, no system call.
  ///
  /// - Parameters:
  ///   - sequence: ``lastSequence`` + 1.
  ///   - timeNanoseconds: Kept as it is.
  ///   - type: Kept as it is.
  ///   - payload: Any bytes, up to ``JournalConfiguration/payloadByteCountMax`` of them.
  /// - Complexity: O(payload.count); no allocation.
  @unsafe
  public mutating func tryAppend(
    sequence: UInt64, timeNanoseconds: UInt64, type: UInt16, payload: UnsafeRawBufferPointer
  ) -> JournalAppendOutcome {
    let byteCount = JournalFormat.recordByteCount(payloadByteCount: payload.count)
    guard sequence == lastSequence &+ 1, byteCount <= limit &- used else {
      if let refusal = refusal(sequence: sequence, payloadByteCount: payload.count) {
        return refusal
      }
      return unsafe tryAppend(
        sequence: sequence, timeNanoseconds: timeNanoseconds, type: type, payload: payload)
    }
    // SAFETY: used + byteCount <= limit <= bufferByteCount.
    let record = unsafe region.baseAddress + (fillStart &+ used)
    if let source = payload.baseAddress {
      let tail = byteCount &- 8
      // The padding is part of what is checked.
      unsafe record.storeBytes(of: 0, toByteOffset: tail, as: UInt64.self)
      unsafe (record + JournalFormat.recordHeaderByteCount)
        .copyMemory(from: source, byteCount: payload.count)
    }
    unsafe finish(
      record, byteCount: byteCount, payloadByteCount: payload.count, sequence: sequence,
      timeNanoseconds: timeNanoseconds, type: type)
    return .appended(sequence: sequence)
  }

  /// Appends a record; see ``tryAppend(sequence:timeNanoseconds:type:payload:)-(_,_,_,UnsafeRawBufferPointer)``.
  public mutating func tryAppend(
    sequence: UInt64, timeNanoseconds: UInt64, type: UInt16, payload: RawSpan
  ) -> JournalAppendOutcome {
    // SAFETY: the bytes are copied inside the closure.
    unsafe payload.withUnsafeBytes {
      unsafe tryAppend(
        sequence: sequence, timeNanoseconds: timeNanoseconds, type: type, payload: $0)
    }
  }

  /// Appends a record whose payload comes in two parts; else as
  /// ``tryAppend(sequence:timeNanoseconds:type:payload:)-(_,_,_,UnsafeRawBufferPointer)``.
  ///
  /// - Returns: The outcome and, where the record was appended, the first byte of its payload in the
  ///   buffer, at a multiple of eight: it stays there until the next ``poll()`` or ``flush()``.
  @unsafe
  public mutating func tryAppend(
    sequence: UInt64, timeNanoseconds: UInt64, type: UInt16, payload: UnsafeRawBufferPointer,
    attachment: UnsafeRawBufferPointer
  ) -> (outcome: JournalAppendOutcome, payload: UnsafeRawPointer?) {
    let payloadByteCount = payload.count &+ attachment.count
    let byteCount = JournalFormat.recordByteCount(payloadByteCount: payloadByteCount)
    if sequence != lastSequence &+ 1 || byteCount > limit &- used,
      let refusal = refusal(sequence: sequence, payloadByteCount: payloadByteCount)
    {
      return (refusal, nil)
    }
    // SAFETY: used + byteCount <= limit <= bufferByteCount: seen above, or made true by `refusal`.
    let record = unsafe region.baseAddress + (fillStart &+ used)
    let target = unsafe record + JournalFormat.recordHeaderByteCount
    // The padding is part of what is checked.
    if payloadByteCount > 0 {
      unsafe record.storeBytes(of: 0, toByteOffset: byteCount &- 8, as: UInt64.self)
    }
    if let source = payload.baseAddress {
      unsafe target.copyMemory(from: source, byteCount: payload.count)
    }
    if let source = attachment.baseAddress {
      unsafe (target + payload.count).copyMemory(from: source, byteCount: attachment.count)
    }
    unsafe finish(
      record, byteCount: byteCount, payloadByteCount: payloadByteCount, sequence: sequence,
      timeNanoseconds: timeNanoseconds, type: type)
    return (.appended(sequence: sequence), UnsafeRawPointer(target))
  }

  /// Appends a record whose payload `body` writes in place. Shape: zeroed bytes, `byteCount` of them.
  public mutating func tryAppend(
    sequence: UInt64, timeNanoseconds: UInt64, type: UInt16, payloadByteCount: Int,
    _ body: (inout MutableRawSpan) -> Void
  ) -> JournalAppendOutcome {
    precondition(
      payloadByteCount >= 0, "JournalWriter.tryAppend: expected a payload of 0 bytes or more")
    if let refusal = refusal(sequence: sequence, payloadByteCount: payloadByteCount) {
      return refusal
    }
    let byteCount = JournalFormat.recordByteCount(payloadByteCount: payloadByteCount)
    // SAFETY: `refusal` has found room for byteCount bytes.
    let record = unsafe region.baseAddress + (fillStart &+ used)
    let payload = unsafe UnsafeMutableRawBufferPointer(
      start: record + JournalFormat.recordHeaderByteCount,
      count: byteCount - JournalFormat.recordHeaderByteCount)
    unsafe payload.initializeMemory(as: UInt8.self, repeating: 0)
    var span = unsafe MutableRawSpan(
      _unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: payload.prefix(payloadByteCount)))
    body(&span)
    unsafe finish(
      record, byteCount: byteCount, payloadByteCount: payloadByteCount, sequence: sequence,
      timeNanoseconds: timeNanoseconds, type: type)
    return .appended(sequence: sequence)
  }

  /// Writes the header of a record whose payload is in place.
  @inline(__always)
  private mutating func finish(
    _ record: UnsafeMutableRawPointer, byteCount: Int, payloadByteCount: Int, sequence: UInt64,
    timeNanoseconds: UInt64, type: UInt16
  ) {
    // SAFETY: the record has byteCount bytes in the buffer, and its header is within them.
    unsafe record.put(UInt32(truncatingIfNeeded: payloadByteCount), at: 4)
    unsafe record.put(sequence, at: 8)
    unsafe record.put(timeNanoseconds, at: 16)
    unsafe record.put(UInt64(type), at: 24)
    chain = unsafe UnsafeRawPointer(record).checksum(4..<byteCount, seed: chain)
    unsafe record.put(chain, at: 0)
    used &+= byteCount
    filledCount &+= 1
    lastSequence = sequence
  }

  /// Why the next record cannot be appended now; nil where it can be, and will be if it is the next
  /// thing that is done: for those who must know before they do something else with it.
  ///
  /// - Parameter payloadByteCount: Shape: 0 or more.
  public mutating func refusal(payloadByteCount: Int) -> JournalAppendOutcome? {
    precondition(
      payloadByteCount >= 0, "JournalWriter.refusal: expected a payload of 0 bytes or more")
    return refusal(sequence: lastSequence &+ 1, payloadByteCount: payloadByteCount)
  }

  /// Why the record cannot be appended now; nil where it can be, with room made in the buffer.
  @inline(never)
  private mutating func refusal(sequence: UInt64, payloadByteCount: Int) -> JournalAppendOutcome? {
    if failure != nil { return .failed }
    guard sequence == lastSequence &+ 1 else { return .outOfSequence(expected: lastSequence &+ 1) }
    guard payloadByteCount <= configuration.payloadByteCountMax else {
      return .tooLarge(payloadByteCountMax: configuration.payloadByteCountMax)
    }
    let byteCount = JournalFormat.recordByteCount(payloadByteCount: payloadByteCount)
    if byteCount <= limit - used { return nil }
    // What is in the buffer goes to this segment; an empty buffer can go to the next.
    guard filledCount == 0, !opensSegment else {
      isHeldUp = true
      return .full
    }
    opensSegment = true
    limit = configuration.bufferByteCount
    return nil
  }
}
