// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusCommandKit
internal import ApusEngine
internal import ApusHost
internal import ApusJournal
internal import ApusMetrics
internal import ApusRings
internal import ApusThreads
internal import Glibc

/// A host on its thread, fed at a steady pace, with a follower on the feeding thread's CPU or none:
/// how long the host's thread takes for a command, and until its disk has it.
private final class FollowedBench {
  /// Between two commands. Unit: nanoseconds.
  static let intervalNanoseconds: UInt64 = 10_000

  private let cpuIndex: Int?
  private let wordCount: Int
  private let followerInterval: UInt64?
  private let folder: BenchmarkFolder
  private(set) var append = 0.0
  private(set) var apply = 0.0
  private(set) var durability = 0.0
  private(set) var failure: String?
  private(set) var snapshotCount: UInt64 = 0

  init(cpuIndex: Int?, wordCount: Int, followerInterval: UInt64?) throws {
    folder = try BenchmarkFolder()
    self.cpuIndex = cpuIndex
    self.wordCount = wordCount
    self.followerInterval = followerInterval
  }

  func run(_ count: Int) -> UInt64 {
    do {
      return try measured(count)
    } catch {
      failure = "\(error)"
      return 0
    }
  }

  private func measured(_ count: Int) throws -> UInt64 {
    let wait = WaitStrategy.spinThenYield(spinCount: 1_000_000)
    let ends = try OneToOneRing<UInt64>.makeEnds(
      RingConfiguration(capacity: 4_096, producerWait: wait, consumerWait: wait))
    var producer = ends.producer
    let host = try EngineHost(
      engine: TableEngine(configuration: wordCount), input: ends.consumer,
      journal: folder.makeJournal(), output: NoOutput(),
      configuration: HostConfiguration(
        release: .durable, eventCapacity: 16, timedBatchInterval: 1))
    let thread = try EngineThread.start(host, name: "host", cpuIndex: cpuIndex)
    let follower = try startFollower()
    let clock = CycleClock.shared
    let started = clock.now
    for value in 0..<UInt64(count) {
      while clock.nanoseconds(cycles: clock.now &- started) < value &* Self.intervalNanoseconds {}
      guard producer.push(value) == .pushed else { break }
    }
    producer.close()
    let finished = thread.finish()
    if let follower {
      // A short run ends before the follower has seen it.
      let started = clock.now
      while follower.status.snapshotCount == 0, !follower.status.hasEnded,
        clock.nanoseconds(cycles: clock.now &- started) < 20_000_000_000
      {
        sched_yield()
      }
      let status = follower.finish()
      failure = status.failure?.description ?? status.snapshotFailure?.description
      snapshotCount = status.snapshotCount
      if snapshotCount == 0 { failure = "the follower has written no snapshot" }
    }
    if let description = finished.failureDescription { failure = description }
    append = Double(finished.latencies.append.value(atPercentile: 99))
    apply = Double(finished.latencies.apply.value(atPercentile: 99))
    durability = Double(finished.latencies.durability.value(atPercentile: 99))
    return finished.engine.digest
  }

  private func startFollower() throws -> SnapshotFollowerThread? {
    guard let interval = followerInterval else { return nil }
    let (path, wordCount) = (folder.journalPath, wordCount)
    return try SnapshotFollowerThread.start(name: "snapshots", cpuIndex: nil) {
      () throws(SnapshotFollowerError) in
      try SnapshotFollower(
        TableEngine.self, engine: wordCount, path: path,
        configuration: SnapshotFollowerConfiguration(commandInterval: interval))
    }
  }
}

/// A recorded journal of 8-byte commands, and a host that stands at its end.
private final class RecordedBench {
  typealias Host = EngineHost<TableEngine, NoInput<UInt64>, JournalWriter, NoOutput<UInt64>>

  private let folder: BenchmarkFolder
  private var host: Host
  private let snapshots: JournalSnapshots
  private var nextCommand: UInt64 = 0
  private let recordedCount: Int

  init(wordCount: Int, recordCount: Int) throws {
    folder = try BenchmarkFolder()
    let writer = try folder.makeJournal()
    snapshots = try JournalSnapshots(
      storage: FileJournalStorage(path: folder.path), journal: writer.identifier)
    host = try EngineHost(
      engine: TableEngine(configuration: wordCount), input: NoInput(), journal: writer,
      output: NoOutput(),
      configuration: HostConfiguration(release: .durable, eventCapacity: 16))
    recordedCount = recordCount
    while nextCommand < UInt64(recordCount) { try step() }
    guard host.flush() else { throw WorkError(host.failureDescription ?? "the journal failed") }
  }

  private func step() throws {
    while !host.step(now: .zero, command: nextCommand) {
      if host.hasFailed { throw WorkError(host.failureDescription ?? "the journal failed") }
    }
    nextCommand += 1
  }

  /// A snapshot on the host's thread, of another state each time.
  func writeSnapshot() -> UInt64 {
    do {
      try step()
      _ = try snapshots.write(&host)
      return 1
    } catch {
      return 0
    }
  }

  /// The state into nowhere: what encoding alone takes.
  func encode() -> UInt64 {
    let sink = CountingTarget()
    _ = try? host.writeSnapshot(to: sink)
    return sink.byteCount
  }

  /// Replays what was recorded at first, as a follower does.
  func follow() -> UInt64 {
    do throws(SnapshotFollowerError) {
      var follower = try SnapshotFollower(
        TableEngine.self, engine: 1 << 10, path: folder.journalPath,
        configuration: SnapshotFollowerConfiguration(commandInterval: UInt64(recordedCount)))
      while try follower.step() > 0 {}
      return follower.engine.digest
    } catch {
      return 0
    }
  }
}

private final class CountingTarget: SnapshotTarget {
  private(set) var byteCount: UInt64 = 0

  func write(_ chunk: RawSpan) throws(SnapshotError) { byteCount += UInt64(chunk.byteCount) }
}

extension BenchmarkSuite {
  /// Snapshots of 64 MiB: on the host's thread, and by a follower beside it. Journal and snapshots
  /// are in /var/tmp.
  ///
  /// On two CPUs the follower shares the one of the thread that feeds the host, so the rows show what
  /// the host's thread takes, not what a client waits.
  static let snapshots = BenchmarkSuite(name: "snapshots") { configuration in
    let own = configuration.cpuIndex ?? allowedCPUs().last ?? 0
    let other = permittedCPUs().first { $0 != own }
    let wordCount = configuration.size(8 << 20, smoke: 1 << 10)
    let mebibytes = max(1, wordCount >> 17)
    let recordCount = configuration.size(1_000_000, smoke: 2_000)
    let recorded = try RecordedBench(wordCount: wordCount, recordCount: recordCount)
    let count = configuration.size(100_000, smoke: 500)
    let alone = try FollowedBench(cpuIndex: other, wordCount: wordCount, followerInterval: nil)
    let followed = try FollowedBench(
      cpuIndex: other, wordCount: wordCount,
      followerInterval: configuration.size(10_000, smoke: 100))
    var cases = [
      BenchmarkCase(name: "snapshots.encode.perMiB", operationCount: mebibytes) {
        recorded.encode()
      },
      BenchmarkCase(
        name: "snapshots.onHostThread.perMiB", operationCount: mebibytes,
        body: { recorded.writeSnapshot() }, sleeps: true),
      BenchmarkCase(name: "snapshots.follow.8B", operationCount: recordCount) {
        recorded.follow()
      },
    ]
    let rows: [(String, KeyPath<FollowedBench, Double>)] = [
      ("append", \.append), ("apply", \.apply), ("durable", \.durability),
    ]
    for (name, path) in rows {
      for (prefix, bench) in [("alone", alone), ("followed", followed)] {
        cases.append(
          BenchmarkCase(
            name: "snapshots.\(prefix).\(name).p99", operationCount: count,
            body: { bench.run(count) }, measured: { bench[keyPath: path] },
            failure: { bench.failure }, sleeps: true))
      }
    }
    return cases
  }
}
