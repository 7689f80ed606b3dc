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
  private var available = 0..<0
  private var isInMember = false
  private var hasFinishedMember = false
  private var isAtEnd = false
  private var pendingError: CaptureError?
  private var decodedByteCount: UInt64 = 0

  static let sourceByteCount = 1 << 18

  /// Opens a gzip file.
  public convenience init(path: String) throws(CaptureError) {
    try self.init(FileChunkProducer(path: path))
  }

  init(_ file: FileChunkProducer) throws(CaptureError) {
    self.file = file
    guard let stream = unsafe capus_igzip_create() else {
      throw CaptureError(path: file.path, reason: .system(operation: "malloc", errno: 12))
    }
    let region: MemoryRegion
    do {
      region = try MemoryRegion(byteCount: Self.sourceByteCount, options: .init(pages: .plain))
    } catch {
      unsafe capus_igzip_destroy(stream)
      throw CaptureError(path: file.path, reason: .system(operation: "mmap", errno: 12))
    }
    unsafe self.stream = stream
    unsafe source = UnsafeMutableRawBufferPointer(
      start: region.baseAddress, count: Self.sourceByteCount)
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
    while written < target.count, !isAtEnd {
      do throws(CaptureError) {
        if available.isEmpty, try !readSource() { break }
        written += try unsafe inflate(UnsafeMutableRawBufferPointer(rebasing: target[written...]))
      } catch {
        pendingError = error
        break
      }
    }
    decodedByteCount += UInt64(written)
    if written == 0, let error = pendingError { throw error }
    return written
  }

  /// Reads compressed bytes. False at the end of the file.
  private func readSource() throws(CaptureError) -> Bool {
    let count = try unsafe file.fill(source)
    available = 0..<count
    guard count == 0 else { return true }
    isAtEnd = true
    if isInMember || !hasFinishedMember {
      throw failure(.truncated("the gzip member is incomplete; get the file again"))
    }
    return false
  }

  private func inflate(_ target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    // SAFETY: `available` lies inside `source`; the target is the caller's.
    guard let output = target.baseAddress, let input = unsafe source.baseAddress else {
      return 0
    }
    if !isInMember, hasFinishedMember, unsafe source[available.lowerBound] != 0x1F {
      throw failure(.corrupt("bytes after the last gzip member that are no gzip"))
    }
    isInMember = true
    let room = min(target.count, 1 << 30)
    let progress = unsafe capus_igzip_step(
      stream, input + available.lowerBound, available.count, output, room)
    available = available.lowerBound + progress.consumed_byte_count..<available.upperBound
    switch progress.status {
    case CAPUS_IGZIP_END:
      isInMember = false
      hasFinishedMember = true
      unsafe capus_igzip_reset(stream)
    case CAPUS_IGZIP_CHECKSUM:
      throw failure(.corrupt("the gzip checksum does not hold; get the file again"))
    case CAPUS_IGZIP_CORRUPT:
      throw failure(.corrupt("no valid gzip data; get the file again"))
    default: break
    }
    return progress.produced_byte_count
  }

  private func failure(_ reason: CaptureError.Reason) -> CaptureError {
    CaptureError(
      path: path, offset: file.inputBytesRead - UInt64(available.count), reason: reason)
  }
}
