// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusUring
internal import Glibc

/// A file or folder that others than its owner may read or write.
public struct StorageExposure: Equatable, Sendable {
  /// What it is.
  public var path: String
  /// Its permissions.
  public var mode: UInt32

  /// An exposure.
  public init(path: String, mode: UInt32) {
    self.path = path
    self.mode = mode
  }

  /// One line: what is open to others and what to do.
  public var description: String {
    "\(path): mode 0\(String(mode, radix: 8)) lets others in; chmod go= unless they shall"
  }
}

extension FileJournalStorage {
  private static let fileMode: mode_t = 0o600
  private static let folderMode: mode_t = 0o700

  /// Makes the folder where it is missing.
  static func makeFolder(_ path: String) throws(JournalError) {
    guard unsafe mkdir(path, folderMode) != 0 else {
      // The process's mask may have taken bits that the owner needs.
      guard unsafe chmod(path, folderMode) == 0 else {
        throw .failed("chmod", path: path, errno: errno)
      }
      return try syncParent(of: path)
    }
    guard errno == EEXIST else { throw .failed("mkdir", path: path, errno: errno) }
  }

  /// Makes the name of a new folder durable: without it the files in it would go in a power cut,
  /// whatever was synced of them.
  private static func syncParent(of path: String) throws(JournalError) {
    var parts = path[...]
    while parts.count > 1, parts.last == "/" { parts.removeLast() }
    let slash = parts.lastIndex(of: "/")
    let parent = slash.map { $0 == parts.startIndex ? "/" : String(parts[..<$0]) } ?? "."
    let descriptor = unsafe Glibc.open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .failed("open", path: parent, errno: errno) }
    defer { Glibc.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .syncFailed(path: parent, errno: errno) }
  }

  /// Takes the folder for one writer.
  public func lock() throws(JournalError) {
    guard lockDescriptor < 0 else { throw .locked(path: location) }
    let name = JournalFormat.lockName
    let descriptor = try openRegular(name, O_RDWR | O_CREAT)
    // The lock belongs to the open file: it ends with the process, however that ends.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let errno = errno
      Glibc.close(descriptor)
      if errno == EWOULDBLOCK { throw .locked(path: location) }
      throw .failed("flock", path: path(name), errno: errno)
    }
    lockDescriptor = descriptor
  }

  /// Names of the files.
  public func list() throws(JournalError) -> [String] {
    let descriptor = unsafe openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .failedToRead("opendir", path: location, errno: errno) }
    guard let stream = unsafe fdopendir(descriptor) else {
      let errno = errno
      Glibc.close(descriptor)
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

  /// Whether there is anything of this name, be it a link that leads nowhere.
  public func exists(_ name: String) throws(JournalError) -> Bool {
    try status(name) != nil
  }

  /// What is of this name; nil where nothing is.
  private func status(_ name: String) throws(JournalError) -> stat? {
    var status = stat()
    // A string that is handed to C as it is would be copied to the heap.
    let result = unsafe name.withCString {
      unsafe fstatat(folder, $0, &status, AT_SYMLINK_NOFOLLOW)
    }
    if result == 0 { return status }
    guard errno == ENOENT else { throw .failedToRead("stat", path: path(name), errno: errno) }
    return nil
  }

  /// The folder and those of its files that others than their owner may read or write.
  ///
  /// - Throws: ``JournalError`` where the folder cannot be looked through.
  public func exposures() throws(JournalError) -> [StorageExposure] {
    var exposed: [StorageExposure] = []
    for name in ["."] + (try list().sorted()) {
      // A file may go meanwhile.
      guard let status = try status(name), status.st_mode & 0o077 != 0,
        status.st_mode & S_IFMT != S_IFLNK
      else { continue }
      exposed.append(
        StorageExposure(
          path: name == "." ? location : path(name), mode: UInt32(status.st_mode & 0o7777)))
    }
    return exposed
  }

  /// Opens a file.
  ///
  /// Only a regular file is one: a pipe, a device, a socket or a folder of the name is refused and
  /// never waited for. A link is refused as well: whoever may put one into the folder could have the
  /// journal write elsewhere. The folder itself may be reached through links.
  public func open(_ name: String, _ access: StorageAccess) throws(JournalError) -> StorageFile {
    let direct = options.usesDirectIO && writesDirectly != false ? capus_open_direct_flag() : 0
    switch access {
    case .read: return StorageFile(rawValue: try openRegular(name, O_RDONLY))
    case .readWrite: return StorageFile(rawValue: try openRegular(name, O_RDWR | O_CREAT))
    case .alignedRead: return StorageFile(rawValue: try openRegular(name, O_RDONLY | direct))
    case .aligned:
      let descriptor = try openRegular(name, O_RDWR | O_CREAT | direct)
      writesDirectly = fcntl(descriptor, F_GETFL) & capus_open_direct_flag() != 0
      return StorageFile(rawValue: descriptor)
    }
  }

  /// Opens a regular file; with `O_CREAT` it is made, for its owner alone, where it is missing. Where
  /// the file system refuses `O_DIRECT` it is opened without.
  private func openRegular(_ name: String, _ flags: CInt) throws(JournalError) -> CInt {
    let direct = capus_open_direct_flag()
    // Without O_NONBLOCK the opening of a pipe waits for its other end.
    let common = flags & ~(O_CREAT | direct) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    var descriptor = openOnce(name, common | flags & direct)
    if descriptor == -EINVAL, flags & direct != 0 { descriptor = openOnce(name, common) }
    if descriptor == -ENOENT, flags & O_CREAT != 0 {
      // Apart from opening, so that only what is made here gets this mode.
      let made = openOnce(name, common | O_CREAT | O_EXCL)
      if made >= 0 {
        defer { Glibc.close(made) }
        guard fchmod(made, Self.fileMode) == 0 else {
          throw .failed("fchmod", path: path(name), errno: errno)
        }
      } else if made != -EEXIST {
        throw .failed("open", path: path(name), errno: -made)
      }
      return try openRegular(name, flags & ~O_CREAT)
    }
    switch descriptor {
    case 0...: return try checkRegular(descriptor, name)
    case -ELOOP: throw .foreign(path: path(name), found: "is a link, not a regular file")
    // A folder that is opened to be written, and a socket.
    case -EISDIR, -ENXIO: throw .foreign(path: path(name), found: "is not a regular file")
    default:
      throw flags & O_ACCMODE == O_RDONLY
        ? .failedToRead("open", path: path(name), errno: -descriptor)
        : .failed("open", path: path(name), errno: -descriptor)
    }
  }

  /// A descriptor, or -errno.
  private func openOnce(_ name: String, _ flags: CInt) -> CInt {
    // A string that is handed to C as it is would be copied to the heap.
    let descriptor = unsafe name.withCString { unsafe openat(folder, $0, flags, Self.fileMode) }
    return descriptor >= 0 ? descriptor : -errno
  }

  private func checkRegular(_ descriptor: CInt, _ name: String) throws(JournalError) -> CInt {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let errno = errno
      Glibc.close(descriptor)
      throw .failed("fstat", path: path(name), errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      Glibc.close(descriptor)
      throw .foreign(path: path(name), found: "is not a regular file")
    }
    // io_uring may take O_NONBLOCK for a wish not to wait for the disk.
    let flags = fcntl(descriptor, F_GETFL)
    guard flags >= 0, fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) == 0 else {
      let errno = errno
      Glibc.close(descriptor)
      throw .failed("fcntl", path: path(name), errno: errno)
    }
    return descriptor
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
}
