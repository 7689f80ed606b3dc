// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusIO
import ApusJournal
import ApusReplicationTestKit
import ApusTLS
import ApusTestKit

@testable import ApusReplication

/// A law that did not hold in a run.
struct ReplicationFinding: Error, CustomStringConvertible {
  let description: String
}

/// Replicas on simulated hosts, disks and a network, and what goes wrong with them: everything from a seed.
///
/// The primary releases only what its acknowledging standby has, and no other takes over from it: one that
/// began anew, or was not that standby before, only when it has had everything once.
final class ReplicationRun {
  let seed: UInt64
  let options: ReplicationRunOptions
  var random: SeededRandom
  let network: SimulatedNetwork
  var clock = SimulatedClock(Nanoseconds(1_000_000_000))
  let replicas: [SimulatedReplica]
  let model: ReplicationModel
  var counts = ReplicationRunCounts()

  /// The primary that counts, the standby whose acknowledgements it waits for, and its epoch.
  var primaryNode = 1
  var acknowledgingNode = 2
  var epoch: UInt64 = 0
  /// A primary that has been replaced and does not know it.
  var deposedNode: Int?
  /// What the deposed one may still release ends here, with whose acknowledgements.
  var deposedLimit: UInt64 = 0
  /// Every event that left as acknowledged.
  var acknowledged: [SequencedEvent<TallyEvent>] = []
  var acknowledgedSequence: UInt64 = 0

  /// What is planned, by its time.
  var planned: [(time: UInt64, action: PlannedAction)] = []
  var nextSubmission: UInt64 = 0
  private(set) var tickCount = 0
  private var log: [String] = []

  init(seed: UInt64) throws {
    self.seed = seed
    var random = SeededRandom(seed: seed)
    options = try ReplicationRunOptions(seed: seed, &random)
    network = SimulatedNetwork(
      seed: random.next(), configuration: options.network, startingAt: clock.now)
    var replicas: [SimulatedReplica] = []
    for node in 1...options.hostCount {
      replicas.append(
        SimulatedReplica(
          node: node,
          storage: SimulatedJournalStorage(seed: random.next(), faults: options.disk)))
    }
    self.replicas = replicas
    model = try ReplicationModel()
    self.random = random
  }

  func replica(_ node: Int) -> SimulatedReplica { replicas[node - 1] }
  var primary: SimulatedReplica { replica(primaryNode) }

  func note(_ text: String) {
    log.append("\(clock.now.rawValue / 1_000) µs, tick \(tickCount): \(text)")
    if log.count > 60 { log.removeFirst(20) }
  }

  func finding(_ text: String) -> ReplicationFinding {
    ReplicationFinding(
      description: """
        seed \(seed), tick \(tickCount), time \(clock.now.rawValue) ns: \(text)
          primary \(primaryNode) of epoch \(epoch), acknowledging \(acknowledgingNode), deposed \
        \(deposedNode.map(String.init) ?? "none"), acknowledged \(acknowledgedSequence), \(options)
          \(replicas.map(\.summary).joined(separator: "\n  "))
          \(log.joined(separator: "\n  "))
        """)
  }

  // MARK: The course

  /// Runs to the end.
  ///
  /// - Throws: ``ReplicationFinding``.
  func run() throws {
    do { try runAll() } catch let error as ReplicationFinding {
      throw error
    } catch {
      throw finding("\(error)")
    }
  }

  private func runAll() throws {
    try startPrimary(1, acknowledging: 2)
    for node in 2...options.hostCount { try startStandby(node) }
    for _ in 0..<options.troubleCount {
      try drive(nanoseconds: UInt64(random.below(12_000_000)))
      try makeTrouble()
    }
    try settle()
    try checkEnd()
    counts.note(network.counts)
    counts.acknowledgedCount += acknowledged.count
    counts.runCount += 1
    if options.security != nil { counts.tlsRunCount += 1 }
  }

  /// Lets time pass.
  func drive(nanoseconds: UInt64) throws {
    let end = clock.now.rawValue + nanoseconds
    while clock.now.rawValue < end { try tick(limit: end) }
  }

  /// Ends all troubles, and what the network loses, and waits until everybody has everything.
  private func settle() throws {
    note("heal")
    network.heal()
    for source in 1...options.hostCount {
      for target in 1...options.hostCount where target != source {
        network.setPath(options.healedPath, from: source, to: target)
      }
    }
    let left = planned.sorted { $0.time < $1.time }
    planned.removeAll()
    for (_, action) in left { try perform(action) }
    try retireDeposed()
    let submissionEnd = clock.now.rawValue + 5_000_000
    let limit = clock.now.rawValue + ReplicationRunOptions.settlingNanosecondsMax
    while true {
      let isSubmitting = clock.now.rawValue < submissionEnd
      if !isSubmitting, isLevel { return }
      guard clock.now.rawValue < limit else { throw finding("not level long after the healing") }
      try tick(limit: limit, submits: isSubmitting)
    }
  }

  /// Moves everybody, checks what changed, and sets the clock to what comes next.
  private func tick(limit: UInt64, submits: Bool = true) throws {
    tickCount += 1
    guard tickCount < ReplicationRunOptions.tickCountMax else { throw finding("no end") }
    try performDue()
    if submits { submit() }
    var isBusy = false
    for replica in replicas {
      if try move(replica) { isBusy = true }
      if replica.hasCommitInFlight { isBusy = true }
      if replica.powerCut?.hasHappened == true { try powerFailed(replica) }
    }
    var next = clock.now.rawValue + (isBusy ? options.busyNanoseconds : options.idleNanoseconds)
    next = min(next, planned.lazy.map(\.time).min() ?? .max)
    let before = clock.now
    _ = network.step(&clock, limit: Nanoseconds(min(next, limit)))
    if clock.now == before { clock.advance(by: 1_000) }
  }

  /// Moves one replica; says whether it had something to do.
  private func move(_ replica: SimulatedReplica) throws -> Bool {
    var done = 0
    if replica.hasPrimary {
      var released: [SequencedEvent<TallyEvent>] = []
      done = replica.primary?.step(now: clock.now) { released.append($0) } ?? 0
      for event in released { try take(event, from: replica) }
      try checkPrimary(replica)
    }
    if replica.hasStandby {
      replica.wasRestoring = replica.standby?.phase == .restoring
      done = replica.standby?.step(now: clock.now) ?? 0
      try checkStandby(replica)
    }
    return done > 0
  }

  // MARK: Commands

  private func submit() {
    let now = clock.now.rawValue
    guard now >= nextSubmission, model.commandCount < options.commandCountMax else { return }
    nextSubmission = now + UInt64(random.below(2 * options.submissionNanoseconds)) + 1
    for _ in 0...random.below(options.batchCountMax) {
      let command = TallyCommand.number(random.next())
      if primary.primary?.host.step(now: clock.now, command: command) == true {
        model.apply(command, sequence: primary.primary?.host.lastSequence ?? 0)
      }
    }
    // It does not know that nobody will ever hear of these.
    guard let deposedNode else { return }
    for _ in 0...random.below(options.batchCountMax) {
      let command = TallyCommand.number(random.next())
      if replica(deposedNode).primary?.host.step(now: clock.now, command: command) == true {
        counts.deposedCommandCount += 1
      }
    }
  }
}
