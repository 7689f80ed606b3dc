// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// The files of one replay, each opened once: what comes through a pipe comes once, so that the bytes
/// that tell its form are those that are replayed.
///
/// - Threading: one thread at a time.
public final class RecordingInputs {
  /// The files, in order.
  public let paths: [String]
  private var opened: [Int: HeadedProducer] = [:]
  /// What could not be opened is not tried again: a pipe would wait for a writer for ever.
  private var failures: [Int: CaptureError] = [:]

  /// Files that are opened when they are needed.
  public init(paths: [String]) { self.paths = paths }

  /// The first bytes of a file, decompressed; the file stays open.
  ///
  /// - Throws: ``CaptureError``, the same one each time.
  public func head(_ index: Int) throws(CaptureError) -> [UInt8] {
    if let known = opened[index] { return known.head }
    if let failure = failures[index] { throw failure }
    do throws(CaptureError) {
      let stream = try HeadedProducer(openByteStream(paths[index]))
      opened[index] = stream
      return stream.head
    } catch {
      failures[index] = error
      throw error
    }
  }

  /// A file from its first byte on. Each can be taken once; a file that is no pipe again and again.
  ///
  /// - Throws: ``CaptureError``.
  public func take(_ index: Int) throws(CaptureError) -> HeadedProducer {
    _ = try head(index)
    guard let stream = opened.removeValue(forKey: index) else {
      preconditionFailure("RecordingInputs.take: expected the file that was opened")
    }
    return stream
  }

  /// Closes a file that was looked at: many files may be named, and few held open.
  ///
  /// - Precondition: It is no pipe, whose bytes would be lost.
  public func close(_ index: Int) { opened[index] = nil }
}
