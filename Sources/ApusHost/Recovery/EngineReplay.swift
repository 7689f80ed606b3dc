// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusMemory

/// What a replay did.
public struct ReplayReport: Sendable, Equatable {
  /// Commands applied.
  public var commandCount: UInt64 = 0
  /// Events they emitted.
  public var eventCount: UInt64 = 0
  /// Recorded digests that were compared; all were equal, or the replay ended with an error.
  public var digestCheckCount: UInt64 = 0
  /// Sequence of the digest compared last; 0 where none was.
  public var lastDigestSequence: UInt64 = 0
  /// The epoch recorded last; 0 where none was.
  public var lastEpoch: UInt64 = 0
  /// Sequence of the last record.
  public var lastSequence: UInt64
  /// Its time.
  public var lastTime: Nanoseconds

  /// Nothing yet, behind a record.
  package init(lastSequence: UInt64, lastTime: Nanoseconds) {
    self.lastSequence = lastSequence
    self.lastTime = lastTime
  }
}

/// Feeds a recording to an engine: the same `apply`, with recorded numbers and times.
///
/// Every digest in the recording is compared with the engine's. Events go to an output, or nowhere.
///
/// - Threading: one thread at a time.
public struct EngineReplay<E: Engine & ~Copyable, Output: EventOutput & ~Copyable>: ~Copyable
where Output.Element == SequencedEvent<E.Event> {
  /// What was done so far.
  public private(set) var report: ReplayReport
  private var hosted: E
  private var output: Output
  private var events: EventQueue<E.Event>
  private let eventCountMax: Int
  /// What ended the replay.
  private var failure: ReplayError?

  /// A replay that continues after a record.
  ///
  /// - Parameters:
  ///   - engine: In the state after the record `lastSequence`.
  ///   - output: Where events go.
  ///   - lastSequence: 0 for a new engine and a recording from the start.
  ///   - lastTime: Time of that record.
  /// - Throws: `MemoryError` for the memory of one command's events.
  public init(
    engine: consuming E, output: consuming Output, after lastSequence: UInt64 = 0,
    lastTime: Nanoseconds = .zero
  ) throws(MemoryError) {
    let countMax = engine.eventCountMax
    events = try EventQueue(capacity: max(1, countMax))
    eventCountMax = countMax
    hosted = engine
    self.output = output
    report = ReplayReport(lastSequence: lastSequence, lastTime: lastTime)
  }

  /// The engine, for queries.
  public var engine: E { _read { yield hosted } }

  /// The output, for what it collected.
  public var collected: Output {
    _read { yield output }
    _modify { yield &output }
  }

  /// Applies the next records.
  ///
  /// - Returns: Records taken; 0 at the end, and where the output has no room.
  /// - Throws: ``ReplayError``; the engine is then at ``ReplayReport/lastSequence``.
  @inlinable
  public mutating func step<Recording: CommandRecording & ~Copyable>(
    _ recording: inout Recording, countMax: Int = .max
  ) throws(ReplayError) -> Int {
    if let failure = stopped { throw failure }
    guard hasRoom() else { return 0 }
    let count = try recording.readCommands(countMax: countMax) { record, payload in
      take(record, payload)
    }
    if let failure = stopped { throw failure }
    return count
  }

  /// Applies everything there is.
  ///
  /// - Throws: ``ReplayError``.
  @inlinable
  public mutating func run<Recording: CommandRecording & ~Copyable>(
    _ recording: inout Recording
  ) throws(ReplayError) {
    while try step(&recording) > 0 {}
  }

  /// Ends the replay and gives the engine back.
  public consuming func finish() -> E { hosted }

  /// Ends the replay, with the output.
  consuming func finish(_ report: RecoveryReport) -> RecoveredStream<E, Output> {
    RecoveredStream(engine: hosted, output: output, report: report)
  }

  @usableFromInline var stopped: ReplayError? { failure }

  /// Whether the events of another command would find room.
  @usableFromInline
  mutating func hasRoom() -> Bool {
    drain()
    return events.room >= eventCountMax
  }

  private mutating func drain() {
    _ = unsafe events.drain(through: .max) { unsafe output.take($0) }
  }

  /// Takes one record. False where the replay has to stop after it.
  @usableFromInline
  mutating func take(_ record: CommandRecord, _ payload: RawSpan) -> Bool {
    guard record.sequence == report.lastSequence &+ 1 else {
      failure = .sequence(expected: report.lastSequence &+ 1, found: record.sequence)
      return false
    }
    switch CommandRecordKind(rawValue: record.kind) {
    case .command: apply(record, payload, attachmentByteCount: 0)
    case .commandWithAttachment: applyAttached(record, payload)
    case .digest: check(record, payload)
    case .epoch: noteEpoch(record, payload)
    default: failure = .kind(sequence: record.sequence, found: record.kind)
    }
    guard failure == nil else { return false }
    report.lastSequence = record.sequence
    report.lastTime = max(report.lastTime, record.time)
    return hasRoom()
  }

  private mutating func applyAttached(_ record: CommandRecord, _ payload: RawSpan) {
    let byteCount = payload.byteCount &- MemoryLayout<E.Command>.size
    guard byteCount >= 1, byteCount <= E.attachmentByteCountMax else {
      failure = .attachment(
        sequence: record.sequence, byteCount: byteCount, byteCountMax: E.attachmentByteCountMax)
      return
    }
    apply(record, payload, attachmentByteCount: byteCount)
  }

  private mutating func apply(
    _ record: CommandRecord, _ payload: RawSpan, attachmentByteCount: Int
  ) {
    let size = MemoryLayout<E.Command>.size
    guard payload.byteCount &- attachmentByteCount == size else {
      failure = .payload(sequence: record.sequence, byteCount: payload.byteCount, expected: size)
      return
    }
    // SAFETY: the payload is as long as a command or longer, and any bits are one.
    let command = unsafe payload.unsafeLoadUnaligned(as: E.Command.self)
    let isShown = E.attachmentUse == .applied
    let attachment = payload.extracting(size..<(isShown ? payload.byteCount : size))
    events.sink.begin(sequence: record.sequence, countMax: eventCountMax)
    let before = events.sink.tail
    hosted.apply(
      command, attachment: attachment, at: max(record.time, report.lastTime),
      sequence: record.sequence, into: &events.sink)
    report.commandCount &+= 1
    report.eventCount &+= events.sink.tail &- before
  }

  private mutating func noteEpoch(_ record: CommandRecord, _ payload: RawSpan) {
    guard payload.byteCount == 8 else {
      failure = .payload(sequence: record.sequence, byteCount: payload.byteCount, expected: 8)
      return
    }
    // SAFETY: eight bytes are there, and any bits are an integer.
    report.lastEpoch = UInt64(
      littleEndian: unsafe payload.unsafeLoadUnaligned(as: UInt64.self))
  }

  private mutating func check(_ record: CommandRecord, _ payload: RawSpan) {
    guard payload.byteCount == 8 else {
      failure = .payload(sequence: record.sequence, byteCount: payload.byteCount, expected: 8)
      return
    }
    // SAFETY: eight bytes are there, and any bits are an integer.
    let recorded = UInt64(
      littleEndian: unsafe payload.unsafeLoadUnaligned(as: UInt64.self))
    let reached = hosted.digest
    guard recorded == reached else {
      failure = .digest(sequence: record.sequence, recorded: recorded, reached: reached)
      return
    }
    report.digestCheckCount &+= 1
    report.lastDigestSequence = record.sequence
  }
}
