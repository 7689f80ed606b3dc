// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusEventLog
import ApusTestSupport
import Foundation
import Testing

/// `apus journal` on an event log, as a user runs it.
@Suite struct EventLogCommandTests {
  /// A folder with 1,000 events of 16 bytes, four of each command, in four segments.
  private func log() throws -> (folder: ScratchFolder, path: String) {
    let folder = try ScratchFolder()
    let path = folder.path("events")
    let log = try EventLog(
      of: UInt64.self, path: path,
      configuration: EventLogConfiguration(
        format: SnapshotFormat(name: "sample", version: 3), journalHigh: 1, journalLow: 0xAB,
        segmentByteCount: 8_192))
    var writer = try log.makeWriter(of: UInt64.self, resumingAfter: 0)
    let events = (0..<1_000).map {
      SequencedEvent(sequence: UInt64($0 / 4 + 1), event: UInt64($0) << 8)
    }
    let taken = unsafe events.withUnsafeBufferPointer { unsafe writer.take($0) }
    #expect(taken == 1_000)
    try log.sync()
    _ = try EventLogReader<UInt64>(
      path: path, format: SnapshotFormat(name: "sample", version: 3), name: "feed")
    return (folder, path)
  }

  @Test func verifyShowsWhatIsThere() throws {
    let (folder, path) = try log()
    defer { withExtendedLifetime(folder) {} }
    let run = try CommandRun("journal", "verify", path, "--json")
    #expect(run.exitCode == 0, "\(run.errors)")
    let json = try run.json()
    #expect(json["position"] as? Int == 1_000 && json["firstIndex"] as? Int == 0)
    #expect(json["firstSequence"] as? Int == 1 && json["lastSequence"] as? Int == 250)
    #expect(json["syncedPosition"] as? Int == 1_000 && json["segments"] as? Int == 4)
    #expect(json["engine"] as? String == "sample" && json["engineVersion"] as? Int == 3)
    #expect(json["journal"] as? String == "000000000000000100000000000000ab")
    let cursors = try #require(json["cursors"] as? [[String: Any]])
    #expect(cursors.count == 1 && cursors.first?["name"] as? String == "feed")
    let text = try CommandRun("journal", "verify", path)
    #expect(text.exitCode == 0 && text.output.contains("commands  1 to 250"), "\(text.output)")
  }

  @Test(arguments: ["verify", "dump", "recover"])
  func aServicesFolderIsAnsweredWithThoseInIt(action: String) throws {
    let (folder, path) = try log()
    let run = try CommandRun("journal", action, folder.path)
    #expect(run.exitCode == 3)
    #expect(
      run.errors.contains(
        "a service's folder; name its journal, \(folder.path)/journal, or its event log, \(path)"),
      "\(run.errors)")
  }

  @Test func dumpShowsEvents() throws {
    let (folder, path) = try log()
    defer { withExtendedLifetime(folder) {} }
    let run = try CommandRun("journal", "dump", path, "--from", "254", "--count", "4", "--json")
    let events = try #require(try run.json()["events"] as? [[String: Any]])
    #expect(events.compactMap { $0["index"] as? Int } == [254, 255, 256, 257])
    #expect(events.compactMap { $0["sequence"] as? Int } == [64, 64, 65, 65])
    #expect(events.first?["event"] as? String == "00fe000000000000")
    let text = try CommandRun("journal", "dump", path, "--count", "1")
    #expect(text.output == "0  command 1  0000000000000000\n")
    let late = try CommandRun("journal", "dump", path, "--from", "1001")
    #expect(late.exitCode == 2 && late.errors.contains("index 1001: expected 0...1000"))
    let cut = try CommandRun("journal", "recover", path)
    #expect(cut.exitCode == 2)
  }

  @Test func cursorsAreListedAndRemovedBesideTheWriter() throws {
    let folder = try ScratchFolder()
    let format = SnapshotFormat(name: "sample", version: 3)
    let path = folder.path("events")
    let log = try EventLog(
      of: UInt64.self, path: path,
      configuration: EventLogConfiguration(
        format: format, journalHigh: 1, journalLow: 2, segmentByteCount: 8_192))
    var writer = try log.makeWriter(of: UInt64.self, resumingAfter: 0)
    let events = (0..<1_000).map { SequencedEvent(sequence: UInt64($0 + 1), event: UInt64($0)) }
    let taken = unsafe events.withUnsafeBufferPointer { unsafe writer.take($0) }
    #expect(taken == 1_000)
    let alive = try EventLogReader<UInt64>(path: path, format: format, name: "alive", start: .end)
    _ = try EventLogReader<UInt64>(path: path, format: format, name: "dead", start: .index(10))

    // A service's folder has the log in it.
    let list = try CommandRun("journal", "cursors", folder.path(""), "--json")
    #expect(list.exitCode == 0, "\(list.errors)")
    #expect(try list.json()["position"] as? Int == 1_000)
    let cursors = try #require(try list.json()["cursors"] as? [[String: Any]])
    #expect(cursors.map { $0["name"] as? String } == ["dead", "alive"])
    #expect(cursors.map { $0["eventsBehind"] as? Int } == [990, 0])
    #expect(cursors.map { $0["bytesBehind"] as? Int } == [990 * 16, 0])
    #expect(cursors.map { $0["holdsSegments"] as? Bool } == [true, false])
    #expect(cursors.map { $0["process"] as? Int } == [nil, Int(getpid())])
    let text = try CommandRun("journal", "cursors", path)
    #expect(
      text.output.contains("dead at 10, 990 events (15.5 KiB) behind, nobody, keeps old segments"),
      "\(text.output)")

    let inUse = try CommandRun("journal", "cursors", path, "--remove", "alive")
    #expect(inUse.exitCode == 1 && inUse.errors.contains("belongs to process \(getpid())"))
    let missing = try CommandRun("journal", "cursors", path, "--remove", "deda")
    #expect(missing.exitCode == 2)
    #expect(missing.errors.contains("no cursor deda; 'apus journal cursors"), "\(missing.errors)")
    #expect(log.cursors.count == 2)
    let removal = try CommandRun("journal", "cursors", path, "--remove", "dead", "--json")
    #expect(removal.exitCode == 0, "\(removal.errors)")
    #expect(try removal.json()["removed"] as? String == "dead")
    #expect((try removal.json()["cursors"] as? [Any])?.count == 1)
    #expect(log.cursors.map(\.name) == ["alive"])

    let nothing = try CommandRun("journal", "cursors", folder.path("nothing"))
    #expect(nothing.exitCode == 3 && nothing.errors.contains("no event log here"))
    let other = try CommandRun("journal", "verify", path, "--remove", "alive")
    #expect(other.exitCode == 2 && other.errors.contains("only cursors takes it"))
    withExtendedLifetime(writer.position) {}
    withExtendedLifetime(alive.index) {}
  }

  @Test func damageIsBadInput() throws {
    let (folder, path) = try log()
    let segment = "events/00000000000000000256.events"
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path(segment))))
    // Command 66 before commands 65.
    bytes[4_096 + 16] = 66
    _ = try folder.write(segment, bytes)
    let run = try CommandRun("journal", "verify", path)
    #expect(run.exitCode == 3)
    #expect(
      run.errors.contains("offset 4128: event 258 is of command 65 and follows one of command 66"),
      "\(run.errors)")
    try FileManager.default.removeItem(atPath: folder.path(segment))
    let missing = try CommandRun("journal", "verify", path)
    #expect(missing.exitCode == 3 && missing.errors.contains(segment))
    let dump = try CommandRun("journal", "dump", path, "--count", "1000", "--json")
    #expect(dump.exitCode == 3)
    #expect((try dump.json()["events"] as? [Any])?.count == 256)
  }
}
