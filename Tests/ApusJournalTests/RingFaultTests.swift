// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import CApusSystemFaults
import Foundation
import Testing

@testable import ApusJournal

/// What the kernel does with half of what it was given: the real storage, with forced faults.
@Suite struct RingFaultTests {
  static let configuration = JournalConfiguration(
    segmentByteCount: 24_576, bufferByteCount: 8_192, preallocation: .allocate)

  private static let needsRing = ConditionTrait.enabled(
    if: JournalWriterTests.ioUringIsPermitted, "the kernel refuses io_uring")

  /// The kernel takes the write and not the sync after it: the bytes may not count as durable, and
  /// nothing may be waited for that was never begun.
  @Test(needsRing, .timeLimit(.minutes(1)))
  func aWriteWithoutItsSyncIsNotDurable() throws {
    let folder = try ScratchFolder()
    let storage = try FileJournalStorage(path: folder.path)
    try #require(storage.commitMethod == .ioUring)
    var writer = try JournalWriter(storage: storage, configuration: Self.configuration)
    capus_faults_limit_submission(1)
    #expect(SampleRecord.append(&writer, count: 10))
    writer.poll()
    // The write alone ended: the commit is made again, as a whole.
    try writer.flush()
    let durable = writer.durableSequence
    #expect(durable == 10)
    #expect(SampleRecord.append(&writer, count: 10))
    try writer.close()
    #expect(try recordedSequences(storage).count == 20)
  }

  /// A storage's own view of that: short, by all of it.
  @Test(needsRing, .timeLimit(.minutes(1)))
  func whatWasTakenInPartIsToldAsShort() throws {
    let folder = try ScratchFolder()
    let storage = try FileJournalStorage(path: folder.path)
    try #require(storage.commitMethod == .ioUring)
    let file = try storage.open("file", .readWrite)
    let bytes = [UInt8](repeating: 7, count: 512)
    for (limit, expected) in [
      (1, CommitProgress.short(byteCount: 0)),
      (0, .failed(operation: "io_uring_submit", errno: EAGAIN)), (-1, .durable),
    ] {
      capus_faults_limit_submission(Int32(limit))
      unsafe bytes.withUnsafeBytes { unsafe storage.beginCommit(file, at: 0, $0) }
      #expect(storage.commitProgress(wait: true) == expected, "\(limit)")
      #expect(storage.commitProgress(wait: true) == .idle)
    }
    storage.close(file)
  }

  /// An entry that the kernel did not take is withdrawn: it would write the bytes of then through a
  /// descriptor that is another file's by now.
  @Test(needsRing, .timeLimit(.minutes(1)), arguments: [true, false])
  func whatTheKernelRefusedIsNeverWritten(isCommit: Bool) throws {
    // What else runs in this process may take the descriptor in between: then nothing was shown.
    var isUsedAgain = false
    for _ in 0..<50 where !isUsedAgain { isUsedAgain = try Self.refuseThenWrite(isCommit) }
    #expect(isUsedAgain, "the descriptor is used again")
  }

  /// Whether the second file got the descriptor of the first, whose write was refused.
  private static func refuseThenWrite(_ isCommit: Bool) throws -> Bool {
    let folder = try ScratchFolder()
    let storage = try FileJournalStorage(path: folder.path)
    try #require(storage.commitMethod == .ioUring)
    let stale = [UInt8](repeating: 0xEE, count: 512)
    let first = try storage.open("first", .readWrite)
    capus_faults_fail_submission(1_000, EAGAIN)
    unsafe stale.withUnsafeBytes { bytes in
      if isCommit {
        unsafe storage.beginCommit(first, at: 0, bytes)
        #expect(
          storage.commitProgress(wait: true)
            == .failed(operation: "io_uring_submit", errno: EAGAIN))
      } else {
        #expect(unsafe storage.beginBackgroundWrite(first, at: 0, bytes))
        #expect(storage.backgroundResult(wait: true) == .failed(errno: EAGAIN))
      }
    }
    storage.close(first)
    capus_faults_fail_submission(0, 0)
    let second = try storage.open("second", .readWrite)
    let bytes = [UInt8](repeating: 0x11, count: 512)
    unsafe bytes.withUnsafeBytes { unsafe storage.beginCommit(second, at: 4_096, $0) }
    #expect(storage.commitProgress(wait: true) == .durable)
    storage.close(second)
    let found = try folder.bytes("second")
    #expect(found.prefix(4_096).allSatisfy { $0 == 0 } && found.suffix(512) == bytes[...])
    return second == first
  }

  /// A linked write that fails takes the sync with it.
  @Test(needsRing, .timeLimit(.minutes(1)))
  func aFailedWriteIsToldAndItsSyncIsNotWaitedFor() throws {
    let folder = try ScratchFolder()
    let storage = try FileJournalStorage(path: folder.path)
    try #require(storage.commitMethod == .ioUring)
    try folder.write("file", [1])
    let file = try storage.open("file", .read)
    let bytes = [UInt8](repeating: 7, count: 512)
    unsafe bytes.withUnsafeBytes { unsafe storage.beginCommit(file, at: 0, $0) }
    #expect(
      storage.commitProgress(wait: true) == .failed(operation: "write", errno: EBADF))
    #expect(storage.commitProgress(wait: true) == .idle)
    storage.close(file)
  }

  /// On the caller's thread: a sync that fails ends the journal.
  @Test func aFailedSyncOnTheThreadStopsTheWriter() throws {
    let folder = try ScratchFolder()
    let storage = try FileJournalStorage(
      path: folder.path, options: .init(usesIOUring: false))
    var writer = try JournalWriter(storage: storage, configuration: Self.configuration)
    #expect(SampleRecord.append(&writer, count: 10))
    capus_faults_fail_sync(0, EIO)
    #expect(throws: JournalError.self) { try writer.flush() }
    capus_faults_fail_sync(-1, 0)
    #expect(SampleRecord.append(&writer) == .failed)
    #expect(writer.durableSequence == 0)
  }

  @Test func aNewFoldersNameIsDurable() throws {
    let folder = try ScratchFolder()
    capus_faults_note()
    _ = try FileJournalStorage(path: folder.path("new") + "/")
    #expect(unsafe String(cString: capus_faults_noted()) == "fsync \(folder.path)\n")
    capus_faults_fail_sync(0, EIO)
    #expect(throws: JournalError.syncFailed(path: folder.path, errno: EIO)) {
      _ = try FileJournalStorage(path: folder.path("other"))
    }
    capus_faults_fail_sync(-1, 0)
  }

  /// A segment's bytes are durable before it has its name, and its name before it is written to.
  @Test func aSegmentIsDurableBeforeItHasItsName() throws {
    let folder = try ScratchFolder()
    let storage = try FileJournalStorage(
      path: folder.path, options: .init(usesIOUring: false))
    capus_faults_note()
    let writer = try JournalWriter(storage: storage, configuration: Self.configuration)
    let noted = unsafe String(cString: capus_faults_noted()).split(separator: "\n")
    #expect(
      noted.prefix(3) == [
        "fdatasync \(folder.path)/journal.spare",
        "rename \(folder.path)/journal.spare \(folder.path)/00000000000000000001.segment",
        "fsync \(folder.path)",
      ])
    try writer.close()
  }
}
