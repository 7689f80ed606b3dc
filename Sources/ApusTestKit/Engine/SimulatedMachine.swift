// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusHost
internal import ApusJournal
internal import ApusRings

/// A command as it was applied.
struct AppliedCommand<Command: BitwiseCopyable> {
  var next: SimulatedCommand<Command>
  var time: UInt64 = 0
  var sequence: UInt64 = 0
}

/// One run of an ``EngineSimulation``: its machine, and what is known of it from outside.
final class SimulatedMachine<E: Engine & ~Copyable> where E.Event: Equatable {
  typealias Host = EngineHost<
    E, MessageInput<E.Command>, JournalWriter, OneToOneProducer<SequencedEvent<E.Event>>
  >

  let simulation: EngineSimulation<E>
  let seed: UInt64
  let crash: SimulatedCrash
  let storage: SimulatedJournalStorage
  var random: SeededRandom
  var clock = SimulatedClock(Nanoseconds(1))
  /// What the journal may have, in order.
  var applied: [AppliedCommand<E.Command>] = []
  /// What left the host, in order.
  private(set) var seen: [SequencedEvent<E.Event>] = []
  /// Snapshots that were damaged: recovery may pass over these.
  var damagedSnapshots: Set<UInt64> = []
  var outcome = SimulationOutcome()
  private var isPowerCut = false
  private var pending: [AppliedCommand<E.Command>] = []

  var options: SimulationOptions { simulation.options }

  init(_ simulation: EngineSimulation<E>, seed: UInt64, crash: SimulatedCrash) {
    self.simulation = simulation
    self.seed = seed
    self.crash = crash
    random = SeededRandom(seed: seed)
    storage = SimulatedJournalStorage(seed: random.next())
  }

  func finding(_ text: String) -> SimulationFinding {
    SimulationFinding(seed: seed, crash: crash, options: options, text: text)
  }

  /// Room for a command with the longest attachment in the host's ring and in the journal's buffer.
  private var messageByteCountMax: Int { MemoryLayout<E.Command>.size + E.attachmentByteCountMax }

  var journalConfiguration: JournalConfiguration {
    let buffer = max(4_096, Self.powerOfTwo(2 * messageByteCountMax))
    return JournalConfiguration(
      segmentByteCount: 3 * buffer, bufferByteCount: buffer, commitAlignment: 512,
      preallocation: seed & 1 == 0 ? .zeroFill : .allocate, identifier: journalIdentifier)
  }

  var journalIdentifier: JournalIdentifier { JournalIdentifier(high: 1, low: seed) }

  private static func powerOfTwo(_ least: Int) -> Int {
    var power = 1
    while power < least { power *= 2 }
    return power
  }

  func run() throws {
    setFaults(on: false)
    var engine = try E(configuration: simulation.configuration)
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

  func setFaults(on: Bool) {
    var faults = SimulatedDiskFaults()
    if on {
      faults.shortWrite = 0.1
      faults.writeError = seed % 3 == 0 ? 0.02 : 0
      faults.syncError = seed % 3 == 1 ? 0.02 : 0
      faults.capacityByteCount =
        seed % 3 == 2 ? journalConfiguration.segmentByteCount * 13 / 4 : .max
    }
    storage.faults = faults
  }

  // MARK: Life

  private func live(
    _ engine: consuming E, _ writer: consuming JournalWriter, until crash: SimulatedCrash
  ) throws {
    let inputEnds = try MessageRing.makeEnds(
      RingConfiguration(capacity: max(1_024, Self.powerOfTwo(4 * messageByteCountMax))))
    let outputEnds = try OneToOneRing<SequencedEvent<E.Event>>.makeEnds(
      RingConfiguration(capacity: 8))
    var producer = inputEnds.producer
    var consumer = outputEnds.consumer
    pending = []
    let eventCountMax = engine.eventCountMax
    var host: Host = try EngineHost(
      engine: engine,
      input: MessageInput(
        inputEnds.consumer, attachmentByteCountMax: E.attachmentByteCountMax,
        isShared: seed & 2 == 0),
      journal: writer, output: outputEnds.producer,
      configuration: HostConfiguration(
        release: .durable, eventCapacity: max(32, Self.powerOfTwo(eventCountMax)),
        digestInterval: 7, timedBatchInterval: nil, lastSequence: writer.lastSequence,
        lastTime: clock.now))
    let operationsBefore = storage.writeCount + storage.syncCount
    cutPower(at: crash, after: operationsBefore)
    defer { storage.onOperation = nil }
    var step = 0
    while step < options.stepCount, !isPowerCut {
      try act(&producer, &host, &consumer)
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
    if let broken = simulation.invariant(host.engine) { throw finding(broken) }
    if case .afterStep(_, losesPower: false) = crash {
      storage.killProcess()
    } else if !isPowerCut {
      storage.cutPower()
    }
  }

  private func cutPower(at crash: SimulatedCrash, after operationsBefore: Int) {
    isPowerCut = false
    guard case .atDiskOperation(let operation) = crash else { return }
    storage.onOperation = { [unowned self] index in
      guard !isPowerCut, index - operationsBefore == operation else { return }
      isPowerCut = true
      storage.cutPower()
    }
  }

  /// One thing that may happen next.
  private func act(
    _ producer: inout MessageProducer, _ host: inout Host,
    _ consumer: inout OneToOneConsumer<SequencedEvent<E.Event>>
  ) throws {
    let choice = random.below(100)
    outcome.trace.mix(UInt64(choice))
    switch choice {
    case 0..<35: try submit(&producer)
    case 35..<70: step(&host)
    case 70..<80: host.move()
    case 80..<96:
      for _ in 0...random.below(6) {
        guard let event = consumer.tryPop() else { break }
        seen.append(event)
      }
    case 96..<98 where options.takesSnapshots: try writeSnapshot(&host)
    default: _ = host.flush()
    }
    if host.hasFailed {
      outcome.journalFailures += 1
      guard host.step(now: clock.now, countMax: 8) == 0 else {
        throw finding("a host whose journal failed took commands")
      }
    }
    outcome.trace.mix(host.lastSequence)
  }

  private func submit(_ producer: inout MessageProducer) throws {
    for _ in 0...random.below(5) {
      let next = simulation.nextCommand(&random)
      guard next.attachment.count <= E.attachmentByteCountMax else {
        throw finding(
          "the source of commands gave an attachment of \(next.attachment.count) bytes; the engine's "
            + "may have \(E.attachmentByteCountMax)")
      }
      // SAFETY: the array outlives the call.
      if unsafe producer.tryPush(next.command, attachment: next.attachment.span.bytes) == .pushed {
        pending.append(AppliedCommand(next: next))
      }
    }
  }

  private func step(_ host: inout Host) {
    clock.advance(by: UInt64(random.below(41)))
    let count = host.step(now: clock.now, countMax: 1 + random.below(8))
    let first = host.lastSequence &+ 1 &- UInt64(count)
    for index in 0..<count {
      pending[index].time = host.lastTime.rawValue
      pending[index].sequence = first + UInt64(index)
    }
    applied += pending.prefix(count)
    pending.removeFirst(count)
    outcome.appliedCount += count
  }

  private func writeSnapshot(_ host: inout Host) throws {
    do throws(SnapshotError) {
      try makeSnapshots().write(&host)
    } catch {
      guard host.hasFailed || isPowerCut || options.hasDiskFaults else {
        throw finding("snapshot refused: \(error)")
      }
    }
  }

  func makeSnapshots() throws(SnapshotError) -> JournalSnapshots {
    do throws(JournalError) {
      return try JournalSnapshots(
        storage: storage, journal: journalIdentifier, keptCount: 3, bufferByteCount: 1_000)
    } catch {
      throw .storage(description: error.description)
    }
  }
}
