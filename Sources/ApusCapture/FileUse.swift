// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// Which files a piece of work reads and writes, checked before anything is opened for writing.
///
/// Names say little: `x`, `./x`, a symbolic and a hard link may be one file. Files are compared by
/// device and inode, and those that are not there yet by their folder's and their name.
public struct FileUse: Sendable {
  /// Files that are read. A folder stands for the files in it.
  public var inputs: [String]
  /// Files that are written.
  public var outputs: [String]

  /// A use of these files.
  public init(inputs: [String] = [], outputs: [String] = []) {
    self.inputs = inputs
    self.outputs = outputs
  }

  /// What standard output is used for.
  public enum StandardOutput: Sendable {
    /// The caller's own business.
    case unchecked
    /// Text, which gives way to an output: see ``FileUse/writesToStandardOutput``.
    case text
    /// One document, which an output would spoil.
    case document
  }

  private enum Identity: Hashable {
    case file(device: UInt, inode: UInt)
    case absent(device: UInt, inode: UInt, name: String)
    case descriptor(CInt)
  }

  /// Refuses outputs that are inputs or one another, and a pipe that is to be read twice.
  ///
  /// - Parameter standardOutput: How the process answers, so that its answer spoils no file either.
  /// - Throws: ``CaptureError``, of reason ``CaptureError/Reason/conflict(_:)`` for two uses of one
  ///   file; that of the output where it cannot be.
  public func check(standardOutput: StandardOutput = .unchecked) throws(CaptureError) {
    var readers: [Identity: String] = [:]
    for path in inputs {
      guard let (identity, isStream) = Self.identity(ofInput: path) else { continue }
      if isStream, readers[identity] != nil {
        throw CaptureError(
          path: path, reason: .conflict("is a pipe, which can be read once; name it once"))
      }
      readers[identity] = path
    }
    var writers: [Identity: String] = [:]
    let answer = standardOutput == .unchecked ? nil : Self.identity(ofDescriptor: STDOUT_FILENO)
    for path in outputs {
      let target = try OutputTarget(path: path)
      if standardOutput == .document, Self.isAnswer(target, answer) {
        throw CaptureError(
          path: path,
          reason: .conflict("is where --json prints its document; give the output another name"))
      }
      guard let identity = Self.identity(of: target) else { continue }
      if let input = readers[identity] {
        throw CaptureError(
          path: path,
          reason: .conflict("is an input as well (\(input)); give the output another name"))
      }
      if let other = writers[identity] {
        throw CaptureError(
          path: path,
          reason: .conflict("two outputs are this one file (\(other) too); give each its own"))
      }
      writers[identity] = path
      if case .file = target, identity == answer {
        throw CaptureError(
          path: path,
          reason: .conflict("is standard output as well; give the output another name"))
      }
    }
    guard let answer else { return }
    for path in inputs {
      for file in Self.files(path) where Self.identity(ofInput: file)?.identity == answer {
        throw CaptureError(
          path: file, reason: .conflict("is standard output as well; send that elsewhere"))
      }
    }
  }

  /// Whether an output goes where standard output goes, so that text between it would spoil it.
  public var writesToStandardOutput: Bool {
    let answer = Self.identity(ofDescriptor: STDOUT_FILENO)
    return outputs.contains { path in
      // What cannot be opened is told by who opens it.
      guard let target = try? OutputTarget(path: path) else { return false }
      return Self.isAnswer(target, answer)
    }
  }

  /// Whether what is written there comes between the words of the answer.
  private static func isAnswer(_ target: OutputTarget, _ answer: Identity?) -> Bool {
    if case .descriptor(STDOUT_FILENO) = target { return true }
    guard let answer, let identity = identity(of: target) else { return false }
    return identity == answer
  }

  private static func identity(of target: OutputTarget) -> Identity? {
    switch target {
    case .descriptor(let number): return identity(ofDescriptor: number) ?? .descriptor(number)
    case .direct(let path): return identity(ofInput: path)?.identity
    case .file(let folder, let name, let isThere):
      var status = stat()
      let path = isThere ? folder + "/" + name : folder
      guard unsafe stat(path, &status) == 0 else { return nil }
      return isThere
        ? .file(device: UInt(status.st_dev), inode: UInt(status.st_ino))
        : .absent(device: UInt(status.st_dev), inode: UInt(status.st_ino), name: name)
    }
  }

  /// nil for what is not there, and for terminals and the like, which any number may share.
  private static func identity(ofInput path: String) -> (identity: Identity, isStream: Bool)? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    return identity(status)
  }

  private static func identity(ofDescriptor number: CInt) -> Identity? {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else { return nil }
    return identity(status)?.identity
  }

  private static func identity(_ status: stat) -> (identity: Identity, isStream: Bool)? {
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFCHR else { return nil }
    return (
      .file(device: UInt(status.st_dev), inode: UInt(status.st_ino)),
      kind == S_IFIFO || kind == S_IFSOCK
    )
  }

  /// Whether a file can be read more than once: not a pipe, not a device. What is not there is
  /// another matter.
  public static func isRereadable(_ path: String) -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return true }
    return [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
  }

  /// The files in a folder, or the file itself.
  private static func files(_ path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [path] }
    defer { unsafe closedir(folder) }
    var files: [String] = []
    while let entry = unsafe readdir(folder) {
      // SAFETY: the kernel ends the name with a zero inside the entry, which lives until the next.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      if name != ".", name != ".." { files.append(path + "/" + name) }
    }
    return files
  }
}
