// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusHost
public import ApusIO
public import ApusJournal
internal import ApusTLS

/// How a primary serves its standbys.
public struct ReplicationPrimaryConfiguration: Sendable {
  /// Where it listens; port 0 lets the kernel choose.
  public var endpoint: ReplicationEndpoint
  /// How standbys and it know each other; an address that it does not allow is refused.
  public var security: ReplicationSecurity
  /// Its epoch, as ``ReplicationEpoch/begin(_:journal:storage:time:waitsForStandby:)`` was told.
  public var epoch: UInt64
  /// The standby whose acknowledgements count: the one that would take over. Others may follow.
  public var acknowledgingNode: UInt64
  /// Standbys at once. The one whose acknowledgements count always has a place.
  public var sessionCountMax: Int
  /// Connections at once that have not said who they are, or were told why they are not wanted: the
  /// oldest goes for one more. Each costs three short frames of memory.
  public var handshakeCountMax: Int
  /// The longest frame; a record must fit. It is the memory of a connection, about three times.
  /// Unit: bytes.
  public var frameByteCountMax: Int
  /// A heartbeat is sent when nothing else was for so long. Unit: nanoseconds.
  public var heartbeatNanoseconds: UInt64
  /// A standby that is silent for so long is taken for lost. Unit: nanoseconds.
  public var silenceNanoseconds: UInt64
  /// A connection that has not said who it is by then is closed. Unit: nanoseconds.
  public var handshakeNanoseconds: UInt64
  /// An epoch that a standby tells and that is further above the primary's own is not believed.
  /// Epochs of a lease in NATS count the writes to its bucket.
  public var epochStepMax: UInt64
  /// Its engine: a standby of another one, or of another configuration, is refused. Nil compares nothing.
  public var engine: EngineIdentity?

  /// A configuration.
  public init(
    endpoint: ReplicationEndpoint, epoch: UInt64, acknowledgingNode: UInt64,
    frameByteCountMax: Int, sessionCountMax: Int = 4,
    heartbeatNanoseconds: UInt64 = 100_000_000, silenceNanoseconds: UInt64 = 1_000_000_000,
    security: ReplicationSecurity = .loopbackOnly, handshakeCountMax: Int = 64,
    handshakeNanoseconds: UInt64 = 1_000_000_000, epochStepMax: UInt64 = 1 << 40,
    engine: EngineIdentity? = nil
  ) {
    self.engine = engine
    self.endpoint = endpoint
    self.security = security
    self.handshakeCountMax = handshakeCountMax
    self.handshakeNanoseconds = handshakeNanoseconds
    self.epochStepMax = epochStepMax
    self.epoch = epoch
    self.acknowledgingNode = acknowledgingNode
    self.frameByteCountMax = frameByteCountMax
    self.sessionCountMax = sessionCountMax
    self.heartbeatNanoseconds = heartbeatNanoseconds
    self.silenceNanoseconds = silenceNanoseconds
  }

  func validate() throws(ReplicationError) {
    guard epoch > 0 else {
      throw .configuration(field: "epoch", value: "0", expected: "1 or more")
    }
    guard (1...1_024).contains(sessionCountMax) else {
      throw .configuration(
        field: "sessionCountMax", value: "\(sessionCountMax)", expected: "1 to 1024")
    }
    guard (1...1_024).contains(handshakeCountMax), handshakeNanoseconds > 0, epochStepMax > 0 else {
      throw .configuration(
        field: "handshakeCountMax, handshakeNanoseconds, epochStepMax",
        value: "\(handshakeCountMax), \(handshakeNanoseconds), \(epochStepMax)",
        expected: "1 to 1024, 1 or more, 1 or more")
    }
    try checkFrame(frameByteCountMax)
    guard heartbeatNanoseconds > 0, silenceNanoseconds / 2 >= heartbeatNanoseconds else {
      throw .configuration(
        field: "silenceNanoseconds", value: "\(silenceNanoseconds)",
        expected: "twice heartbeatNanoseconds (\(heartbeatNanoseconds)) or more")
    }
  }
}

func checkFrame(_ byteCountMax: Int) throws(ReplicationError) {
  let range = ReplicationFormat.frameByteCountMin...ReplicationFormat.frameByteCountMax
  guard range.contains(byteCountMax) else {
    throw .configuration(
      field: "frameByteCountMax", value: "\(byteCountMax)",
      expected: "\(range.lowerBound) to \(range.upperBound)")
  }
}

/// Sends a journal to standbys as it is written, and hears how far they are.
///
/// Only durable records are sent, read back from the journal: a standby is always a beginning of the
/// primary's journal, whatever the primary loses in a crash. That costs the time of one commit more
/// until a standby acknowledges than sending beside the commit would.
///
/// ```swift
/// var primary = try ReplicationPrimary(storage: …, position: position, configuration: …)
/// while isRunning {
///   if primary.step(now: clock.now()) == 0 { primary.wait(limitNanoseconds: 200_000) }
/// }
/// ```
///
/// - Threading: one thread at a time, which may be another than the host's; its storage is its own.
public struct ReplicationPrimary: ~Copyable {
  /// Where it listens, with the port that the kernel chose.
  public let endpoint: ReplicationEndpoint
  /// How it serves.
  public let configuration: ReplicationPrimaryConfiguration
  /// What happened.
  public internal(set) var counters = ReplicationCounters()
  /// Why it has stopped for good; nil while it goes on. A fence is no failure.
  public internal(set) var failure: ReplicationError?

  let loop: EventLoop
  let context: TLSContext?
  let storage: any JournalStorage
  let identifier: JournalIdentifier
  let position: ReplicatedPosition
  let snapshots: SnapshotStore
  /// A snapshot that was checked for a standby that did not stay: checking takes a while, and the
  /// next attempt must not have to wait for it again.
  var checkedSnapshot: SnapshotFileReader?
  var sessions: [StandbySession] = []
  /// The last turn that was given out; see ``StandbySession/turn``.
  private var lastTurn: UInt64 = 0
  /// Sessions by the place of their connection in the loop.
  var sessionsByPlace: [StandbySession?]

  /// Listens.
  ///
  /// - Parameters:
  ///   - storage: The folder of the host's journal, opened for this alone.
  ///   - position: Shared with the host.
  ///   - snapshots: The folder of the engine's snapshots, opened for this alone; nil where they lie
  ///     beside the journal. A standby that needs records which were removed gets the newest one.
  ///   - loop: Its sockets: nil for one of its own, of the kernel; a test gives one of a simulated network.
  /// - Throws: ``ReplicationError`` for a journal that is not there, an epoch that was not begun, or
  ///   a socket that could not be had.
  public init(
    storage: any JournalStorage, position: ReplicatedPosition,
    configuration: ReplicationPrimaryConfiguration, snapshots: (any JournalStorage)? = nil,
    loop: EventLoop? = nil
  ) throws(ReplicationError) {
    try configuration.validate()
    let store = try Self.store(snapshots ?? storage)
    let identifier = try Self.check(storage, configuration)
    let address = try configuration.security.address(of: configuration.endpoint)
    let context = try configuration.security.makeContext(.server)
    let own = if let loop { loop } else { try ReplicationLoop.makePrimary(configuration) }
    let port: UInt16
    do throws(IOError) {
      port = try own.listen(at: address).address.port
    } catch {
      throw ReplicationLoop.error(error, configuration.endpoint)
    }
    self.loop = own
    self.context = context
    endpoint = ReplicationEndpoint(address: configuration.endpoint.address, port: port)
    sessionsByPlace = Array(repeating: nil, count: own.configuration.socketCountMax)
    self.identifier = identifier
    self.configuration = configuration
    self.storage = storage
    self.snapshots = store
    self.position = position
  }

  private static func store(
    _ folder: any JournalStorage
  ) throws(ReplicationError) -> SnapshotStore {
    do throws(JournalError) { return try SnapshotStore(storage: folder) } catch {
      throw .journal(error)
    }
  }

  /// Name of the journal, whose owner must have begun the epoch.
  private static func check(
    _ storage: any JournalStorage, _ configuration: ReplicationPrimaryConfiguration
  ) throws(ReplicationError) -> JournalIdentifier {
    let promise = try EpochFile.read(storage)
    guard promise.isPrimary, promise.epoch == configuration.epoch else {
      throw .staleEpoch(offered: configuration.epoch, promised: promise.epoch)
    }
    do throws(JournalError) {
      return try JournalReader(storage: storage, mode: .durable).identifier
    } catch {
      throw .journal(error)
    }
  }

  /// The turn behind all that were given out.
  mutating func nextTurn() -> UInt64 {
    lastTurn += 1
    return lastTurn
  }

  /// The epoch of the primary that took over; 0 while none has.
  public var fencingEpoch: UInt64 { position.fencingEpoch }

  /// Everything up to here is durable on the standby that counts.
  public var replicatedSequence: UInt64 { position.sequence }

  /// The standbys that are connected and follow.
  public var standbys: [StandbyStatus] {
    sessions.compactMap { $0.state == .streaming ? $0.status : nil }
  }

  /// First record that a standby may still want: segments below need not be kept for those that are
  /// connected.
  public var neededSequence: UInt64? { sessions.compactMap(\.neededSequence).min() }

  /// How it stands, in one line for people.
  public var summary: String {
    let places = sessions.count { $0.holdsPlace }
    let fence = fencingEpoch == 0 ? "" : ", ended by epoch \(fencingEpoch)"
    return "replication at \(endpoint) (\(configuration.security)): primary of epoch "
      + "\(configuration.epoch)\(fence), \(places) of \(configuration.sessionCountMax) standbys, "
      + "\(sessions.count - places) unfinished connections"
  }

  /// Waits until a standby sends something or can take more, but not longer than the limit: new
  /// records of the journal do not wake it.
  public mutating func wait(limitNanoseconds: UInt64) {
    loop.wait(limitNanoseconds: limitNanoseconds)
  }
}
