// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusJournal
import ApusReplication
import ApusReplicationTestKit
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

let isCampaign = ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] != nil

/// Until when a loop goes on for something that must come: long enough for a busy machine, where a
/// count of rounds is not.
func patience() -> Nanoseconds { Nanoseconds(monotonicNow().rawValue + patientNanoseconds) }

/// Expectations about values that cannot be copied. Without a comment it tells its own line, since it
/// is no macro that has the expression.
func expect(
  _ holds: Bool, _ comment: @autoclosure () -> String = "", filePath: StaticString = #filePath,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  if holds { return }
  Issue.record(
    "\(failureText(comment(), filePath, sourceLocation.line))", sourceLocation: sourceLocation)
}

private func failureText(_ comment: String, _ path: StaticString, _ line: Int) -> String {
  if !comment.isEmpty { return "expectation failed: \(comment)" }
  let text = try? String(contentsOfFile: "\(path)", encoding: .utf8)
  let lines = text?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
  guard lines.indices.contains(line - 1) else { return "expectation failed in line \(line)" }
  return "expectation failed: \(lines[line - 1].trimmingCharacters(in: .whitespaces))"
}

@Suite struct SupportTests {
  @Test func anExpectationThatFailsSaysWhatItWas() {
    let own = failureText("", #filePath, #line)
    #expect(own == "expectation failed: let own = failureText(\"\", #filePath, #line)")
    #expect(failureText("", #filePath, .max) == "expectation failed in line \(Int.max)")
    #expect(failureText("why", #filePath, 1) == "expectation failed: why")
  }
}

/// A primary and a standby that share a thread.
struct Pair: ~Copyable {
  var primary: PrimaryReplica
  var standby: ReplicationStandby<TallyEngine>

  /// Moves both until something holds; false after the limit.
  mutating func run(
    limitSeconds: Double = 10, until holds: (borrowing Pair) -> Bool
  ) -> Bool {
    let end = monotonicNow().rawValue + UInt64(limitSeconds * 1e9)
    while !holds(self) {
      let done = primary.step() + standby.step(now: monotonicNow())
      if monotonicNow().rawValue > end { return false }
      if done == 0 { usleep(100) }
    }
    return true
  }

  /// Submits commands and waits until all of them are acknowledged.
  mutating func submit(_ count: Int) -> Bool {
    let target = primary.count + UInt64(count)
    let end = monotonicNow().rawValue + 10_000_000_000
    while primary.count < target {
      primary.submit(min(20, Int(target - primary.count)))
      _ = primary.step()
      _ = standby.step(now: monotonicNow())
      if monotonicNow().rawValue > end || standby.failure != nil { return false }
    }
    return run { $0.primary.isAcknowledged || $0.standby.failure != nil }
      && standby.failure == nil
  }

  var isLevel: Bool {
    standby.engine.digest == primary.host.engine.digest
      && standby.lastSequence == primary.host.lastSequence
  }

  /// Level, and the standby's disk has everything.
  var isDurablyLevel: Bool { isLevel && standby.durableSequence == standby.lastSequence }
}

/// Runs one side alone for a while.
func drive(
  _ primary: inout PrimaryReplica, limitSeconds: Double = 5,
  until holds: (borrowing PrimaryReplica) -> Bool
) -> Bool {
  let end = monotonicNow().rawValue + UInt64(limitSeconds * 1e9)
  while !holds(primary) {
    if primary.step() == 0 { usleep(100) }
    if monotonicNow().rawValue > end { return false }
  }
  return true
}

/// The program that the crash tests kill.
final class ReplicaProcess {
  private let process = Process()
  private let pipe = Pipe_()
  private let output = Locked()

  typealias Pipe_ = Foundation.Pipe

  private final class Locked: @unchecked Sendable {
    // SAFETY: every access holds the lock.
    private let lock = NSLock()
    private var bytes: [UInt8] = []
    private var ended = false
    func append(_ new: Data) {
      lock.withLock {
        bytes += new
        if new.isEmpty { ended = true }
      }
    }
    var state: (bytes: [UInt8], ended: Bool) { lock.withLock { (bytes, ended) } }
  }

  init(_ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
      .deletingLastPathComponent().appendingPathComponent("apus-replica")
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let (handle, output) = (pipe.fileHandleForReading, output)
    // Drained meanwhile: a child that waits for its reader acknowledges nothing.
    Thread {
      while true {
        let data = handle.availableData
        output.append(data)
        if data.isEmpty { break }
      }
    }.start()
  }

  deinit { kill() }

  /// Complete lines so far.
  var lines: [Substring] {
    String(decoding: output.state.bytes, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false
    ).dropLast()
  }

  func firstLine(limitSeconds: Double = 15) -> Substring? {
    let end = Date().addingTimeInterval(limitSeconds)
    while Date() < end {
      if let line = lines.first { return line }
      usleep(500)
    }
    return nil
  }

  /// SIGKILL, and everything that was said before.
  @discardableResult
  func kill() -> [Substring] {
    if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    let end = Date().addingTimeInterval(5)
    while !output.state.ended, Date() < end { usleep(200) }
    return lines
  }
}
