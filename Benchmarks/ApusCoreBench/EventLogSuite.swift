// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusCommandKit
internal import ApusEngine
internal import ApusEventLog
internal import ApusThreads
internal import Synchronization

/// An event of 16 bytes.
private struct SmallEvent: BitwiseCopyable {
  var number: UInt64
  var other: UInt64
  init(_ number: UInt64) { (self.number, other) = (number, ~number) }
}

/// An event of 64 bytes.
private struct LargeEvent: BitwiseCopyable {
  var number: UInt64
  var others = (UInt64(1), UInt64(2), UInt64(3), UInt64(4), UInt64(5), UInt64(6), UInt64(7))
  init(_ number: UInt64) { self.number = number }
}

/// An event log in a folder that is removed with its owner, and a reader on another thread.
private final class EventLogBench<Event: BitwiseCopyable> {
  private let place: BenchmarkPlace
  private let log: EventLog
  private var writer: EventLogWriter<Event>
  private let batch: [SequencedEvent<Event>]
  private let cpuIndex: Int?
  private let format = SnapshotFormat(name: "bench", version: 1)
  private var thread: PinnedThread?
  private var result = ReaderResult()
  private(set) var failure: String?
  private static var batchCount: Int { 64 }

  init(cpuIndex: Int?, segmentByteCount: Int, make: (UInt64) -> Event) throws {
    place = try BenchmarkPlace(for: "eventlog")
    self.cpuIndex = cpuIndex
    do throws(EventLogError) {
      log = try EventLog(
        of: Event.self, path: "\(place.path)/events",
        configuration: EventLogConfiguration(
          format: format, journalHigh: 0, journalLow: 0, segmentByteCount: segmentByteCount))
      writer = try log.makeWriter(of: Event.self, resumingAfter: 0)
    } catch {
      throw WorkError(error.description)
    }
    batch = (0..<Self.batchCount).map {
      SequencedEvent(sequence: UInt64($0) + 1, event: make(UInt64($0)))
    }
  }

  /// Leaves the newest segments and makes the next one.
  func tidy() {
    do throws(EventLogError) {
      try log.sync()
      try log.sync()
      try log.removeSegments(durableThrough: .max)
      try log.prepare()
    } catch {
      failure = error.description
    }
  }

  /// Appends batches, or the events of each one by one.
  @inline(__always)
  func append(count: Int, one: Bool) -> UInt64 {
    let before = writer.position
    unsafe batch.withUnsafeBufferPointer { events in
      for _ in 0..<count / Self.batchCount {
        if one {
          for index in 0..<events.count {
            // SAFETY: one element of the batch.
            _ = unsafe writer.take(UnsafeBufferPointer(rebasing: events[index..<index + 1]))
          }
        } else {
          var taken = 0
          while taken < events.count {
            // SAFETY: the rest of the batch.
            let count = unsafe writer.take(UnsafeBufferPointer(rebasing: events[taken...]))
            if count == 0, log.isStalled { return }
            taken += count
          }
        }
      }
    }
    if let stall = log.stall { failure = stall.description }
    return writer.position - before
  }

  // MARK: A reader

  private static func read(
    _ reader: inout EventLogReader<Event>, count: Int
  ) -> UInt64 {
    var (left, sum) = (count, UInt64(0))
    while left > 0 {
      let outcome = reader.tryRead { events in
        for index in 0..<events.count { sum = sum &+ events[index].sequence }
        return events.count
      }
      switch outcome {
      case .read(let count): left -= count
      case .nothing:
        // Both threads look for a while and then let others have their processor.
        _ = reader.wait(.spinThenYield(spinCount: 100_000, timeoutNanoseconds: 1_000_000_000))
      default: return 0
      }
    }
    return sum
  }

  /// Puts a reader on a thread of its own, which sums up so many events.
  func follow(_ count: Int) {
    tidy()
    let result = ReaderResult()
    self.result = result
    let (path, format) = ("\(place.path)/events", format)
    do throws(ThreadError) {
      thread = try PinnedThread(name: "reader", cpuIndex: cpuIndex) {
        guard var reader = try? EventLogReader<Event>(path: path, format: format, start: .end)
        else {
          result.begin()
          return result.end(0)
        }
        result.begin()
        result.end(Self.read(&reader, count: count))
      }
    } catch {
      failure = "\(error)"
      return
    }
    result.waitForBegin()
  }

  /// Appends as fast as it goes, until the reader has seen everything.
  func appendFollowed(count: Int) -> UInt64 {
    guard append(count: count, one: false) == UInt64(count) else { return 0 }
    let sum = result.waitForEnd()
    // Sums of sequences are greater.
    if sum == 1 { failure = "the reader could not read the log" }
    return sum
  }

  func stop() {
    thread?.join()
    thread = nil
  }
}

/// Where a reader's thread is.
private final class ReaderResult: Sendable {
  private let hasBegun = Atomic<Bool>(false)
  private let sum = Atomic<UInt64>(0)

  func begin() { hasBegun.store(true, ordering: .releasing) }
  func end(_ sum: UInt64) { self.sum.store(max(1, sum), ordering: .releasing) }

  func waitForBegin() { while !hasBegun.load(ordering: .acquiring) {} }

  func waitForEnd() -> UInt64 {
    while true {
      let sum = sum.load(ordering: .acquiring)
      if sum != 0 { return sum }
    }
  }
}

extension BenchmarkSuite {
  /// The event log on the disk under /var/tmp: events of 16 and 64 bytes, 8 more with the sequence.
  static let eventLog = BenchmarkSuite(name: "eventlog") { configuration in
    let own = configuration.cpuIndex ?? allowedCPUs().last ?? 0
    let other = permittedCPUs().first { $0 != own }
    let count = configuration.size(64 * 6_000, smoke: 640)
    let byteCount = configuration.size(64 << 20, smoke: 1 << 20)
    return eventLogCases(
      small: try EventLogBench(
        cpuIndex: other, segmentByteCount: byteCount, make: SmallEvent.init),
      large: try EventLogBench(
        cpuIndex: other, segmentByteCount: byteCount, make: LargeEvent.init), count,
      busyThreadCount: other == nil ? 1 : 2)
  }

  private static func eventLogCases(
    small: EventLogBench<SmallEvent>, large: EventLogBench<LargeEvent>, _ count: Int,
    busyThreadCount: Int
  ) -> [BenchmarkCase] {
    [
      BenchmarkCase(
        name: "eventlog.append.16B", operationCount: count, prepare: small.tidy,
        body: { small.append(count: count, one: false) }, failure: { small.failure }),
      BenchmarkCase(
        name: "eventlog.append.64B", operationCount: count, prepare: large.tidy,
        body: { large.append(count: count, one: false) }, failure: { large.failure }),
      BenchmarkCase(
        name: "eventlog.appendSingle.64B", operationCount: count, prepare: large.tidy,
        body: { large.append(count: count, one: true) }, failure: { large.failure }),
      BenchmarkCase(
        name: "eventlog.followed.16B", operationCount: count, prepare: { small.follow(count) },
        body: { small.appendFollowed(count: count) }, finish: small.stop,
        failure: { small.failure }, busyThreadCount: busyThreadCount),
      BenchmarkCase(
        name: "eventlog.followed.64B", operationCount: count, prepare: { large.follow(count) },
        body: { large.appendFollowed(count: count) }, finish: large.stop,
        failure: { large.failure }, busyThreadCount: busyThreadCount),
    ]
  }
}
