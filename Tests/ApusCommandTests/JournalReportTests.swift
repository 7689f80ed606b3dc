// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestSupport
import Foundation
import Testing

/// What `apus journal` says is what it has read.
@Suite struct JournalReportTests {
  /// A folder with 200 records in several segments.
  private func journal() throws -> (folder: ScratchFolder, segments: [String]) {
    let folder = try ScratchFolder()
    var writer = try JournalWriter(
      storage: try FileJournalStorage(path: folder.path),
      configuration: JournalConfiguration(segmentByteCount: 24_576, bufferByteCount: 8_192))
    for sequence in 1...200 as ClosedRange<UInt64> {
      _ = writer.tryAppend(
        sequence: sequence, timeNanoseconds: sequence, type: 1, payloadByteCount: 20
      ) { _ in }
      if sequence % 10 == 0 { try writer.flush() }
    }
    try writer.close()
    let segments = try folder.names().filter { $0.hasSuffix(".segment") }
    try #require(segments.count >= 3)
    return (folder, segments)
  }

  /// A segment in the middle is missing: a recovery, which reads the last one, does not claim it.
  @Test func aRecoveryClaimsWhatItHasRead() throws {
    let (folder, segments) = try journal()
    let last = try #require(segments.last.flatMap { Int($0.prefix { $0 != "." }) })
    try FileManager.default.removeItem(atPath: folder.path(segments[1]))
    let text = try CommandRun("journal", "recover", folder.path)
    #expect(text.exitCode == 0)
    #expect(text.output.contains("records   200 by the headers"), "\(text.output)")
    #expect(
      text.output.contains(
        "checked   \(201 - last) records (last segment; 'apus journal verify' checks all)"),
      "\(text.output)")
    let recovered = try CommandRun("journal", "recover", folder.path, "--json").json()
    #expect(recovered["records"] as? Int == 200)
    #expect(recovered["recordsChecked"] as? Int == 201 - last)
    #expect(try CommandRun("journal", "verify", folder.path).exitCode == 3)
  }

  @Test func aVerificationHasReadAll() throws {
    let (folder, _) = try journal()
    let json = try CommandRun("journal", "verify", folder.path, "--json").json()
    #expect(json["records"] as? Int == 200 && json["recordsChecked"] as? Int == 200)
    let text = try CommandRun("journal", "verify", folder.path)
    #expect(text.output.contains("checked   200 records, chained"), "\(text.output)")
  }

  /// Records before a damaged one are shown, however few.
  @Test func recordsBeforeDamageAreShown() throws {
    let (folder, segments) = try journal()
    let second = try #require(Int(segments[1].prefix { $0 != "." }))
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path(segments[1]))))
    // In the second commit of ten records.
    bytes[4_096 + 4_096 + 100] ^= 1
    _ = try folder.write(segments[1], bytes)
    let from = "\(second + 8)"
    let text = try CommandRun("journal", "dump", folder.path, "--from", from)
    #expect(text.exitCode == 3 && text.errors.contains("offset"), "\(text.errors)")
    let lines = text.output.split(separator: "\n")
    #expect(lines.first?.hasPrefix("\(from) ") == true && lines.count >= 2, "\(text.output)")
    let json = try CommandRun("journal", "dump", folder.path, "--from", from, "--json")
    #expect(json.exitCode == 3)
    #expect((try json.json()["records"] as? [Any])?.count == lines.count)
    #expect(try json.json()["error"] is String)
  }

  @Test func aFolderWithoutSegmentsIsNoJournal() throws {
    let folder = try ScratchFolder()
    for action in ["verify", "dump", "recover"] {
      let run = try CommandRun("journal", action, folder.path)
      #expect(run.exitCode == 3)
      #expect(run.errors.contains("\(folder.path): no journal here"), "\(run.errors)")
    }
  }

  /// What may not be read is input that cannot be had; what may not be written is work that failed.
  @Test(.enabled(if: CommandRun.canBeUnprivileged, "needs a user without root's rights"))
  func permissionsAreTold() throws {
    let folder = try ScratchFolder()
    let script = """
      mkdir closed open; cp "$DAY" day; chmod 000 day closed; chmod 555 open; chmod 755 .
      """
    let day = try ReplayCommandTests.day.get().path("day.itch")
    #expect(try CommandRun.shell("DAY='\(day)'; \(script)", in: folder.path).exitCode == 0)
    defer { _ = try? CommandRun.shell("chmod 755 closed open", in: folder.path) }
    for (code, text, command) in [
      (3, "permission denied", "replay day"), (3, "permission denied", "replay day --as-orders"),
      (3, "may not be read", "journal verify closed"),
      (3, "may not be read", "journal dump closed"),
      (1, "permission denied", "generate itch open/x --messages 2000 --symbols 9"),
      (1, "permission denied", "generate itch day --messages 2000 --symbols 9"),
    ] as [(Int32, String, String)] {
      let run = try CommandRun.unprivilegedShell("$APUS \(command)", in: folder.path)
      #expect(run.exitCode == code && run.errors.contains(text), "\(command): \(run.errors)")
    }
  }
}
