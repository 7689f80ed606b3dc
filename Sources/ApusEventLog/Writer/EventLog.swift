// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusThreads
internal import Glibc
internal import Synchronization

/// Owner of an event log's files: opens and recovers them, keeps them durable and removes old ones.
///
/// Events go in through the one ``EventLogWriter`` that it makes, on the host's thread. What may take
/// longer than a store is done here, by another thread that calls ``prepare()``,
/// ``sync(completeThrough:)`` and ``removeSegments(durableThrough:)`` now and then. Without such a
/// thread the log works as well: the writer then makes each segment itself, and after a power cut
/// nothing of the log is trusted.
///
/// - Goals: an append that costs a copy and one store; any number of readers that hold nothing up;
///   equal events leave equal segments on every host.
/// - Non-goals: durability of its own. Events follow from the journal, which is durable; after a power
///   cut the log is cut back to what was synced, and recovery writes the rest again.
/// - Threading: any thread; see ``EventLogWriter`` for that one.
public final class EventLog: Sendable {
  /// The folder.
  public var path: String { folder.path }
  /// What opening found.
  public let recovery: EventLogRecovery

  let folder: EventLogFolder
  let configuration: EventLogConfiguration
  let layout: EventRecordLayout
  let control: EventLogControl
  let state: Mutex<EventLogState>
  /// Held through calls of the maintenance, which may be long; never by the writer.
  let maintenance: Mutex<EventLogMarks>
  private let lockDescriptor: CInt

  /// Opens the log in a folder, or makes one.
  ///
  /// - Parameters:
  ///   - type: Events without padding of which any bits are one.
  ///   - path: The folder; it is made where it is missing.
  ///   - sequence: The journal's last command, where the journal may have lost or cut off commands
  ///     whose events are in the log already: events of later ones are cut off. Readers may have seen
  ///     them. Nil cuts nothing.
  ///   - replaces: Whether a log that is there gives way to a new one, which begins with
  ///     ``EventLogConfiguration/startIndex``: for a replica that has got a snapshot in place of the commands
  ///     whose events it lacks. Registered cursors stay, and their readers are told what
  ///     was removed; a reader that has the old log open sees that nobody writes it any more.
  /// - Throws: ``EventLogError/locked(path:)`` while another writer has it, and ``EventLogError`` of
  ///   files that are not of such a log or do not hold.
  public init<Event: BitwiseCopyable>(
    of type: Event.Type, path: String, configuration: EventLogConfiguration,
    cutAfter sequence: UInt64? = nil, replaces: Bool = false
  ) throws(EventLogError) {
    let layout = EventRecordLayout(type)
    try configuration.validate(layout)
    let folder = try EventLogFolder(path: path, creates: true)
    let lock = try folder.open(EventLogFormat.lockName, O_RDWR | O_CREAT)
    // The lock belongs to the open file: it ends with the process, however that ends.
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      let errno = errno
      close(lock)
      throw errno == EWOULDBLOCK
        ? .locked(path: folder.path)
        : .failed("flock", path: folder.path(EventLogFormat.lockName), errno: errno)
    }
    do throws(EventLogError) {
      let header = EventLogHeader(configuration, layout)
      var opened = try OpenedEventLog(folder: folder, header: header, cutAfter: sequence)
      let found = opened.control.header
      let isNew =
        found.firstIndex == header.firstIndex && found.startSequence == header.startSequence
        && opened.recovery.position == header.firstIndex
      if replaces, !isNew {
        try opened.control.replace(folder, by: header)
        opened = try OpenedEventLog(folder: folder, header: header, cutAfter: nil)
      }
      self.folder = folder
      self.configuration = configuration
      self.layout = layout
      control = opened.control
      recovery = opened.recovery
      state = Mutex(EventLogState(current: opened.current))
      // One behind what is trusted did not hold, or what it marked was cut off.
      let position = opened.recovery.position
      maintenance = Mutex(
        EventLogMarks(opened.control.marks.filter { $0.position <= position }))
      lockDescriptor = lock
    } catch {
      Self.unlock(lock)
      throw error
    }
  }

  deinit {
    control.store(0, .writer)
    Self.unlock(lockDescriptor)
  }

  /// Closing alone is not enough: a process that was just forked, and not yet become another program,
  /// has the file open as well.
  private static func unlock(_ descriptor: CInt) {
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  // MARK: Positions

  /// Index after the last event that readers see.
  public var position: UInt64 { control.load(.position) }

  /// It has no event of commands up to this one, and never had.
  public var startSequence: UInt64 { control.header.startSequence }

  /// Index of the first event that is still there.
  public var firstIndex: UInt64 { control.load(.firstIndex) }

  /// All events of commands up to this one are on the disk: the journal has to keep what is after, and
  /// a snapshot to recover from has to be at or before it.
  public var syncedSequence: UInt64 {
    maintenance.withLock { $0.newest?.completeSequence ?? control.header.startSequence }
  }

  /// All events of commands up to this one are in the log, as far as is known: it is told by
  /// ``sync(completeThrough:)``, and the command before the last event's has no more to come.
  public var completeSequence: UInt64 {
    max(recovery.completeSequence, control.load(.completeSequence))
  }

  /// Why the writer takes no events now, in one line with the remedy; nil while it does.
  public var stall: EventLogError? { state.withLock { $0.failure ?? $0.stall } }

  /// Whether the writer takes no events now. It resumes by itself once what ``stall`` names is
  /// remedied, except after ``EventLogError/divergence(path:offset:index:sequence:)``.
  public var isStalled: Bool { stall != nil }
}

/// What opening a log found.
public struct EventLogRecovery: Equatable, Sendable {
  /// How much of what was there is trusted.
  public enum Trust: Equatable, Sendable {
    /// There was no log.
    case created
    /// All that was published: the host has run since, whatever became of the writer.
    case published
    /// What the last sync had put on the disk: the host has been down.
    case synced
  }

  /// How much of what was there is trusted.
  public var trust: Trust
  /// Index after the last event.
  public var position: UInt64
  /// Index of the first event.
  public var firstIndex: UInt64
  /// All events of commands up to this one are there.
  public var completeSequence: UInt64
  /// Events that were published and are gone; recovery writes them again.
  public var lostCount: UInt64
  /// Events that were cut off because the journal does not have their commands.
  public var cutCount: UInt64
}

/// What the writer shares with who looks after the files; locked for moments only.
struct EventLogState {
  /// Where the writer writes; nil where it has to begin a segment.
  var current: EventSegment?
  /// The segment after it.
  var next: EventSegment?
  var isPreparing = false
  /// The segment before it, still mapped: unmapping takes a while.
  var retired: EventSegment?
  var stall: EventLogError?
  var retry = WaitDeadline(afterNanoseconds: 0)
  /// It is over for this writer.
  var failure: EventLogError?
  var hasWriter = false
  var replay: EventLogReplay?

  init(current: EventSegment?) { self.current = current }
}

/// The two marks in the file.
struct EventLogMarks {
  var newest: EventLogMark?
  var older: EventLogMark?

  init(_ marks: [EventLogMark]) {
    newest = marks.first
    older = marks.dropFirst().first
  }

  /// What the log may be cut back to, should the newest be torn. 0 where there are fewer than two.
  var heldPosition: UInt64 { min(newest?.position ?? 0, older?.position ?? 0) }
}
