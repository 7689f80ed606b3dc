// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

@testable import ApusJournal

/// What a disk does to a writer: it refuses with the file and the remedy, and loses nothing.
@Suite struct JournalFaultTests {
  static let configuration = JournalConfiguration(
    segmentByteCount: 24_576, bufferByteCount: 8_192)

  @Test func twoWritersAreRefused() throws {
    let folder = try ScratchFolder()
    let first = try JournalWriter(
      storage: try FileJournalStorage(path: folder.path), configuration: Self.configuration)
    let error = #expect(throws: JournalError.self) {
      _ = try JournalWriter(
        storage: try FileJournalStorage(path: folder.path), configuration: Self.configuration)
    }
    #expect(error == .locked(path: folder.path))
    try first.close()
    let again = try JournalWriter(
      storage: try FileJournalStorage(path: folder.path), configuration: Self.configuration)
    #expect(again.lastSequence == 0)
  }

  @Test func aFolderThatCannotBeWrittenIsAnError() throws {
    // Not even root may make files here.
    let error = #expect(throws: JournalError.self) {
      _ = try JournalWriter(
        storage: try FileJournalStorage(path: "/sys/kernel"), configuration: Self.configuration)
    }
    guard case .notWritable(let path, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(path == "/sys/kernel/journal.lock")
    #expect(throws: JournalError.missing(path: "/nonexistent/journal")) {
      _ = try FileJournalStorage(path: "/nonexistent/journal")
    }
    #expect(throws: JournalError.foreign(path: "/etc/hostname", found: "not a folder")) {
      _ = try FileJournalStorage(path: "/etc/hostname")
    }
  }

  @Test func aFullDiskStopsTheWriterAndLosesNothing() throws {
    let disk = SimulatedJournalStorage(seed: 3)
    disk.faults.capacityByteCount = 24_576 * 3 + 200
    var acknowledged: UInt64 = 0
    do {
      var writer = try JournalWriter(storage: disk, configuration: Self.configuration)
      while writer.failure == nil, acknowledged < 10_000 {
        for _ in 0..<20 { _ = SampleRecord.append(&writer) }
        acknowledged = writer.poll()
      }
      guard case .diskFull(_, let path, 28)? = writer.failure else {
        Issue.record("\(String(describing: writer.failure))")
        return
      }
      #expect(path == "simulated/journal.spare")
      #expect(writer.failure?.description.contains("free space") == true)
      #expect(SampleRecord.append(&writer) == .failed)
      #expect(throws: JournalError.self) { try writer.flush() }
    }
    #expect(acknowledged > 100)
    disk.cutPower()
    disk.faults.capacityByteCount = .max
    let writer = try JournalWriter(storage: disk, configuration: Self.configuration)
    #expect(writer.lastSequence >= acknowledged)
  }

  /// Whether this process may mount: being root is not enough in most containers.
  static let mayMount: Bool = {
    guard let folder = try? ScratchFolder(),
      unsafe mount("apus", folder.path, "tmpfs", 0, "size=96k") == 0
    else { return false }
    return unsafe umount(folder.path) == 0
  }()

  @Test(.enabled(if: mayMount, "mounting a small file system is not permitted"))
  func aFullFileSystemIsAnError() throws {
    let folder = try ScratchFolder()
    try #require(unsafe mount("apus", folder.path, "tmpfs", 0, "size=96k") == 0)
    defer { _ = unsafe umount(folder.path) }
    let storage = try FileJournalStorage(path: folder.path)
    var writer = try JournalWriter(storage: storage, configuration: Self.configuration)
    var appended = 0
    while writer.failure == nil, appended < 100_000 {
      _ = SampleRecord.append(&writer)
      writer.poll()
      appended += 1
    }
    guard case .diskFull(_, let path, _)? = writer.failure else {
      Issue.record("\(String(describing: writer.failure))")
      return
    }
    #expect(path.hasPrefix(folder.path))
    let found = try recordedSequences(storage)
    #expect(found.areIntact && found.count >= Int(writer.durableSequence))
  }

  /// After a failed sync nothing goes on, even if the next sync would succeed.
  @Test func afterAFailedSyncTheWriterRefuses() throws {
    let disk = SimulatedJournalStorage(seed: 4)
    var writer = try JournalWriter(storage: disk, configuration: Self.configuration)
    #expect(SampleRecord.append(&writer, count: 20))
    try writer.flush()
    disk.faults.syncError = 1
    #expect(SampleRecord.append(&writer, count: 5))
    let error = #expect(throws: JournalError.self) { try writer.flush() }
    guard case .syncFailed(_, 5)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    disk.faults.syncError = 0
    #expect(SampleRecord.append(&writer) == .failed)
    #expect(writer.poll() == 20)
    #expect(writer.failure == error)
    // The page cache still shows the five. A recovery that trusted a second sync would acknowledge
    // them, and a power cut would take them.
    disk.killProcess()
    let second = try JournalWriter(storage: disk, configuration: Self.configuration)
    let trusted = second.durableSequence
    disk.cutPower()
    let third = try JournalWriter(storage: disk, configuration: Self.configuration)
    #expect(third.lastSequence == trusted)
  }

  /// A power cut in another operation takes the commit in flight with it.
  @Test func aCommitThatIsLostIsNotWaitedForForEver() throws {
    for waits in [true, false] {
      let disk = SimulatedJournalStorage(seed: 5)
      var writer = try JournalWriter(storage: disk, configuration: Self.configuration)
      disk.faults.commitLookCountMax = 1_000
      #expect(SampleRecord.append(&writer, count: 5))
      writer.poll()
      let isInFlight = writer.isCommitInFlight
      #expect(isInFlight)
      disk.cutPower()
      if waits {
        #expect(throws: JournalError.self) { try writer.flush() }
      } else {
        #expect(writer.poll() == 0)
      }
      #expect(writer.failure != nil)
      #expect(SampleRecord.append(&writer) == .failed)
    }
  }

  @Test func badConfigurationsNameTheField() {
    let bad: [(JournalConfiguration, String)] = [
      (.init(segmentByteCount: 24_576, bufferByteCount: 100), "bufferByteCount"),
      (.init(segmentByteCount: 8_192, bufferByteCount: 8_192), "segmentByteCount"),
      (.init(segmentByteCount: 24_577, bufferByteCount: 8_192), "segmentByteCount"),
      (.init(segmentByteCount: 24_576, bufferByteCount: 8_192, firstSequence: 0), "firstSequence"),
      (
        .init(segmentByteCount: 24_576, bufferByteCount: 8_192, commitAlignment: 100),
        "commitAlignment"
      ),
    ]
    for (configuration, name) in bad {
      let error = #expect(throws: JournalError.self) {
        _ = try JournalWriter(
          storage: SimulatedJournalStorage(seed: 1), configuration: configuration)
      }
      guard case .configuration(let field, _, _)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(field == name)
    }
  }
}
