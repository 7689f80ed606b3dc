// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusHost

/// When a follower writes snapshots, and what it removes then.
public struct SnapshotFollowerConfiguration: Sendable {
  /// Commands between two snapshots; nil writes them on demand only.
  public var commandInterval: UInt64?
  /// Snapshots to keep, the newest among them; at least 1. More than one lets a recovery fall back.
  public var keptCount: Int
  /// Memory of a snapshot that is being written. Unit: bytes.
  public var bufferByteCount: Int
  /// With a number, each snapshot is followed by the removal of segments all of whose records are
  /// in the oldest kept one, down to so many segments; nil removes none. Nothing is removed before
  /// there are ``keptCount`` snapshots that hold. Leave enough for whoever else reads the journal:
  /// a standby that catches up.
  public var retainedSegmentCountMin: Int?

  /// A configuration; the default keeps two snapshots and every segment.
  public init(
    commandInterval: UInt64?, keptCount: Int = 2, bufferByteCount: Int = 1 << 18,
    retainedSegmentCountMin: Int? = nil
  ) {
    self.commandInterval = commandInterval
    self.keptCount = keptCount
    self.bufferByteCount = bufferByteCount
    self.retainedSegmentCountMin = retainedSegmentCountMin
  }

  /// - Throws: ``SnapshotFollowerError/journal(_:)`` with the field that cannot be.
  func validate() throws(SnapshotFollowerError) {
    if let commandInterval, commandInterval < 1 {
      throw .journal(
        .configuration(
          field: "commandInterval", value: "\(commandInterval)", expected: "1 or more, or nil"))
    }
    if let count = retainedSegmentCountMin, count < 1 {
      throw .journal(
        .configuration(
          field: "retainedSegmentCountMin", value: "\(count)", expected: "1 or more, or nil"))
    }
  }
}

/// A follower that could not begin, go on or write. The host it follows knows nothing of it.
public enum SnapshotFollowerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The journal could not be opened or looked at. The follower ends.
  case journal(JournalError)
  /// A record could not be read or applied, or the engine does not reach a recorded digest: there
  /// is nothing to be written of such a state. The follower ends.
  case replay(ReplayError)
  /// Snapshots could not be listed, or this one could not be written. While it follows, the follower
  /// goes on and tries again when the next one is due.
  case snapshot(SnapshotError)
  /// The snapshot is there, and segments that it made superfluous could not be removed. The
  /// follower goes on.
  case retention(JournalError)

  /// One line: what is wrong and what to do.
  public var description: String {
    switch self {
    case .journal(let error): "snapshot follower: \(error)"
    case .replay(let error): "snapshot follower: \(error)"
    case .snapshot(let error): "snapshot follower: \(error)"
    case .retention(let error): "snapshot follower: removing old segments: \(error)"
    }
  }
}
