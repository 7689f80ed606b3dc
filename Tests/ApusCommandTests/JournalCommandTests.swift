// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestSupport
import Foundation
import Testing

/// `apus journal` as a user runs it.
@Suite struct JournalCommandTests {
  /// A folder with a journal of 50 records of 20 bytes.
  private func journal() throws -> ScratchFolder {
    let folder = try ScratchFolder()
    var writer = try JournalWriter(
      storage: try FileJournalStorage(path: folder.path),
      configuration: JournalConfiguration(segmentByteCount: 24_576, bufferByteCount: 8_192))
    for sequence in 1...50 as ClosedRange<UInt64> {
      _ = writer.tryAppend(
        sequence: sequence, timeNanoseconds: sequence * 10, type: UInt16(sequence % 2),
        payloadByteCount: 20
      ) { _ in }
      if sequence % 10 == 0 { try writer.flush() }
    }
    try writer.close()
    return folder
  }

  @Test func verifyTellsWhatIsThere() throws {
    let folder = try journal()
    let run = try CommandRun("journal", "verify", folder.path, "--json")
    #expect(run.exitCode == 0)
    let json = try run.json()
    #expect(json["records"] as? Int == 50 && json["lastSequence"] as? Int == 50)
    #expect((json["tail"] as? [String: Any])?["state"] as? String == "clean")
    #expect((json["segments"] as? [Any])?.count == 1)
    let text = try CommandRun("journal", "verify", folder.path)
    #expect(text.exitCode == 0 && text.output.contains("sequences 1 to 50"))
  }

  /// They were said to be missing.
  @Test(.timeLimit(.minutes(1))) func filesAndPipesAreNoFolders() throws {
    let folder = try ScratchFolder()
    let file = try folder.write("file", [1])
    let pipe = folder.path("pipe")
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    for action in ["verify", "dump", "recover"] {
      for path in [file, pipe, file + "/below"] {
        let run = try CommandRun("journal", action, path)
        #expect(run.exitCode == 3 && run.errors.contains("\(path): not a folder"), "\(run.errors)")
      }
      let none = try CommandRun("journal", action, folder.path("none"))
      #expect(none.errors.contains("no such file or folder"), "\(none.errors)")
    }
  }

  @Test func dumpShowsRecords() throws {
    let folder = try journal()
    let run = try CommandRun(
      "journal", "dump", folder.path, "--from", "40", "--type", "1", "--count", "3", "--json")
    let records = try #require(try run.json()["records"] as? [[String: Any]])
    #expect(records.compactMap { $0["sequence"] as? Int } == [41, 43, 45])
    #expect(records.first?["payload"] as? String == String(repeating: "00", count: 20))
    let late = try CommandRun("journal", "dump", folder.path, "--from", "400")
    #expect(late.exitCode == 2 && late.errors.contains("sequence 400 is not here"))
  }

  @Test func damageAndTornEndsAreTold() throws {
    let folder = try journal()
    let name = try #require(try folder.names().first { $0.hasSuffix(".segment") })
    let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path(name))))
    // Behind five commits of a block each.
    var torn = good
    let end = 4_096 + 5 * 4_096
    #expect(torn.count == end)
    torn[end - 1] = 9
    _ = try folder.write(name, torn)
    let verified = try CommandRun("journal", "verify", folder.path)
    #expect(verified.exitCode == 0 && verified.output.contains("torn"))
    let recovered = try CommandRun("journal", "recover", folder.path)
    #expect(recovered.exitCode == 0 && recovered.output.contains("was cut off"))
    #expect(try CommandRun("journal", "verify", folder.path).output.contains("tail      clean"))

    var damaged = good
    damaged[4_096 + 100] ^= 1
    _ = try folder.write(name, damaged)
    for action in ["verify", "recover", "dump"] {
      let run = try CommandRun("journal", action, folder.path)
      #expect(run.exitCode == 3 && run.errors.contains("offset"), "\(action): \(run.errors)")
    }
  }

  /// Whatever is named like a segment, and whatever a segment says with checksums that hold.
  @Test(.timeLimit(.minutes(2))) func noFolderTrapsOrHangsIt() throws {
    for first in [0, UInt64.max - 20, .max] {
      let folder = try journal()
      var files: [String: [UInt8]] = [:]
      for name in try folder.names() {
        files[name] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path(name))))
        try FileManager.default.removeItem(atPath: folder.path(name))
      }
      var forge = JournalForge(files)
      forge.renumber(first: first)
      forge.seal()
      for (name, bytes) in forge.files { _ = try folder.write(name, bytes) }
      for action in ["verify", "recover", "dump"] {
        let run = try CommandRun("journal", action, folder.path)
        #expect(
          run.exitCode == 3 && run.errors.contains("offset 32: the first sequence is \(first)"),
          "\(action): \(run.errors)")
      }
    }
    let folder = try ScratchFolder()
    #expect(unsafe mkfifo(folder.path("00000000000000000001.segment"), 0o600) == 0)
    for action in ["verify", "recover", "dump"] {
      let run = try CommandRun("journal", action, folder.path)
      #expect(run.exitCode == 3 && run.errors.contains("not a regular file"), "\(run.errors)")
    }
  }

  @Test func badUsageIsTold() throws {
    #expect(try CommandRun("journal", "--help").output.contains("verify|dump|recover"))
    #expect(try CommandRun("journal").exitCode == 2)
    #expect(try CommandRun("journal", "mend", "/tmp").exitCode == 2)
    #expect(try CommandRun("journal", "verify", "/tmp", "--from", "1").exitCode == 2)
    let missing = try CommandRun("journal", "recover", "/nonexistent")
    #expect(missing.exitCode == 3 && missing.errors.contains("/nonexistent"))
    let empty = try ScratchFolder()
    for action in ["verify", "recover", "dump"] {
      #expect(try CommandRun("journal", action, empty.path).exitCode == 3)
    }
    #expect(try empty.names().isEmpty)
  }
}
