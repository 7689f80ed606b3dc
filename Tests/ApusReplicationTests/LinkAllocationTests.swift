// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusHost
import ApusJournal
import ApusReplication
import ApusReplicationTestKit
import ApusTestKit
import ApusTestSupport
import Testing

@Suite struct LinkAllocationTests {
  /// Records go from one disk to the other and their acknowledgements back: within a segment nothing
  /// is allocated on either side, waiting and heartbeats included.
  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func steadyStateAllocatesNothing() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var link = try WarmLink(a.path, b.path)
    let isReady = link.rounds(300)
    #expect(isReady)
    let before = link.acknowledged
    let counts = link.allocationsOfRounds(2_000)
    #expect(counts.primary == 0 && counts.standby == 0, "\(counts)")
    #expect(link.acknowledged - before >= 2_000 * 7)
  }
}

/// Both sides of a link on one thread, with journals whose segments do not end meanwhile.
private struct WarmLink: ~Copyable {
  private var writer: JournalWriter
  private var primary: ReplicationPrimary
  private var standby: ReplicationStandby<TallyEngine>
  private let position = ReplicatedPosition()
  private var count: UInt64 = 0
  private var allocations = (primary: UInt64(0), standby: UInt64(0))

  static let journal = JournalConfiguration(
    segmentByteCount: 16 << 20, bufferByteCount: 1 << 16, preallocation: .allocate)

  init(_ a: String, _ b: String) throws {
    let storage = try openFolder(a)
    var writer = try JournalWriter(storage: storage, configuration: Self.journal)
    try ReplicationEpoch.begin(1, journal: &writer, storage: storage, time: .zero)
    let primary = try ReplicationPrimary(
      storage: openFolder(a), position: position,
      configuration: ReplicationPrimaryConfiguration(
        endpoint: .init(address: "127.0.0.1", port: 0), epoch: 1, acknowledgingNode: 2,
        frameByteCountMax: 16_384, heartbeatNanoseconds: 1_000_000))
    let endpoint = primary.endpoint
    standby = try ReplicationStandby(
      engine: TallyEngine(), after: 0, storage: openFolder(b),
      configuration: ReplicationStandbyConfiguration(
        primary: endpoint, node: 2, journal: Self.journal, frameByteCountMax: 16_384))
    self.writer = writer
    self.primary = primary
  }

  var acknowledged: UInt64 { position.sequence }

  /// The compiler (6.3.1) crashes on a macro or closure over a local variable that cannot be copied.
  mutating func allocationsOfRounds(_ roundCount: Int) -> (primary: UInt64, standby: UInt64) {
    allocations = (0, 0)
    _ = rounds(roundCount)
    return allocations
  }

  /// Appends commands and moves both sides until the standby has acknowledged them; false where that
  /// takes too long.
  mutating func rounds(_ roundCount: Int) -> Bool {
    for _ in 0..<roundCount {
      for _ in 0..<7 {
        guard writer.append(sequence: writer.lastSequence + 1) == .appended else { return false }
      }
      writer.poll()
      let end = monotonicNow().rawValue + 5_000_000_000
      while position.sequence < writer.lastSequence {
        writer.poll()
        allocations.primary += movePrimary()
        allocations.standby += moveStandby()
        if monotonicNow().rawValue > end || standby.failure != nil { return false }
      }
    }
    return true
  }

  private mutating func movePrimary() -> UInt64 {
    allocationCount {
      if primary.step(now: monotonicNow()) == 0 { primary.wait(limitNanoseconds: 10_000) }
    }
  }

  private mutating func moveStandby() -> UInt64 {
    allocationCount {
      if standby.step(now: monotonicNow()) == 0 { standby.wait(limitNanoseconds: 10_000) }
    }
  }
}
