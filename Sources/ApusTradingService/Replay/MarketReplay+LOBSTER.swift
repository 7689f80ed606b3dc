// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusCore
internal import ApusMarketProtocols
internal import ApusTrading

/// Replays a LOBSTER message file, and compares it with an order-book file where one is given.
extension MarketReplay {
  mutating func replayLOBSTER() throws {
    let started = clock.now
    var verification: VerifiedRows?
    do {
      if let path = configuration.verifyPath { verification = try VerifiedRows(path: path) }
      for index in configuration.paths.indices { try replayLOBSTER(index, &verification) }
      try verification?.finish()
    } catch let error as CaptureError {
      guard !error.isUsageError else { throw TradingReplayError.file(error) }
      figures.inputError = error.description
    }
    figures.elapsedSeconds = Double(clock.nanoseconds(cycles: clock.now &- started)) / 1e9
    if let rows = verification?.verification {
      figures.verification = ReplayFigures.Verification(
        rowsCompared: rows.rowsCompared, rowsEqual: rows.rowsEqual,
        firstDifference: rows.firstDifference)
    }
    if figures.inputError == nil { figures.inputError = malformedMessage(lobster.anomalies) }
  }

  private mutating func replayLOBSTER(_ index: Int, _ verification: inout VerifiedRows?) throws {
    let path = configuration.paths[index]
    let reader = try ReadAhead(
      producer: inputs.take(index, expecting: configuration.format == nil ? .lobster : nil))
    var failure: (any Error)?
    var more = true
    defer {
      figures.bytes += reader.inputByteCount ?? reader.inputBytesRead
    }
    while more {
      more = try reader.nextWindow { window, offset, isLast in
        let consumed = LOBSTERParser.forEachLine(in: window, isLast: isLast) { line, lineOffset in
          guard failure == nil else { return }
          do {
            try takeLine(line, offset + UInt64(lineOffset), &verification)
          } catch {
            failure = error
          }
        }
        figures.decodedBytes += UInt64(consumed)
        return consumed
      }
      if let failure { throw failure }
      try drainBestPrices()
      progress(
        ReplayProgress(
          phase: .replaying, fileIndex: index, done: reader.inputBytesRead,
          total: reader.inputByteCount, appliedCount: figures.messageCount))
    }
    if reader.trailingByteCount > 0 {
      throw CaptureError(
        path: path, offset: figures.decodedBytes,
        reason: .truncated("the data ends \(reader.trailingByteCount) bytes into a line"))
    }
  }

  private mutating func takeLine(
    _ line: RawSpan, _ offset: UInt64, _ verification: inout VerifiedRows?
  ) throws {
    guard case .value(let message) = LOBSTERParser.message(line) else {
      lobster.countMalformed(offset: offset)
      return
    }
    let planned = pacer?.wait(for: message.timestampNanoseconds) ?? clock.now
    lobster.apply(message, offset: offset)
    let now = clock.now
    _ = latency.record(clock.nanoseconds(cycles: now > planned ? now - planned : 0))
    if tellsChanges {
      lobster.tellBest(at: message.timestampNanoseconds, to: &changes)
      if changes.remainingCapacity == 0 { try drainBestPrices() }
    }
    try verification?.take(message)
  }
}

/// The rows of an order-book file, read in step with the events: those of one window are held.
struct VerifiedRows {
  private(set) var verification = LOBSTERVerification()
  private let path: String
  private let reader: ReadAhead
  private var rows: [LOBSTERBookRow] = []
  private var next = 0
  private var lineNumber = 0
  private var hasMore = true
  private var rejected: (reason: LOBSTERRejection, offset: UInt64)?

  init(path: String) throws {
    self.path = path
    // A row is a few hundred bytes as text and a few times that as numbers: windows of a moderate
    // size hold some thousand.
    reader = try ReadAhead(producer: openByteStream(path), chunkByteCount: 1 << 18)
  }

  mutating func take(_ message: LOBSTERMessage) throws {
    lineNumber += 1
    guard let row = try nextRow() else {
      verification.takeMissing(
        "the order-book file has no row for this event", lineNumber: lineNumber)
      return
    }
    verification.take(message, row: row, lineNumber: lineNumber)
  }

  mutating func finish() throws {
    if try nextRow() != nil {
      verification.takeMissing(
        "the order-book file has more rows than events", lineNumber: lineNumber + 1)
    }
  }

  /// The next row; nil at the end. What is no row is told when its turn comes.
  private mutating func nextRow() throws -> LOBSTERBookRow? {
    while next == rows.count, hasMore, rejected == nil { try readWindow() }
    guard next < rows.count else {
      if let rejected {
        throw CaptureError(
          path: path, offset: rejected.offset,
          reason: .foreign("no LOBSTER order-book row (\(rejected.reason.rawValue))"))
      }
      return nil
    }
    defer { next += 1 }
    return rows[next]
  }

  private mutating func readWindow() throws {
    rows.removeAll(keepingCapacity: true)
    next = 0
    hasMore = try reader.nextWindow { window, offset, isLast in
      LOBSTERParser.forEachLine(in: window, isLast: isLast) { line, lineOffset in
        var row = LOBSTERBookRow()
        guard rejected == nil else { return }
        if let reason = LOBSTERParser.row(line, into: &row) {
          rejected = (reason, offset + UInt64(lineOffset))
        } else {
          rows.append(row)
        }
      }
    }
  }
}
