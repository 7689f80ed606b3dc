// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusJournal
import ApusRings
import ApusTestKit
import ApusTestSupport
import Testing

/// A ledger that is not shown the memos.
private struct DeafLedger: Engine, ~Copyable {
  static let snapshotFormat = SnapshotFormat(name: "deaf", version: 1)
  static let attachmentByteCountMax = 64
  static let attachmentUse = AttachmentUse.kept
  let eventCountMax = 1
  private(set) var byteCount = 0
  private(set) var digest: UInt64 = 0

  init(configuration: Void = ()) {}
  init(configuration: Void, snapshot: inout SnapshotReader) throws(SnapshotError) {
    digest = try snapshot.read(field: "digest")
  }
  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(digest)
  }
  mutating func apply(
    _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<UInt64>
  ) {
    byteCount += attachment.byteCount
    digest = digest &* 31 &+ command
    events.emit(digest)
  }
}

@Suite struct AttachmentTests {
  typealias Host = EngineHost<
    LedgerEngine, MessageInput<LedgerCommand>, JournalWriter, CallerOutput<LedgerEvent>
  >

  struct Rig: ~Copyable {
    var producer: MessageProducer
    var host: Host

    init(
      _ disk: SimulatedJournalStorage, isShared: Bool = true, ringByteCount: Int = 1 << 13,
      bufferByteCount: Int = 4_096
    ) throws {
      let ends = try MessageRing.makeEnds(RingConfiguration(capacity: ringByteCount))
      host = try EngineHost(
        engine: LedgerEngine(),
        input: MessageInput(
          ends.consumer, attachmentByteCountMax: LedgerEngine.attachmentByteCountMax,
          isShared: isShared),
        journal: JournalRig.writer(disk, bufferByteCount: bufferByteCount), output: CallerOutput(),
        configuration: .init(
          release: .durable, eventCapacity: 1_024, digestInterval: 10, timedBatchInterval: 1))
      producer = ends.producer
    }
  }

  static func memo(_ byteCount: Int, _ random: inout SeededRandom) -> [UInt8] {
    (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  /// Lengths from none to the longest, in any batching, with a journal that is full now and then.
  @Test(arguments: [true, false]) func everyLengthIsAppliedJournaledAndRecovered(
    isShared: Bool
  ) throws {
    let disk = SimulatedJournalStorage(seed: 5)
    var rig = try Rig(disk, isShared: isShared)
    var random = SeededRandom(seed: 9)
    var submitted: [AppliedCommand] = []
    var applied = 0
    var clock: UInt64 = 1
    let count = 1_500
    while applied < count {
      while submitted.count < count {
        let index = submitted.count
        let memo = Self.memo(index <= 1_400 ? index : 1_400, &random)
        let command = LedgerCommand.random(&random, accountCount: 30)
        guard unsafe rig.producer.tryPush(command, attachment: memo.span.bytes) == .pushed else {
          break
        }
        submitted.append(AppliedCommand(command: command, memo: memo, time: 0, sequence: 0))
      }
      clock += 13
      let taken = rig.host.step(
        now: Nanoseconds(clock), countMax: .random(in: 1...7, using: &random))
      for index in applied..<applied + taken {
        submitted[index].time = clock
        submitted[index].sequence =
          rig.host.lastSequence - UInt64(applied + taken - 1 - index)
      }
      applied += taken
      if taken == 0 { expect(rig.host.flush()) }
      rig.host.takeEvents { _ in }
    }
    expect(rig.host.flush())
    var events: [SequencedEvent<LedgerEvent>] = []
    let expected = try reference(submitted, &events)
    expect(rig.host.engine.digest == expected.digest)
    expect(rig.host.engine.memoHash != 0)
    let lastSequence = rig.host.lastSequence
    _ = (consume rig).host.finish()

    disk.killProcess()
    let writer = try JournalRig.writer(disk)
    let recovered = try EngineRecovery.recover(
      LedgerEngine.self, configuration: .init(), writer: writer, snapshots: nil, storage: disk)
    #expect(recovered.report.digest == expected.digest)
    #expect(recovered.report.replay.lastSequence == lastSequence)
    #expect(recovered.report.replay.commandCount == UInt64(count))
    #expect(recovered.report.replay.digestCheckCount >= UInt64(count / 10))
  }

  @Test func aRecordIsOfTypeFourOnlyWithAnAttachment() throws {
    let disk = SimulatedJournalStorage(seed: 5)
    var rig = try Rig(disk)
    _ = rig.producer.tryPush(LedgerCommand.open(1), attachment: RawSpan())
    _ = unsafe rig.producer.tryPush(
      LedgerCommand.open(2), attachment: ([7, 8, 9] as [UInt8]).span.bytes)
    expect(rig.host.step(now: Nanoseconds(1), countMax: 8) == 2)
    expect(rig.host.flush())
    var kinds: [UInt16] = []
    var lengths: [Int] = []
    var reader = try JournalReader(storage: disk)
    while try reader.read({ record, payload in
      kinds.append(record.type)
      lengths.append(payload.byteCount)
      return true
    }) > 0 {}
    #expect(kinds == [1, 4])
    #expect(lengths == [24, 27])
  }

  /// What another process may leave in a ring: skipped, counted, and the next command is taken.
  @Test func messagesThatAreNoCommandsAreSkippedAndCounted() throws {
    var rig = try Rig(SimulatedJournalStorage(seed: 5))
    unsafe expect(rig.producer.tryPush(([1, 2, 3] as [UInt8]).span.bytes) == .pushed)
    unsafe expect(
      rig.producer.tryPush(
        LedgerCommand.open(4), attachment: [UInt8](repeating: 1, count: 1_401).span.bytes)
        == .pushed)
    unsafe expect(
      rig.producer.tryPush([UInt8](repeating: 1, count: 24).span.bytes, type: 7) == .pushed)
    expect(rig.producer.tryPush(LedgerCommand.open(5), attachment: RawSpan()) == .pushed)
    expect(rig.host.step(now: Nanoseconds(1), countMax: 8) == 1)
    expect(rig.host.lastSequence == 1)
    let refused = rig.host.refusedMessages
    #expect(refused.tooShort == 1 && refused.attachmentTooLong == 1 && refused.unknownType == 1)
    #expect(refused.count == 3)
  }

  @Test func aBroughtAttachmentThatIsTooLongIsATypedOutcome() throws {
    var host = try JournalRig.host(SimulatedJournalStorage(seed: 1), release: .durable)
    let long = [UInt8](repeating: 3, count: 1_401)
    unsafe expect(
      host.step(now: Nanoseconds(1), command: .open(1), attachment: long.span.bytes)
        == .attachmentTooLong(byteCountMax: 1_400))
    expect(host.lastSequence == 0)
    let longest = [UInt8](repeating: 3, count: 1_400)
    unsafe expect(
      host.step(now: Nanoseconds(1), command: .open(1), attachment: longest.span.bytes) == .applied)
    // Neither appended nor applied while the journal has no room.
    var count = 1
    var refused = false
    while count < 1_000, !refused {
      let outcome = unsafe host.step(
        now: Nanoseconds(2), command: .open(2), attachment: longest.span.bytes)
      if outcome == .noRoom { refused = true } else { count += 1 }
    }
    expect(refused && host.lastSequence == UInt64(count) && host.commandCount == UInt64(count))
    expect(host.flush())
    unsafe expect(
      host.step(now: Nanoseconds(3), command: .open(3), attachment: longest.span.bytes) == .applied)
  }

  @Test func anEngineMayHaveThemKeptAndNotShown() throws {
    let disk = SimulatedJournalStorage(seed: 5)
    let ends = try MessageRing.makeEnds(RingConfiguration(capacity: 4_096))
    var producer = ends.producer
    var host = try EngineHost(
      engine: DeafLedger(),
      input: MessageInput<UInt64>(ends.consumer, attachmentByteCountMax: 64, isShared: true),
      journal: JournalRig.writer(disk), output: NoOutput(),
      configuration: .init(release: .durable, eventCapacity: 8))
    for value in UInt64(1)...20 {
      let bytes = [UInt8](repeating: UInt8(value), count: Int(value))
      unsafe expect(producer.tryPush(value, attachment: bytes.span.bytes) == .pushed)
      expect(host.step(now: Nanoseconds(value), countMax: 1) == 1)
    }
    expect(host.flush())
    expect(host.engine.byteCount == 0)
    let digest = host.engine.digest
    var kept = 0
    var reader = try JournalReader(storage: disk)
    while try reader.read({ _, payload in
      kept += payload.byteCount - 8
      return true
    }) > 0 {}
    #expect(kept == 210)
    _ = host.finish()
    disk.killProcess()
    let writer = try JournalRig.writer(disk)
    let recovered = try EngineRecovery.recover(
      DeafLedger.self, configuration: (), writer: writer, snapshots: nil, storage: disk)
    #expect(recovered.report.digest == digest)
    let shown = recovered.engine.byteCount
    #expect(shown == 0)
  }

  @Test func aJournalWhoseRecordsAreTooShortForThemIsRefused() throws {
    do {
      _ = try EngineHost(
        engine: BigAttachments(), input: NoInput(),
        journal: JournalRig.writer(SimulatedJournalStorage(seed: 1)), output: NoOutput(),
        configuration: .init(release: .durable, eventCapacity: 1))
      Issue.record("accepted")
    } catch let error as HostError {
      #expect(error.description.contains("8008"), "\(error)")
    }
  }

  private struct BigAttachments: Engine {
    static let snapshotFormat = SnapshotFormat(name: "big", version: 1)
    static let attachmentByteCountMax = 8_000
    let eventCountMax = 0
    let digest: UInt64 = 0
    init(configuration: Void = ()) {}
    init(configuration: Void, snapshot: inout SnapshotReader) throws(SnapshotError) {}
    func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {}
    mutating func apply(
      _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
      into events: inout EventSink<UInt64>
    ) {}
  }

  @Test func aRecordedAttachmentThatTheEngineCannotHaveEndsTheReplay() throws {
    for (byteCount, found) in [(24, 0), (24 + 1_401, 1_401), (3, -21)] {
      var recording = HandMadeRecording()
      recording.append(
        kind: CommandRecordKind.commandWithAttachment.rawValue,
        payload: [UInt8](repeating: 0, count: byteCount), sequence: 1, time: 1)
      var replay = try EngineReplay(engine: LedgerEngine(), output: NoOutput())
      do throws(ReplayError) {
        try replay.run(&recording)
        Issue.record("accepted")
      } catch {
        #expect(error == .attachment(sequence: 1, byteCount: found, byteCountMax: 1_400))
      }
    }
  }

  /// A client that changes a command as soon as it is in the journal: what is applied is what the
  /// journal has.
  @Test func whatIsAppliedIsTheJournalsCopy() throws {
    let ends = try MessageRing.makeEnds(RingConfiguration(capacity: 4_096))
    var producer = ends.producer
    var host = try EngineHost(
      engine: LedgerEngine(),
      input: MessageInput<LedgerCommand>(
        ends.consumer, attachmentByteCountMax: 1_400, isShared: true),
      journal: ScribblingJournal(), output: NoOutput(),
      configuration: .init(release: .atOnce, eventCapacity: 64))
    let memo: [UInt8] = [1, 2, 3, 4, 5]
    var applied: [AppliedCommand] = []
    for index in UInt64(1)...40 {
      let command = LedgerCommand.open(UInt32(index))
      unsafe expect(producer.tryPush(command, attachment: memo.span.bytes) == .pushed)
      expect(host.step(now: Nanoseconds(index), countMax: 4) == 1)
      applied.append(AppliedCommand(command: command, memo: memo, time: index, sequence: index))
    }
    var events: [SequencedEvent<LedgerEvent>] = []
    let expected = try reference(applied, &events)
    expect(host.engine.digest == expected.digest)
  }

  /// Overwrites what it has copied, where it lay.
  @safe
  private struct ScribblingJournal: CommandJournal, ~Copyable {
    static let isPresent = true
    var lastSequence: UInt64 = 0
    let payloadByteCountMax = 2_048
    let hasFailed = false
    let failureDescription: String? = nil
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 2_048, alignment: 8)

    deinit { unsafe memory.deallocate() }

    @unsafe
    mutating func append(
      sequence: UInt64, time: Nanoseconds, kind: CommandRecordKind,
      payload: UnsafeRawBufferPointer, attachment: UnsafeRawBufferPointer
    ) -> PlacedRecord {
      unsafe take(payload, at: 0)
      unsafe take(attachment, at: payload.count)
      lastSequence = sequence
      return unsafe PlacedRecord(outcome: .appended, payload: UnsafeRawPointer(memory))
    }

    private func take(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
      guard let base = bytes.baseAddress else { return }
      unsafe (memory + offset).copyMemory(from: base, byteCount: bytes.count)
      unsafe UnsafeMutableRawPointer(mutating: base)
        .initializeMemory(as: UInt8.self, repeating: 0xFF, count: bytes.count)
    }

    @unsafe
    mutating func append(
      sequence: UInt64, time: Nanoseconds, kind: CommandRecordKind, payload: UnsafeRawBufferPointer
    ) -> CommandJournalOutcome {
      lastSequence = sequence
      return .appended
    }
    mutating func poll() -> UInt64 { lastSequence }
    mutating func makeDurable() -> Bool { true }
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func noCommandWithAnAttachmentAllocates() throws {
    let ends = try MessageRing.makeEnds(RingConfiguration(capacity: 1 << 16))
    var producer = ends.producer
    var host = try EngineHost(
      engine: LedgerEngine(),
      input: MessageInput<LedgerCommand>(
        ends.consumer, attachmentByteCountMax: 1_400, isShared: true),
      journal: ScribblingJournal(), output: NoOutput(),
      configuration: .init(release: .atOnce, eventCapacity: 64))
    let memo = [UInt8](repeating: 5, count: 700)
    let count = allocationCount {
      for index in 0..<2_000 {
        _ = unsafe producer.tryPush(
          LedgerCommand.deposit(1, to: UInt32(index & 15)), attachment: memo.span.bytes)
        _ = host.step(now: Nanoseconds(UInt64(index)), countMax: 16)
      }
    }
    #expect(count == 0)
  }
}
