// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusHost
import ApusJournal
import ApusRings
import ApusTestKit
import ApusTestSupport
import ApusThreads
import Foundation
import Testing

/// A thread that waits for others, with nothing to do itself.
@Suite(.serialized) struct EngineThreadIdleTests {
  typealias Thread = EngineThread<
    LedgerEngine, OneToOneConsumer<LedgerCommand>, JournalWriter, NoOutput<LedgerEvent>
  >

  /// A standby that does not answer: the host's thread sleeps, and is there at once for a command, and
  /// soon for the answer.
  @Test(arguments: [false, true]) func waitingForAStandbyCostsNoProcessor(
    inputCloses: Bool
  ) throws {
    let ends = try OneToOneRing<LedgerCommand>.makeEnds(
      RingConfiguration(capacity: 64, consumerWait: .park()))
    var open: OneToOneProducer<LedgerCommand>? = ends.producer
    let position = ReplicatedPosition()
    let name = inputCloses ? "idle-drained" : "idle-replica"
    let thread = try EngineThread.start(
      EngineHost(
        engine: LedgerEngine(), input: ends.consumer,
        journal: JournalRig.writer(SimulatedJournalStorage(seed: 3)), output: NoOutput(),
        configuration: .init(release: .replicated, eventCapacity: 64, replica: position)),
      name: name, cpuIndex: nil)
    _ = open?.push(.open(1))
    if inputCloses { open.take()?.close() }
    let waiting = status(of: thread) { $0.lastSequence == 1 }
    // From here on the thread has waited so long that its sleeps have their full length.
    usleep(200_000)
    #expect(waiting.lastSequence == 1 && waiting.acknowledgedSequence == 0)
    let used = try processorTime(of: name, overMicroseconds: 1_000_000)
    #expect(used < 50_000_000, "\(used) ns of a second")

    if !inputCloses {
      _ = open?.push(.open(2))
      let applied = status(of: thread) { $0.lastSequence == 2 }
      #expect(applied.lastSequence == 2)
    }
    let last: UInt64 = inputCloses ? 1 : 2
    position.advance(to: last)
    let answered = status(of: thread) { $0.acknowledgedSequence == last }
    #expect(answered.acknowledgedSequence == last)
    if !inputCloses { open.take()?.close() }
    let back = thread.finish()
    expect(back.isSettled)
  }

  /// Everything acknowledged, and nothing comes.
  @Test func anIdleReplicatedHostCostsNoProcessor() throws {
    let ends = try OneToOneRing<LedgerCommand>.makeEnds(
      RingConfiguration(capacity: 64, consumerWait: .park()))
    var open: OneToOneProducer<LedgerCommand>? = ends.producer
    let thread = try EngineThread.start(
      EngineHost(
        engine: LedgerEngine(), input: ends.consumer,
        journal: JournalRig.writer(SimulatedJournalStorage(seed: 3)), output: NoOutput(),
        configuration: .init(
          release: .replicated, eventCapacity: 64, replica: ReplicatedPosition(sequence: 100))),
      name: "idle-host", cpuIndex: nil)
    _ = open?.push(.open(1))
    let answered = status(of: thread) { $0.acknowledgedSequence == 1 }
    #expect(answered.acknowledgedSequence == 1)
    let used = try processorTime(of: "idle-host", overMicroseconds: 1_000_000)
    #expect(used < 50_000_000, "\(used) ns of a second")
    open.take()?.close()
    _ = thread.finish()
  }

  /// The first status of which something holds, or the last one seen.
  private func status(
    of thread: borrowing Thread, when holds: (HostStatus) -> Bool
  ) -> HostStatus {
    for _ in 0..<200_000 {
      let status = thread.status
      if holds(status) { return status }
      usleep(100)
    }
    return thread.status
  }

  private struct NoSuchThread: Error {}

  /// What the thread of this name uses of the processor. Unit: nanoseconds.
  private func processorTime(of name: String, overMicroseconds time: UInt32) throws -> UInt64 {
    let folder = "/proc/self/task"
    let identifier = try FileManager.default.contentsOfDirectory(atPath: folder).first {
      let found = try? String(contentsOfFile: "\(folder)/\($0)/comm", encoding: .utf8)
      return found?.trimmingCharacters(in: .newlines) == name
    }
    guard let identifier = identifier.flatMap({ Int32($0) }) else { throw NoSuchThread() }
    // The kernel's number for the clock of a thread: see `clock_getcpuclockid` of its manual.
    let clock = clockid_t(truncatingIfNeeded: (~identifier << 3) | 6)
    func used() throws -> UInt64 {
      var time = timespec()
      // SAFETY: `time` is there to be written.
      guard unsafe clock_gettime(clock, &time) == 0 else { throw NoSuchThread() }
      return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
    let before = try used()
    usleep(time)
    return try used() - before
  }
}
