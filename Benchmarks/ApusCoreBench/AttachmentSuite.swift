// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusHost
internal import ApusJournal
internal import ApusRings

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

/// The same bytes without a journal: whole buffers past the page cache, each made durable before the next
/// one is begun.
private final class DirectWriteBench {
  /// Where the bytes go.
  enum Target {
    /// Into one file, again and again, whose blocks were written before: the least a disk has to do.
    case writtenBlocks
    /// Into new files whose space is only taken, as a journal's that grows.
    case newFiles
  }

  private let place: BenchmarkPlace
  private let storage: FileJournalStorage
  private let target: Target
  private var file: StorageFile
  private var fileNumber = 0
  private var buffer: AlignedBuffer
  private let fileByteCount: Int
  private var offset = 0
  private(set) var failure: String?

  init(_ target: Target, fileByteCount: Int) throws {
    let place = try BenchmarkPlace(for: "direct")
    self.target = target
    storage = try FileJournalStorage(path: place.path)
    file = try Self.makeFile(storage, number: 0, byteCount: fileByteCount)
    buffer = AlignedBuffer()
    self.fileByteCount = fileByteCount
    self.place = place
    if target == .writtenBlocks { _ = write(byteCount: fileByteCount) }
  }

  deinit { storage.close(file) }

  private static func makeFile(
    _ storage: FileJournalStorage, number: Int, byteCount: Int
  ) throws(JournalError) -> StorageFile {
    let name = "bytes-\(number)"
    let file = try storage.open(name, .aligned)
    do throws(JournalError) {
      try storage.allocate(file, name: name, byteCount: byteCount)
      if case .failed(let errno) = storage.sync(file) {
        throw JournalError.syncFailed(path: storage.path(name), errno: errno)
      }
      try storage.syncFolder()
      return file
    } catch {
      storage.close(file)
      throw error
    }
  }

  private func beginNext() throws(JournalError) {
    offset = 0
    guard target == .newFiles else { return }
    storage.close(file)
    fileNumber += 1
    file = try Self.makeFile(storage, number: fileNumber, byteCount: fileByteCount)
  }

  /// Begins with a new file; those of the samples before go.
  func prepare() {
    guard target == .newFiles else { return }
    do throws(JournalError) {
      try beginNext()
      for name in try storage.list() where name != "bytes-\(fileNumber)" {
        try storage.remove(name)
      }
      try storage.syncFolder()
    } catch {
      failure = error.description
    }
  }

  func write(byteCount: Int) -> UInt64 {
    var left = byteCount
    while left > 0, failure == nil {
      if offset + buffer.byteCount > fileByteCount {
        do throws(JournalError) { try beginNext() } catch {
          failure = error.description
          break
        }
      }
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
  /// bytes of the same records written directly, over blocks that were written before and into new files.
  static let attachments = BenchmarkSuite(name: "attachments") { configuration in
    let segmentByteCount = configuration.size(256 << 20, smoke: 8 << 20)
    let direct = try DirectWriteBench(.writtenBlocks, fileByteCount: segmentByteCount)
    let new = try DirectWriteBench(.newFiles, fileByteCount: segmentByteCount)
    return try [0, 64, 256, 1_400].flatMap { byteCount in
      let count = configuration.size(min(4_000_000, (512 << 20) / (byteCount + 64)), smoke: 500)
      let bench = try AttachmentBench(
        attachmentByteCount: byteCount, segmentByteCount: segmentByteCount)
      var record = BenchmarkCase(
        name: "attachments.\(byteCount)B", operationCount: count, prepare: bench.settle
      ) {
        let before = bench.sum
        _ = bench.run(count: count)
        return bench.sum &- before
      }
      record.sleeps = true
      record.failure = { bench.failure }
      let recordByteCount = (32 + 8 + byteCount + 7) & ~7
      return [record]
        + [("direct", direct), ("directNew", new)].map { name, writes in
          var bytes = BenchmarkCase(
            name: "attachments.\(name).\(byteCount)B", operationCount: count,
            prepare: writes.prepare
          ) { writes.write(byteCount: count * recordByteCount) }
          bytes.sleeps = true
          bytes.failure = { writes.failure }
          return bytes
        }
    }
  }
}
