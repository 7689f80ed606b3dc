// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusEventLog
internal import ApusRings
internal import ApusThreads

/// What became of a command that was to be submitted.
public enum SubmitOutcome: Equatable, Sendable {
  /// It is in the ring. It was done when an event of it is in the log: a service that dies before may not
  /// have taken it.
  case submitted
  /// The ring is full: the service is behind. Try again.
  case full
  /// The engine's commands have no attachments of this length. Nothing was submitted.
  case attachmentTooLong(byteCountMax: Int)
  /// The service has ended or died: ``EngineClient/reconnect()``, then submit again what no event reported.
  case disconnected
}

/// What a look into the event log found.
public enum PollOutcome: Equatable, Sendable {
  /// So many events were handed out.
  case events(count: Int)
  /// There is no new one.
  case nothing
  /// The next event was removed: the client was away for too long. The next look begins with the first one
  /// that is there.
  case missed(firstAvailable: UInt64)
  /// The service came back without the last commands: events from this index on were cut off, and what was
  /// read of them never happened. The next look begins there.
  case cut(from: UInt64)
  /// The log cannot be read.
  case failed(EventLogError)
}

/// One of the programs on a machine that drive a service: commands go into a message ring of its own, and
/// events come from the service's event log, which has those of all clients.
///
/// ```swift
/// var client = try EngineClient<MatchingCommand, MatchingEvent>(
///   folder: "/var/lib/venue", format: MatchingEngine.snapshotFormat,
///   attachmentByteCountMax: MatchingEngine.attachmentByteCountMax)
/// _ = client.submit(.limit(.buy, instrument: 1, orderId: 7, owner: 1, quantity: 10, price: 100))
/// while client.wait(limitNanoseconds: 1_000_000_000) {
///   _ = client.poll { print($0.sequence, $0.event) }
/// }
/// ```
///
/// - Threading: one thread at a time.
public struct EngineClient<Command: BitwiseCopyable, Event: BitwiseCopyable>: ~Copyable {
  /// The service's data folder.
  public let folder: String
  /// Which of the service's rings it has.
  public private(set) var ringIndex: Int
  /// The longest attachment of a command. Unit: bytes.
  public let attachmentByteCountMax: Int

  private var producer: MessageProducer
  private var reader: EventLogReader<Event>

  /// A service has at most so many rings.
  public static var ringCountMax: Int { ServiceFolder.ringCountMax }

  /// Takes a free ring of the service in a folder and opens its event log.
  ///
  /// - Parameters:
  ///   - folder: The service's data folder.
  ///   - format: The engine: a service of another one, or of another version, is refused.
  ///   - attachmentByteCountMax: Of the engine.
  ///   - cursor: Keeps the events for this client under this name until it has read them, also while it is
  ///     not there. Nil reads what is there.
  ///   - start: Where to begin; not looked at where a cursor is resumed.
  /// - Throws: ``ClientError``.
  public init(
    folder: String, format: SnapshotFormat, attachmentByteCountMax: Int, cursor: String? = nil,
    start: EventLogStart = .end
  ) throws(ClientError) {
    // In this order: a cursor stays registered, and would keep the log for a client that never had a ring.
    let isServed = Self.isWritten(try Self.openLog(folder, format, nil, .end))
    let taken = try Self.takeRing(folder, isServed: isServed)
    let reader = try Self.openLog(folder, format, cursor, start)
    self.init(folder, attachmentByteCountMax, taken, reader)
  }

  private init(
    _ folder: String, _ attachmentByteCountMax: Int, _ ring: consuming TakenRing,
    _ reader: consuming EventLogReader<Event>
  ) {
    self.folder = folder
    self.attachmentByteCountMax = attachmentByteCountMax
    ringIndex = ring.index
    producer = ring.producer
    self.reader = reader
  }

  private static func openLog(
    _ folder: String, _ format: SnapshotFormat, _ cursor: String?, _ start: EventLogStart
  ) throws(ClientError) -> EventLogReader<Event> {
    do throws(EventLogError) {
      return try EventLogReader(
        path: ServiceFolder(folder).events, format: format, name: cursor, start: start)
    } catch {
      if case .missing = error { throw .noService(folder: folder) }
      throw .eventLog(error)
    }
  }

  /// Whether a process writes the log. A service opens its log before its rings and keeps both.
  private static func isWritten(_ reader: borrowing EventLogReader<Event>) -> Bool {
    switch reader.writerState {
    case nil, .dead: false
    case .alive, .unknown: true
    }
  }

  /// The first ring that nobody has, or whose client has died. One that cannot be used, or that the
  /// service has given up, is passed over: it says nothing of the others.
  ///
  /// - Parameter ownIndex: The ring that this client has still, of a service that has ended.
  private static func takeRing(
    _ folder: String, isServed: Bool, ownIndex: Int? = nil
  ) throws(ClientError) -> TakenRing {
    var unusable: RingError?
    var count = 0
    // Rings that a process reads, or a client has: the rest is what a service that has ended left.
    var usedCount = 0
    while count < ringCountMax {
      let path = ServiceFolder(folder).ring(count)
      do throws(RingError) {
        let producer = try MessageRing.openProducer(at: path, wait: .fail)
        let isRead = producer.consumerState == .present && !producer.isConsumerClosed
        if isRead { return TakenRing(index: count, producer: producer) }
        if producer.consumerState == .present { usedCount += 1 }
      } catch {
        if case .file(_, .system(_, errno: 2)) = error { break }  // ENOENT
        if case .file(_, .endInUse) = error {
          usedCount += count == ownIndex ? 0 : 1
        } else {
          unusable = unusable ?? error
        }
      }
      count += 1
    }
    guard isServed else { throw .noService(folder: folder) }
    if let unusable { throw .ring(unusable) }
    guard usedCount > 0 else { throw .notLeading(folder: folder) }
    throw .full(folder: folder, count: count)
  }

  // MARK: Commands

  /// Submits a command and what belongs to it.
  ///
  /// - Complexity: O(bytes); no allocation; no system call unless the ring is full.
  public mutating func submit(_ command: Command, attachment: RawSpan = RawSpan()) -> SubmitOutcome
  {
    guard attachment.byteCount <= attachmentByteCountMax else {
      return .attachmentTooLong(byteCountMax: attachmentByteCountMax)
    }
    if producer.isConsumerClosed { return .disconnected }
    switch producer.tryPush(command, attachment: attachment) {
    case .pushed: return .submitted
    case .tooLong: return .attachmentTooLong(byteCountMax: producer.messageByteCountMax)
    case .closed: return .disconnected
    default: return producer.consumerState == .present ? .full : .disconnected
    }
  }

  /// Whether the service has the other end of the ring. Costs system calls.
  public var isConnected: Bool { producer.consumerState == .present }

  /// Takes a ring of the service that runs now. The place in the event log stays.
  ///
  /// - Throws: ``ClientError``; the client is as it was, and may try again.
  public mutating func reconnect() throws(ClientError) {
    let taken = try Self.takeRing(
      folder, isServed: Self.isWritten(reader), ownIndex: isConnected ? nil : ringIndex)
    ringIndex = taken.index
    producer = taken.producer
  }

  // MARK: Events

  /// Index of the next event in the log.
  public var eventIndex: UInt64 { reader.index }

  /// Hands out the next events, in their order, of all clients.
  ///
  /// - Parameters:
  ///   - countMax: Events at most.
  ///   - body: Gets each event and the sequence of its command.
  public mutating func poll(
    countMax: Int = .max, _ body: (SequencedEvent<Event>) -> Void
  ) -> PollOutcome {
    let outcome = reader.tryRead(countMax: countMax) { events in
      for index in events.indices { body(events[index]) }
      return events.count
    }
    switch outcome {
    case .read(let count): return .events(count: count)
    case .nothing: return .nothing
    case .removed(let firstAvailable):
      reader.seek(toIndex: firstAvailable)
      return .missed(firstAvailable: firstAvailable)
    case .cut(let index): return .cut(from: index)
    case .failed(let error): return .failed(error)
    }
  }

  /// Waits for an event, not longer than the limit.
  ///
  /// - Returns: Whether there is one.
  public mutating func wait(limitNanoseconds: UInt64) -> Bool {
    reader.wait(.park(timeoutNanoseconds: limitNanoseconds))
  }
}

/// A ring that was taken.
private struct TakenRing: ~Copyable {
  var index: Int
  var producer: MessageProducer
}
