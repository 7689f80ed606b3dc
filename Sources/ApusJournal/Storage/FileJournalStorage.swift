// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusUring
internal import Glibc

/// A folder of the file system.
///
/// Commits run on io_uring where the kernel allows it, so that the caller's thread fills the next
/// batch meanwhile; else a group commit is one `pwritev` and one `fdatasync` on the caller's thread,
/// inside ``beginCommit(_:at:_:)``. Both leave the same bytes. Writes of segments go past the page cache (`O_DIRECT`) where the file
/// system allows it. ``modeDescription`` says which of these run and why not the others.
///
/// What it makes is its owner's alone, whatever the process's mask: files of mode 0600 in a folder of
/// mode 0700. What is there keeps its mode; ``exposures()`` tells what others may read. It opens
/// regular files only, and none through a link: see ``open(_:_:)``.
///
/// - Threading: one thread at a time, which may change.
@safe
public final class FileJournalStorage: JournalStorage {
  /// What to try.
  public struct Options: Sendable {
    /// Use io_uring where it is allowed.
    public var usesIOUring: Bool
    /// Write segments past the page cache where the file system allows it.
    public var usesDirectIO: Bool
    /// Make the folder where it is missing.
    public var createsFolder: Bool

    /// Options; the default tries what measured fastest.
    public init(usesIOUring: Bool = true, usesDirectIO: Bool = true, createsFolder: Bool = true) {
      self.usesIOUring = usesIOUring
      self.usesDirectIO = usesDirectIO
      self.createsFolder = createsFolder
    }
  }

  /// How commits are written.
  public enum CommitMethod: Equatable, Sendable {
    /// A linked write and fdatasync on a ring.
    case ioUring
    /// `pwritev` and `fdatasync` on the caller's thread; the errno that refused io_uring, or nil
    /// where it was not wanted.
    case pwritev(ioUringErrno: Int32?)
  }

  /// The folder.
  public let location: String
  /// How commits are written.
  public let commitMethod: CommitMethod
  /// Whether segments are written past the page cache; nil until one was opened.
  public internal(set) var writesDirectly: Bool?

  let options: Options
  let folder: CInt
  var lockDescriptor: CInt = -1
  let ring: OpaquePointer?
  var commit = CommitInFlight()
  var background = BackgroundInFlight()

  /// Opens a folder.
  ///
  /// - Throws: ``JournalError`` for a folder that is missing, none, or may not be read.
  public init(path: String, options: Options = .init()) throws(JournalError) {
    location = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    self.options = options
    if options.createsFolder { try Self.makeFolder(path) }
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .failedToRead("open", path: path, errno: errno) }
    folder = descriptor
    var made: OpaquePointer?
    if options.usesIOUring {
      // SAFETY: `made` receives the ring, which `deinit` gives back.
      let result = unsafe capus_uring_create(&made, 8)
      commitMethod = result == 0 ? .ioUring : .pwritev(ioUringErrno: -result)
    } else {
      commitMethod = .pwritev(ioUringErrno: nil)
    }
    unsafe ring = made
  }

  deinit {
    _ = commitProgress(wait: true)
    _ = backgroundResult(wait: true)
    unsafe capus_uring_destroy(ring)
    if lockDescriptor >= 0 { Glibc.close(lockDescriptor) }
    Glibc.close(folder)
  }

  /// How commits reach the disk.
  public var modeDescription: String {
    let method =
      switch commitMethod {
      case .ioUring: "io_uring write and fdatasync"
      case .pwritev(nil): "pwritev and fdatasync (io_uring not wanted)"
      case .pwritev(let errno?): "pwritev and fdatasync (io_uring refused with errno \(errno))"
      }
    let cache =
      switch writesDirectly {
      case true?: "O_DIRECT"
      case false?:
        options.usesDirectIO ? "page cache (O_DIRECT refused by the file system)" : "page cache"
      case nil: "no segment open"
      }
    return "\(method), \(cache)"
  }

  // MARK: Sizes

  /// Length of a file. Unit: bytes.
  public func byteCount(_ file: StorageFile, name: String) throws(JournalError) -> Int {
    var status = stat()
    guard unsafe fstat(file.rawValue, &status) == 0 else {
      throw .failed("fstat", path: path(name), errno: errno)
    }
    return Int(status.st_size)
  }

  /// Makes the file this long and takes the space for it.
  public func allocate(
    _ file: StorageFile, name: String, byteCount: Int
  ) throws(JournalError) {
    var result: CInt = 0
    for _ in 0..<100 {
      result = capus_file_allocate(file.rawValue, UInt64(byteCount))
      if result != -EINTR { break }
    }
    if result == 0 { return }
    // A file system without fallocate takes the space as it is written.
    guard result == -EOPNOTSUPP else {
      throw .failed("fallocate", path: path(name), errno: -result)
    }
    guard ftruncate(file.rawValue, byteCount) == 0 else {
      throw .failed("ftruncate", path: path(name), errno: errno)
    }
  }

  /// Cuts the file to a length.
  public func truncate(
    _ file: StorageFile, name: String, byteCount: Int
  ) throws(JournalError) {
    guard ftruncate(file.rawValue, byteCount) == 0 else {
      throw .failed("ftruncate", path: path(name), errno: errno)
    }
  }

  // MARK: Bytes

  /// Reads at an offset; the count may be short.
  public func read(
    _ file: StorageFile, at offset: Int, into target: UnsafeMutableRawBufferPointer
  ) -> StorageResult {
    // SAFETY: the buffer is as long as its count.
    let count = unsafe pread(file.rawValue, target.baseAddress, target.count, offset)
    if count >= 0 { return .count(count) }
    guard errno == EINVAL, stopsDirectIO(file) else { return .failed(errno: errno) }
    // SAFETY: as above.
    let again = unsafe pread(file.rawValue, target.baseAddress, target.count, offset)
    return again < 0 ? .failed(errno: errno) : .count(again)
  }

  /// Reads through the page cache from now on: a file that ends within a block has a rest that is not aligned,
  /// and a disk may ask for more alignment than 4,096 bytes.
  ///
  /// - Returns: False where it was so already.
  private func stopsDirectIO(_ file: StorageFile) -> Bool {
    let flags = fcntl(file.rawValue, F_GETFL)
    let direct = capus_open_direct_flag()
    return flags >= 0 && flags & direct != 0 && fcntl(file.rawValue, F_SETFL, flags & ~direct) == 0
  }

  /// Writes at an offset; the count may be short.
  public func write(
    _ file: StorageFile, at offset: Int, _ source: UnsafeRawBufferPointer
  ) -> StorageResult {
    // SAFETY: the buffer is as long as its count.
    let count = unsafe pwrite(file.rawValue, source.baseAddress, source.count, offset)
    return count < 0 ? .failed(errno: errno) : .count(count)
  }

  /// Makes the file's data durable.
  public func sync(_ file: StorageFile) -> StorageResult {
    fdatasync(file.rawValue) == 0 ? .count(0) : .failed(errno: errno)
  }
}
