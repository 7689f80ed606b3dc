// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusUring
internal import Glibc

/// The commit that is on its way.
struct CommitInFlight {
  var file: StorageFile?
  var byteCount = 0
  /// Results of the ring; nil while they are not in.
  var writeResult: Int32?
  var syncResult: Int32?
  /// Result of the calls on the caller's thread, or one kept for who asks next.
  var settled: CommitProgress?
  /// Whether its failure was told although the kernel may still be at it: only its end is waited for.
  var isGivenUp = false

  mutating func settle(_ progress: CommitProgress) {
    if progress != .idle { settled = progress }
    file = nil
  }
}

/// The write beside it.
struct BackgroundInFlight {
  var file: StorageFile?
  var result: StorageResult?
}

extension FileJournalStorage {
  private static let writeTag: UInt64 = 1
  private static let syncTag: UInt64 = 2
  private static let backgroundTag: UInt64 = 3
  /// What stands for the result of a sync that the kernel has not taken; no errno.
  private static let notTaken = Int32.min
  /// Looks at a ring that fails before an operation is given up, a millisecond apart.
  private static let failedLookCountMax = 10_000

  /// Begins a write and the sync after it.
  public func beginCommit(
    _ file: StorageFile, at offset: Int, _ source: UnsafeRawBufferPointer
  ) {
    precondition(
      commit.file == nil && commit.settled == nil,
      "FileJournalStorage.beginCommit: expected the commit before to be told of")
    commit.byteCount = source.count
    guard let ring = unsafe ring, let base = source.baseAddress else {
      commit.settled = unsafe commitOnThisThread(file, at: offset, source)
      return
    }
    // SAFETY: the caller keeps the bytes until the end of the commit was told.
    let taken = unsafe capus_uring_write_then_sync(
      ring, file.rawValue, base, UInt32(source.count), UInt64(offset), Self.writeTag, Self.syncTag)
    guard taken > 0 else {
      commit.settled = .failed(operation: "io_uring_submit", errno: -taken)
      return
    }
    commit.file = file
    commit.writeResult = nil
    commit.syncResult = taken == 2 ? nil : Self.notTaken
  }

  private func commitOnThisThread(
    _ file: StorageFile, at offset: Int, _ source: UnsafeRawBufferPointer
  ) -> CommitProgress {
    // The writer lays a batch out in one piece, header and padding included: a vector of one.
    var piece = unsafe iovec(
      iov_base: UnsafeMutableRawPointer(mutating: source.baseAddress), iov_len: source.count)
    // SAFETY: the piece is as long as its count, and is only read.
    let count = unsafe pwritev(file.rawValue, &piece, 1, offset)
    if count < 0 {
      return errno == EINTR || errno == EAGAIN
        ? .short(byteCount: 0) : .failed(operation: "pwritev", errno: errno)
    }
    if count < source.count { return .short(byteCount: count) }
    if case .failed(let errno) = sync(file) {
      return .failed(operation: "fdatasync", errno: errno)
    }
    return .durable
  }

  /// Where the commit is.
  public func commitProgress(wait: Bool) -> CommitProgress {
    if let settled = commit.settled {
      commit.settled = nil
      return settled
    }
    guard commit.file != nil else { return .idle }
    var failedLookCount = 0
    while true {
      if let write = commit.writeResult, let sync = commit.syncResult {
        let (isGivenUp, byteCount) = (commit.isGivenUp, commit.byteCount)
        commit = CommitInFlight()
        return isGivenUp ? .idle : progress(write: write, sync: sync, of: byteCount)
      }
      switch takeCompletion(wait: wait) {
      case 1: continue
      case let nothing where nothing == 0 || !wait:
        return commit.isGivenUp ? .idle : .inFlight
      case let failure:
        if looksAgain(&failedLookCount, failure) { continue }
        // The kernel may still read the bytes: who ends with them waits again, here and in `close`.
        defer { commit.isGivenUp = true }
        return commit.isGivenUp ? .idle : .failed(operation: "io_uring_enter", errno: -failure)
      }
    }
  }

  /// Whether a look that failed is to be followed by another, at once after a signal and later after
  /// anything else.
  private func looksAgain(_ count: inout Int, _ failure: Int32) -> Bool {
    count += 1
    guard count < Self.failedLookCountMax else { return false }
    if failure != -EINTR { usleep(1_000) }
    return true
  }

  private func progress(write: Int32, sync: Int32, of byteCount: Int) -> CommitProgress {
    if write == -EINTR || write == -EAGAIN { return .short(byteCount: 0) }
    if write < 0 { return .failed(operation: "write", errno: -write) }
    if Int(write) < byteCount { return .short(byteCount: Int(write)) }
    // Written and not to be synced by anyone: all of it is to be done again.
    if sync == Self.notTaken { return .short(byteCount: 0) }
    return sync < 0 ? .failed(operation: "fdatasync", errno: -sync) : .durable
  }

  /// 1 when a completion was taken, 0 when there is none, else -errno.
  private func takeCompletion(wait: Bool) -> Int32 {
    guard let ring = unsafe ring else { return 0 }
    var tag: UInt64 = 0
    var result: Int32 = 0
    // SAFETY: both receive their values before the call returns.
    let status = unsafe capus_uring_next(ring, wait ? 1 : 0, &tag, &result)
    guard status == 1 else { return status }
    switch tag {
    case Self.writeTag: commit.writeResult = result
    case Self.syncTag: commit.syncResult = result
    default:
      background.result = result < 0 ? .failed(errno: -result) : .count(Int(result))
    }
    return 1
  }

  /// Begins a write beside the commit.
  public func beginBackgroundWrite(
    _ file: StorageFile, at offset: Int, _ source: UnsafeRawBufferPointer
  ) -> Bool {
    guard background.file == nil else { return false }
    background.file = file
    guard let ring = unsafe ring, let base = source.baseAddress else {
      background.result = unsafe write(file, at: offset, source)
      return true
    }
    // SAFETY: the caller keeps the bytes until the end of the write was told.
    let taken = unsafe capus_uring_write(
      ring, file.rawValue, base, UInt32(source.count), UInt64(offset), Self.backgroundTag)
    if taken < 0 { background.result = .failed(errno: -taken) }
    return true
  }

  /// Where the write beside the commit is.
  public func backgroundResult(wait: Bool) -> StorageResult? {
    guard background.file != nil else { return nil }
    var failedLookCount = 0
    while background.result == nil {
      let status = takeCompletion(wait: wait)
      if status == 1 { continue }
      // Without its completion nobody knows whether it is still to come.
      guard wait, status < 0, looksAgain(&failedLookCount, status) else { return nil }
    }
    defer { background = BackgroundInFlight() }
    return background.result
  }

  /// Closes a file, after waiting for what is in flight on it.
  public func close(_ file: StorageFile) {
    if commit.file == file {
      let progress = commitProgress(wait: true)
      if commit.file == nil { commit.settle(progress) }
    }
    if background.file == file { _ = backgroundResult(wait: true) }
    // The kernel is still at it: the number may not become another file's.
    guard commit.file != file, background.file != file else { return }
    Glibc.close(file.rawValue)
  }
}
