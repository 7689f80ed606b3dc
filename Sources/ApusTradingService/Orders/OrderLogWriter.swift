// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCapture
internal import ApusTrading

/// Writes a generated stream as an order log.
///
/// The file appears under its name only when it is complete. A name that ends in `.gz` is compressed.
public enum OrderLogWriter {
  /// Records between two calls of the progress function.
  private static let batchCount = 16_384

  /// Generates a stream into a file.
  ///
  /// - Parameters:
  ///   - configuration: Which stream.
  ///   - path: Target file.
  ///   - progress: Called now and then, and at the end, with the commands written and in all.
  /// - Returns: What the stream holds, and the file's bytes before compression.
  /// - Throws: `CaptureError` for a target that cannot be written; no file is left behind.
  @discardableResult
  public static func write(
    _ configuration: OrderStreamConfiguration, to path: String,
    progress: (_ writtenCount: Int, _ commandCount: Int) -> Void = { _, _ in }
  ) throws(CaptureError) -> (totals: OrderStreamTotals, byteCount: UInt64) {
    let file = try AtomicFileWriter(
      path: path, compression: path.hasSuffix(".gz") ? .gzip(level: 1) : .none)
    var stream = OrderStream(configuration)
    try file.write(
      OrderLogHeader(
        kind: configuration.kind.rawValue, seed: configuration.seed,
        recordCount: UInt64(stream.commandCount)
      ).bytes)
    var batch: [OrderLogRecord] = []
    batch.reserveCapacity(batchCount)
    while true {
      batch.removeAll(keepingCapacity: true)
      while batch.count < batchCount, let record = stream.next() { batch.append(record) }
      if batch.isEmpty { break }
      try OrderLogRecord.withBytes(of: batch.span) { (bytes) throws(CaptureError) in
        try file.write(bytes)
      }
      progress(stream.producedCount, stream.commandCount)
    }
    try file.commit()
    return (stream.totals, file.byteCount)
  }
}
