// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// The bytes of a file as they are.
///
/// Reads rather than maps: a mapped file that another process truncates raises SIGBUS.
@safe
public final class FileChunkProducer: ChunkProducer {
  /// The file.
  public let path: String
  /// Size of the file when it was opened; nil for pipes and devices.
  public let inputByteCount: UInt64?
  /// Bytes read so far.
  public private(set) var inputBytesRead: UInt64 = 0
  private let descriptor: CInt
  private let isSeekable: Bool

  /// Opens a file.
  ///
  /// - Throws: ``CaptureError`` for a file that is missing, empty, a directory or not readable.
  public init(path: String) throws(CaptureError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CaptureError(path: path, errno: errno, operation: "open") }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let failure = errno
      close(descriptor)
      throw CaptureError(path: path, errno: failure, operation: "fstat")
    }
    let kind = status.st_mode & S_IFMT
    if kind == S_IFDIR || (kind == S_IFREG && status.st_size == 0) {
      close(descriptor)
      throw CaptureError(path: path, reason: kind == S_IFDIR ? .isDirectory : .empty)
    }
    isSeekable = kind == S_IFREG
    inputByteCount = isSeekable ? UInt64(status.st_size) : nil
    self.path = path
    self.descriptor = descriptor
    if isSeekable { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
  }

  deinit { close(descriptor) }

  /// Fills a buffer with the next bytes of the file.
  public func fill(_ target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    var interruptions = 0
    while true {
      // SAFETY: the caller's buffer has this many bytes.
      let count = unsafe read(descriptor, target.baseAddress, target.count)
      if count >= 0 {
        inputBytesRead += UInt64(count)
        return count
      }
      let failure = errno
      interruptions += 1
      guard failure == EINTR, interruptions < 100 else {
        throw CaptureError(
          path: path, offset: inputBytesRead, reason: .system(operation: "read", errno: failure))
      }
    }
  }

  /// Whether the first bytes are those of a gzip member. Reads nothing from a pipe.
  func beginsLikeGzip() throws(CaptureError) -> Bool {
    guard isSeekable else { return false }
    var magic: (UInt8, UInt8) = (0, 0)
    // SAFETY: two bytes are there to be written.
    let count = unsafe pread(descriptor, &magic, 2, 0)
    return count == 2 && magic == (0x1F, 0x8B)
  }
}
