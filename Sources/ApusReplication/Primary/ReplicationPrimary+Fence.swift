// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

/// The end of a primary's time, and who may say that it has come.
extension ReplicationPrimary {
  /// Of an epoch that only a peer tells, so much above the own one is kept: what static leases count
  /// one by one is then not begun again by mistake, and a lie keeps no lease of a greater epoch out.
  static var keptEpochStep: UInt64 { 1_024 }

  /// Ends this primary's time: nothing is acknowledged or sent any more, here and over restarts.
  ///
  /// - Parameter epoch: That of the primary that took over, or of the lease that another one has. It
  ///   is kept, so that no lower one is begun here.
  public mutating func fence(by epoch: UInt64) {
    guard epoch > configuration.epoch, epoch > fencingEpoch else { return }
    position.fence(by: epoch)
    keep(epoch)
  }

  /// Hears from a standby of this journal that a later primary is there. The standby is not
  /// authenticated: that ends the own epoch, and only that is kept for good.
  ///
  /// - Returns: False for an epoch too far above the own one to be true.
  mutating func hear(_ epoch: UInt64, of session: StandbySession) -> Bool {
    guard epoch > configuration.epoch else { return true }
    guard epoch - configuration.epoch <= configuration.epochStepMax else {
      counters.noteFar(epoch)
      session.link.close(.fault(.epoch))
      return false
    }
    // Who has no journal, or another one, may have its epoch from another primary.
    guard session.hasJournal, fencingEpoch == 0 else { return true }
    position.fence(by: epoch)
    keep(min(epoch, configuration.epoch.addingClamped(Self.keptEpochStep)))
    return true
  }

  private mutating func keep(_ epoch: UInt64) {
    do throws(ReplicationError) {
      let acknowledged = try EpochFile.read(storage).acknowledged
      try EpochFile.write(EpochPromise(epoch: epoch, acknowledged: acknowledged), storage)
    } catch {
      failure = error
    }
  }
}
