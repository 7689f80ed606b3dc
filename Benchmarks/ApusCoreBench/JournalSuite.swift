// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusCommandKit
internal import ApusJournal
internal import Glibc

/// A journal in a folder that is removed with its owner.
private final class JournalBench {
  private let place: BenchmarkPlace
  let storage: FileJournalStorage
  var writer: JournalWriter
  let payload: [UInt8]

  init(bufferByteCount: Int, segmentByteCount: Int) throws {
    place = try BenchmarkPlace(for: "journal")
    storage = try FileJournalStorage(path: place.path)
    writer = try JournalWriter(
      storage: storage,
      configuration: JournalConfiguration(
        segmentByteCount: segmentByteCount, bufferByteCount: bufferByteCount))
    payload = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 37) }
  }

  /// Appends, looking after the disk only when the buffers are full; false after a failure.
  @inline(__always)
  func append(count: Int) -> Bool {
    unsafe payload.withUnsafeBytes { bytes in
      var sequence = writer.lastSequence
      let last = sequence + UInt64(count)
      while sequence < last {
        switch unsafe writer.tryAppend(
          sequence: sequence &+ 1, timeNanoseconds: sequence, type: 1, payload: bytes)
        {
        case .appended: sequence &+= 1
        case .full: writer.poll()
        default: return false
        }
        // A commit that ended is followed by the next at once, as a writer's loop would do it.
        if sequence & 255 == 0 { writer.poll() }
      }
      return true
    }
  }

  /// Appends the record that the segment had no room for, once the commit of what is before it has
  /// ended; false after a failure.
  @inline(never)
  func appendInNextSegment(_ payload: UnsafeRawBufferPointer) -> Bool {
    while true {
      switch unsafe writer.tryAppend(
        sequence: writer.lastSequence &+ 1, timeNanoseconds: 1, type: 1, payload: payload)
      {
      case .appended: return true
      case .full: writer.poll()
      default: return false
      }
    }
  }

  /// Waits without sleeping: a thread that sleeps would be taken for one that lost its CPU.
  func spinUntilDurable() {
    while writer.failure == nil, writer.durableSequence < writer.lastSequence { writer.poll() }
  }

  /// Leaves the newest segments only.
  func tidy() {
    spinUntilDurable()
    _ = try? writer.removeSegments(below: writer.durableSequence)
  }
}

/// A snapshot in a folder that is removed with its owner.
private final class SnapshotBench {
  private let journal: JournalBench
  private var writer: SnapshotFileWriter
  /// More than the caches hold, so that each step copies state that is not in them.
  private var state = [UInt8](repeating: 5, count: 64 << 20)
  private var offset = 0
  static let stepByteCount = 256 << 10

  init() throws {
    journal = try JournalBench(bufferByteCount: 1 << 16, segmentByteCount: 1 << 20)
    writer = try SnapshotStore(storage: journal.storage).begin(
      SnapshotHeader(sequence: 1, digest: 0, contentVersion: 1),
      bufferByteCount: Self.stepByteCount)
  }

  func prepare() {
    try? writer.flush()
    offset = (offset + 7 * Self.stepByteCount) % (state.count - Self.stepByteCount)
  }

  func copy() -> UInt64 {
    unsafe state.withUnsafeBytes { bytes in
      // SAFETY: the step lies in the state; the span is used inside the closure only.
      unsafe writer.write(
        RawSpan(
          _unsafeBytes: UnsafeRawBufferPointer(
            rebasing: bytes[offset..<offset + Self.stepByteCount]))) ? 1 : 0
    }
  }
}

extension BenchmarkSuite {
  /// How long one step of a snapshot delays an engine: a copy of 256 KiB and its checksum.
  private static func snapshotCopy(
    _ configuration: BenchmarkConfiguration
  ) throws -> BenchmarkCase {
    let snapshot = try SnapshotBench()
    return BenchmarkCase(
      name: "journal.snapshotStep.256KiB", operationCount: 1, prepare: snapshot.prepare
    ) { snapshot.copy() }
  }

  /// The journal on the disk under /var/tmp: 64-byte payloads, 96 bytes with the header.
  static let journal = BenchmarkSuite(name: "journal") { configuration in
    let groupCount = configuration.size(8_000_000, smoke: 2_000)
    let appendCount = configuration.size(40_000, smoke: 400)
    let bench = try JournalBench(
      bufferByteCount: 4 << 20,
      segmentByteCount: configuration.size(64 << 20, smoke: 8 << 20))
    let recorded = try JournalBench(
      bufferByteCount: 4 << 20,
      segmentByteCount: configuration.size(64 << 20, smoke: 8 << 20))
    let replayCount = configuration.size(1_000_000, smoke: 2_000)
    guard recorded.append(count: replayCount) else {
      throw WorkError(recorded.writer.failure?.description ?? "the journal did not take a record")
    }
    recorded.spinUntilDurable()
    return [
      // A buffer is filled and nothing is handed to the disk meanwhile.
      BenchmarkCase(name: "journal.append.64B", operationCount: appendCount, prepare: bench.tidy) {
        unsafe bench.payload.withUnsafeBytes { bytes in
          var appended: UInt64 = 0
          for _ in 0..<appendCount {
            let outcome = unsafe bench.writer.tryAppend(
              sequence: bench.writer.lastSequence &+ 1, timeNanoseconds: 1, type: 1,
              payload: bytes)
            if case .appended = outcome {
              appended &+= 1
            } else if unsafe bench.appendInNextSegment(bytes) {
              appended &+= 1
            }
          }
          return appended
        }
      },
      BenchmarkCase(
        name: "journal.groupCommit.64B", operationCount: groupCount, prepare: bench.tidy
      ) {
        let before = bench.writer.durableSequence
        _ = bench.append(count: groupCount)
        bench.spinUntilDurable()
        return bench.writer.durableSequence - before
      },
      BenchmarkCase(name: "journal.replay.64B", operationCount: replayCount) {
        var sum: UInt64 = 0
        guard var reader = try? JournalReader(storage: recorded.storage, mode: .durable) else {
          return 0
        }
        _ = try? reader.read { record, payload in
          sum = sum &+ record.sequence &+ UInt64(payload.byteCount)
          return true
        }
        return sum
      },
      try snapshotCopy(configuration),
    ]
  }
}
