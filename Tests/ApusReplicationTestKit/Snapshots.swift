// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import ApusEngine
public import ApusJournal
public import ApusReplication

/// Opens a folder as that of a standby which takes snapshots.
public func openRestoringStandby(
  _ path: String, primary: ReplicationEndpoint, node: UInt64 = 2, frameByteCountMax: Int = 4_096,
  silenceNanoseconds: UInt64 = patientNanoseconds
) throws -> ReplicationStandby<TallyEngine> {
  try ReplicationStandby.open(
    engineConfiguration: TallyEngine.Configuration(), storage: openFolder(path),
    configuration: ReplicationStandbyConfiguration(
      primary: primary, node: node, journal: smallJournal(),
      frameByteCountMax: frameByteCountMax, silenceNanoseconds: silenceNanoseconds,
      retryNanoseconds: 5_000_000))
}

/// Removes the oldest segments all of whose records are below a sequence, as retention does; says the
/// first sequence that is left.
@discardableResult
public func removeSegments(_ path: String, below sequence: UInt64) throws(JournalError) -> UInt64 {
  let storage = try openFolder(path)
  let segments = try JournalInspection.report(storage, depth: .tail).segments
  var first = segments.first?.firstSequence ?? 0
  for (segment, next) in zip(segments, segments.dropFirst())
  where next.firstSequence <= sequence {
    try storage.remove(segment.name)
    first = next.firstSequence
  }
  return first
}

extension PrimaryReplica {
  /// Brings the engine to a number of commands; no standby is needed where the host is durable.
  public mutating func advance(to target: UInt64) {
    while count < target {
      submit(min(40, Int(target - count)))
      step()
    }
    _ = host.flush()
  }

  /// Writes a snapshot beside the journal.
  @discardableResult
  public mutating func writeSnapshot(_ path: String) throws -> EngineSnapshot {
    let storage = try openFolder(path)
    let report = try JournalInspection.report(storage, depth: .tail)
    guard let journal = report.identifier else { throw JournalError.missing(path: path) }
    return try JournalSnapshots(storage: storage, journal: journal).write(&host)
  }
}
