// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// An open file of a storage.
public struct StorageFile: Hashable, Sendable {
  /// The storage's own number for it.
  public let rawValue: Int32

  /// A file of this number.
  public init(rawValue: Int32) { self.rawValue = rawValue }
}

/// What a read, write or sync came to.
public enum StorageResult: Equatable, Sendable {
  /// So many bytes were moved: possibly fewer than asked. 0 for a sync.
  case count(Int)
  /// Nothing was moved. `errno` is the kernel's.
  case failed(errno: Int32)
}

/// How a file is opened.
public enum StorageAccess: Sendable {
  /// An existing file, to be read.
  case read
  /// A file that is made where it is missing, to be read and written through the page cache.
  case readWrite
  /// An existing file, for reads that begin and end at multiples of 4,096 bytes, into memory so aligned: past the
  /// page cache where the file system allows it. A writer that writes past the cache waits for whoever has
  /// pages of its file in there.
  case alignedRead
  /// As `readWrite`, for writes that begin and end at multiples of 4,096 bytes, from memory so
  /// aligned: past the page cache where the file system allows it.
  case aligned
}

/// Where a commit is: its write and the sync after it.
public enum CommitProgress: Equatable, Sendable {
  /// None was begun since the last one was told of.
  case idle
  /// Neither done nor failed.
  case inFlight
  /// Written in full and durable. Told once.
  case durable
  /// Only so many bytes were written, and nothing was made durable. Told once.
  case short(byteCount: Int)
  /// Failed, and what it wrote may or may not be there. Told once.
  case failed(operation: String, errno: Int32)
}

/// A folder on a disk, as a journal and its snapshots need it; the real one is
/// ``FileJournalStorage``, and `SimulatedJournalStorage` of `ApusTestKit` brings faults and power cuts.
///
/// Names are plain file names of one folder. The calls that throw are for set-up and for changes of
/// segments; reads, writes and commits give outcomes. Calls on this protocol are dynamic: they occur
/// once a commit or a block, never once a record.
///
/// - Threading: one thread at a time, which may change.
public protocol JournalStorage: AnyObject {
  /// The folder, for messages.
  var location: String { get }
  /// How commits reach the disk, for reports: for example `io_uring, O_DIRECT`.
  var modeDescription: String { get }

  /// Takes the folder for one writer until the storage ends.
  ///
  /// - Throws: ``JournalError/locked(path:)`` where another has it.
  func lock() throws(JournalError)
  /// Names of the files, in no order.
  func list() throws(JournalError) -> [String]
  /// Whether there is anything of this name.
  ///
  /// - Throws: ``JournalError`` where that cannot be found out: to take it for absence could leave out
  ///   what was acknowledged or promised.
  func exists(_ name: String) throws(JournalError) -> Bool
  /// Opens a file; `readWrite` and `aligned` make it where it is missing.
  ///
  /// - Throws: ``JournalError/foreign(path:found:)`` for what is no regular file.
  func open(_ name: String, _ access: StorageAccess) throws(JournalError) -> StorageFile
  /// Closes a file. A commit in flight on it is waited for first.
  func close(_ file: StorageFile)
  /// Length of a file. Unit: bytes.
  func byteCount(_ file: StorageFile, name: String) throws(JournalError) -> Int
  /// Makes the file this long and takes the space for it; what is new reads as zeros.
  func allocate(_ file: StorageFile, name: String, byteCount: Int) throws(JournalError)
  /// Cuts the file to a length.
  func truncate(_ file: StorageFile, name: String, byteCount: Int) throws(JournalError)
  /// Renames a file, over one that is there.
  func rename(_ source: String, to target: String) throws(JournalError)
  /// Removes a file.
  func remove(_ name: String) throws(JournalError)
  /// Makes names durable: creations, renames and removals so far.
  func syncFolder() throws(JournalError)

  /// Reads; a count below what was asked means the end of the file or an interruption.
  func read(
    _ file: StorageFile, at offset: Int, into target: UnsafeMutableRawBufferPointer
  ) -> StorageResult
  /// Writes; the count may be short.
  func write(
    _ file: StorageFile, at offset: Int, _ source: UnsafeRawBufferPointer
  ) -> StorageResult
  /// Makes the file's data durable. After a failure nothing that was not durable before may be
  /// taken for durable, whatever a second call says.
  func sync(_ file: StorageFile) -> StorageResult

  /// Begins to write `source` and then to make the file durable; one at a time. `source` stays as
  /// it is until ``commitProgress(wait:)`` tells the end.
  func beginCommit(_ file: StorageFile, at offset: Int, _ source: UnsafeRawBufferPointer)
  /// Where the commit is; with `wait`, after waiting for its end.
  func commitProgress(wait: Bool) -> CommitProgress

  /// Begins a write beside the commit, one at a time, that need not be durable; false where one is
  /// still running.
  func beginBackgroundWrite(
    _ file: StorageFile, at offset: Int, _ source: UnsafeRawBufferPointer
  ) -> Bool
  /// Where the background write is: `.count` when it ended (told once), nil while it runs or when
  /// there is none.
  func backgroundResult(wait: Bool) -> StorageResult?
}

extension JournalStorage {
  /// The path of a file, for messages.
  public func path(_ name: String) -> String { "\(location)/\(name)" }

  /// Writes everything, going on after short writes.
  ///
  /// - Throws: ``JournalError`` of the failed write; also after 100 attempts without progress.
  func writeAll(
    _ file: StorageFile, name: String, at offset: Int, _ source: UnsafeRawBufferPointer
  ) throws(JournalError) {
    var done = 0
    var stalls = 0
    while done < source.count {
      // SAFETY: done < source.count.
      let rest = unsafe UnsafeRawBufferPointer(rebasing: source[done...])
      switch unsafe write(file, at: offset + done, rest) {
      case .count(let count) where count > 0:
        // What is left must stay aligned where the file wants it.
        done += count == rest.count ? count : count & ~4_095
        stalls = count & ~4_095 == 0 && count != rest.count ? stalls + 1 : 0
      case .count: stalls += 1
      case .failed(let errno) where errno == 4 || errno == 11: stalls += 1  // EINTR, EAGAIN
      case .failed(let errno): throw .failed("write", path: path(name), errno: errno)
      }
      if stalls > 100 { throw .failed("write", path: path(name), errno: 5) }
    }
  }

  /// Reads until the buffer is full or the file ends; says how many bytes there were.
  func readAll(
    _ file: StorageFile, name: String, at offset: Int, into target: UnsafeMutableRawBufferPointer
  ) throws(JournalError) -> Int {
    var done = 0
    var interruptions = 0
    while done < target.count {
      // SAFETY: done < target.count.
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[done...])
      switch unsafe read(file, at: offset + done, into: rest) {
      case .count(0): return done
      case .count(let count): done += count
      case .failed(let errno) where errno == 4 && interruptions < 100: interruptions += 1
      case .failed(let errno):
        throw .system(operation: "read at offset \(offset + done)", path: path(name), errno: errno)
      }
    }
    return done
  }

  /// Makes the file durable.
  func syncAll(_ file: StorageFile, name: String) throws(JournalError) {
    if case .failed(let errno) = sync(file) { throw .syncFailed(path: path(name), errno: errno) }
  }
}
