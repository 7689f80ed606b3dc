// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusEngine
internal import ApusEventLog
internal import ApusHost
internal import ApusJournal
internal import ApusThreads
internal import Foundation
internal import Synchronization

/// An event of 16 bytes: with its command's sequence a record of 24.
struct BurstEvent: BitwiseCopyable {
  var number: UInt64
  var sum: UInt64
}

/// Reports each command four times, as a match does to both sides, the book and the tape.
struct BurstEngine: Engine {
  static let snapshotFormat = SnapshotFormat(name: "burst", version: 1)
  static let burstCount = 4
  var eventCountMax: Int { Self.burstCount }
  private var sum: UInt64 = 0

  init(configuration: Void = ()) {}

  mutating func apply(
    _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<BurstEvent>
  ) {
    sum &+= command
    for number in 0..<UInt64(Self.burstCount) {
      events.emit(BurstEvent(number: number, sum: sum))
    }
  }

  var digest: UInt64 { sum }

  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(sum)
  }

  init(configuration: Void, snapshot: inout SnapshotReader) throws(SnapshotError) {
    sum = try snapshot.read(field: "sum")
  }
}

/// What a sample owns: a host with a journal and an event log, in a folder of its own.
private struct EventService: ~Copyable {
  typealias Host = EngineHost<
    BurstEngine, NoInput<UInt64>, JournalWriter, EventLogWriter<BurstEvent>
  >

  let place: BenchmarkPlace
  let log: EventLog
  var host: Host
  let keeper: EventLogKeeper
  let reader: PeerProcess

  static func make(otherCPUIndex: Int?, isSmoke: Bool, count: Int) throws -> EventService {
    let place = try BenchmarkPlace(for: "events")
    let journal = try JournalWriter(
      storage: FileJournalStorage(path: "\(place.path)/journal"),
      configuration: JournalConfiguration(
        segmentByteCount: isSmoke ? 8 << 20 : 256 << 20, bufferByteCount: 4 << 20))
    let log = try EventLog(
      of: BurstEvent.self, path: "\(place.path)/events",
      configuration: EventLogConfiguration(
        format: BurstEngine.snapshotFormat, journalHigh: journal.identifier.high,
        journalLow: journal.identifier.low, segmentByteCount: isSmoke ? 1 << 20 : 128 << 20))
    let host = try Host(
      engine: BurstEngine(), input: NoInput(), journal: journal,
      output: log.makeWriter(of: BurstEvent.self, resumingAfter: 0),
      configuration: HostConfiguration(
        release: .durable, eventCapacity: 1 << 21, timedBatchInterval: nil))
    let reader = try EventLogReaderProcess.start(
      path: log.path, count: count, cpuIndex: otherCPUIndex)
    return EventService(
      place: place, log: log, host: host, keeper: try EventLogKeeper(log), reader: reader)
  }
}

/// A host with its journal and its event log on one thread, a thread that keeps the log, and a reader in
/// another process.
private final class EventServiceBench {
  private let makeService: () throws -> EventService
  private var service: EventService?
  private(set) var failure: String?
  /// Until the reader had all events of the last sample. Unit: nanoseconds for an event.
  private(set) var nanosecondsPerEvent = 0.0
  /// What the last sample did in that time.
  private(set) var counts: [(name: String, count: UInt64)] = []
  /// The time that the reader was behind by, at most, in all samples so far. Unit: nanoseconds.
  private(set) var behindNanosecondsMax = 0.0

  init(_ makeService: @escaping () throws -> EventService) { self.makeService = makeService }

  func prepare() {
    do {
      let made = try makeService()
      try made.reader.begin(EventLogReaderProcess.caseName)
      service = consume made
    } catch {
      failure = "\(error)"
    }
  }

  /// Applies commands until the reader has all events: as fast as the journal and the log take them, or so
  /// many a second, each when it is due whatever became of those before.
  func run(eventCount: Int, eventsPerSecond: Int?) -> UInt64 {
    guard var service = service.take() else { return 0 }
    let batch = (0..<256).map { UInt64($0) }
    let clock = CycleClock.shared
    let started = clock.now
    let commandCount = eventCount / BurstEngine.burstCount
    let commandsPerNanosecond = eventsPerSecond.map { Double($0 / BurstEngine.burstCount) / 1e9 }
    var applied = 0
    while applied < commandCount, !service.host.hasFailed {
      let due = commandsPerNanosecond.map {
        min(commandCount, Int(Double(clock.nanoseconds(cycles: clock.now &- started)) * $0))
      }
      // The same values in the same order, however many are due each time.
      let first = applied & (batch.count - 1)
      let ready = min((due ?? commandCount) - applied, batch.count - first)
      if ready > 0 {
        applied += service.host.step(
          now: .zero, commands: batch.span.extracting(first..<first + ready))
      } else {
        service.host.move()
      }
      service.keeper.note(
        durable: service.host.durableSequence, acknowledged: service.host.acknowledgedSequence)
    }
    while !service.host.hasFailed, !service.host.isSettled { service.host.move() }
    let written = Double(clock.nanoseconds(cycles: clock.now &- started))
    var hash: UInt64 = 0
    do {
      let read = try service.reader.end()
      let elapsed = Double(clock.nanoseconds(cycles: clock.now &- started))
      let events = Double(eventCount)
      nanosecondsPerEvent = elapsed / events
      // A rate is the count in the sample's time: each end's own is of the time that it took.
      counts = [
        ("events written", UInt64(events * elapsed / max(1, written))),
        ("events read", UInt64(events * elapsed / max(1, read.nanoseconds))),
      ]
      behindNanosecondsMax = max(
        behindNanosecondsMax, (read.latencies.first ?? 0) * nanosecondsPerEvent)
      hash = read.hash
    } catch {
      failure = "\(error)"
    }
    failure = failure ?? service.host.failureDescription ?? service.log.stall?.description
    self.service = consume service
    return hash
  }

  func finish() {
    failure = service?.keeper.stop() ?? failure
    service = nil
  }
}

/// The thread that keeps an event log, as a service's does: every 20 ms the next segment, every tenth time
/// a sync and the removal of what the reader has behind it.
private final class EventLogKeeper: Sendable {
  private let log: EventLog
  private let durableSequence = Atomic<UInt64>(0)
  private let acknowledgedSequence = Atomic<UInt64>(0)
  private let isStopping = Atomic(false)
  private let failure = Mutex<String?>(nil)
  private let thread = Mutex<PinnedThread?>(nil)

  init(_ log: EventLog) throws {
    self.log = log
    let made = try PinnedThread(configuration: .init(name: "keeper")) { [self] _ in run() }
    thread.withLock { $0 = made }
  }

  func note(durable: UInt64, acknowledged: UInt64) {
    durableSequence.store(durable, ordering: .relaxed)
    acknowledgedSequence.store(acknowledged, ordering: .relaxed)
  }

  private func run() {
    var round = 0
    while !isStopping.load(ordering: .acquiring) {
      do throws(EventLogError) {
        try log.prepare()
        if round % 10 == 0 {
          let durable = durableSequence.load(ordering: .relaxed)
          try log.sync(completeThrough: acknowledgedSequence.load(ordering: .relaxed))
          try log.removeSegments(durableThrough: durable)
        }
      } catch {
        failure.withLock { $0 = error.description }
      }
      round += 1
      Foundation.Thread.sleep(forTimeInterval: 0.02)
    }
  }

  /// Ends the thread; returns what went wrong.
  func stop() -> String? {
    isStopping.store(true, ordering: .releasing)
    let own = thread.withLock { $0.take() }
    own?.join()
    return failure.withLock { $0 }
  }
}

extension BenchmarkSuite {
  /// A host with journal and event log, durable, and a reader in another process: 10 million events a second
  /// for 30 s, and the same 300 million as fast as it goes.
  static let eventService = BenchmarkSuite(name: "eventlog.service") { configuration in
    let count = configuration.size(300_000_000, smoke: 40_000)
    let own = configuration.cpuIndex ?? allowedCPUs().last ?? 0
    let other = configuration.otherCPUIndex ?? permittedCPUs().first { $0 != own }
    return [("paced", 10_000_000), ("full", nil)].flatMap { name, rate -> [BenchmarkCase] in
      let bench = EventServiceBench {
        try EventService.make(
          otherCPUIndex: other, isSmoke: configuration.isSmoke, count: count)
      }
      var events = BenchmarkCase(
        name: "eventlog.service.\(name).16B", operationCount: count, prepare: bench.prepare,
        body: { bench.run(eventCount: count, eventsPerSecond: rate) }, finish: bench.finish,
        measured: { bench.nanosecondsPerEvent }, failure: { bench.failure }, sleeps: true,
        counts: { bench.counts })
      events.isLong = true
      var behind = BenchmarkCase(
        name: "eventlog.service.\(name).behindMax", operationCount: 1, body: { 1 },
        measured: { bench.behindNanosecondsMax }, sleeps: true)
      behind.isLong = true
      return [events, behind]
    }
  }
}
