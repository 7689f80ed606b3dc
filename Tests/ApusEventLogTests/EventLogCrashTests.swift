// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusEventLog

/// Real processes that write and follow a log are killed at random points.
@Suite struct EventLogCrashTests {
  @Test(arguments: [1, 2] as [UInt64])
  func everythingPublishedSurvivesSIGKILL(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let folder = try ScratchFolder()
    var published: UInt64 = 0
    var killCount = 0
    let follower = try EventLogPeerProcess(
      "follow", folder.path("log"), "survivor", waitsForLog: true)
    for round in Campaign.rounds(10, campaign: 1_500) {
      let comment: Comment = "seed \(seed) round \(round)"
      killCount += 1
      let patience = published == 0 ? round + 1 : 1
      let writer = try EventLogPeerProcess("write", folder.path("log"), "\(random.next() % 1_000)")
      let lines = writer.kill(
        afterMicroseconds: 10_000 + Int(random.next() % 40_000) * patience)
      let positions = lines.compactMap { UInt64($0) }
      #expect(positions.count == lines.count, "\(comment): \(lines.last ?? "")")
      if let found = positions.first { #expect(found >= published, comment) }
      published = max(published, positions.last ?? 0)
      guard published > 0 else { continue }
      if round == 2 || (round > 2 && round % 64 == 0) { try follower.restart() }

      let report = try EventLogInspection.verify(path: folder.path("log"))
      #expect(report.position >= published, comment)
      var reader = try EventLogRig.reader(folder)
      expect(reader.readAll().range, report.firstIndex..<report.position, comment)
    }
    #expect(published > 0, "seed \(seed): no writer lived long enough to publish an event")
    // The follower was killed and resumed; what it registered held segments for it alone.
    let cursor = try #require(
      try EventLogRig.open(folder, EventLogPeerProcess.configuration).cursors.first)
    #expect(cursor.name == "survivor")
    let lines = follower.kill(afterMicroseconds: 1_000)
    #expect(lines.allSatisfy { UInt64($0) != nil }, "\(lines)")
    print("killed \(killCount) times: \(published) events published")
  }

  @Test func aFollowerReadsWhatAnotherProcessWrites() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder, EventLogPeerProcess.configuration)
    let box = try EventLogWriterBox(log)
    let follower = try EventLogPeerProcess("count", folder.path("log"), "20000")
    var next: UInt64 = 0
    while next < 20_000 {
      box.take(next..<next + 50)
      next += 50
      if next % 5_000 == 0 { usleep(2_000) }
    }
    let (code, lines) = follower.wait()
    #expect(code == 0, "\(lines)")
    #expect(lines == ["20000"])
  }

  /// A reader that stops for ever is registered and holds the log, not the writer.
  @Test func aDeadFollowerHoldsNothingUp() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder, EventLogPeerProcess.configuration)
    let box = try EventLogWriterBox(log)
    box.take(0..<10)
    let follower = try EventLogPeerProcess("follow", folder.path("log"), "dead")
    let deadline = ContinuousClock.now + .seconds(20)
    while log.cursors.first?.index != 10, ContinuousClock.now < deadline { usleep(1_000) }
    #expect(log.cursors.first?.processID == follower.processID)
    _ = follower.kill(afterMicroseconds: 0)
    box.take(10..<5_000)
    #expect(log.position == 5_000)
    try log.sync()
    try log.sync(completeThrough: SampleEvents.sequence(4_999))
    #expect(try log.removeSegments(durableThrough: .max) == 0)
    #expect(log.cursors == [EventLogCursor(name: "dead", index: 10, processID: nil)])
    var reader = try EventLogRig.reader(folder, name: "dead")
    expect(reader.readAll().range, 10..<5_000)
    #expect(try log.removeSegments(durableThrough: .max) > 0)
  }
}

/// A process that writes or follows a log.
final class EventLogPeerProcess: @unchecked Sendable {
  // SAFETY: used by one test; the thread that drains the pipe is joined through `output`.
  static let configuration = EventLogConfiguration(
    format: EventLogRig.format, journalHigh: 1, journalLow: 2, segmentByteCount: 16_384)

  private var process = Process()
  private var pipe = Pipe()
  private let arguments: [String]

  init(_ role: String, _ folder: String, _ value: String, waitsForLog: Bool = false) throws {
    arguments = [role, folder, value]
    if !waitsForLog { try start() }
  }

  deinit { if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) } }

  private func start() throws {
    process = Process()
    pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
      .deletingLastPathComponent().appendingPathComponent("apus-event-log-peer")
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
  }

  var processID: Int32 { process.processIdentifier }

  /// Kills it where it runs, and starts it again.
  func restart() throws {
    if process.isRunning {
      Foundation.kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    try start()
  }

  /// Kills it after a while, and gives the complete lines that it had printed.
  func kill(afterMicroseconds microseconds: Int) -> [String] {
    let number = process.processIdentifier
    // The pipe is drained meanwhile: a process that waits for its reader does nothing.
    let killer = Thread {
      usleep(UInt32(microseconds))
      Foundation.kill(number, SIGKILL)
    }
    killer.start()
    return wait().lines
  }

  /// Its exit code, nil where it was killed, and the complete lines that it printed.
  func wait() -> (code: Int32?, lines: [String]) {
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let lines = String(decoding: output, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false
    ).dropLast().map(String.init)
    return (process.terminationReason == .exit ? process.terminationStatus : nil, lines)
  }
}
