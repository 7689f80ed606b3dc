// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import ApusTestSupport
import CApusSystemFaults
import Foundation
import Testing

@testable import ApusJournal

/// What a folder of the file system may have in it, and who may read it.
@Suite struct FileStorageTests {
  static let configuration = JournalConfiguration(
    segmentByteCount: 24_576, bufferByteCount: 8_192)

  /// A folder with a journal, a snapshot and the file of a lock.
  static func journal(_ folder: ScratchFolder) throws {
    let storage = try FileJournalStorage(path: folder.path("journal"))
    var writer = try JournalWriter(storage: storage, configuration: configuration)
    #expect(SampleRecord.append(&writer, count: 200))
    try writer.flush()
    var snapshot = try SnapshotStore(storage: storage).begin(
      SnapshotHeader(sequence: 10, digest: 1, contentVersion: 1), bufferByteCount: 100)
    try snapshot.commit()
    try writer.close()
  }

  private static func mode(_ path: String) throws -> mode_t {
    var status = stat()
    #expect(unsafe lstat(path, &status) == 0, "\(path)")
    return status.st_mode & 0o7777
  }

  // MARK: What is no file

  enum Imposter: CaseIterable { case fifo, folder, socket, link, danglingLink }

  private static func put(_ imposter: Imposter, at path: String) throws {
    switch imposter {
    case .fifo: #expect(unsafe mkfifo(path, 0o600) == 0)
    case .folder: #expect(unsafe mkdir(path, 0o700) == 0)
    case .socket: #expect(unsafe mknod(path, S_IFSOCK | 0o600, 0) == 0)
    case .link: #expect(unsafe symlink("/etc/hostname", path) == 0)
    case .danglingLink: #expect(unsafe symlink("/nonexistent/nowhere", path) == 0)
    }
  }

  /// In place of each file that a journal opens: an error that names the file, and no waiting.
  @Test(.timeLimit(.minutes(1)), arguments: Imposter.allCases)
  func whatIsNoRegularFileIsRefused(imposter: Imposter) throws {
    let names = [
      "00000000000000000001.segment", "00000000000000000010.snapshot", JournalFormat.positionName,
      JournalFormat.lockName,
    ]
    for name in names {
      let folder = try ScratchFolder()
      try Self.journal(folder)
      let path = folder.path("journal/\(name)")
      #expect(unsafe unlink(path) == 0, "\(path)")
      try Self.put(imposter, at: path)
      let storage = try FileJournalStorage(path: folder.path("journal"))
      let error = #expect(throws: JournalError.self, "\(name)") {
        if name.hasSuffix(".snapshot") {
          _ = try SnapshotFileReader(storage: storage, name: name)
        } else if name == JournalFormat.lockName {
          try storage.lock()
        } else {
          _ = try JournalInspection.report(storage, depth: .everything)
        }
      }
      guard case .foreign(path, let found)? = error else {
        Issue.record("\(imposter) \(name): \(String(describing: error))")
        continue
      }
      #expect(found.contains("regular file"), "\(found)")
      // A writer opens every one of them but snapshots.
      guard !name.hasSuffix(".snapshot") else { continue }
      #expect(throws: JournalError.self, "\(name)") {
        _ = try JournalWriter(
          storage: FileJournalStorage(path: folder.path("journal")),
          configuration: Self.configuration)
      }
    }
  }

  /// A link in place of a file would let a writer write elsewhere.
  @Test func nothingIsWrittenThroughALink() throws {
    let folder = try ScratchFolder()
    try folder.write("victim", [1, 2, 3])
    #expect(unsafe mkdir(folder.path("journal"), 0o700) == 0)
    #expect(unsafe symlink(folder.path("victim"), folder.path("journal/journal.position")) == 0)
    #expect(throws: JournalError.self) {
      _ = try JournalWriter(
        storage: FileJournalStorage(path: folder.path("journal")),
        configuration: Self.configuration)
    }
    #expect(try folder.bytes("victim") == [1, 2, 3])
  }

  // MARK: Who may read it

  @Test(arguments: [0o000, 0o022, 0o277] as [mode_t])
  func filesAreTheOwnersAlone(mask: mode_t) throws {
    let folder = try ScratchFolder()
    try FileMask.with(mask) { try Self.journal(folder) }
    #expect(try Self.mode(folder.path("journal")) == 0o700)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("journal"))
    #expect(names.contains { $0.hasSuffix(".snapshot") } && names.count >= 5, "\(names)")
    for name in names {
      #expect(try Self.mode(folder.path("journal/\(name)")) == 0o600, "\(name)")
    }
  }

  /// What is there keeps its mode: an operator may have had a reason.
  @Test func aWiderModeIsLeftAndTold() throws {
    let folder = try ScratchFolder()
    try Self.journal(folder)
    let path = folder.path("journal/journal.position")
    #expect(unsafe chmod(path, 0o644) == 0 && chmod(folder.path("journal"), 0o755) == 0)
    let storage = try FileJournalStorage(path: folder.path("journal"))
    let writer = try JournalWriter(storage: storage, configuration: Self.configuration)
    try writer.close()
    #expect(try Self.mode(path) == 0o644)
    #expect(
      try storage.exposures() == [
        StorageExposure(path: folder.path("journal"), mode: 0o755),
        StorageExposure(path: path, mode: 0o644),
      ])
  }

  // MARK: Errors are not absence

  @Test func anErrorIsNotTakenForAbsence() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    var writer = try JournalWriter(storage: disk, configuration: Self.configuration)
    #expect(SampleRecord.append(&writer, count: 20))
    try writer.close()
    disk.killProcess()
    // The position is all that tells of a commit that is gone.
    let name = "00000000000000000001.segment"
    var bytes = try #require(disk.contents(name))
    bytes.replaceSubrange(4_096..<bytes.count, with: repeatElement(0, count: bytes.count - 4_096))
    disk.replaceContents(name, with: bytes)
    disk.faults.lookupError = 1
    let expected = JournalError.system(
      operation: "stat", path: "simulated/journal.position", errno: 5)
    #expect(throws: expected) { _ = try JournalInspection.report(disk, depth: .tail) }
    #expect(throws: expected) { _ = try recordedSequences(disk) }
  }

  @Test func aPositionThatCannotBeReadIsAnError() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    var writer = try JournalWriter(storage: disk, configuration: Self.configuration)
    #expect(SampleRecord.append(&writer, count: 20))
    try writer.close()
    disk.killProcess()
    var reader = try JournalReader(storage: disk)
    disk.faults.readError = 1
    #expect(throws: JournalError.self) { _ = try reader.acknowledgedSequenceNow() }
  }
}

/// The mask that new files' modes go through, changed for one thread.
enum FileMask {
  static func with(_ mask: mode_t, _ body: @escaping @Sendable () throws -> Void) throws {
    let outcome = OutcomeBox()
    let thread = Thread {
      // From here on the mask is this thread's own.
      outcome.set(
        Result {
          guard capus_faults_own_mask(mask) == 0 else { throw POSIXError(.EPERM) }
          try body()
        })
    }
    thread.start()
    try outcome.wait().get()
  }
}

private final class OutcomeBox: @unchecked Sendable {
  // SAFETY: written before the semaphore is signalled, read after it was waited for.
  private var result: Result<Void, any Error> = .success(())
  private let done = DispatchSemaphore(value: 0)

  func set(_ result: Result<Void, any Error>) {
    self.result = result
    done.signal()
  }

  func wait() -> Result<Void, any Error> {
    done.wait()
    return result
  }
}
