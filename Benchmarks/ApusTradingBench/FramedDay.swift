// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusCapture
internal import ApusCommandKit
internal import ApusMarketProtocols
internal import ApusMemory
internal import ApusTradingService

/// Length-framed messages in memory: a generated day, or a file.
@safe
final class FramedDay {
  private let region: MemoryRegion
  let byteCount: Int
  let messageCount: Int

  convenience init(_ configuration: BenchmarkConfiguration) throws {
    if let path = configuration.filePath {
      do throws(CaptureError) {
        try self.init(path: path)
      } catch {
        if error.isUsageError { throw UsageError(error.description) }
        throw InputError(error.description)
      }
    } else {
      try self.init(
        MarketDayConfiguration(
          seed: configuration.seed,
          messageCount: configuration.size(2_000_000, smoke: 4_000),
          symbolCount: configuration.size(4_000, smoke: 20)))
    }
  }

  init(_ day: MarketDayConfiguration) throws {
    // No message and its frame is longer than 52 bytes.
    let region = try MemoryRegion(byteCount: day.messageCount * 52 + 64, options: .init())
    var generator = MarketDayGenerator(configuration: day)
    var buffer = FramedMessageBuffer(capacityByteCount: 1 << 20)
    var count = 0
    while generator.fill(&buffer) {
      buffer.withBytes { count = Self.copy($0, to: region, at: count) }
      buffer.removeAll()
    }
    self.region = region
    byteCount = count
    messageCount = day.messageCount
  }

  init(path: String) throws(CaptureError) {
    let file = try FileChunkProducer(path: path)
    guard let byteCount = file.inputByteCount else {
      throw CaptureError(
        path: path, reason: .foreign("a pipe or device; name a file, which is held in memory"))
    }
    let size = Int(byteCount)
    let region: MemoryRegion
    do {
      region = try MemoryRegion(byteCount: max(1, size), options: .init())
    } catch {
      throw CaptureError(path: path, reason: .system(operation: "mmap", errno: 12))
    }
    var done = 0
    while done < size {
      // SAFETY: done < size <= the region's bytes.
      let count = try unsafe file.fill(
        UnsafeMutableRawBufferPointer(start: region.baseAddress + done, count: size - done))
      if count == 0 { break }
      done += count
    }
    var messages = 0
    var isRecording = false
    // SAFETY: the first `done` bytes were read.
    _ = unsafe ITCHFileFraming.forEachMessage(
      in: RawSpan(
        _unsafeBytes: UnsafeRawBufferPointer(start: region.baseAddress, count: done))
    ) { message, _ in
      messages += 1
      if case .message = ITCHDecoder.decode(message) { isRecording = true }
    }
    // What times the passing over of bytes that are no messages measures nothing.
    guard isRecording else {
      throw CaptureError(
        path: path, offset: 0,
        reason: .foreign("no plain ITCH 5.0 message; gunzip a compressed day"))
    }
    messageCount = messages
    self.byteCount = done
    self.region = region
  }

  func withBytes<R>(_ body: (RawSpan) -> R) -> R {
    // SAFETY: byteCount bytes were written at init and never again.
    unsafe body(
      RawSpan(
        _unsafeBytes: UnsafeRawBufferPointer(start: region.baseAddress, count: byteCount)))
  }

  private static func copy(
    _ bytes: RawSpan, to region: borrowing MemoryRegion, at offset: Int
  ) -> Int {
    precondition(
      offset + bytes.byteCount <= region.byteCount, "FramedDay.init: expected room for the day")
    let target = unsafe region.baseAddress + offset
    unsafe bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress else { return }
      // SAFETY: the room was checked.
      unsafe target.copyMemory(from: base, byteCount: source.count)
    }
    return offset + bytes.byteCount
  }
}
