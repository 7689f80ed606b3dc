// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusJournal
import ApusRings
import ApusTestSupport

/// When a simulated machine goes down.
enum SimulatedCrash: CustomStringConvertible, Equatable {
  /// After a step of the scheduler.
  case afterStep(Int, losesPower: Bool)
  /// At a write or sync of the disk, before it, wherever the host is then.
  case atDiskOperation(Int)
  /// When the steps are over.
  case atTheEnd

  var description: String {
    switch self {
    case .afterStep(let step, let losesPower):
      "\(losesPower ? "power cut" : "process killed") after step \(step)"
    case .atDiskOperation(let operation): "power cut at disk operation \(operation)"
    case .atTheEnd: "power cut at the end"
    }
  }
}

/// Something that a recovery must not find.
struct SimulationFinding: Error, CustomStringConvertible {
  var description: String
}

/// What a run came to, for those who want to know that it did something.
struct SimulationOutcome {
  var stepCount = 0
  var diskOperationCount = 0
  var appliedCount = 0
  var acknowledgedSequence: UInt64 = 0
  var recoveredSequence: UInt64 = 0
  var recoveredFromSnapshot = false
  var refusedSnapshotCount = 0
  var journalFailures = 0
  var digestChecks: UInt64 = 0
  /// Hash of every decision and result: two runs of a seed have the same.
  var trace = StateDigest()
}

/// A producer, a durable host, a disk and a consumer on one thread, in an order that a seed decides,
/// with a machine that fails and a disk that lies as disks do.
///
/// Rings, host, journal and recovery are the real ones; only the disk is simulated. After every
/// crash: the journal opens, what it has is a prefix of what was applied with every acknowledged
/// command in it, the recovered engine is that of a reference on the prefix, and every event that was
/// seen is the reference's.
final class EngineSimulator {
  typealias Host = EngineHost<
    LedgerEngine, MessageInput<LedgerCommand>, JournalWriter,
    OneToOneProducer<SequencedEvent<LedgerEvent>>
  >

  struct Options {
    var stepCount = 60
    var crashCount = 1
    var hasDiskFaults = false
    var takesSnapshots = true
  }

  let seed: UInt64
  let options: Options
  private let storage: SimulatedJournalStorage
  private var random: SeededRandom
  private var clock: UInt64 = 1
  /// What the journal may have, in order.
  private var applied: [AppliedCommand] = []
  /// What left the host, in order.
  private var seen: [SequencedEvent<LedgerEvent>] = []
  private var isPowerCut = false
  private(set) var outcome = SimulationOutcome()

  init(seed: UInt64, options: Options = .init()) {
    self.seed = seed
    self.options = options
    random = SeededRandom(seed: seed)
    storage = SimulatedJournalStorage(seed: random.next())
  }

  private var journalConfiguration: JournalConfiguration {
    JournalConfiguration(
      segmentByteCount: 12_288, bufferByteCount: 4_096, commitAlignment: 512,
      preallocation: seed & 1 == 0 ? .zeroFill : .allocate,
      identifier: JournalIdentifier(high: 1, low: seed))
  }

  /// Runs the first life until `crash`, and later ones until their end.
  func run(crash: SimulatedCrash) throws {
    setFaults(on: false)
    var engine = LedgerEngine()
    var writer = try JournalWriter(storage: storage, configuration: journalConfiguration)
    for life in 0..<options.crashCount {
      setFaults(on: options.hasDiskFaults)
      try live(engine, writer, until: life == 0 ? crash : .atTheEnd)
      let recovered = try recover()
      writer = recovered.writer
      engine = recovered.engine
    }
    outcome.trace.mix(outcome.recoveredSequence)
  }

  // MARK: Life

  private func setFaults(on: Bool) {
    var faults = SimulatedDiskFaults()
    if on {
      faults.shortWrite = 0.1
      faults.writeError = seed % 3 == 0 ? 0.02 : 0
      faults.syncError = seed % 3 == 1 ? 0.02 : 0
      faults.capacityByteCount = seed % 3 == 2 ? 40_000 : .max
    }
    storage.faults = faults
  }

  private func live(
    _ engine: consuming LedgerEngine, _ writer: consuming JournalWriter,
    until crash: SimulatedCrash
  ) throws {
    let inputEnds = try MessageRing.makeEnds(RingConfiguration(capacity: 1_024))
    let outputEnds = try OneToOneRing<SequencedEvent<LedgerEvent>>.makeEnds(
      RingConfiguration(capacity: 8))
    var producer = inputEnds.producer
    var consumer = outputEnds.consumer
    var pending: [AppliedCommand] = []
    var host: Host = try EngineHost(
      engine: engine,
      input: MessageInput(
        inputEnds.consumer, attachmentByteCountMax: LedgerEngine.attachmentByteCountMax,
        isShared: seed & 2 == 0),
      journal: writer, output: outputEnds.producer,
      configuration: HostConfiguration(
        release: .durable, eventCapacity: 32, digestInterval: 7, timedBatchInterval: nil,
        lastSequence: writer.lastSequence, lastTime: Nanoseconds(clock)))
    let operationsBefore = storage.writeCount + storage.syncCount
    isPowerCut = false
    if case .atDiskOperation(let operation) = crash {
      storage.onOperation = { [self] index in
        guard !isPowerCut, index - operationsBefore == operation else { return }
        isPowerCut = true
        storage.cutPower()
      }
    }
    defer { storage.onOperation = nil }
    var step = 0
    while step < options.stepCount, !isPowerCut {
      try act(&producer, &host, &consumer, &pending)
      if case .afterStep(let last, _) = crash, last == step { break }
      step += 1
    }
    // What left the host was acknowledged, whether or not anybody had read it.
    while let event = consumer.tryPop() { seen.append(event) }
    outcome.stepCount = step
    outcome.diskOperationCount = storage.writeCount + storage.syncCount - operationsBefore
    outcome.acknowledgedSequence = max(
      outcome.acknowledgedSequence, host.acknowledgedSequence, seen.last?.sequence ?? 0)
    outcome.trace.mix(outcome.acknowledgedSequence)
    outcome.trace.mix(host.engine.digest)
    guard host.engine.isConserved else { throw finding("money came from nowhere") }
    if case .afterStep(_, losesPower: false) = crash {
      storage.killProcess()
    } else if !isPowerCut {
      storage.cutPower()
    }
  }

  /// One thing that may happen next.
  private func act(
    _ producer: inout MessageProducer, _ host: inout Host,
    _ consumer: inout OneToOneConsumer<SequencedEvent<LedgerEvent>>,
    _ pending: inout [AppliedCommand]
  ) throws {
    let choice = Int.random(in: 0..<100, using: &random)
    outcome.trace.mix(UInt64(choice))
    switch choice {
    case 0..<35:
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        let command = LedgerCommand.random(&random, accountCount: 24)
        let memo = Self.memo(&random)
        if unsafe producer.tryPush(command, attachment: memo.span.bytes) == .pushed {
          pending.append(AppliedCommand(command: command, memo: memo, time: 0, sequence: 0))
        }
      }
    case 35..<70:
      clock += .random(in: 0...40, using: &random)
      let count = host.step(
        now: Nanoseconds(clock), countMax: .random(in: 1...8, using: &random))
      let first = host.lastSequence &+ 1 &- UInt64(count)
      for index in 0..<count {
        pending[index].time = host.lastTime.rawValue
        pending[index].sequence = first + UInt64(index)
        applied.append(pending[index])
      }
      pending.removeFirst(count)
      outcome.appliedCount += count
    case 70..<80:
      host.move()
    case 80..<96:
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        guard let event = consumer.tryPop() else { break }
        seen.append(event)
      }
    case 96..<98 where options.takesSnapshots:
      do throws(SnapshotError) {
        try makeSnapshots().write(&host)
      } catch {
        guard host.hasFailed || isPowerCut || options.hasDiskFaults else {
          throw finding("snapshot refused: \(error)")
        }
      }
    default:
      _ = host.flush()
    }
    if host.hasFailed {
      outcome.journalFailures += 1
      guard host.step(now: Nanoseconds(clock), countMax: 8) == 0 else {
        throw finding("a host whose journal failed took commands")
      }
    }
    outcome.trace.mix(host.lastSequence)
  }

  /// Mostly nothing or a few bytes, sometimes as much as the ring takes.
  private static func memo(_ random: inout SeededRandom) -> [UInt8] {
    let length: Int
    switch UInt32.random(in: 0..<10, using: &random) {
    case 0..<4: length = 0
    case 4..<9: length = .random(in: 1...40, using: &random)
    default: length = .random(in: 41...450, using: &random)
    }
    return (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  private func makeSnapshots() throws(SnapshotError) -> JournalSnapshots {
    do throws(JournalError) {
      return try JournalSnapshots(
        storage: storage, journal: JournalIdentifier(high: 1, low: seed), keptCount: 3,
        bufferByteCount: 1_000)
    } catch {
      throw .storage(description: error.description)
    }
  }

  /// Changes a bit of the newest snapshot, as a disk might.
  private func damageNewestSnapshot() throws {
    let names = try storage.list().filter { $0.hasSuffix(".snapshot") }.sorted()
    guard let newest = names.last, var bytes = storage.contents(newest), !bytes.isEmpty else {
      return
    }
    // The header's block is padded; its padding is not checked.
    let index = Int.random(in: 0..<5_000, using: &random)
    bytes[index < 68 || index >= 4_096 ? index % bytes.count : 16] ^= 0x10
    storage.replaceContents(newest, with: bytes)
  }

  // MARK: Recovery

  private struct Recovered: ~Copyable {
    var writer: JournalWriter
    var engine: LedgerEngine
  }

  private func recover() throws -> Recovered {
    // The power goes a second time, now and then, while the journal is being opened.
    if Int.random(in: 0..<4, using: &random) == 0 {
      let cut = storage.writeCount + storage.syncCount + Int.random(in: 0..<4, using: &random)
      storage.onOperation = { [storage] index in
        if index == cut { storage.cutPower() }
      }
      do throws(JournalError) {
        _ = try JournalWriter(storage: storage, configuration: journalConfiguration)
      } catch {
        if error.isBadData { throw finding("a second crash damaged the journal: \(error)") }
      }
      storage.onOperation = nil
      storage.cutPower()
    }
    setFaults(on: false)
    if Int.random(in: 0..<6, using: &random) == 0 { try damageNewestSnapshot() }
    let writer = try JournalWriter(storage: storage, configuration: journalConfiguration)
    let recovered = try EngineRecovery.recover(
      LedgerEngine.self, configuration: .init(), writer: writer, snapshots: makeSnapshots(),
      storage: storage)
    try check(recovered.report, journalSequence: writer.lastSequence)
    return Recovered(writer: writer, engine: recovered.takeEngine())
  }

  private func check(_ report: RecoveryReport, journalSequence: UInt64) throws {
    outcome.recoveredSequence = journalSequence
    outcome.recoveredFromSnapshot = outcome.recoveredFromSnapshot || report.snapshotSequence != nil
    outcome.refusedSnapshotCount += report.refusedSnapshots.count
    outcome.digestChecks += report.replay.digestCheckCount
    guard report.replay.lastSequence == journalSequence else {
      throw finding("recovery stopped at \(report.replay.lastSequence) of \(journalSequence)")
    }
    guard journalSequence >= outcome.acknowledgedSequence else {
      throw finding(
        "\(outcome.acknowledgedSequence) was acknowledged, and recovery reached \(journalSequence)")
    }
    // The journal has a prefix of what was applied, byte for byte.
    applied.removeAll { $0.sequence > journalSequence }
    try checkJournal()
    var expected: [SequencedEvent<LedgerEvent>] = []
    let reference = try reference(applied, &expected)
    guard report.digest == reference.digest, reference.isConserved else {
      throw finding("recovery at \(journalSequence) is not the reference")
    }
    // What was seen is what the reference says. Events that were in the host when it died are lost
    // with it, so a life may end with a gap, at the end of the acknowledged commands.
    var next = 0
    for event in seen {
      while next < expected.count, expected[next].sequence < event.sequence { next += 1 }
      guard next < expected.count, expected[next] == event else {
        throw finding("event of \(event.sequence) was seen, and is not the reference's")
      }
      next += 1
    }
    outcome.trace.mix(report.digest)
  }

  private func checkJournal() throws {
    guard outcome.recoveredSequence > 0 else {
      guard applied.isEmpty else { throw finding("the journal is empty") }
      return
    }
    var reader = try JournalReader(storage: storage)
    var index = 0
    var problem: String?
    let expected = applied
    var expectedNext: UInt64 = 1
    while try reader.read({ record, payload in
      if record.sequence != expectedNext { problem = "sequence \(record.sequence)" }
      expectedNext += 1
      let kind = CommandRecordKind(rawValue: record.type)
      guard kind == .command || kind == .commandWithAttachment else { return problem == nil }
      // SAFETY: the length is checked first; any bits are a command.
      guard index < expected.count, expected[index].sequence == record.sequence,
        expected[index].time == record.timeNanoseconds,
        (kind == .command) == expected[index].memo.isEmpty,
        payload.byteCount == MemoryLayout<LedgerCommand>.size + expected[index].memo.count,
        unsafe payload.unsafeLoadUnaligned(as: LedgerCommand.self) == expected[index].command,
        unsafe payload.withUnsafeBytes({
          unsafe $0.dropFirst(MemoryLayout<LedgerCommand>.size).elementsEqual(expected[index].memo)
        })
      else {
        problem = "record \(record.sequence)"
        return false
      }
      index += 1
      return true
    }) > 0, problem == nil {}
    if let problem { throw finding("the journal is no prefix of what was submitted: \(problem)") }
    guard index == expected.count else {
      throw finding("the journal has \(index) of \(expected.count) commands")
    }
  }

  private func finding(_ text: String) -> SimulationFinding {
    SimulationFinding(description: "seed \(seed): \(text)")
  }
}
