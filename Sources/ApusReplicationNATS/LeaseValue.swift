// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What the key holds: `EPOCH NONCE CANDIDATE`, so that people can read it. The epoch is 0 in the
/// value that creates the lease, since its revision is not known then.
struct LeaseValue: Equatable {
  var epoch: UInt64
  var nonce: UInt64
  var candidate: String

  init(epoch: UInt64, nonce: UInt64, candidate: String) {
    self.epoch = epoch
    self.nonce = nonce
    self.candidate = candidate
  }

  /// Nil for bytes that are no such value.
  init?(_ bytes: some Sequence<UInt8>) {
    let parts = String(decoding: Array(bytes), as: UTF8.self).split(
      separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let epoch = UInt64(parts[0]), let nonce = UInt64(parts[1]) else {
      return nil
    }
    self.init(epoch: epoch, nonce: nonce, candidate: String(parts[2]))
  }

  /// Whether a lease can have written it: its epoch is the count of writes when it was taken, above
  /// the bucket's base.
  func canStand(atRevision revision: UInt64, above base: UInt64 = 0) -> Bool {
    epoch == 0 || (epoch > base && epoch - base <= revision)
  }

  var bytes: [UInt8] { Array("\(epoch) \(nonce) \(candidate)".utf8) }
}
