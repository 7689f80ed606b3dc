// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation

/// The long versions of tests, which run where the environment has `APUS_CAMPAIGN`: 1 for all rounds,
/// a greater number for as many rounds as that many seconds allow in each loop.
public enum Campaign {
  /// Whether the long versions run.
  public static let isOn = ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] != nil

  /// What a loop may take; nil for all of its rounds. Unit: seconds.
  static let seconds: Double? = ProcessInfo.processInfo.environment["APUS_CAMPAIGN"]
    .flatMap(Double.init).flatMap { $0 > 1 ? $0 : nil }

  /// Numbers of rounds, from 0: `sample` of them, or up to `campaign` in a campaign. The rounds of the
  /// sample run however long they take, so that what a test expects of them holds.
  public static func rounds(_ sample: Int, campaign: Int) -> CampaignRounds {
    CampaignRounds(
      sampleCount: sample, count: isOn ? campaign : sample, seconds: isOn ? seconds : nil)
  }
}

/// See ``Campaign/rounds(_:campaign:)``.
public struct CampaignRounds: Sequence, IteratorProtocol {
  private let sampleCount: Int
  private let count: Int
  private let end: ContinuousClock.Instant?
  private var round = 0

  init(sampleCount: Int, count: Int, seconds: Double?) {
    self.sampleCount = sampleCount
    self.count = count
    end = seconds.map { ContinuousClock.now + .seconds($0) }
  }

  /// The number of the next round.
  public mutating func next() -> Int? {
    guard round < count else { return nil }
    if let end, round >= sampleCount, ContinuousClock.now >= end { return nil }
    defer { round += 1 }
    return round
  }
}
