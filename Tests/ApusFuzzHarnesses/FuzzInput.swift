// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// Takes an input apart from the front; behind its end there are zeros.
struct FuzzInput {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position >= bytes.count }

  mutating func byte() -> UInt8 {
    guard position < bytes.count else { return 0 }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func integer<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type = T.self) -> T {
    var value: T = 0
    for shift in stride(from: 0, to: T.bitWidth, by: 8) { value |= T(byte()) << T(shift) }
    return value
  }

  /// The next bytes, fewer at the end.
  mutating func take(_ count: Int) -> [UInt8] {
    let end = min(bytes.count, position + count)
    defer { position = end }
    return Array(bytes[position..<end])
  }

  mutating func rest() -> [UInt8] { take(bytes.count) }
}

/// Makes inputs of the same fields.
struct FuzzOutput {
  var bytes: [UInt8] = []

  mutating func add<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
    bytes.append(integer: value)
  }

  mutating func add(_ more: [UInt8]) { bytes += more }
}

extension [UInt8] {
  /// A little-endian integer; the caller has checked that it is there.
  func integer<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type, at offset: Int) -> T {
    (0..<T.bitWidth / 8).reduce(0) { $0 | T(self[offset + $1]) << T(8 * $1) }
  }

  mutating func append<T: FixedWidthInteger & UnsignedInteger>(integer value: T) {
    for shift in stride(from: 0, to: T.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: value >> T(shift)))
    }
  }

  /// Puts a little-endian integer there, as far as there are bytes.
  mutating func put<T: FixedWidthInteger & UnsignedInteger>(_ value: T, at offset: Int) {
    for index in 0..<T.bitWidth / 8 where indices.contains(offset + index) {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> T(8 * index))
    }
  }

  /// Changes bytes as an input says: each change is an offset of 16 bits, a width of 1, 2, 4 or 8 bytes
  /// and a value; a width of more cuts the bytes off there. So that mutations of a long valid file are
  /// short, and none of them is spent on its zeros.
  mutating func edit(_ input: inout FuzzInput) {
    while !input.isAtEnd {
      let offset = Int(input.integer(UInt16.self))
      let width = input.byte()
      switch width % 16 {
      case 0...7: put(input.byte(), at: offset)
      case 8, 9: put(input.integer(UInt16.self), at: offset)
      case 10, 11: put(input.integer(UInt32.self), at: offset)
      case 12...14: put(input.integer(UInt64.self), at: offset)
      default: removeLast(Swift.max(0, count - offset))
      }
    }
  }

  /// One change for ``edit(_:)``.
  static func change(_ offset: Int, to value: UInt64) -> [UInt8] {
    var output = FuzzOutput()
    output.add(UInt16(truncatingIfNeeded: offset))
    output.add(UInt8(12))
    output.add(value)
    return output.bytes
  }
}

/// Files of this process in memory, for parsers that take a path.
enum FuzzFile {
  private static let folder: String = {
    let path = "/dev/shm/apus-fuzz.\(getpid())"
    // SAFETY: plain calls with paths that are there for their duration.
    guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
      fatalError("FuzzFile: \(path) cannot be made (errno \(errno))")
    }
    atexit { FuzzFile.removeAll() }
    return path
  }()

  /// A path in the folder.
  static func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// Puts bytes into a file and gives its path.
  static func write(_ bytes: [UInt8], _ name: String) -> String {
    let path = path(name)
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    let written = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    close(descriptor)
    guard written == bytes.count else { fatalError("FuzzFile: \(path) cannot be written") }
    return path
  }

  /// The bytes of a file.
  static func read(_ name: String) -> [UInt8] {
    let descriptor = unsafe open(path(name), O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
    }
    return count == bytes.count ? bytes : []
  }

  static func remove(_ name: String) { _ = unsafe unlink(path(name)) }

  private static func removeAll() {
    guard let entries = unsafe opendir(folder) else { return }
    while let entry = unsafe readdir(entries) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(cString: $0)
        }
      }
      remove(name)
    }
    unsafe closedir(entries)
    _ = unsafe rmdir(folder)
  }
}
