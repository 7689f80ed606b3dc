// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusServiceKit
internal import ApusTrading

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

  /// Whether the first file is an order log, plain or compressed. False where it cannot be read: what
  /// is wrong with it is told by what replays it.
  public func beginsLikeOrderLog() -> Bool {
    guard !paths.isEmpty, let head = try? head(0) else { return false }
    return head.starts(with: OrderLogHeader.magic)
  }

  /// The first bytes of a file, decompressed.
  func head(_ index: Int) throws(CaptureError) -> [UInt8] {
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
  func take(_ index: Int) throws(CaptureError) -> HeadedProducer {
    _ = try head(index)
    guard let stream = opened.removeValue(forKey: index) else {
      preconditionFailure("RecordingInputs.take: expected the file that was opened")
    }
    return stream
  }

  /// A recording of a form that was found, not asked for: it has that form too.
  func take(_ index: Int, expecting format: MarketDataFormat?) throws(CaptureError)
    -> HeadedProducer
  {
    let stream = try take(index)
    if let format, RecordingFormat.detect(stream.head) != format {
      throw CaptureError(
        path: paths[index], offset: 0,
        reason: .foreign(
          "no \(format.rawValue), as the files before it are; replay them one by one"))
    }
    return stream
  }

  /// The form of all recordings: the one asked for, or the one they agree on.
  ///
  /// A pipe behind the first file is not looked at before its turn: its writer may wait for ours to
  /// read the one before it.
  func detect(_ asked: MarketDataFormat?) throws -> MarketDataFormat {
    if let asked {
      if asked == .itch50, let path = paths.first, try RecordingFormat.detect(head(0)) != .itch50 {
        throw CaptureError(
          path: path, offset: 0,
          reason: .foreign("no ITCH 5.0 message begins here; try --format auto"))
      }
      return asked
    }
    var agreed: MarketDataFormat?
    for (index, path) in paths.enumerated() where index == 0 || FileUse.isRereadable(path) {
      let head = try head(index)
      if head.starts(with: OrderLogHeader.magic) {
        throw UsageError("\(path): is an order log, and the others are none; replay it alone")
      }
      guard let format = RecordingFormat.detect(head) else {
        throw CaptureError(
          path: path, offset: 0,
          reason: .foreign(
            "neither ITCH 5.0, pcap, pcapng, SoupBinTCP nor LOBSTER; try --format"))
      }
      // Many files may be named, and few held open.
      if index > 0 { opened[index] = nil }
      if let agreed, agreed != format {
        throw UsageError(
          "\(path): is \(format.rawValue) and the files before it are \(agreed.rawValue); "
            + "replay them one by one")
      }
      agreed = format
    }
    return agreed ?? .itch50
  }
}
