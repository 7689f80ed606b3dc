// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusReplication
import ApusTLS
import ApusTestKit

/// What a run is like: drawn from its seed.
struct ReplicationRunOptions: CustomStringConvertible {
  /// After the last trouble everything has to be level within this. Unit: nanoseconds, simulated.
  static let settlingNanosecondsMax: UInt64 = 20_000_000_000
  static let tickCountMax = 1_000_000
  static let port: UInt16 = 7_000
  static let heartbeatNanoseconds: UInt64 = 10_000_000
  static let silenceNanoseconds: UInt64 = 100_000_000
  static let retryNanoseconds: UInt64 = 5_000_000

  /// Slower connections are closed, by design.
  private static let paceNanosecondsPerByte: UInt64 = 200

  let hostCount: Int
  let troubleCount: Int
  let commandCountMax: Int
  let batchCountMax: Int
  /// Mean time between two batches. Unit: nanoseconds.
  let submissionNanoseconds: Int
  let frameByteCountMax: Int
  /// How far the clock goes at most where somebody has something to do, and where nobody has.
  let busyNanoseconds: UInt64 = 100_000
  let idleNanoseconds: UInt64 = 2_000_000
  /// nil without TLS.
  let security: ReplicationSecurity?
  let disk: SimulatedDiskFaults
  let network: SimulatedNetworkConfiguration
  private let seed: UInt64

  init(seed: UInt64, _ random: inout SeededRandom) throws {
    self.seed = seed
    hostCount = random.oneIn(3) ? 3 : 2
    troubleCount = 3 + random.below(8)
    commandCountMax = 100 + random.below(400)
    batchCountMax = 1 + random.below(16)
    submissionNanoseconds = 100_000 + random.below(1_000_000)
    frameByteCountMax = random.oneIn(2) ? 4_096 : 16_384
    var disk = SimulatedDiskFaults()
    disk.commitLookCountMax = random.oneIn(4) ? 20 : 3
    self.disk = disk
    security = seed % 16 == 0 ? try Self.key(&random) : nil
    network = Self.network(&random)
  }

  private static func key(_ random: inout SeededRandom) throws -> ReplicationSecurity {
    let bytes = (0..<32).map { _ in UInt8(random.below(256)) }
    return .preSharedKey(TLSPreSharedKey(identity: "replica", key: try TLSKey(bytes)))
  }

  private static func network(_ random: inout SeededRandom) -> SimulatedNetworkConfiguration {
    var own = SimulatedNetworkConfiguration()
    let isFar = random.oneIn(4)
    own.path.latencyNanoseconds = UInt64(20_000 + random.below(isFar ? 3_000_000 : 300_000))
    own.path.jitterNanoseconds = UInt64(random.below(Int(own.path.latencyNanoseconds) + 1))
    own.path.lossPerMille = random.oneIn(3) ? 0 : UInt32(random.below(60))
    own.path.resetPerMille = random.oneIn(3) ? UInt32(random.below(5)) : 0
    own.path.bytesPerSecond = random.oneIn(3) ? UInt64(3_000_000 + random.below(30_000_000)) : 0
    own.shortReadPerMille = UInt32(random.below(600))
    own.shortWritePerMille = UInt32(random.below(300))
    own.segmentByteCountMax = random.oneIn(4) ? 100 + random.below(400) : 1_460
    // What is under way at once is enough for the pace that a link has to have.
    let roundTrip = 2 * (own.path.latencyNanoseconds + own.path.jitterNanoseconds)
    let least = Int(roundTrip / paceNanosecondsPerByte) + 1_024
    own.streamSendByteCount = max(least, 1_024 << random.below(8))
    own.streamReceiveByteCount = max(least, 1_024 << random.below(8))
    own.retransmissionNanoseconds = 20_000_000
    own.retransmissionNanosecondsMax = 200_000_000
    own.connectNanoseconds = 50_000_000
    return own
  }

  /// That of the network, without what it loses.
  var healedPath: SimulatedPath {
    var path = network.path
    path.lossPerMille = 0
    path.resetPerMille = 0
    return path
  }

  func journal(_ identifier: JournalIdentifier? = nil) -> JournalConfiguration {
    JournalConfiguration(
      segmentByteCount: 12_288, bufferByteCount: 4_096, commitAlignment: 512,
      preallocation: seed & 1 == 0 ? .zeroFill : .allocate, identifier: identifier)
  }

  func endpoint(_ node: Int) -> ReplicationEndpoint {
    // Without TLS only addresses of the loopback interface are taken.
    ReplicationEndpoint(
      address: security == nil ? "127.1.0.\(node)" : "10.0.0.\(node)", port: Self.port)
  }

  func primary(_ node: Int, epoch: UInt64, acknowledging: Int) -> ReplicationPrimaryConfiguration {
    ReplicationPrimaryConfiguration(
      endpoint: endpoint(node), epoch: epoch, acknowledgingNode: UInt64(acknowledging),
      frameByteCountMax: frameByteCountMax, sessionCountMax: 2,
      heartbeatNanoseconds: Self.heartbeatNanoseconds,
      silenceNanoseconds: Self.silenceNanoseconds, security: security ?? .loopbackOnly,
      handshakeCountMax: 8, handshakeNanoseconds: Self.silenceNanoseconds)
  }

  func standby(_ node: Int, of primary: Int) -> ReplicationStandbyConfiguration {
    ReplicationStandbyConfiguration(
      primary: endpoint(primary), node: UInt64(node), journal: journal(),
      frameByteCountMax: frameByteCountMax, silenceNanoseconds: Self.silenceNanoseconds,
      retryNanoseconds: Self.retryNanoseconds, security: security ?? .loopbackOnly)
  }

  var description: String {
    "\(hostCount) hosts, \(security == nil ? "plain" : "TLS"), \(network.path), short reads "
      + "\(network.shortReadPerMille) ‰, short writes \(network.shortWritePerMille) ‰"
  }
}

/// What the runs of a campaign came to.
struct ReplicationRunCounts: CustomStringConvertible {
  var runCount = 0
  var tlsRunCount = 0
  var acknowledgedCount = 0
  var takeOverCount = 0
  var splitCount = 0
  var partitionCount = 0
  var primaryCrashCount = 0
  var standbyCrashCount = 0
  var powerCutCount = 0
  var snapshotCount = 0
  /// Snapshots whose taking was cut off while the records that they replace were being removed.
  var interruptedRestartCount = 0
  var divergedCount = 0
  var cutBackCount = 0
  var lostCommandCount = 0
  var deposedCommandCount = 0
  var resetCount: UInt64 = 0
  var lostSegmentCount: UInt64 = 0
  var cutSegmentCount: UInt64 = 0
  var shortReadCount: UInt64 = 0
  var shortWriteCount: UInt64 = 0
  var connectedCount: UInt64 = 0

  mutating func note(_ network: SimulatedNetworkCounts) {
    resetCount += network.resetCount
    lostSegmentCount += network.lostSegmentCount
    cutSegmentCount += network.cutSegmentCount
    shortReadCount += network.shortReadCount
    shortWriteCount += network.shortWriteCount
    connectedCount += network.connectedCount
  }

  mutating func add(_ other: ReplicationRunCounts) {
    runCount += other.runCount
    tlsRunCount += other.tlsRunCount
    acknowledgedCount += other.acknowledgedCount
    takeOverCount += other.takeOverCount
    splitCount += other.splitCount
    partitionCount += other.partitionCount
    primaryCrashCount += other.primaryCrashCount
    standbyCrashCount += other.standbyCrashCount
    powerCutCount += other.powerCutCount
    snapshotCount += other.snapshotCount
    interruptedRestartCount += other.interruptedRestartCount
    divergedCount += other.divergedCount
    cutBackCount += other.cutBackCount
    lostCommandCount += other.lostCommandCount
    deposedCommandCount += other.deposedCommandCount
    resetCount += other.resetCount
    lostSegmentCount += other.lostSegmentCount
    cutSegmentCount += other.cutSegmentCount
    shortReadCount += other.shortReadCount
    shortWriteCount += other.shortWriteCount
    connectedCount += other.connectedCount
  }

  var description: String {
    """
    \(runCount) runs, \(tlsRunCount) with TLS: \(acknowledgedCount) commands acknowledged; \
    \(takeOverCount) take-overs, \(splitCount) of them beside a primary that went on \
    (\(deposedCommandCount) commands to it); \(primaryCrashCount) crashes of primaries, \
    \(standbyCrashCount) of standbys, \(powerCutCount) more in the middle of a write; \
    \(partitionCount) partitions (\(cutSegmentCount) packets swallowed), \(resetCount) resets of \
    \(connectedCount) connections, \(lostSegmentCount) packets lost, \(shortReadCount) short reads, \
    \(shortWriteCount) short writes; \(snapshotCount) snapshots transferred, \
    \(interruptedRestartCount) more cut off while old records went; \(divergedCount) replicas \
    diverged, \(cutBackCount) cut back; \(lostCommandCount) commands that were not acknowledged lost
    """
  }
}
