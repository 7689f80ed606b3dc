// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCapture
internal import ApusMarketCaptures
internal import ApusMarketProtocols

/// In which form a generated day is written.
public enum MarketDayFormat: String, Sendable, CaseIterable {
  /// Length-framed messages, as the exchange's daily files.
  case plain
  /// The same, compressed with gzip.
  case gzip
  /// MoldUDP64 datagrams in a nanosecond packet capture.
  case capture

  /// The form that a file's name asks for: `.gz`, `.pcap`, or plain for any other.
  public init(path: String) {
    if path.hasSuffix(".gz") {
      self = .gzip
    } else if path.hasSuffix(".pcap") {
      self = .capture
    } else {
      self = .plain
    }
  }
}

/// What a written day holds.
public struct MarketDaySummary: Sendable, Equatable {
  /// Messages in all.
  public var messageCount: Int
  /// Messages by type letter, most frequent first.
  public var countsByType: [TypeCount]
  /// Length-framed bytes, before compression and without packet headers.
  public var framedByteCount: UInt64
  /// Most orders that lived at the same time.
  public var liveOrderPeak: Int
  /// Orders that live at the end.
  public var liveOrderCount: Int

  /// How many messages one type has.
  public struct TypeCount: Sendable, Equatable {
    /// The type letter.
    public var type: String
    /// Messages of this type.
    public var count: Int
  }
}

/// Writes a generated day to a file, and on request the books it must end with.
///
/// Both files appear under their names only when both are complete and durable.
public enum MarketDayWriter {
  /// One write, and one call of the progress function, a mebibyte.
  private static let chunkByteCount = 1 << 20
  /// A datagram's messages are at most this far apart, as if sent when the first one was due.
  private static let datagramSpanNanoseconds: UInt64 = 50_000

  /// Generates a day into a file.
  ///
  /// - Parameters:
  ///   - configuration: Which day.
  ///   - path: Target file.
  ///   - format: Its form; by its name unless given.
  ///   - truthPath: Target of the final books as computed by ``TruthModel`` from the messages.
  ///   - progress: Called now and then, and at the end, with the messages written and in all.
  /// - Returns: What the file holds.
  /// - Throws: ``CaptureError`` for a target that cannot be written; no file is left behind.
  /// - Complexity: O(messages); memory for the living orders only.
  @discardableResult
  public static func write(
    _ configuration: MarketDayConfiguration,
    to path: String,
    format: MarketDayFormat? = nil,
    truthPath: String? = nil,
    progress: (_ writtenCount: Int, _ messageCount: Int) -> Void = { _, _ in }
  ) throws(CaptureError) -> MarketDaySummary {
    try FileUse(outputs: [path] + [truthPath].compactMap { $0 }).check()
    var generator = MarketDayGenerator(configuration: configuration)
    // Opened before the work, so that an unwritable target is told at once.
    let truthFile: AtomicFileWriter? =
      if let truthPath { try AtomicFileWriter(path: truthPath) } else { nil }
    var truth: TruthModel? = truthFile == nil ? nil : TruthModel()
    let framedByteCount: UInt64
    switch format ?? MarketDayFormat(path: path) {
    case .plain:
      framedByteCount = try writeFile(
        &generator, &truth, path: path, compression: .none, truthFile, progress)
    case .gzip:
      framedByteCount = try writeFile(
        &generator, &truth, path: path, compression: .gzip(level: 1), truthFile, progress)
    case .capture:
      framedByteCount = try writeCapture(&generator, &truth, path: path, truthFile, progress)
    }
    return summary(of: generator, framedByteCount: framedByteCount)
  }

  private static func writeFile(
    _ generator: inout MarketDayGenerator, _ truth: inout TruthModel?, path: String,
    compression: AtomicFileWriter.Compression, _ truthFile: AtomicFileWriter?,
    _ progress: (Int, Int) -> Void
  ) throws(CaptureError) -> UInt64 {
    let messageCount = generator.configuration.messageCount
    let file = try AtomicFileWriter(path: path, compression: compression)
    var buffer = FramedMessageBuffer(capacityByteCount: chunkByteCount)
    while generator.fill(&buffer) {
      try buffer.withBytes { (bytes) throws(CaptureError) in
        apply(bytes, to: &truth)
        try file.write(bytes)
      }
      buffer.removeAll()
      progress(generator.producedCount, messageCount)
    }
    try finish(truth, truthFile)
    try file.finish()
    try truthFile?.publish()
    try file.publish()
    return file.byteCount
  }

  private static func writeCapture(
    _ generator: inout MarketDayGenerator, _ truth: inout TruthModel?, path: String,
    _ truthFile: AtomicFileWriter?, _ progress: (Int, Int) -> Void
  ) throws(CaptureError) -> UInt64 {
    let configuration = generator.configuration
    let midnight = configuration.sessionDate.midnightUnixNanoseconds
    var file = try MoldUDP64CaptureWriter(path: path)
    var buffer = FramedMessageBuffer(
      capacityByteCount: MoldUDP64CaptureWriter.payloadByteCountMax - MoldUDP64.headerByteCount)
    var framedByteCount: UInt64 = 0
    var nextProgressByteCount: UInt64 = 0
    while generator.fill(&buffer, spanNanosecondsMax: datagramSpanNanoseconds) {
      try buffer.withBytes { (bytes) throws(CaptureError) in
        apply(bytes, to: &truth)
        try file.write(bytes, dayStartNanoseconds: midnight)
      }
      framedByteCount += UInt64(buffer.byteCount)
      buffer.removeAll()
      if framedByteCount >= nextProgressByteCount {
        nextProgressByteCount += UInt64(chunkByteCount)
        progress(generator.producedCount, configuration.messageCount)
      }
    }
    progress(generator.producedCount, configuration.messageCount)
    try finish(truth, truthFile)
    try file.finish(timestampNanoseconds: midnight + generator.lastTimestampNanoseconds)
    try truthFile?.publish()
    try file.publish()
    return framedByteCount
  }

  /// Decodes the bytes again: the truth comes from what was written, not from what was meant.
  private static func apply(_ bytes: RawSpan, to truth: inout TruthModel?) {
    guard truth != nil else { return }
    _ = ITCHFileFraming.forEachMessage(in: bytes) { message, _ in
      if case .message(let decoded) = ITCHDecoder.decode(message) { truth?.apply(decoded) }
    }
  }

  private static func finish(
    _ truth: TruthModel?, _ file: AtomicFileWriter?
  ) throws(CaptureError) {
    guard let truth, let file else { return }
    try file.write(BookTruthRow.csv(truth.rows()))
    try file.finish()
  }

  private static func summary(
    of generator: borrowing MarketDayGenerator, framedByteCount: UInt64
  ) -> MarketDaySummary {
    let counts = generator.countsByType.enumerated()
      .filter { $0.element > 0 }
      .sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }
      .map {
        MarketDaySummary.TypeCount(
          type: String(UnicodeScalar(UInt8($0.offset))), count: $0.element)
      }
    return MarketDaySummary(
      messageCount: generator.producedCount, countsByType: counts,
      framedByteCount: framedByteCount, liveOrderPeak: generator.liveOrderPeak,
      liveOrderCount: generator.liveOrderCount)
  }
}
