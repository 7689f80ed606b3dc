// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine

/// Runs an engine: input → journal → engine → output, each stage but the engine optional.
///
/// The caller drives it: ``step(now:countMax:)`` takes a batch from the input, numbers it, appends it
/// to the journal, applies it and lets the events go that may go. Nothing blocks: when the journal or
/// the output is full, commands stay in the input. ``EngineThread`` is the loop around it for those
/// who want one.
///
/// What is not there costs nothing: stages are types, so a host without a journal has no code for
/// one, and the loop over a batch is specialised for the engine.
///
/// With ``EventRelease/durable`` the engine runs ahead of the disk and the events wait: an event that
/// left is of a command that `fdatasync` covered. If the journal fails, nothing more leaves, and the
/// host takes no more commands: what is on the disk then is for a recovery to find out.
///
/// - Threading: one thread at a time; it may change between calls.
@safe
@frozen
public struct EngineHost<
  E: Engine & ~Copyable, Input: CommandInput & ~Copyable, Journal: CommandJournal & ~Copyable,
  Output: EventOutput & ~Copyable
>: ~Copyable where Input.Command == E.Command, Output.Element == SequencedEvent<E.Event> {
  @usableFromInline var core: HostCore<E, Journal, Output>
  @usableFromInline var input: Input

  /// A host of an engine that is at the sequence of the configuration.
  ///
  /// - Parameter waiting: Events of its last commands that have not left: they leave as those of new commands do.
  /// - Throws: ``HostError`` for a configuration that does not fit the engine or the journal, or
  ///   memory that is not available.
  public init(
    engine: consuming E, input: consuming Input, journal: consuming Journal,
    output: consuming Output, configuration: HostConfiguration,
    waiting: [SequencedEvent<E.Event>] = []
  ) throws(HostError) {
    core = try HostCore(
      engine: engine, journal: journal, output: output, configuration: configuration,
      waiting: waiting)
    self.input = input
  }

  // MARK: State

  /// The engine, for queries.
  @inlinable
  public var engine: E { @inline(__always) _read { yield core.hosted } }

  /// Sequence of the last record that was applied.
  @inlinable
  public var lastSequence: UInt64 { core.sequencer.lastSequence }

  /// Time of the last command that was applied.
  @inlinable
  public var lastTime: Nanoseconds { core.sequencer.lastTime }

  /// Commands applied by this host.
  @inlinable
  public var commandCount: UInt64 { core.commands }

  /// Up to here the journal has everything on the disk; ``lastSequence`` where there is no journal.
  @inlinable
  public var durableSequence: UInt64 { core.durableSequence }

  /// Up to here every command's events have left: what was acknowledged.
  @inlinable
  public var acknowledgedSequence: UInt64 { core.acknowledgedSequence }

  /// The digest taken last, and its record's sequence; both 0 where none was.
  @inlinable
  public var lastDigest: (sequence: UInt64, digest: UInt64) {
    (core.lastDigestSequence, core.lastDigest)
  }

  /// Events that may not leave yet, or that the output has no room for.
  @inlinable
  public var waitingEventCount: Int { core.events.count }

  /// Whether the journal has failed or another primary took over: no command is taken and no event
  /// leaves any more.
  @inlinable
  public var hasFailed: Bool {
    Journal.isPresent && (core.journal.hasFailed || core.fencingEpoch != 0)
  }

  /// The epoch of the primary that took over; 0 while none has.
  @inlinable
  public var fencingEpoch: UInt64 { core.fencingEpoch }

  /// Why the host has stopped, in one line; nil while it runs.
  public var failureDescription: String? {
    if let description = core.journal.failureDescription { return description }
    return core.fencingEpoch == 0
      ? nil
      : "a primary of epoch \(core.fencingEpoch) took over; start this one again as its standby"
  }

  /// Whether all there was to do is done: every event left, and the disk has every command.
  @inlinable
  public var isSettled: Bool { core.isSettled }

  /// Whether the disk has everything and what is left to be done is others' matter: a standby's, or
  /// that of who reads the output.
  @inlinable
  var awaitsOthers: Bool {
    core.events.count > 0 && core.keptSequence >= core.sequencer.lastSequence
      && core.commandsToDigest > 0
  }

  /// How long stages take.
  @inlinable
  public var latencies: StageLatencies { @inline(__always) _read { yield core.stages } }

  /// Discards the latencies so far.
  public mutating func resetLatencies() { core.stages.reset() }

  /// Ends the host and gives the engine back. What waits is dropped; ``flush()`` first.
  public consuming func finish() -> E { core.finish() }
}
