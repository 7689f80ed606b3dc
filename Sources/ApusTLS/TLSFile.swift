// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusTLS
internal import Glibc

/// Small files: keys and certificates.
enum TLSFile {
  /// More than any chain or list of authorities has. Unit: bytes.
  static let byteCountMax = 4 << 20

  /// Reads a whole file.
  ///
  /// A link is followed, since secrets are often mounted as one; the mode that is checked is that of the
  /// file which is read.
  static func read(
    _ path: String, isSecret: Bool, byteCountMax: Int = byteCountMax
  ) throws(TLSError) -> [UInt8] {
    guard !path.utf8.contains(0) else {
      throw .file(path: path, reason: "expected a path without a NUL")
    }
    // SAFETY: the path ends with NUL during the call. No pipe is waited for.
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(operation: "open", path: path, errno: errno) }
    defer { _ = Glibc.close(descriptor) }
    var status = stat()
    // SAFETY: `status` is what the call fills.
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw .system(operation: "fstat", path: path, errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .file(path: path, reason: "expected a regular file")
    }
    guard !isSecret || status.st_mode & 0o077 == 0 else {
      throw .exposedFile(path: path, mode: status.st_mode & 0o7777)
    }
    guard status.st_size <= byteCountMax else {
      throw .file(
        path: path, reason: "expected at most \(byteCountMax) bytes, found \(status.st_size)")
    }
    return try contents(descriptor, path, byteCount: Int(status.st_size))
  }

  private static func contents(
    _ descriptor: Int32, _ path: String, byteCount: Int
  ) throws(TLSError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var done = 0
    while done < byteCount {
      // SAFETY: the rest of the array is as long as the call is told.
      let count = unsafe bytes.withUnsafeMutableBytes { buffer in
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
        return unsafe Glibc.read(descriptor, rest.baseAddress, rest.count)
      }
      guard count >= 0 else { throw .system(operation: "read", path: path, errno: errno) }
      guard count > 0 else {
        throw .file(path: path, reason: "it became shorter while it was read")
      }
      done += count
    }
    return bytes
  }

  /// Overwrites a secret.
  static func cleanse(_ bytes: inout [UInt8]) {
    // SAFETY: the array's own bytes.
    unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe capus_tls_cleanse(buffer.baseAddress, buffer.count)
    }
  }
}
