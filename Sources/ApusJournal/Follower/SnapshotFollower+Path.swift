// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine

extension SnapshotFollower where E: ~Copyable {
  /// A follower of the journal in a folder of the file system.
  ///
  /// - Parameters:
  ///   - path: The journal's folder.
  ///   - snapshotPath: Where snapshots are; nil for the journal's folder. Another disk keeps their
  ///     writing from the journal's.
  /// - Throws: As the other initializer; also for folders that are not there.
  public init(
    _ type: E.Type = E.self, engine: E.Configuration, path: String, snapshotPath: String? = nil,
    configuration: SnapshotFollowerConfiguration
  ) throws(SnapshotFollowerError) {
    let journal = try Self.storage(path)
    let snapshots = try snapshotPath.map { path throws(SnapshotFollowerError) in
      try Self.storage(path)
    }
    try self.init(
      type, engine: engine, journal: journal, snapshots: snapshots, configuration: configuration)
  }

  /// A storage without a ring: nothing is committed through it. It reads past the page cache, as the journal's
  /// writer writes.
  private static func storage(
    _ path: String
  ) throws(SnapshotFollowerError) -> FileJournalStorage {
    do throws(JournalError) {
      return try FileJournalStorage(
        path: path, options: .init(usesIOUring: false, createsFolder: false))
    } catch {
      throw .journal(error)
    }
  }
}
