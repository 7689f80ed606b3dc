// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// What a writer starts from: a locked folder, its segment, and memory for two commits.
struct OpenedJournal: ~Copyable {
  let segment: OpenedSegment
  let positionFile: StorageFile
  private let region: MemoryRegion

  init(_ storage: any JournalStorage, _ configuration: JournalConfiguration) throws(JournalError) {
    try configuration.validate()
    try storage.lock()
    let region = try SegmentScanner.region(
      byteCount: 2 * configuration.bufferByteCount + JournalWriter.zeroByteCount
        + JournalWriter.blockByteCount, path: storage.location)
    if try storage.exists(JournalFormat.spareName) { try storage.remove(JournalFormat.spareName) }
    // SAFETY: the zeros and the block lie behind the buffers.
    let zeros = unsafe region.baseAddress + 2 * configuration.bufferByteCount
    let segment = try unsafe OpenedSegment.open(storage, configuration, zeros: zeros)
    let positionFile: StorageFile
    do throws(JournalError) {
      positionFile = try storage.open(JournalFormat.positionName, .readWrite)
      do throws(JournalError) {
        try unsafe DurablePosition(
          identifier: segment.header.identifier, sequence: segment.report.lastSequence
        ).write(
          storage, positionFile,
          block: UnsafeMutableRawBufferPointer(
            start: zeros + JournalWriter.zeroByteCount, count: JournalWriter.blockByteCount))
        try storage.syncAll(positionFile, name: JournalFormat.positionName)
        try storage.syncFolder()
      } catch {
        storage.close(positionFile)
        throw error
      }
    } catch {
      storage.close(segment.file)
      throw error
    }
    self.segment = segment
    self.positionFile = positionFile
    self.region = region
  }

  consuming func intoRegion() -> MemoryRegion { region }
}

/// The segment that a writer goes on in: the last one, with an unfinished commit cut off, or the
/// first of a new journal.
struct OpenedSegment {
  var header: SegmentHeader
  var name: String
  var file: StorageFile
  /// Where the next commit begins.
  var offset: Int
  var report: JournalReport

  /// Shape: ``JournalWriter/zeroByteCount`` zeros and a block behind them at `zeros`.
  static func open(
    _ storage: any JournalStorage, _ configuration: JournalConfiguration,
    zeros: UnsafeMutableRawPointer
  ) throws(JournalError) -> OpenedSegment {
    let found = try JournalInspection.inspect(storage, depth: .tail)
    guard let end = found.end else {
      return try unsafe create(storage, configuration, found.report, zeros: zeros)
    }
    try unsafe settle(storage, end, zeros: zeros)
    let file = try storage.open(
      end.name, configuration.access(alignment: end.segment.commitAlignment))
    return OpenedSegment(
      header: end.segment, name: end.name, file: file,
      offset: JournalFormat.alignUp(end.offset, end.segment.commitAlignment), report: found.report)
  }

  /// Cuts an unfinished commit, so that nothing of it can be taken for a record later, and makes
  /// what stays durable: by writing it again, since a sync alone proves nothing of pages that an
  /// earlier sync failed on.
  static func settle(
    _ storage: any JournalStorage, _ end: JournalEnd, zeros: UnsafeMutableRawPointer
  ) throws(JournalError) {
    // Through the page cache: the end may be anywhere.
    let file = try storage.open(end.name, .readWrite)
    defer { storage.close(file) }
    try rewrite(storage, file, name: end.name, end.unprovenStart..<end.offset)
    // Behind the file's end there is nothing to cut, however far its header says that it goes.
    let byteCount = try storage.byteCount(file, name: end.name)
    try unsafe fillWithZeros(
      storage, file, name: end.name, end.dirty.clamped(to: 0..<byteCount), zeros: zeros)
    try storage.syncAll(file, name: end.name)
  }

  private static func rewrite(
    _ storage: any JournalStorage, _ file: StorageFile, name: String, _ range: Range<Int>
  ) throws(JournalError) {
    guard !range.isEmpty else { return }
    let region = try SegmentScanner.region(
      byteCount: min(range.count, JournalWriter.zeroByteCount), path: storage.path(name))
    var offset = range.lowerBound
    while offset < range.upperBound {
      // SAFETY: the count is at most the region's.
      let target = unsafe UnsafeMutableRawBufferPointer(
        start: region.baseAddress, count: min(region.byteCount, range.upperBound - offset))
      let count = try unsafe storage.readAll(file, name: name, at: offset, into: target)
      guard count == target.count else {
        throw .damaged(
          path: storage.path(name), offset: UInt64(offset + count),
          detail: "the file became shorter while it was opened")
      }
      try unsafe storage.writeAll(file, name: name, at: offset, UnsafeRawBufferPointer(target))
      offset += count
    }
  }

  private static func create(
    _ storage: any JournalStorage, _ configuration: JournalConfiguration, _ found: JournalReport,
    zeros: UnsafeMutableRawPointer
  ) throws(JournalError) -> OpenedSegment {
    let identifier = configuration.identifier ?? .random()
    var header = SegmentHeader(
      identifier: identifier, firstSequence: configuration.firstSequence,
      chain: configuration.precedingChecksum ?? firstChain(identifier),
      commitAlignment: configuration.commitAlignment,
      segmentByteCount: configuration.segmentByteCount)
    let name = JournalFormat.segmentName(firstSequence: header.firstSequence)
    let spare = JournalFormat.spareName
    let file = try storage.open(
      spare, configuration.access(alignment: configuration.commitAlignment))
    do throws(JournalError) {
      try storage.allocate(file, name: spare, byteCount: configuration.segmentByteCount)
      if configuration.preallocation == .zeroFill {
        try unsafe fillWithZeros(
          storage, file, name: spare, 0..<configuration.segmentByteCount, zeros: zeros)
      }
      // SAFETY: the block lies behind the zeros.
      let block = unsafe UnsafeMutableRawBufferPointer(
        start: zeros + JournalWriter.zeroByteCount, count: JournalWriter.blockByteCount)
      try unsafe publish(storage, file, &header, as: name, block: block)
    } catch {
      storage.close(file)
      throw error
    }
    var report = found
    report.identifier = identifier
    report.firstSequence = header.firstSequence
    report.lastSequence = header.firstSequence - 1
    report.lastChecksum = header.chain
    return OpenedSegment(
      header: header, name: name, file: file, offset: JournalFormat.segmentHeaderByteCount,
      report: report)
  }

  /// The chain a journal begins with: another journal's records do not fit it.
  private static func firstChain(_ identifier: JournalIdentifier) -> UInt32 {
    var halves = (identifier.high.littleEndian, identifier.low.littleEndian)
    // SAFETY: any bytes may be summed.
    return unsafe withUnsafeBytes(of: &halves) { unsafe CRC32C.checksum($0) }
  }

  /// Writes the header into the spare file and gives it its name, each durable before the next.
  static func publish(
    _ storage: any JournalStorage, _ file: StorageFile, _ header: inout SegmentHeader,
    as name: String, block: UnsafeMutableRawBufferPointer
  ) throws(JournalError) {
    guard let base = block.baseAddress else { return }
    // SAFETY: a block is as long as a segment's header.
    unsafe header.encode(base)
    try unsafe storage.writeAll(
      file, name: JournalFormat.spareName, at: 0, UnsafeRawBufferPointer(block))
    try storage.syncAll(file, name: JournalFormat.spareName)
    try storage.rename(JournalFormat.spareName, to: name)
    try storage.syncFolder()
  }

  private static func fillWithZeros(
    _ storage: any JournalStorage, _ file: StorageFile, name: String, _ range: Range<Int>,
    zeros: UnsafeMutableRawPointer
  ) throws(JournalError) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let count = min(JournalWriter.zeroByteCount, range.upperBound - offset)
      // SAFETY: count <= zeroByteCount.
      try unsafe storage.writeAll(
        file, name: name, at: offset, UnsafeRawBufferPointer(start: zeros, count: count))
      offset += count
    }
  }
}

extension JournalConfiguration {
  /// Commits of less than a page go through the page cache.
  func access(alignment: Int) -> StorageAccess {
    alignment % 4_096 == 0 ? .aligned : .readWrite
  }
}
