// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// A log's folder: opens, makes and removes the files in it.
///
/// It opens regular files only, and none through a link: whoever may put one into the folder could
/// have the log write elsewhere.
final class EventLogFolder: Sendable {
  private static let fileMode: mode_t = 0o600
  private static let folderMode: mode_t = 0o700

  let path: String
  private let descriptor: CInt

  init(path: String, creates: Bool) throws(EventLogError) {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    if creates {
      if unsafe mkdir(path, Self.folderMode) == 0 {
        // The process's mask may have taken bits that the owner needs.
        guard unsafe chmod(path, Self.folderMode) == 0 else {
          throw .failed("chmod", path: path, errno: errno)
        }
      } else if errno != EEXIST {
        throw .failed("mkdir", path: path, errno: errno)
      }
    }
    descriptor = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw errno == ENOTDIR
        ? .configuration(field: "folder", value: path, expected: "a folder")
        : .failed("open", path: path, errno: errno)
    }
  }

  deinit { close(descriptor) }

  func path(_ name: String) -> String { "\(path)/\(name)" }

  /// Opens a regular file; with `O_CREAT` it is made where it is missing, for its owner alone.
  func open(_ name: String, _ flags: CInt) throws(EventLogError) -> CInt {
    // Without O_NONBLOCK the opening of a pipe waits for its other end.
    let all = flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    let file = unsafe openat(descriptor, name, all, Self.fileMode)
    guard file >= 0 else { throw .failed("open", path: path(name), errno: errno) }
    var status = stat()
    guard unsafe fstat(file, &status) == 0 else {
      let errno = errno
      close(file)
      throw .failed("fstat", path: path(name), errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(file)
      throw .notRegular(path: path(name))
    }
    return file
  }

  /// The file's length. Unit: bytes.
  func byteCount(_ file: CInt, _ name: String) throws(EventLogError) -> UInt64 {
    var status = stat()
    guard unsafe fstat(file, &status) == 0 else {
      throw .failed("fstat", path: path(name), errno: errno)
    }
    return UInt64(max(0, status.st_size))
  }

  /// Takes the space for a file, so that a full disk is an error here and not a signal at the first
  /// store into a mapping.
  func allocate(_ file: CInt, _ name: String, byteCount: Int) throws(EventLogError) {
    var result: CInt = 0
    for _ in 0..<100 {
      result = posix_fallocate(file, 0, off_t(byteCount))
      if result != EINTR { break }
    }
    guard result == 0 else {
      throw .failed("posix_fallocate", path: path(name), errno: result)
    }
  }

  func truncate(_ file: CInt, _ name: String, byteCount: Int) throws(EventLogError) {
    guard ftruncate(file, off_t(byteCount)) == 0 else {
      throw .failed("ftruncate", path: path(name), errno: errno)
    }
  }

  /// Reads the first bytes of a file, all of them.
  func header(_ file: CInt, _ name: String) throws(EventLogError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: EventLogHeader.byteCount)
    // SAFETY: the array has as many bytes as the call is given.
    let count = unsafe pread(file, &bytes, bytes.count, 0)
    if count < 0 { throw .failed("pread", path: path(name), errno: errno) }
    guard count == bytes.count else {
      throw .fileSize(
        path: path(name), found: UInt64(count), expected: UInt64(EventLogFormat.headerByteCount))
    }
    return bytes
  }

  /// Makes a complete file appear under its name, in place of one that is there.
  ///
  /// A crash leaves a `.new` behind, which the next one overwrites.
  ///
  /// - Parameter header: Written at the front; the rest is zero.
  func create(
    _ name: String, byteCount: Int, header: [UInt8], isDurable: Bool
  ) throws(EventLogError) -> CInt {
    let temporary = name + ".new"
    try remove(temporary)
    let file = try open(temporary, O_RDWR | O_CREAT | O_EXCL)
    do throws(EventLogError) {
      guard fchmod(file, Self.fileMode) == 0 else {
        throw .failed("fchmod", path: path(temporary), errno: errno)
      }
      try allocate(file, temporary, byteCount: byteCount)
      try write(file, temporary, header)
      if isDurable { try sync(file, temporary) }
      guard unsafe renameat(descriptor, temporary, descriptor, name) == 0 else {
        throw .failed("rename", path: path(temporary), errno: errno)
      }
      if isDurable { try sync() }
    } catch {
      close(file)
      try? remove(temporary)
      throw error
    }
    return file
  }

  /// Writes bytes to the front of a file; the kernel takes at most 2 GiB in one call.
  private func write(_ file: CInt, _ name: String, _ bytes: [UInt8]) throws(EventLogError) {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { bytes in
        // SAFETY: `done` is less than the count.
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
        return unsafe pwrite(file, rest.baseAddress, rest.count, off_t(done))
      }
      guard count > 0 else { throw .failed("pwrite", path: path(name), errno: errno) }
      done += count
    }
  }

  /// Removes a file, where it is.
  func remove(_ name: String) throws(EventLogError) {
    guard unsafe unlinkat(descriptor, name, 0) == 0 || errno == ENOENT else {
      throw .failed("unlink", path: path(name), errno: errno)
    }
  }

  func sync(_ file: CInt, _ name: String) throws(EventLogError) {
    guard fdatasync(file) == 0 else { throw .failed("fdatasync", path: path(name), errno: errno) }
  }

  /// Makes names durable.
  func sync() throws(EventLogError) {
    guard fsync(descriptor) == 0 else { throw .failed("fsync", path: path, errno: errno) }
  }

  /// First indices of the segments that are there, ascending.
  func segments() throws(EventLogError) -> [UInt64] {
    let list = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard list >= 0 else { throw .failed("opendir", path: path, errno: errno) }
    guard let stream = unsafe fdopendir(list) else {
      let errno = errno
      close(list)
      throw .failed("opendir", path: path, errno: errno)
    }
    defer { _ = unsafe closedir(stream) }
    var found: [UInt64] = []
    errno = 0
    // SAFETY: the entry is valid until the next call; its name is copied.
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let index = EventLogFormat.firstIndex(inName: name) { found.append(index) }
      errno = 0
    }
    guard errno == 0 else { throw .failed("readdir", path: path, errno: errno) }
    return found.sorted()
  }
}
