// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory
internal import CApusISAL

/// What a gzip file decompresses to, all members in a row, checksums verified.
@safe
public final class GzipChunkProducer: ChunkProducer {
  private let file: FileChunkProducer
  private let stream: OpaquePointer
  private let sourceRegion: MemoryRegion
  private let source: UnsafeMutableRawBufferPointer
  /// Bytes in `source` that were not inflated yet.
  private var available = historyByteCount..<historyByteCount
  private var isInMember = false
  /// Whether the last step filled its target, so that the inflater may hold more.
  private var mayHoldOutput = false
  private var hasFinishedMember = false
  private var isAtEnd = false
  private var pendingError: CaptureError?

  /// Opens a gzip file.
  public convenience init(path: String) throws(CaptureError) {
    try self.init(FileChunkProducer(path: path))
  }

  /// Bytes kept in front of each read: the inflater may give back some of the read before it.
  private static let historyByteCount = 64
  /// The most that it gives back: the width of its bit buffer.
  private static let giveBackByteCountMax = 8

  /// - Parameter sourceByteCount: Size of one read of compressed bytes.
  init(_ file: FileChunkProducer, sourceByteCount: Int = 1 << 18) throws(CaptureError) {
    self.file = file
    guard let stream = unsafe capus_igzip_create() else {
      throw CaptureError(path: file.path, reason: .system(operation: "malloc", errno: 12))
    }
    let region: MemoryRegion
    do {
      region = try MemoryRegion(
        byteCount: Self.historyByteCount + sourceByteCount, options: .init(pages: .plain))
    } catch {
      unsafe capus_igzip_destroy(stream)
      throw CaptureError(path: file.path, reason: .system(operation: "mmap", errno: 12))
    }
    unsafe self.stream = stream
    unsafe source = UnsafeMutableRawBufferPointer(
      start: region.baseAddress, count: Self.historyByteCount + sourceByteCount)
    sourceRegion = region
  }

  deinit { unsafe capus_igzip_destroy(stream) }

  /// The file.
  public var path: String { file.path }
  /// Size of the compressed file.
  public var inputByteCount: UInt64? { file.inputByteCount }
  /// Compressed bytes read so far.
  public var inputBytesRead: UInt64 { file.inputBytesRead }

  /// Fills a buffer with decompressed bytes.
  public func fill(_ target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    if let error = pendingError { throw error }
    var written = 0
    while written < target.count, !isAtEnd, pendingError == nil {
      do throws(CaptureError) {
        if available.isEmpty, !mayHoldOutput, try !readSource() { break }
        if !available.isEmpty { try beginMember() }
      } catch {
        pendingError = error
        break
      }
      written += unsafe inflate(UnsafeMutableRawBufferPointer(rebasing: target[written...]))
    }
    if written == 0, let error = pendingError { throw error }
    return written
  }

  /// Reads compressed bytes. False at the end of the file.
  private func readSource() throws(CaptureError) -> Bool {
    let history = Self.historyByteCount
    // SAFETY: `source` begins with the history, and what was read before ends at `upperBound`.
    if let base = unsafe source.baseAddress {
      unsafe base.copyMemory(from: base + available.upperBound - history, byteCount: history)
    }
    let count = try unsafe file.fill(UnsafeMutableRawBufferPointer(rebasing: source[history...]))
    available = history..<history + count
    guard count == 0 else { return true }
    isAtEnd = true
    if isInMember || !hasFinishedMember {
      throw failure(.truncated("the gzip member is incomplete; get the file again"))
    }
    return false
  }

  /// Whether the next byte belongs to a member, or may begin one.
  private func beginMember() throws(CaptureError) {
    // SAFETY: `available` is not empty and lies inside `source`.
    if !isInMember, hasFinishedMember, unsafe source[available.lowerBound] != 0x1F {
      throw failure(.corrupt("bytes after the last gzip member that are no gzip"))
    }
    isInMember = true
  }

  /// One step. What it inflates before it finds damage is delivered; the damage is told after it.
  private func inflate(_ target: UnsafeMutableRawBufferPointer) -> Int {
    // SAFETY: `available` lies inside `source`, behind its history; the target is the caller's.
    guard let output = target.baseAddress, let input = unsafe source.baseAddress else {
      return 0
    }
    let room = min(target.count, 1 << 30)
    let progress = unsafe capus_igzip_step(
      stream, input + available.lowerBound, available.count, output, room)
    let consumed = progress.consumed_byte_count
    let isStuck = consumed == 0 && progress.produced_byte_count == 0 && !available.isEmpty
    // On damage ISA-L may give back more than it was given: then only its status counts.
    let isFailure = progress.status.rawValue < 0
    let given = isFailure ? 0...available.count : -Self.giveBackByteCountMax...available.count
    available =
      available.lowerBound
      + min(max(consumed, given.lowerBound), given.upperBound)..<available.upperBound
    mayHoldOutput = progress.status == CAPUS_IGZIP_MORE && progress.produced_byte_count == room
    switch progress.status {
    case CAPUS_IGZIP_END:
      isInMember = false
      hasFinishedMember = true
      unsafe capus_igzip_reset(stream)
    case CAPUS_IGZIP_CHECKSUM:
      pendingError = failure(.corrupt("the gzip checksum does not hold; get the file again"))
    case CAPUS_IGZIP_CORRUPT:
      pendingError = failure(.corrupt("no valid gzip data; get the file again"))
    default:
      if isStuck || !given.contains(consumed) {
        pendingError = failure(.corrupt("no valid gzip data; get the file again"))
      }
    }
    return progress.produced_byte_count
  }

  private func failure(_ reason: CaptureError.Reason) -> CaptureError {
    CaptureError(
      path: path, offset: file.inputBytesRead - UInt64(available.count), reason: reason)
  }
}
