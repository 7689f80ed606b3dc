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

  mutating func settle(_ progress: CommitProgress) {
    if progress != .idle { settled = progress }
    file = nil
  }
}

/// The write beside it.
struct BackgroundInFlight {
  var file: StorageFile?
  var result: StorageResult?

  mutating func settle(_ result: StorageResult?) {
    if let result { self.result = result }
    file = nil
  }
}

extension FileJournalStorage {
  private static let writeTag: UInt64 = 1
  private static let syncTag: UInt64 = 2
  private static let backgroundTag: UInt64 = 3
  static let ECANCELED: Int32 = 125

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
    commit.file = file
    commit.writeResult = nil
    commit.syncResult = nil
    // SAFETY: the caller keeps the bytes until the end of the commit was told.
    let result = unsafe capus_uring_write_then_sync(
      ring, file.rawValue, base, UInt32(source.count), UInt64(offset), Self.writeTag, Self.syncTag)
    if result < 0 {
      commit.settle(.failed(operation: "io_uring_submit", errno: -result))
    }
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
    var interruptions = 0
    while true {
      if let write = commit.writeResult, let sync = commit.syncResult {
        commit.file = nil
        return progress(write: write, sync: sync)
      }
      switch takeCompletion(wait: wait) {
      case 1: continue
      case 0: return .inFlight
      case -EINTR where interruptions < 1_000: interruptions += 1
      case let failure:
        commit.file = nil
        return .failed(operation: "io_uring_enter", errno: -failure)
      }
    }
  }

  private func progress(write: Int32, sync: Int32) -> CommitProgress {
    if write == -EINTR || write == -EAGAIN { return .short(byteCount: 0) }
    if write < 0 { return .failed(operation: "write", errno: -write) }
    if Int(write) < commit.byteCount { return .short(byteCount: Int(write)) }
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
    let result = unsafe capus_uring_write(
      ring, file.rawValue, base, UInt32(source.count), UInt64(offset), Self.backgroundTag)
    if result < 0 { background.result = .failed(errno: -result) }
    return true
  }

  /// Where the write beside the commit is.
  public func backgroundResult(wait: Bool) -> StorageResult? {
    guard background.file != nil else { return nil }
    var interruptions = 0
    while background.result == nil {
      let status = takeCompletion(wait: wait)
      if status == 0 { return nil }
      if status < 0 {
        interruptions += 1
        if interruptions > 1_000 { background.result = .failed(errno: -status) }
      }
    }
    background.file = nil
    defer { background.result = nil }
    return background.result
  }
}
