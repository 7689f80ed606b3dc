// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// Makes files and their names durable.
enum FileSync {
  /// Makes what was written to a descriptor durable.
  ///
  /// - Parameter path: The file, for the error.
  static func sync(_ descriptor: CInt, path: String) throws(CaptureError) {
    // A pipe and a terminal, and folders of some file systems, have nothing to be made durable.
    guard fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP else { return }
    throw CaptureError(path: path, reason: .system(operation: "fsync", errno: errno))
  }

  /// Makes the name of a file durable: its creation, or what was renamed to it.
  static func syncFolder(of path: String) throws(CaptureError) {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CaptureError(path: path, errno: errno, operation: "open") }
    defer { close(descriptor) }
    try sync(descriptor, path: path)
  }
}
