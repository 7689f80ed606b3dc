// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusEventLog
import ApusTestSupport
import ApusThreads
import Glibc

/// Writes or follows an event log until the process is killed.
///
///     apus-event-log-peer write FOLDER SEED
///     apus-event-log-peer follow FOLDER NAME
///     apus-event-log-peer count FOLDER COUNT
///
/// A writer prints, one a line, what opening found and then the positions that it has published; a
/// follower the index that it resumes at, and `count` one line when it has seen so many events. Exit
/// codes: 0 done, 2 bad usage, 3 what was read is wrong, 4 the log could not be opened. It ends by
/// itself after 20 seconds.
@main
enum EventLogPeer {
  static let configuration = EventLogConfiguration(
    format: SnapshotFormat(name: "sample", version: 1), journalHigh: 1, journalLow: 2,
    segmentByteCount: 16_384)

  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 4 else { fail(2, "usage: apus-event-log-peer ROLE FOLDER VALUE") }
    // Whoever starts it may have blocked the signal.
    var alone = sigset_t()
    // SAFETY: the set is there for all three calls.
    unsafe sigemptyset(&alone)
    unsafe sigaddset(&alone, SIGALRM)
    unsafe sigprocmask(SIG_UNBLOCK, &alone, nil)
    alarm(20)
    do throws(EventLogError) {
      switch arguments[1] {
      case "write": try write(arguments[2], seed: UInt64(arguments[3]) ?? 0)
      case "follow": try follow(arguments[2], name: arguments[3], countMax: .max)
      case "count": try follow(arguments[2], name: nil, countMax: UInt64(arguments[3]) ?? 0)
      default: fail(2, "unknown role \(arguments[1])")
      }
    } catch {
      fail(4, "\(error)")
    }
  }

  static func fail(_ code: Int32, _ text: String) -> Never {
    say("apus-event-log-peer: \(text)")
    exit(code)
  }

  static func say(_ text: String) {
    let line = Array("\(text)\n".utf8)
    // SAFETY: the array has as many bytes as the call is told.
    _ = unsafe Glibc.write(1, line, line.count)
  }

  /// As a recovery does: replays from some command on, then continues.
  static func write(_ folder: String, seed: UInt64) throws(EventLogError) {
    var random = SeededRandom(seed: seed)
    let log = try EventLog(of: PeerElement.self, path: folder, configuration: configuration)
    say("\(log.position)")
    let after = log.completeSequence - random.next() % min(log.completeSequence + 1, 500)
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: after)
    var index = SampleEvents.firstIndex(after: after)
    var round = 0
    while true {
      let count = 1 + random.next() % 40
      let events = (index..<index + count).map {
        SequencedEvent(sequence: SampleEvents.sequence($0), event: SampleEvents.event($0))
      }
      // SAFETY: the events are there during the call.
      let taken = unsafe events.withUnsafeBufferPointer { unsafe writer.take($0) }
      index += UInt64(taken)
      if let stall = log.stall { fail(3, "\(stall)") }
      round += 1
      if round % 16 == 0 { try log.prepare() }
      if round % 64 == 0 { try log.sync() }
      if round % 128 == 0 { try log.removeSegments(durableThrough: SampleEvents.sequence(index)) }
      say("\(writer.position)")
    }
  }

  static func follow(_ folder: String, name: String?, countMax: UInt64) throws(EventLogError) {
    var reader = try EventLogReader<PeerElement>(
      path: folder, format: configuration.format, name: name)
    if name != nil { say("\(reader.index)") }
    var count: UInt64 = 0
    while count < countMax {
      let start = reader.index
      let outcome = reader.tryRead(countMax: 100) { events in
        for offset in 0..<events.count {
          let index = start + UInt64(offset)
          let event = events[offset]
          guard event.event == SampleEvents.event(index),
            event.sequence == SampleEvents.sequence(index)
          else { fail(3, "event \(index) is wrong") }
        }
        return events.count
      }
      switch outcome {
      case .read(let taken): count += UInt64(taken)
      case .nothing: _ = reader.wait(.park(timeoutNanoseconds: 100_000_000))
      case .removed(let first):
        if name != nil { fail(3, "event \(reader.index) was removed from a registered cursor") }
        reader.seek(toIndex: first)
      case .cut(let index): fail(3, "events from \(index) on were cut off")
      case .failed(let error): fail(3, "\(error)")
      }
    }
    say("\(count)")
  }
}
