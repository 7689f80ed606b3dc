// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A source of bytes, read in order by one thread: a file, what it decompresses to, the messages in
/// a packet capture.
public protocol ChunkProducer: AnyObject {
  /// The file.
  var path: String { get }
  /// Size of the file as stored, for progress; nil where it is not known. Unit: bytes.
  var inputByteCount: UInt64? { get }
  /// How much of the file was read. Unit: bytes.
  var inputBytesRead: UInt64 { get }

  /// Fills a buffer from its start.
  ///
  /// What the decoder gave before an error is delivered first; the next call throws it. Of data that is
  /// plain or cut off that is everything before the error. Of damaged gzip it is what was inflated by
  /// then: how much depends on the buffer's size, and it may include bytes from behind the damage, as
  /// the checksum comes last.
  ///
  /// - Returns: Bytes written; 0 at the end.
  func fill(_ target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int
}

/// The bytes of a file or a pipe, decompressed where it begins like gzip. It is opened once.
///
/// - Throws: ``CaptureError`` for a file that is missing, empty, a directory or not readable.
public func openByteStream(_ path: String) throws(CaptureError) -> any ChunkProducer {
  let file = try FileChunkProducer(path: path)
  return try file.beginsLikeGzip() ? GzipChunkProducer(file) : file
}
