// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusHost
internal import ApusJournal

/// What a crash left.
struct RecoveredMachine<E: Engine & ~Copyable>: ~Copyable {
  var writer: JournalWriter
  var engine: E
}

extension SimulatedMachine where E: ~Copyable {
  func recover() throws -> RecoveredMachine<E> {
    // The power goes a second time, now and then, while the journal is being opened.
    if random.oneIn(4) { try openAndCutPower() }
    setFaults(on: false)
    if options.damagesSnapshots, random.oneIn(6) { try damageNewestSnapshot() }
    let writer = try JournalWriter(storage: storage, configuration: journalConfiguration)
    let recovered = try recoverEngine(writer)
    try check(recovered.report, journalSequence: writer.lastSequence)
    try checkFuture(recoverEngine(writer).takeEngine(), writer.lastSequence)
    return RecoveredMachine(writer: writer, engine: recovered.takeEngine())
  }

  private func recoverEngine(_ writer: borrowing JournalWriter) throws -> RecoveredEngine<E> {
    try EngineRecovery.recover(
      E.self, configuration: simulation.configuration, writer: writer, snapshots: makeSnapshots(),
      storage: storage)
  }

  private func openAndCutPower() throws {
    let cut = storage.writeCount + storage.syncCount + random.below(4)
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

  /// Changes a bit of the newest snapshot, as a disk might.
  private func damageNewestSnapshot() throws {
    guard let newest = try makeSnapshots().sequences().max() else { return }
    let names = try storage.list().filter { $0.hasSuffix(".snapshot") }.sorted()
    guard let name = names.last, var bytes = storage.contents(name), !bytes.isEmpty else { return }
    // The header's block is padded; its padding is not checked.
    let index = random.below(bytes.count)
    bytes[index < 68 || index >= 4_096 ? index : 16] ^= 0x10
    storage.replaceContents(name, with: bytes)
    damagedSnapshots.insert(newest)
  }

  // MARK: Laws

  private func check(_ report: RecoveryReport, journalSequence: UInt64) throws {
    outcome.recoveredSequence = journalSequence
    outcome.recoveredFromSnapshot = outcome.recoveredFromSnapshot || report.snapshotSequence != nil
    outcome.refusedSnapshotCount += report.refusedSnapshots.count
    outcome.digestChecks += report.replay.digestCheckCount
    for refused in report.refusedSnapshots where !damagedSnapshots.contains(refused.sequence) {
      throw finding(
        "the snapshot at \(refused.sequence), which nothing damaged, was refused: \(refused.error)")
    }
    guard report.replay.lastSequence == journalSequence else {
      throw finding("recovery stopped at \(report.replay.lastSequence) of \(journalSequence)")
    }
    guard journalSequence >= outcome.acknowledgedSequence else {
      throw finding(
        "\(outcome.acknowledgedSequence) was acknowledged, and recovery reached \(journalSequence)")
    }
    // The journal has a beginning of what was applied, byte for byte.
    applied.removeAll { $0.sequence > journalSequence }
    try checkJournal()
    var told: [SequencedEvent<E.Event>] = []
    let model = try runModel { told.append($0) }
    guard report.digest == model.engine.digest else {
      throw finding(
        "recovery at \(journalSequence) reached digest \(report.digest), the model "
          + "\(model.engine.digest)")
    }
    if let broken = simulation.invariant(model.engine) { throw finding(broken) }
    try checkSeen(told)
    try checkSnapshot(of: model.engine)
    outcome.trace.mix(report.digest)
  }

  /// The same engine on the same commands, with nothing around it.
  private func runModel(
    _ told: (SequencedEvent<E.Event>) -> Void = { _ in }
  ) throws -> EngineRun<E> {
    var model = try EngineRun(E(configuration: simulation.configuration))
    for one in applied {
      for event in model.apply(one.next, at: Nanoseconds(one.time), sequence: one.sequence) {
        told(SequencedEvent(sequence: one.sequence, event: event))
      }
    }
    return model
  }

  /// What was seen is what the model says. Events that were in the host when it died are lost with it, so
  /// a life may end with a gap, at the end of the acknowledged commands.
  private func checkSeen(_ expected: [SequencedEvent<E.Event>]) throws {
    var next = 0
    for event in seen {
      while next < expected.count, expected[next].sequence < event.sequence { next += 1 }
      guard next < expected.count, expected[next] == event else {
        throw finding("event of \(event.sequence) was seen, and is not the model's")
      }
      next += 1
    }
  }

  /// Equal digests, equal futures: what a digest and a snapshot both leave out shows in what comes later.
  private func checkFuture(_ recovered: consuming E, _ journalSequence: UInt64) throws {
    var own = SeededRandom(seed: seed &+ journalSequence)
    var model = try runModel()
    var now = clock
    var other = try EngineRun(recovered, after: model.lastSequence, lastTime: model.lastTime)
    for step in 0..<40 {
      let next = simulation.nextCommand(&own)
      now.advance(by: UInt64(own.below(41)))
      let sequence = journalSequence + UInt64(step) + 1
      let expected = model.apply(next, at: now.now, sequence: sequence)
      let events = other.apply(next, at: now.now, sequence: sequence)
      guard expected == events, model.engine.digest == other.engine.digest else {
        throw finding(
          "after recovery at \(journalSequence) the engine had the model's digest; \(step + 1) "
            + "commands later it says \(events), the model \(expected): the snapshot and the digest "
            + "leave something out")
      }
    }
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
      guard index < expected.count, Self.is(payload, of: kind, expected[index]),
        expected[index].sequence == record.sequence,
        expected[index].time == record.timeNanoseconds
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

  private static func `is`(
    _ payload: RawSpan, of kind: CommandRecordKind, _ expected: AppliedCommand<E.Command>
  ) -> Bool {
    guard (kind == .command) == expected.next.attachment.isEmpty else { return false }
    let command = unsafe withUnsafeBytes(of: expected.next.command) { unsafe Array($0) }
    return unsafe payload.withUnsafeBytes {
      unsafe $0.elementsEqual(command + expected.next.attachment)
    }
  }

  // MARK: Snapshots

  /// Whatever a snapshot keeps decides the digest: with another value there it is refused.
  private func checkSnapshot(of engine: borrowing E) throws {
    let target = SnapshotBytes()
    try EngineSnapshot.write(engine, sequence: 1, time: .zero, to: target)
    let bytes = target.bytes
    let copy = try restored(bytes)
    if let error = copy.error { throw finding("a snapshot does not restore: \(error)") }
    let header = EngineSnapshot.headerByteCount
    guard options.digestCoversSnapshot, bytes.count > header else { return }
    var own = SeededRandom(seed: seed)
    for _ in 0..<24 {
      let offset = header + own.below(bytes.count - header)
      var changed = bytes
      changed[offset] ^= 1 << UInt8(own.below(8))
      // An engine may read another value as the same; only what it keeps has to be in its digest.
      guard case .kept(let kept) = try restored(changed), kept == changed else { continue }
      throw finding(
        "the digest leaves out what a snapshot has \(offset - header) bytes behind its header: with "
          + "another value there it restores to the same digest")
    }
  }

  private enum Restored {
    case refused(SnapshotError)
    /// And written again.
    case kept([UInt8])

    var error: SnapshotError? {
      if case .refused(let error) = self { error } else { nil }
    }
  }

  private func restored(_ bytes: [UInt8]) throws -> Restored {
    let target = SnapshotBytes()
    do throws(SnapshotError) {
      let restored = try EngineSnapshot.restore(
        E.self, configuration: simulation.configuration, from: SnapshotBytes(bytes))
      try EngineSnapshot.write(restored.engine, sequence: 1, time: .zero, to: target)
    } catch {
      return .refused(error)
    }
    return .kept(target.bytes)
  }
}
