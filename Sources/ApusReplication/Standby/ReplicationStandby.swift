// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusHost
public import ApusIO
public import ApusJournal
internal import ApusMemory
internal import ApusTLS

/// How a standby follows its primary.
public struct ReplicationStandbyConfiguration: Sendable {
  /// Where the primary listens.
  public var primary: ReplicationEndpoint
  /// How the primary and it know each other; an address that it does not allow stops it.
  public var security: ReplicationSecurity
  /// This standby's own number.
  public var node: UInt64
  /// Its journal: sizes as it likes; name and beginning of a new one are the primary's.
  public var journal: JournalConfiguration
  /// The longest frame; a record must fit. It is the memory of the connection, about once.
  /// Unit: bytes.
  public var frameByteCountMax: Int
  /// A primary that is silent for so long is taken for lost. Unit: nanoseconds.
  public var silenceNanoseconds: UInt64
  /// Time between two attempts to connect. Unit: nanoseconds.
  public var retryNanoseconds: UInt64
  /// A primary whose epoch is further above the highest that was seen is not followed: what is
  /// followed once keeps all lower ones out for good. Epochs of a lease in NATS count the writes to
  /// its bucket.
  public var epochStepMax: UInt64
  /// The longest snapshot that is taken: it is room on the disk. A longer one stops the standby.
  /// Unit: bytes.
  public var snapshotByteCountMax: UInt64
  /// Its engine, for the primary to compare; nil compares nothing.
  public var engine: EngineIdentity?

  /// A configuration.
  public init(
    primary: ReplicationEndpoint, node: UInt64, journal: JournalConfiguration,
    frameByteCountMax: Int, silenceNanoseconds: UInt64 = 1_000_000_000,
    retryNanoseconds: UInt64 = 100_000_000, security: ReplicationSecurity = .loopbackOnly,
    epochStepMax: UInt64 = 1 << 40, snapshotByteCountMax: UInt64 = 1 << 36,
    engine: EngineIdentity? = nil
  ) {
    self.engine = engine
    self.primary = primary
    self.security = security
    self.epochStepMax = epochStepMax
    self.snapshotByteCountMax = snapshotByteCountMax
    self.node = node
    self.journal = journal
    self.frameByteCountMax = frameByteCountMax
    self.silenceNanoseconds = silenceNanoseconds
    self.retryNanoseconds = retryNanoseconds
  }

  func validate() throws(ReplicationError) {
    try checkFrame(frameByteCountMax)
    guard silenceNanoseconds > 0, retryNanoseconds > 0 else {
      throw .configuration(
        field: "silenceNanoseconds, retryNanoseconds",
        value: "\(silenceNanoseconds), \(retryNanoseconds)", expected: "1 or more")
    }
    guard epochStepMax > 0 else {
      throw .configuration(field: "epochStepMax", value: "0", expected: "1 or more")
    }
    guard (1...UInt64(1) << 62).contains(snapshotByteCountMax) else {
      throw .configuration(
        field: "snapshotByteCountMax", value: "\(snapshotByteCountMax)", expected: "1 to 2^62")
    }
  }
}

/// What a standby does at the moment.
public enum StandbyPhase: Equatable, Sendable {
  /// Not connected; it tries again.
  case waiting
  /// Connecting, or connected and not yet welcome.
  case connecting
  /// A snapshot comes, in place of records that the primary no longer has.
  case restoring
  /// Records come as there are.
  case following
  /// Its journal is no beginning of the primary's: it finds out where they part, then stops.
  case comparing
  /// It has stopped for good: see ``ReplicationStandby/failure``.
  case stopped
}

/// Follows a primary: its records go into a journal of the standby's own and through an engine of
/// its own, which is therefore ready to take over.
///
/// It acknowledges what its disk has. It compares every digest that the primary recorded with its
/// engine's, and stops with an error where they differ. It connects again whenever a connection
/// ends, from the record after its last; what it takes is checked by the journal's chained checksums.
///
/// ```swift
/// var standby = try ReplicationStandby(engine: engine, after: …, storage: …, configuration: …)
/// while standby.failure == nil, !lease.isHeld {
///   if standby.step(now: clock.now()) == 0 { standby.wait(limitNanoseconds: 200_000) }
/// }
/// let promoted = try standby.promote(epoch: lease.epoch)
/// ```
///
/// - Threading: one thread at a time.
public struct ReplicationStandby<E: Engine & ~Copyable>: ~Copyable {
  /// How it follows.
  public internal(set) var configuration: ReplicationStandbyConfiguration
  /// What happened.
  public internal(set) var counters = ReplicationCounters()
  /// Why it has stopped for good; nil while it goes on.
  public internal(set) var failure: ReplicationError?
  /// What it does.
  public internal(set) var phase = StandbyPhase.waiting
  /// The highest epoch it has seen; no primary of a lower one is followed.
  public internal(set) var promisedEpoch: UInt64
  /// What the primary had durable when it said so last.
  public internal(set) var primarySequence: UInt64 = 0

  let storage: any JournalStorage
  /// Nil until a primary was met, for a standby that begins with an empty folder.
  var journal: JournalWriter?
  var replay: EngineReplay<E, StandbyOutput<E.Event>>
  var link: FrameLink?
  var retryAt = Nanoseconds.zero
  var hasConnected = false
  var cursor: RecordBatchCursor?
  var sent = (durable: UInt64(0), received: UInt64(0))
  var owesAcknowledgement = false
  var comparison: JournalComparison?
  /// How to make an engine of a snapshot; nil where that is not wanted.
  let engineConfiguration: E.Configuration?
  let makeOutput: ((StandbyBeginning) -> StandbyOutput<E.Event>)?
  /// What it has acknowledged as a primary since it followed last.
  var acknowledged: LeaderRecord
  /// Whether it may have acknowledged records that nobody else has: those it never gives up for a snapshot.
  var keepsItsRecords: Bool { acknowledged == .alone }
  var transfer: IncomingSnapshot?
  let loop: EventLoop
  let context: TLSContext?

  /// A standby that goes on behind a record.
  ///
  /// - Parameters:
  ///   - engine: In the state after the record `lastSequence`: what a recovery from its journal
  ///     reached; a new one, or that of a primary's snapshot, where its folder is empty.
  ///   - lastSequence: 0 for a new engine.
  ///   - lastTime: Time of that record.
  ///   - storage: The folder of its journal, and of the snapshots that it gets.
  ///   - engineConfiguration: To make an engine of the primary's snapshot where the records it needs
  ///     were removed there. Its own records go then. Nil stops it instead.
  ///   - output: Where the events of what it applies go; nowhere by default.
  ///   - makeOutput: Gives the output to a standby that begins anew, with the first record or with a
  ///     snapshot, once it is known where: the one before is gone then, and what it did to a log survives an
  ///     interruption. Without it such a standby's events go nowhere.
  ///   - loop: Its sockets: nil for one of its own, of the kernel; a test gives one of a simulated network.
  /// - Throws: ``ReplicationError`` for a journal that does not open or does not end at
  ///   `lastSequence`.
  public init(
    engine: consuming E, after lastSequence: UInt64, lastTime: Nanoseconds = .zero,
    storage: any JournalStorage, configuration: ReplicationStandbyConfiguration,
    restoring engineConfiguration: E.Configuration? = nil,
    output: consuming StandbyOutput<E.Event> = StandbyOutput(),
    makeOutput: ((StandbyBeginning) -> StandbyOutput<E.Event>)? = nil, loop: EventLoop? = nil
  ) throws(ReplicationError) {
    try configuration.validate()
    let own = if let loop { loop } else { try ReplicationLoop.makeStandby(configuration) }
    self.init(
      replay: try Self.makeReplay(engine, lastSequence, lastTime, output),
      journal: try Self.openJournal(storage, configuration.journal, endsAt: lastSequence),
      promise: try EpochFile.read(storage), storage: storage, configuration: configuration,
      engineConfiguration: engineConfiguration, makeOutput: makeOutput,
      loop: own,
      context: try configuration.security.makeContext(.client))
  }

  private init(
    replay: consuming EngineReplay<E, StandbyOutput<E.Event>>, journal: consuming JournalWriter?,
    promise: EpochPromise, storage: any JournalStorage,
    configuration: ReplicationStandbyConfiguration, engineConfiguration: E.Configuration?,
    makeOutput: ((StandbyBeginning) -> StandbyOutput<E.Event>)?, loop: EventLoop,
    context: TLSContext?
  ) {
    self.loop = loop
    self.context = context
    self.makeOutput = makeOutput
    self.replay = replay
    self.journal = journal
    promisedEpoch = promise.epoch
    acknowledged = promise.acknowledged
    self.storage = storage
    self.configuration = configuration
    self.engineConfiguration = engineConfiguration
  }

  static func makeReplay(
    _ engine: consuming E, _ lastSequence: UInt64, _ lastTime: Nanoseconds,
    _ output: consuming StandbyOutput<E.Event>
  ) throws(ReplicationError) -> EngineReplay<E, StandbyOutput<E.Event>> {
    do throws(MemoryError) {
      return try EngineReplay(
        engine: engine, output: output, after: lastSequence, lastTime: lastTime)
    } catch {
      throw .memory(error)
    }
  }

  /// The journal that is there; nil where the folder has none.
  private static func openJournal(
    _ storage: any JournalStorage, _ configuration: JournalConfiguration, endsAt sequence: UInt64
  ) throws(ReplicationError) -> JournalWriter? {
    let found: JournalReport
    do throws(JournalError) {
      found = try JournalInspection.report(storage, depth: .tail)
    } catch {
      throw .journal(error)
    }
    guard found.identifier != nil else { return nil }
    guard found.lastSequence == sequence else {
      throw .position(engine: sequence, journal: found.lastSequence)
    }
    do throws(JournalError) {
      return try JournalWriter(storage: storage, configuration: configuration)
    } catch {
      throw .journal(error)
    }
  }

  // MARK: Where it stands

  /// The engine, for queries.
  public var engine: E { _read { yield replay.engine } }

  /// Last record that it has applied.
  public var lastSequence: UInt64 { replay.report.lastSequence }

  /// Time of that record.
  public var lastTime: Nanoseconds { replay.report.lastTime }

  /// Last record that its disk has.
  public var durableSequence: UInt64 {
    switch journal {
    case .some(let writer): writer.durableSequence
    case .none: lastSequence
    }
  }

  /// How it stands, in one line for people.
  public var summary: String {
    "replication from \(configuration.primary) (\(configuration.security)): \(phase) at record "
      + "\(lastSequence), epoch \(promisedEpoch)"
  }

  /// Whether there should be a log of its events, and some were left out of it.
  public var isOutputBehind: Bool { replay.collected.isBehind }

  /// What it has applied and compared.
  public var report: ReplayReport { replay.report }

  /// Name of its journal; nil while it has none.
  public var journalIdentifier: JournalIdentifier? {
    switch journal {
    case .some(let writer): writer.identifier
    case .none: nil
    }
  }

  /// Follows another primary from now on.
  public mutating func follow(_ primary: ReplicationEndpoint) {
    configuration.primary = primary
    guard failure == nil else { return }
    disconnect(.replaced, retryAt: .zero)
  }

  /// Waits until the primary sends something, but not longer than the limit: its disk does not wake
  /// it.
  public mutating func wait(limitNanoseconds: UInt64) {
    loop.wait(limitNanoseconds: limitNanoseconds)
  }

  // MARK: Ends

  /// Ends the connection; the next attempt is made at `retryAt`.
  mutating func disconnect(_ closure: LinkClosure, retryAt: Nanoseconds) {
    if let link {
      link.close(closure)
      counters.note(link.closure ?? closure)
      link.release()
    }
    link = nil
    cursor = nil
    comparison = nil
    // Its file goes with it.
    transfer = nil
    hasConnected = false
    self.retryAt = retryAt
    if failure == nil { phase = .waiting }
  }

  /// Stops for good, telling the primary why where that helps it.
  mutating func stop(_ error: ReplicationError, telling refusal: Refusal? = nil, now: Nanoseconds) {
    guard failure == nil else { return }
    failure = error
    phase = .stopped
    if let refusal, let link {
      counters.noteTurnedAway(refusal.reason)
      link.send(refusal, epoch: promisedEpoch, sequence: lastSequence, now: now)
      link.flush()
    }
    disconnect(.refused(refusal?.reason ?? .stopped), retryAt: now)
    // Nothing steps it any more: what it says last leaves now, behind what has left before.
    drainLoop(now)
    loop.flush()
  }
}
