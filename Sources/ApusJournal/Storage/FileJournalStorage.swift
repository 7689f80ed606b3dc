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
  public private(set) var writesDirectly: Bool?

  private let options: Options
  let folder: CInt
  private var lockDescriptor: CInt = -1
  let ring: OpaquePointer?
  var commit = CommitInFlight()
  var background = BackgroundInFlight()

  /// Opens a folder.
  ///
  /// - Throws: ``JournalError`` for a folder that is missing, none, or may not be read.
  public init(path: String, options: Options = .init()) throws(JournalError) {
    location = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    self.options = options
    if options.createsFolder, unsafe mkdir(path, 0o755) != 0, errno != EEXIST {
      throw .failed("mkdir", path: path, errno: errno)
    }
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .failed("open", path: path, errno: errno) }
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

  // MARK: Names

  /// Takes the folder for one writer.
  public func lock() throws(JournalError) {
    guard lockDescriptor < 0 else { throw .locked(path: location) }
    let name = path(JournalFormat.lockName)
    let descriptor = unsafe Glibc.open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .failed("open", path: name, errno: errno) }
    // The lock belongs to the open file: it ends with the process, however that ends.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let errno = errno
      Glibc.close(descriptor)
      if errno == EWOULDBLOCK { throw .locked(path: location) }
      throw .failed("flock", path: name, errno: errno)
    }
    lockDescriptor = descriptor
  }

  /// Names of the files.
  public func list() throws(JournalError) -> [String] {
    let descriptor = unsafe openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0, let stream = unsafe fdopendir(descriptor) else {
      throw .failed("opendir", path: location, errno: errno)
    }
    defer { _ = unsafe closedir(stream) }
    var names: [String] = []
    errno = 0
    // SAFETY: the entry is valid until the next call; its name is copied.
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
      errno = 0
    }
    guard errno == 0 else { throw .failed("readdir", path: location, errno: errno) }
    return names
  }

  /// Whether there is a file of this name.
  public func exists(_ name: String) -> Bool {
    // A string that is handed to C as it is would be copied to the heap.
    unsafe name.withCString { unsafe faccessat(folder, $0, F_OK, 0) } == 0
  }

  /// Opens a file.
  public func open(_ name: String, _ access: StorageAccess) throws(JournalError) -> StorageFile {
    var flags = O_CLOEXEC | (access == .read ? O_RDONLY : O_RDWR | O_CREAT)
    if access == .aligned, options.usesDirectIO, writesDirectly != false {
      flags |= capus_open_direct_flag()
    }
    // A string that is handed to C as it is would be copied to the heap; see `rename`.
    var descriptor = unsafe name.withCString { unsafe openat(folder, $0, flags, 0o644) }
    if descriptor < 0, errno == EINVAL, flags & capus_open_direct_flag() != 0 {
      flags &= ~capus_open_direct_flag()
      descriptor = unsafe name.withCString { unsafe openat(folder, $0, flags, 0o644) }
    }
    guard descriptor >= 0 else { throw .failed("open", path: path(name), errno: errno) }
    if access == .aligned { writesDirectly = flags & capus_open_direct_flag() != 0 }
    return StorageFile(rawValue: descriptor)
  }

  /// Closes a file, after waiting for what is in flight on it.
  public func close(_ file: StorageFile) {
    if commit.file == file { commit.settle(commitProgress(wait: true)) }
    if background.file == file { background.settle(backgroundResult(wait: true)) }
    Glibc.close(file.rawValue)
  }

  /// Renames a file, over one that is there.
  public func rename(_ source: String, to target: String) throws(JournalError) {
    // In place, not as copies: a writer that changes segments allocates nothing.
    let result = unsafe source.withCString { source in
      unsafe target.withCString { unsafe renameat(folder, source, folder, $0) }
    }
    guard result == 0 else {
      throw .failed("rename to \(target)", path: path(source), errno: errno)
    }
  }

  /// Removes a file.
  public func remove(_ name: String) throws(JournalError) {
    guard unsafe unlinkat(folder, name, 0) == 0 else {
      throw .failed("unlink", path: path(name), errno: errno)
    }
  }

  /// Makes names durable.
  public func syncFolder() throws(JournalError) {
    guard fsync(folder) == 0 else { throw .syncFailed(path: location, errno: errno) }
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
    return count < 0 ? .failed(errno: errno) : .count(count)
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
