// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// Where an output of some name goes, symbolic links followed.
///
/// A link is followed to its target, which is what is replaced; the link stays. A link of the process
/// file system (`/dev/stdout`, `/dev/fd/3`) names no file but a descriptor.
enum OutputTarget: Equatable {
  /// A descriptor of this process.
  case descriptor(CInt)
  /// A pipe, a device or another process's descriptor, written as it is.
  case direct(path: String)
  /// A regular file, there or not, to be replaced by a whole one.
  case file(folder: String, name: String, isThere: Bool)

  /// As many as the kernel follows.
  private static let linkCountMax = 40

  /// Finds out where a name leads.
  ///
  /// - Throws: ``CaptureError`` for a directory, a loop of links, a file that may not be written, a
  ///   folder that is not there.
  init(path: String) throws(CaptureError) {
    var current = path
    for _ in 0..<Self.linkCountMax {
      let (folder, name) = Self.split(current)
      var status = stat()
      guard unsafe lstat(current, &status) == 0 else {
        let errno = errno
        guard [ENOENT, ENOTDIR].contains(errno), !path.isEmpty else {
          throw CaptureError(path: path, errno: errno, operation: "stat")
        }
        guard unsafe stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
          throw CaptureError(path: path, reason: .missingFolder(folder))
        }
        if name.isEmpty { throw CaptureError(path: path, reason: .isDirectory) }
        self = .file(folder: folder, name: name, isThere: false)
        return
      }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: throw CaptureError(path: path, reason: .isDirectory)
      case S_IFREG:
        guard unsafe access(current, W_OK) == 0 else {
          throw CaptureError(path: path, errno: errno, operation: "access")
        }
        self = .file(folder: folder, name: name, isThere: true)
        return
      case S_IFLNK:
        if let target = Self.descriptor(folder, name) {
          self = target
          return
        }
        guard let link = Self.link(current) else {
          throw CaptureError(path: path, errno: errno, operation: "readlink")
        }
        current = link.hasPrefix("/") ? link : folder + "/" + link
      default:
        self = .direct(path: current)
        return
      }
    }
    throw CaptureError(path: path, reason: .system(operation: "follow links", errno: ELOOP))
  }

  /// A folder and a name in it.
  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    let folder = String(path[..<slash])
    return (folder.isEmpty ? "/" : folder, String(path[path.utf8.index(after: slash)...]))
  }

  private static func link(_ path: String) -> String? {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    // SAFETY: the call writes at most as many bytes as it is told.
    let count = unsafe readlink(path, &bytes, bytes.count)
    return count > 0
      ? String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }

  /// What a link in the process file system stands for; nil for an ordinary link.
  private static func descriptor(_ folder: String, _ name: String) -> OutputTarget? {
    // SAFETY: the text is the C library's own copy, freed here.
    guard let resolved = unsafe realpath(folder, nil) else { return nil }
    defer { unsafe free(resolved) }
    let place = unsafe String(cString: resolved)
    guard place.hasPrefix("/proc/"), place.hasSuffix("/fd"), let number = CInt(name) else {
      return nil
    }
    return place.hasPrefix("/proc/\(getpid())/")
      ? .descriptor(number) : .direct(path: folder + "/" + name)
  }
}
