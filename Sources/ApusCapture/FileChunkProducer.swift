// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// The bytes of a file as they are.
///
/// Reads rather than maps: a mapped file that another process truncates raises SIGBUS. Opened once:
/// a pipe gives its bytes to the first who reads them, so what is looked at stays to be read.
@safe
public final class FileChunkProducer: ChunkProducer {
  /// The file.
  public let path: String
  /// Size of the file when it was opened; nil for pipes and devices.
  public let inputByteCount: UInt64?
  /// Bytes handed out so far.
  public private(set) var inputBytesRead: UInt64 = 0
  private let descriptor: CInt
  /// Bytes looked at and not handed out.
  private var waiting: [UInt8] = []

  /// Opens a file.
  ///
  /// - Throws: ``CaptureError`` for a file that is missing, empty, a directory or not readable.
  public init(path: String) throws(CaptureError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
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
    let isSeekable = kind == S_IFREG
    inputByteCount = isSeekable ? UInt64(status.st_size) : nil
    self.path = path
    self.descriptor = descriptor
    if isSeekable { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
  }

  deinit { close(descriptor) }

  /// Fills a buffer with the next bytes of the file.
  public func fill(_ target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    guard waiting.isEmpty else {
      let count = min(waiting.count, target.count)
      // SAFETY: both have `count` bytes.
      unsafe UnsafeMutableRawBufferPointer(rebasing: target[..<count]).copyBytes(
        from: waiting[..<count])
      waiting.removeFirst(count)
      inputBytesRead += UInt64(count)
      return count
    }
    let count = try unsafe readSome(target)
    inputBytesRead += UInt64(count)
    return count
  }

  private func readSome(_ target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    var interruptions = 0
    while true {
      // SAFETY: the caller's buffer has this many bytes.
      let count = unsafe read(descriptor, target.baseAddress, target.count)
      if count >= 0 { return count }
      let failure = errno
      interruptions += 1
      guard failure == EINTR, interruptions < 100 else {
        throw CaptureError(
          path: path, offset: inputBytesRead, reason: .system(operation: "read", errno: failure))
      }
    }
  }

  /// Whether the first bytes are those of a gzip member. They stay to be read.
  func beginsLikeGzip() throws(CaptureError) -> Bool {
    while waiting.count < 2 {
      var bytes: (UInt8, UInt8) = (0, 0)
      var failure: CaptureError?
      let wanted = 2 - waiting.count
      let count = unsafe withUnsafeMutableBytes(of: &bytes) { target in
        do throws(CaptureError) {
          // SAFETY: two bytes are there.
          return try unsafe readSome(UnsafeMutableRawBufferPointer(rebasing: target[..<wanted]))
        } catch {
          failure = error
          return 0
        }
      }
      if let failure { throw failure }
      if count == 0 { break }
      waiting += [bytes.0, bytes.1].prefix(count)
    }
    return waiting == [0x1F, 0x8B]
  }
}
