// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// A file that appears under its name only when it is complete.
///
/// It is written in its target's folder under a temporary name, made durable by ``finish()`` and renamed
/// by ``publish()``; else it is removed, at an interrupt too (``Leftovers``). The temporary name is random and made
/// exclusively, so that nobody can put a link in its place, and only the owner may read it. What is
/// not a regular file (`/dev/stdout`, a pipe) is written directly.
struct TemporaryFile: ~Copyable {
  let path: String
  /// Where to write; closed with the file.
  let descriptor: CInt
  private let part: Part?
  /// Whether the temporary name is gone: the file has its own, or was removed.
  private var isSettled = false

  /// A file under its temporary name.
  private struct Part {
    var folderDescriptor: CInt
    var temporaryName: String
    var name: String
    /// Permissions of the file that is replaced, or of a new one.
    var mode: mode_t
    /// Owner and group of the file that is replaced.
    var owner: (user: uid_t, group: gid_t)?
    var key: Leftovers.Key
  }

  init(path: String) throws(CaptureError) {
    let (descriptor, part) = try Self.open(path)
    self.path = path
    self.descriptor = descriptor
    self.part = part
  }

  private static func open(_ path: String) throws(CaptureError) -> (CInt, Part?) {
    let descriptor: CInt
    switch try OutputTarget(path: path) {
    case .descriptor(let number): descriptor = fcntl(number, F_DUPFD_CLOEXEC, 3)
    case .direct(let target):
      descriptor = unsafe Glibc.open(target, O_WRONLY | O_CLOEXEC | O_NOCTTY)
    case .file(let folder, let name, _): return try makePart(path, folder, name)
    }
    guard descriptor >= 0 else { throw CaptureError(path: path, errno: errno, operation: "open") }
    return (descriptor, nil)
  }

  private static func makePart(
    _ path: String, _ folder: String, _ name: String
  ) throws(CaptureError) -> (CInt, Part?) {
    let folderDescriptor = unsafe Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folderDescriptor >= 0 else {
      throw CaptureError(path: path, errno: errno, operation: "open")
    }
    var status = stat()
    let isThere = unsafe fstatat(folderDescriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
    let mode = isThere ? status.st_mode & 0o777 : 0o666 & ~fileModeMask
    var failure: CInt = EEXIST
    for _ in 0..<16 where failure == EEXIST {
      let temporaryName = Self.temporaryName(name)
      var descriptor: CInt = -1
      let key = Leftovers.make(removal: { unsafe _ = unlinkat(folderDescriptor, temporaryName, 0) })
      {
        descriptor = unsafe openat(
          folderDescriptor, temporaryName,
          O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600 as mode_t)
        failure = descriptor < 0 ? errno : 0
        return descriptor >= 0
      }
      if let key {
        return (
          descriptor,
          Part(
            folderDescriptor: folderDescriptor, temporaryName: temporaryName, name: name,
            mode: mode, owner: isThere ? (status.st_uid, status.st_gid) : nil, key: key)
        )
      }
    }
    close(folderDescriptor)
    throw CaptureError(path: path, errno: failure, operation: "open")
  }

  /// A name that nobody can guess; it tells what it is of where the file system's limit allows.
  private static func temporaryName(_ name: String) -> String {
    let number = String(UInt64.random(in: .min ... .max), radix: 16)
    return (name.utf8.count <= 200 ? name : "apus") + ".\(number).partial"
  }

  /// Permissions that new files do not get.
  private static let fileModeMask: mode_t = {
    // It can only be asked for by setting it; meanwhile files of other threads are too private.
    let mask = umask(0o077)
    umask(mask)
    return mask
  }()

  /// Makes the bytes durable. What may fail for want of space or of a sound device fails here.
  mutating func finish() throws(CaptureError) {
    guard let part, !isSettled else { return }
    var mode = part.mode
    if let owner = part.owner, !Self.give(descriptor, to: owner) {
      // The group is another: it may do no more than everybody.
      mode = mode & ~0o070 | (mode & 0o007) << 3
    }
    var failure = fchmod(descriptor, mode) == 0 ? 0 : errno
    if failure == 0, fsync(descriptor) != 0 { failure = errno }
    guard failure == 0 else {
      isSettled = true
      remove(part)
      throw CaptureError(path: path, reason: .system(operation: "fsync", errno: failure))
    }
  }

  /// Gives the file its name.
  ///
  /// - Precondition: ``finish()`` has returned.
  mutating func publish() throws(CaptureError) {
    guard let part, !isSettled else { return }
    isSettled = true
    let failure = Leftovers.finish(part.key) {
      // SAFETY: both names are in the folder that was opened, whatever its path is by now.
      unsafe renameat(part.folderDescriptor, part.temporaryName, part.folderDescriptor, part.name)
        == 0 ? 0 : errno
    }
    guard failure == 0 else {
      unsafe unlinkat(part.folderDescriptor, part.temporaryName, 0)
      throw CaptureError(path: path, errno: failure, operation: "rename")
    }
    // The name is durable with its folder; a file system that cannot sync folders says EINVAL.
    if fsync(part.folderDescriptor) != 0, errno != EINVAL {
      throw CaptureError(path: path, reason: .system(operation: "fsync", errno: errno))
    }
  }

  /// Gives a file to an owner and a group where this process may, and says whether the group has it:
  /// only root gives files to others, and an owner only to groups of its own.
  private static func give(_ descriptor: CInt, to owner: (user: uid_t, group: gid_t)) -> Bool {
    fchown(descriptor, owner.user, owner.group) == 0
      || fchown(descriptor, uid_t.max, owner.group) == 0
  }

  private func remove(_ part: Part) {
    _ = Leftovers.finish(part.key) {
      unsafe unlinkat(part.folderDescriptor, part.temporaryName, 0)
    }
  }

  deinit {
    if let part {
      if !isSettled { remove(part) }
      close(part.folderDescriptor)
    }
    close(descriptor)
  }
}
