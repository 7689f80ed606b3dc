// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A snapshot in memory: to hand a state to another engine of the same process.
public final class SnapshotBytes: SnapshotTarget, SnapshotSource {
  /// The bytes so far.
  public private(set) var bytes: [UInt8]
  private var position = 0

  /// A snapshot of these bytes; none to be written to.
  public init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  /// Begins to read from the start again.
  public func rewind() { position = 0 }

  /// Takes the next bytes.
  public func write(_ chunk: RawSpan) throws(SnapshotError) {
    bytes.reserveCapacity(bytes.count + chunk.byteCount)
    for index in 0..<chunk.byteCount {
      // SAFETY: index < byteCount; any byte is a UInt8.
      bytes.append(unsafe chunk.unsafeLoad(fromByteOffset: index, as: UInt8.self))
    }
  }

  /// Gives the next bytes.
  public func read(into target: inout MutableRawSpan) throws(SnapshotError) -> Int {
    let count = min(target.byteCount, bytes.count - position)
    for index in 0..<count {
      target.storeBytes(of: bytes[position + index], toByteOffset: index, as: UInt8.self)
    }
    position += count
    return count
  }
}
