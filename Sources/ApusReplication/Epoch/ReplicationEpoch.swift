// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusJournal

/// Begins the time of a primary.
///
/// An epoch is in three places: in a record of the journal, from which the primary's records begin;
/// in every message; and in a file beside every replica's journal, as the lowest that it still
/// follows. So an old primary is turned away by whoever has seen the new one, over any restart.
public enum ReplicationEpoch {
  /// Makes the owner of this journal the primary of an epoch: a record, made durable, and a promise.
  ///
  /// A primary that starts again in its own epoch goes on in it, without another record.
  ///
  /// - Parameters:
  ///   - epoch: 1 or more, of a lease.
  ///   - journal: Nothing that was appended to it is lost.
  ///   - storage: The journal's.
  ///   - time: Of the record: that of the last command.
  ///   - waitsForStandby: Whether it acknowledges nothing that no standby has on its disk.
  /// - Throws: ``ReplicationError/staleEpoch(offered:promised:)`` for one that is not above all that
  ///   were seen; ``ReplicationError/journal(_:)``.
  public static func begin(
    _ epoch: UInt64, journal: inout JournalWriter, storage: any JournalStorage, time: Nanoseconds,
    waitsForStandby: Bool = false
  ) throws(ReplicationError) {
    let promise = try EpochFile.read(storage)
    let own = EpochPromise(
      epoch: epoch, isPrimary: true,
      acknowledged: promise.acknowledged.leading(waitsForStandby: waitsForStandby))
    if epoch == promise.epoch, promise.isPrimary {
      if own != promise { try EpochFile.write(own, storage) }
      return
    }
    guard epoch > promise.epoch else {
      throw .staleEpoch(offered: epoch, promised: promise.epoch)
    }
    try append(epoch, to: &journal, time: time)
    try EpochFile.write(own, storage)
  }

  private static func append(
    _ epoch: UInt64, to journal: inout JournalWriter, time: Nanoseconds
  ) throws(ReplicationError) {
    do throws(JournalError) {
      // What fills the buffers goes first.
      try journal.flush()
      var payload = epoch.littleEndian
      let sequence = journal.lastSequence &+ 1
      let outcome = unsafe withUnsafeBytes(of: &payload) { bytes in
        // SAFETY: the journal copies the bytes.
        unsafe journal.append(sequence: sequence, time: time, kind: .epoch, payload: bytes)
      }
      guard outcome == .appended else {
        throw journal.failure
          ?? .configuration(
            field: "bufferByteCount", value: "too small", expected: "room for a record of 8 bytes")
      }
      try journal.flush()
    } catch {
      throw .journal(error)
    }
  }
}
