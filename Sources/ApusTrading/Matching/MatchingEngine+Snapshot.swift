// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
internal import ApusMemory

extension MatchingEngine {
  /// Writes the state.
  public func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(matchNumber)
  }

  /// An engine in the state of a snapshot.
  public init(
    configuration: Configuration, snapshot: inout SnapshotReader
  ) throws(SnapshotError) {
    var engine = try Self.make(configuration)
    engine.matchNumber = try snapshot.read(field: "match number")
    self.init(moving: engine)
  }

  private static func make(
    _ configuration: Configuration
  ) throws(SnapshotError) -> MatchingEngine {
    do throws(MemoryError) {
      return try MatchingEngine(configuration: configuration)
    } catch {
      throw .memory(error)
    }
  }
}
