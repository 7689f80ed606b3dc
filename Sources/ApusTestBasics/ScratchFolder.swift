// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// What a scratch folder could not do. `errno` is the kernel's.
public struct ScratchFolderError: Error, Equatable, CustomStringConvertible {
  /// The call that failed.
  public var operation: String
  /// What it was about.
  public var path: String
  /// Unit: the kernel's error numbers.
  public var errno: Int32

  /// An error of these.
  public init(operation: String, path: String, errno: Int32) {
    self.operation = operation
    self.path = path
    self.errno = errno
  }

  /// The error as a sentence.
  public var description: String { "\(path): \(operation) failed with errno \(errno)" }
}

/// A folder of a test's own, which is removed with all that is in it when the last reference ends.
///
/// It lies in `$TMPDIR`, or in `/tmp` where that is not set, unless a test names a place. A process that
/// is killed leaves its folders behind; their names begin with `apus-scratch-`.
///
/// - Threading: any thread; what is in the folder is the caller's to order.
public final class ScratchFolder: Sendable {
  /// The folder, without a slash at the end.
  public let path: String

  /// Makes an empty folder.
  ///
  /// - Parameter parent: An existing folder to make it in.
  /// - Throws: ``ScratchFolderError``.
  public init(in parent: String? = nil) throws(ScratchFolderError) {
    let place = parent ?? Self.temporaryFolder
    var template = Array("\(place)/apus-scratch-XXXXXX".utf8CString)
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
      // SAFETY: the template ends with a zero and its six X may be overwritten.
      unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) } != nil
    }
    guard made else {
      throw ScratchFolderError(operation: "mkdtemp", path: place, errno: Glibc.errno)
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Makes a folder with these files: texts by their path in it.
  ///
  /// - Throws: ``ScratchFolderError``.
  public convenience init(_ files: [String: String]) throws(ScratchFolderError) {
    try self.init()
    for (name, text) in files { try write(name, text) }
  }

  deinit { Self.remove(path) }

  /// Path of a file or folder in it, whether it is there or not.
  public func path(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file, over one that is there, and the folders it lies in.
  ///
  /// - Returns: Its path.
  /// - Throws: ``ScratchFolderError``.
  @discardableResult
  public func write(
    _ name: String, _ bytes: some Sequence<UInt8>
  ) throws(ScratchFolderError) -> String {
    try makeParents(of: name)
    let file = path(name)
    let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Self.error("open", file) }
    defer { close(descriptor) }
    let bytes = Array(bytes)
    var done = 0
    while done < bytes.count {
      // SAFETY: done < bytes.count, and the count ends with the array.
      let count = unsafe bytes.withUnsafeBytes { source in
        unsafe Glibc.write(
          descriptor, source.baseAddress.map { unsafe $0 + done }, bytes.count - done)
      }
      if count < 0, Glibc.errno == EINTR { continue }
      guard count > 0 else { throw Self.error("write", file) }
      done += count
    }
    return file
  }

  /// Writes a text as ``write(_:_:)-(_,Sequence<UInt8>)`` does bytes.
  @discardableResult
  public func write(_ name: String, _ text: String) throws(ScratchFolderError) -> String {
    try write(name, text.utf8)
  }

  /// The bytes of a file.
  ///
  /// - Throws: ``ScratchFolderError``, also for what is none.
  public func bytes(_ name: String) throws(ScratchFolderError) -> [UInt8] {
    let file = path(name)
    let descriptor = unsafe open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.error("open", file) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // SAFETY: the count is the piece's.
      let count = unsafe piece.withUnsafeMutableBytes {
        unsafe read(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, Glibc.errno == EINTR { continue }
      guard count >= 0 else { throw Self.error("read", file) }
      if count == 0 { return bytes }
      bytes += piece.prefix(count)
    }
  }

  /// A file as text; what is no UTF-8 is replaced.
  ///
  /// - Throws: ``ScratchFolderError``.
  public func text(_ name: String) throws(ScratchFolderError) -> String {
    String(decoding: try bytes(name), as: UTF8.self)
  }

  /// Names of the files and folders in it, sorted.
  ///
  /// - Throws: ``ScratchFolderError``.
  public func names() throws(ScratchFolderError) -> [String] {
    guard let names = Self.names(path) else { throw Self.error("opendir", path) }
    return names.sorted()
  }

  // MARK: Support

  /// What is meant where a test names no place.
  public static var temporaryFolder: String {
    // SAFETY: the text is copied at once; nothing in a test sets the environment beside it.
    guard let value = unsafe getenv("TMPDIR"), unsafe value.pointee != 0 else { return "/tmp" }
    let place = unsafe String(cString: value)
    return place.count > 1 && place.hasSuffix("/") ? String(place.dropLast()) : place
  }

  private static func error(_ operation: String, _ path: String) -> ScratchFolderError {
    ScratchFolderError(operation: operation, path: path, errno: Glibc.errno)
  }

  private func makeParents(of name: String) throws(ScratchFolderError) {
    var folder = path
    for part in name.split(separator: "/").dropLast() {
      folder += "/\(part)"
      guard unsafe mkdir(folder, 0o777) == 0 || Glibc.errno == EEXIST else {
        throw Self.error("mkdir", folder)
      }
    }
  }

  /// Nil for what is no folder or may not be read.
  private static func names(_ path: String) -> [String]? {
    guard let stream = unsafe opendir(path) else { return nil }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      // SAFETY: the kernel ends each name with a zero, within the entry.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
        unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(cString: $0)
        }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Links are removed and not followed. What a test made unreadable is opened first.
  private static func remove(_ path: String) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
      if status.st_mode & 0o700 != 0o700 { _ = unsafe chmod(path, 0o700) }
      for name in names(path) ?? [] { remove("\(path)/\(name)") }
      _ = unsafe rmdir(path)
    } else {
      _ = unsafe unlink(path)
    }
  }
}
