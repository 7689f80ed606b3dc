// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

extension JournalWriter {
  /// Removes every record and goes on behind a later one, as the same journal: for a replica that has
  /// got the state there as a snapshot, because the records in between are nowhere any more.
  ///
  /// An interruption at any point leaves a journal that opens: with fewer of the old records, with
  /// none, or as one that begins behind `sequence`. The snapshot has to be durable before.
  ///
  /// - Parameters:
  ///   - sequence: The next record is the one after it. Shape: ``lastSequence`` to 2^63 - 2.
  ///   - checksum: Of that record, so that the chain goes on.
  /// - Throws: ``JournalError/configuration(field:value:expected:)`` for another sequence, which a peer
  ///   may have named: nothing was done. ``JournalError`` of the disk: the writer has failed then.
  public mutating func restart(
    after sequence: UInt64, checksum: UInt32
  ) throws(JournalError) {
    guard sequence >= lastSequence, sequence < JournalFormat.sequenceRange.upperBound else {
      throw .configuration(
        field: "sequence", value: "\(sequence)", expected: "\(lastSequence) to 2^63 - 2")
    }
    try flush()
    do throws(JournalError) {
      // What was acknowledged is taken back before it goes, so that no step looks like damage.
      try publishPosition(0)
      try removeAllSegments()
      lastSequence = sequence
      durableSequence = sequence
      chain = checksum
      chainBefore = checksum
      try openNextSegment()
      beginBuffer()
      try publishPosition(sequence)
    } catch {
      failure = error
      limit = 0
      throw error
    }
  }

  private func publishPosition(_ sequence: UInt64) throws(JournalError) {
    try unsafe DurablePosition(identifier: identifier, sequence: sequence).write(
      storage, positionFile, block: block)
    try storage.syncAll(positionFile, name: JournalFormat.positionName)
  }

  /// From the newest on: what an interruption leaves has no gap. The one that is written stays open
  /// until the next has taken its place.
  private func removeAllSegments() throws(JournalError) {
    for name in try JournalInspection.segmentNames(storage).reversed() {
      try storage.remove(name)
      try storage.syncFolder()
    }
  }
}
