// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusServeTestKit
import ApusServiceKit
import ApusTestSupport
import ApusTradingService
import Foundation
import Testing

/// `apus serve matching` on a folder, started, killed and started again.
final class ServeProcess {
  static let orderCapacity = 4_096

  let scratch: ScratchFolder
  private var process: Process?

  /// The service's data folder.
  var folder: String { scratch.path("service") }

  /// Small files, all of which stay: each file's end is met often, and the whole history can be checked.
  var configuration: ServiceConfiguration

  init(clients: Int = 2) throws {
    scratch = try ScratchFolder()
    configuration = ServiceConfiguration(folder: scratch.path("service"))
    configuration.clients = clients
    configuration.clientRingBytes = 1 << 15
    configuration.journalSegmentBytes = 1 << 20
    configuration.journalBufferBytes = 1 << 16
    configuration.snapshotInterval = 200
    configuration.journalSegmentsKept = 1_000_000
    configuration.eventSegmentBytes = 1 << 17
    configuration.eventBytesKept = 1 << 40
    configuration.digestInterval = 300
  }

  deinit { kill() }

  var processID: Int32 { process?.processIdentifier ?? 0 }

  /// Writes the configuration to a file and starts the command with it, through others if wanted.
  func start(through shell: String? = nil) throws {
    let encoded = try JSONEncoder().encode(configuration)
    try scratch.write("service.json5", String(decoding: encoded, as: UTF8.self))
    let process = Process()
    let arguments = [
      "serve", "matching", "--config", scratch.path("service.json5"), "--orders",
      "\(Self.orderCapacity)",
    ]
    if let shell {
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      process.arguments = ["-c", shell, CommandRun.executable.path] + arguments
    } else {
      process.executableURL = CommandRun.executable
      process.arguments = arguments
    }
    for name in ["out", "err"] { try scratch.write(name, "") }
    process.standardOutput = try FileHandle(
      forWritingTo: URL(fileURLWithPath: scratch.path("out")))
    process.standardError = try FileHandle(
      forWritingTo: URL(fileURLWithPath: scratch.path("err")))
    process.standardInput = FileHandle.nullDevice
    try process.run()
    self.process = process
  }

  var isRunning: Bool { process?.isRunning ?? false }

  var errors: String { (try? scratch.text("err")) ?? "" }

  func send(_ signal: Int32) { if isRunning { Foundation.kill(processID, signal) } }

  /// Kills it where it runs.
  func kill() {
    send(SIGKILL)
    process?.waitUntilExit()
  }

  /// Waits until it has ended.
  ///
  /// - Returns: Its exit code, or the signal that ended it, negated; nil after the limit, when it is killed.
  func wait(limitSeconds: Double = 60) -> Int32? {
    guard let process else { return nil }
    let end = ContinuousClock.now + .seconds(limitSeconds)
    while process.isRunning {
      guard ContinuousClock.now < end else {
        kill()
        return nil
      }
      usleep(2_000)
    }
    return process.terminationReason == .exit
      ? process.terminationStatus : -process.terminationStatus
  }

  /// Asks it to end, and expects that it does so in order.
  func terminate(_ comment: Comment = "") {
    send(SIGTERM)
    let code = wait()
    #expect(code == 0, "\(comment) \(errors)")
  }

  /// Connects as soon as it serves.
  func connect(
    cursor: String? = nil, start: EventLogStart = .first, at folder: String? = nil
  ) throws -> ServeTrades.Client {
    let end = ContinuousClock.now + .seconds(60)
    while true {
      do throws(ClientError) {
        return try ServeTrades.connect(folder ?? self.folder, cursor: cursor, start: start)
      } catch {
        guard ContinuousClock.now < end, isRunning else {
          Issue.record("no connection: \(error) \(errors)")
          throw error
        }
        usleep(2_000)
      }
    }
  }

  /// Every event that the log has.
  func events(in folder: String? = nil) throws -> [SequencedEvent<MatchingEvent>] {
    var reader = try EventLogReader<MatchingEvent>(
      path: (folder ?? self.folder) + "/events", format: MatchingEngine.snapshotFormat)
    var events: [SequencedEvent<MatchingEvent>] = []
    while true {
      let outcome = reader.tryRead { span in
        for index in span.indices { events.append(span[index]) }
        return span.count
      }
      switch outcome {
      case .read: continue
      case .nothing: return events
      case .removed, .cut, .failed:
        Issue.record("\(outcome) after \(events.count) events")
        return events
      }
    }
  }
}

/// Another client, in a process of its own.
final class ClientPeerProcess {
  private let process = Process()
  private let output: String
  private let scratch: ScratchFolder

  init(_ role: String, _ folder: String, _ number: UInt16) throws {
    scratch = try ScratchFolder()
    output = scratch.path("out")
    try scratch.write("out", "")
    process.executableURL = CommandRun.executable.deletingLastPathComponent()
      .appendingPathComponent("apus-client-peer")
    process.arguments = [role, folder, "\(number)"]
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardInput = FileHandle.nullDevice
    try process.run()
  }

  deinit { kill() }

  /// Complete lines of what it has printed.
  var lines: [String] {
    ((try? scratch.text("out")) ?? "").split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast().map(String.init)
  }

  /// Waits until it has printed so many lines.
  func wait(forLines count: Int) -> Bool {
    let end = ContinuousClock.now + .seconds(60)
    while lines.count < count {
      if !process.isRunning || ContinuousClock.now >= end { return lines.count >= count }
      usleep(1_000)
    }
    return true
  }

  func kill() {
    if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// Its exit code once it has ended by itself; nil where it was killed.
  func exitCode() -> Int32? {
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : nil
  }
}
