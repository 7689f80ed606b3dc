// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// Writes one snapshot, in chunks of the caller's choice.
///
/// An engine's thread copies its state out bit by bit between commands: ``write(_:)`` copies into a
/// buffer of a fixed size and returns false when that is full; ``flush()`` writes the buffer and may
/// run on another thread while the engine goes on. So the engine is held up by one copy of at most
/// the buffer's size at a time: at 5 GB/s and more, 50 µs for 256 KiB.
///
/// The file takes its name only when it is complete and durable; ``commit()`` does that. A writer
/// that ends without it leaves no snapshot.
///
/// - Threading: one thread at a time, which may change.
@safe
public struct SnapshotFileWriter: ~Copyable {
  /// What was written so far.
  public private(set) var header: SnapshotHeader
  /// Bytes that ``write(_:)`` can take before a ``flush()``.
  public var freeByteCount: Int { region.byteCount - SnapshotHeader.byteCountOnDisk - pending }

  private let storage: any JournalStorage
  private let file: StorageFile
  private let partialName: String
  private let name: String
  private let region: MemoryRegion
  private var pending = 0
  private var isCommitted = false

  init(
    storage: any JournalStorage, header: SnapshotHeader, bufferByteCount: Int
  ) throws(JournalError) {
    let name = JournalFormat.numberedName(header.sequence, suffix: SnapshotHeader.suffix)
    let partial = JournalFormat.numberedName(
      header.sequence, suffix: SnapshotHeader.partialSuffix)
    guard bufferByteCount >= 1, bufferByteCount <= 1 << 30 else {
      throw .configuration(
        field: "bufferByteCount", value: "\(bufferByteCount)", expected: "1 to 2^30")
    }
    let region = try SegmentScanner.region(
      byteCount: bufferByteCount + SnapshotHeader.byteCountOnDisk, path: storage.path(name))
    if try storage.exists(partial) { try storage.remove(partial) }
    file = try storage.open(partial, .readWrite)
    self.storage = storage
    self.header = header
    self.name = name
    partialName = partial
    self.region = region
    self.header.byteCount = 0
    self.header.checksum = 0
  }

  deinit {
    storage.close(file)
    // A partial file that stays is taken for nothing, and the next one takes its place.
    if !isCommitted { try? storage.remove(partialName) }
  }

  /// First byte of the buffer; the header's block lies before it.
  private var buffer: UnsafeMutableRawPointer {
    unsafe region.baseAddress + SnapshotHeader.byteCountOnDisk
  }

  /// Copies bytes into the buffer: no system call, no allocation.
  ///
  /// - Returns: `false` when they do not fit beside what waits; nothing was taken.
  /// - Complexity: O(bytes.byteCount), checksum included.
  public mutating func write(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount <= freeByteCount else { return false }
    unsafe bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress else { return }
      // SAFETY: pending + count is at most the buffer's size.
      unsafe (buffer + pending).copyMemory(from: base, byteCount: source.count)
      header.checksum = unsafe CRC32C.checksum(source, seed: header.checksum)
    }
    pending += bytes.byteCount
    header.byteCount += UInt64(bytes.byteCount)
    return true
  }

  /// Copies bytes into the buffer, however many, and writes it whenever it is full.
  ///
  /// - Throws: ``JournalError`` of a write.
  public mutating func writeAll(_ bytes: RawSpan) throws(JournalError) {
    var done = 0
    while done < bytes.byteCount {
      if freeByteCount == 0 { try flush() }
      let count = min(bytes.byteCount - done, freeByteCount)
      _ = write(bytes.extracting(done..<done + count))
      done += count
    }
  }

  /// Writes what waits in the buffer.
  ///
  /// - Throws: ``JournalError`` of the write.
  public mutating func flush() throws(JournalError) {
    guard pending > 0 else { return }
    let offset = SnapshotHeader.byteCountOnDisk + Int(header.byteCount) - pending
    // SAFETY: the buffer has `pending` bytes.
    try unsafe storage.writeAll(
      file, name: partialName, at: offset, UnsafeRawBufferPointer(start: buffer, count: pending))
    pending = 0
  }

  /// Makes the snapshot durable and gives it its name.
  ///
  /// - Throws: ``JournalError`` of the disk; then there is no such snapshot.
  public mutating func commit() throws(JournalError) {
    precondition(!isCommitted, "SnapshotFileWriter.commit: expected to be called once")
    try flush()
    // SAFETY: the header's block is the start of the region.
    unsafe header.encode(region.baseAddress)
    try unsafe storage.writeAll(
      file, name: partialName, at: 0,
      UnsafeRawBufferPointer(start: region.baseAddress, count: SnapshotHeader.byteCountOnDisk))
    try storage.syncAll(file, name: partialName)
    try storage.rename(partialName, to: name)
    isCommitted = true
    try storage.syncFolder()
  }
}

/// Reads one snapshot, whose checksum was verified when it was found.
///
/// - Threading: one thread at a time.
@safe
public struct SnapshotFileReader: ~Copyable {
  /// What the snapshot says of itself.
  public let header: SnapshotHeader
  /// Where it is, for messages.
  public let path: String
  /// Bytes of the contents that were read.
  public private(set) var readByteCount: UInt64 = 0

  private let storage: any JournalStorage
  private let file: StorageFile
  private let name: String

  init(storage: any JournalStorage, name: String) throws(JournalError) {
    let file = try storage.open(name, .read)
    do throws(JournalError) {
      header = try Self.verified(storage, file, name)
    } catch {
      storage.close(file)
      throw error
    }
    self.storage = storage
    self.file = file
    self.name = name
    path = storage.path(name)
  }

  deinit { storage.close(file) }

  /// Reads the next bytes of the contents; fewer than asked only at their end.
  ///
  /// - Throws: ``JournalError`` of the read.
  @unsafe
  public mutating func read(
    into target: UnsafeMutableRawBufferPointer
  ) throws(JournalError) -> Int {
    let count = min(target.count, Int(header.byteCount - readByteCount))
    let offset = SnapshotHeader.byteCountOnDisk + Int(readByteCount)
    let read = try unsafe storage.readAll(
      file, name: name, at: offset,
      into: UnsafeMutableRawBufferPointer(rebasing: target.prefix(count)))
    guard read == count else {
      throw .damaged(path: path, offset: UInt64(offset + read), detail: "the snapshot ends early")
    }
    readByteCount += UInt64(read)
    return read
  }

  /// The next bytes of the contents, at most `byteCountMax`; empty at their end.
  public mutating func read(byteCountMax: Int) throws(JournalError) -> [UInt8] {
    precondition(byteCountMax > 0, "SnapshotFileReader.read: expected a count above 0")
    var bytes = [UInt8](
      repeating: 0, count: min(byteCountMax, Int(header.byteCount - readByteCount)))
    let outcome = unsafe bytes.withUnsafeMutableBytes { target -> Result<Int, JournalError> in
      do throws(JournalError) {
        return .success(try unsafe read(into: target))
      } catch {
        return .failure(error)
      }
    }
    _ = try outcome.get()
    return bytes
  }

  /// The first byte of the header's block behind its fields that is not zero.
  func firstReservedNonZero() throws(JournalError) -> Int? {
    let region = try SegmentScanner.region(byteCount: SnapshotHeader.byteCountOnDisk, path: path)
    // SAFETY: the region is as long as the block.
    let block = unsafe UnsafeMutableRawBufferPointer(
      start: region.baseAddress, count: SnapshotHeader.byteCountOnDisk)
    let count = try unsafe storage.readAll(file, name: name, at: 0, into: block)
    let fields = unsafe SnapshotHeader.fieldByteCount(
      UnsafeRawBufferPointer(rebasing: block[..<count]))
    return unsafe block[..<count].dropFirst(fields).firstIndex { $0 != 0 }
  }

  private static func verified(
    _ storage: any JournalStorage, _ file: StorageFile, _ name: String
  ) throws(JournalError) -> SnapshotHeader {
    let path = storage.path(name)
    let region = try SegmentScanner.region(byteCount: 1 << 20, path: path)
    // SAFETY: the region is a mebibyte long.
    let buffer = unsafe UnsafeMutableRawBufferPointer(
      start: region.baseAddress, count: region.byteCount)
    let block = unsafe UnsafeMutableRawBufferPointer(
      rebasing: buffer.prefix(SnapshotHeader.byteCountOnDisk))
    let count = try unsafe storage.readAll(file, name: name, at: 0, into: block)
    let header = try unsafe SnapshotHeader.decode(
      UnsafeRawBufferPointer(rebasing: block.prefix(count)), path: path)
    guard JournalFormat.number(inName: name, suffix: SnapshotHeader.suffix) == header.sequence
    else { throw .foreign(path: path, found: "is a snapshot at sequence \(header.sequence)") }
    let found = try storage.byteCount(file, name: name) - SnapshotHeader.byteCountOnDisk
    guard found >= 0, header.byteCount == UInt64(found) else {
      throw .damaged(
        path: path, offset: UInt64(SnapshotHeader.byteCountOnDisk + max(0, found)),
        detail: "\(header.byteCount) bytes of contents expected, \(max(0, found)) found")
    }
    var checksum: UInt32 = 0
    var offset = SnapshotHeader.byteCountOnDisk
    while true {
      let read = try unsafe storage.readAll(file, name: name, at: offset, into: buffer)
      checksum = unsafe CRC32C.checksum(
        UnsafeRawBufferPointer(rebasing: buffer.prefix(read)), seed: checksum)
      offset += read
      if read < buffer.count { break }
    }
    guard checksum == header.checksum else {
      throw .damaged(
        path: path, offset: UInt64(SnapshotHeader.byteCountOnDisk),
        detail: "the checksum of the contents does not hold")
    }
    return header
  }
}

// SAFETY: a value has one owner, who may hand it to another thread; its storage is used by one thread
// at a time, as ``JournalStorage`` asks of whoever gave it.
extension SnapshotFileWriter: @unchecked Sendable {}
