// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// A file that appears under its name only when it is complete.
///
/// It is written beside its target under a temporary name and renamed by ``commit()``; without a
/// commit it is removed. What is not a regular file (`/dev/stdout`, a pipe) is written directly.
struct TemporaryFile: ~Copyable {
  let path: String
  let temporaryPath: String
  private var isFinished = false

  /// Whether the target is written directly.
  var isDirect: Bool { path == temporaryPath }

  init(path: String) throws(CaptureError) {
    self.path = path
    var status = stat()
    if unsafe stat(path, &status) == 0 {
      let kind = status.st_mode & S_IFMT
      if kind == S_IFDIR { throw CaptureError(path: path, reason: .isDirectory) }
      temporaryPath = kind == S_IFREG ? "\(path).\(getpid()).partial" : path
    } else {
      temporaryPath = "\(path).\(getpid()).partial"
    }
  }

  mutating func commit() throws(CaptureError) {
    isFinished = true
    guard !isDirect else { return }
    guard unsafe rename(temporaryPath, path) == 0 else {
      let failure = errno
      unsafe unlink(temporaryPath)
      throw CaptureError(path: path, errno: failure, operation: "rename")
    }
  }

  deinit {
    if !isFinished, !isDirect { unsafe unlink(temporaryPath) }
  }
}
