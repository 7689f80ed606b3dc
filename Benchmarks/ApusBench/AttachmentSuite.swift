// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusHost
internal import ApusJournal
internal import ApusRings
internal import ApusServiceKit

/// A message ring, a host and its journal on one thread: what a command with an attachment costs from the
/// claim in the ring until the disk has it.
private final class AttachmentBench {
  typealias Host = EngineHost<
    EchoEngine, MessageInput<UInt64>, JournalWriter, NoOutput<UInt64>
  >

  private let place: BenchmarkPlace
  private var producer: MessageProducer
  private var host: Host
  private let attachment: [UInt8]

  init(attachmentByteCount: Int, segmentByteCount: Int) throws {
    let place = try BenchmarkPlace(for: "attachments")
    let storage = try FileJournalStorage(path: place.path)
    let ends = try MessageRing.makeEnds(RingConfiguration(capacity: 1 << 18))
    host = try EngineHost(
      engine: EchoEngine(),
      input: MessageInput(
        ends.consumer, attachmentByteCountMax: EchoEngine.attachmentByteCountMax, isShared: true),
      journal: JournalWriter(
        storage: storage,
        configuration: JournalConfiguration(
          segmentByteCount: segmentByteCount, bufferByteCount: 4 << 20)),
      output: NoOutput(),
      configuration: HostConfiguration(
        release: .durable, eventCapacity: 1 << 17, timedBatchInterval: nil))
    producer = ends.producer
    attachment = (0..<attachmentByteCount).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    self.place = place
  }

  /// Waits for the disk without sleeping.
  func settle() {
    while !host.hasFailed, host.durableSequence < host.lastSequence { host.move() }
  }

  func run(count: Int) -> UInt64 {
    let last = host.commandCount + UInt64(count)
    var sent = 0
    while host.commandCount < last, !host.hasFailed {
      unsafe attachment.withUnsafeBytes { bytes in
        // SAFETY: the span is used inside the closure only.
        let span = unsafe RawSpan(_unsafeBytes: bytes)
        var burst = 0
        while sent < count, burst < 64,
          producer.tryPush(UInt64(truncatingIfNeeded: sent), attachment: span) == .pushed
        {
          sent += 1
          burst += 1
        }
      }
      _ = host.step(now: .zero, countMax: 256)
    }
    settle()
    return sum
  }

  /// Of all commands so far.
  var sum: UInt64 { host.engine.sum }

  var failure: String? { host.failureDescription }
}

/// The same bytes without a journal: whole buffers, each made durable before the next one is begun, in a
/// file whose blocks were written before.
private final class DirectWriteBench {
  private let place: BenchmarkPlace
  private let storage: FileJournalStorage
  private let file: StorageFile
  private var buffer: AlignedBuffer
  private let fileByteCount: Int
  private var offset = 0
  private(set) var failure: String?

  init(fileByteCount: Int) throws {
    let place = try BenchmarkPlace(for: "direct")
    storage = try FileJournalStorage(path: place.path)
    file = try storage.open("bytes", .aligned)
    try storage.allocate(file, name: "bytes", byteCount: fileByteCount)
    buffer = AlignedBuffer()
    self.fileByteCount = fileByteCount
    self.place = place
    _ = write(byteCount: fileByteCount)
  }

  deinit { storage.close(file) }

  func write(byteCount: Int) -> UInt64 {
    var left = byteCount
    while left > 0, failure == nil {
      if offset + buffer.byteCount > fileByteCount { offset = 0 }
      let wanted = min(buffer.byteCount, (left + 4_095) & ~4_095)
      let source = unsafe UnsafeRawBufferPointer(rebasing: buffer.bytes[..<wanted])
      // SAFETY: the commit has ended before the buffer is touched again.
      unsafe storage.beginCommit(file, at: offset, source)
      let progress = storage.commitProgress(wait: true)
      if progress != .durable { failure = "direct write: \(progress)" }
      offset += wanted
      left -= wanted
    }
    return UInt64(byteCount)
  }
}

/// Memory at a page's beginning.
@safe
private struct AlignedBuffer: ~Copyable {
  let bytes: UnsafeMutableRawBufferPointer

  let byteCount = 4 << 20

  init() {
    unsafe bytes = .allocate(byteCount: 4 << 20, alignment: 4_096)
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0x5A)
  }

  deinit { unsafe bytes.deallocate() }
}

extension BenchmarkSuite {
  /// Commands of 8 bytes with attachments, from a message ring into the journal, durable; beside each the
  /// bytes of the same records written directly.
  static let attachments = BenchmarkSuite(name: "attachments") { configuration in
    var cases: [BenchmarkCase] = []
    let segmentByteCount = configuration.size(256 << 20, smoke: 8 << 20)
    let direct = try DirectWriteBench(fileByteCount: segmentByteCount)
    for byteCount in [0, 64, 256, 1_400] {
      let count = configuration.size(min(4_000_000, (512 << 20) / (byteCount + 64)), smoke: 500)
      let bench = try AttachmentBench(
        attachmentByteCount: byteCount, segmentByteCount: segmentByteCount)
      let recordByteCount = (32 + 8 + byteCount + 7) & ~7
      var record = BenchmarkCase(
        name: "attachments.\(byteCount)B", operationCount: count, prepare: bench.settle
      ) {
        let before = bench.sum
        _ = bench.run(count: count)
        return bench.sum &- before
      }
      record.failure = { bench.failure }
      var bytes = BenchmarkCase(
        name: "attachments.direct.\(byteCount)B", operationCount: count
      ) { direct.write(byteCount: count * recordByteCount) }
      bytes.sleeps = true
      bytes.failure = { direct.failure }
      record.sleeps = true
      cases += [record, bytes]
    }
    return cases
  }
}
