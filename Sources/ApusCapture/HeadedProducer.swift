// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A stream whose first bytes can be looked at before it is read. They stay to be read: what comes
/// through a pipe comes once.
///
/// - Threading: one thread at a time.
@safe
public final class HeadedProducer: ChunkProducer {
  /// What the stream begins with: as many bytes as were asked for, fewer where it has no more.
  public let head: [UInt8]
  private let source: any ChunkProducer
  private var handedOut = 0
  private var pendingError: CaptureError?

  /// Reads the first bytes of a stream.
  ///
  /// - Parameter byteCount: How many to look at. At least 1.
  /// - Throws: ``CaptureError`` where the stream has no byte at all.
  public init(_ source: any ChunkProducer, byteCount: Int = 512) throws(CaptureError) {
    precondition(byteCount > 0, "HeadedProducer.init: expected at least one byte to look at")
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var count = 0
    var failure: CaptureError?
    while count < byteCount {
      let start = count
      // SAFETY: the closure fills only behind what is there.
      let more = unsafe bytes.withUnsafeMutableBytes { target in
        do throws(CaptureError) {
          return try unsafe source.fill(UnsafeMutableRawBufferPointer(rebasing: target[start...]))
        } catch {
          failure = error
          return 0
        }
      }
      if more == 0 { break }
      count += more
    }
    if count == 0 { throw failure ?? CaptureError(path: source.path, reason: .empty) }
    head = Array(bytes[..<count])
    self.source = source
    pendingError = failure
  }

  /// The file.
  public var path: String { source.path }
  /// Size of the file as stored; nil where it is not known.
  public var inputByteCount: UInt64? { source.inputByteCount }
  /// How much of the file was read.
  public var inputBytesRead: UInt64 { source.inputBytesRead }

  /// Fills a buffer: first with the head, then with what follows it.
  public func fill(_ target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    guard handedOut < head.count else {
      if let error = pendingError { throw error }
      return try unsafe source.fill(target)
    }
    let count = min(head.count - handedOut, target.count)
    // SAFETY: both have `count` bytes.
    unsafe UnsafeMutableRawBufferPointer(rebasing: target[..<count]).copyBytes(
      from: head[handedOut..<handedOut + count])
    handedOut += count
    return count
  }
}
