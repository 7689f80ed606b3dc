// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusThreads
public import Synchronization

/// What others may know of a host that runs on its thread.
public struct HostStatus: Sendable, Equatable {
  /// Sequence of the last record that was applied.
  public var lastSequence: UInt64
  /// Up to here the journal has everything on the disk.
  public var durableSequence: UInt64
  /// Up to here all events have left.
  public var acknowledgedSequence: UInt64
  /// Commands applied.
  public var commandCount: UInt64
  /// Whether the journal has failed and the thread has ended.
  public var hasFailed: Bool
}

/// A host on a thread of its own: takes commands as they come until its input closes, it is told to
/// stop, or its journal fails.
///
/// While there is nothing to do it waits as the input was made to wait: spinning reacts soonest,
/// parking costs nothing. While the journal has a commit under way it looks after it between looks
/// at the input, yielding the processor. What takes longer, a standby's acknowledgement or a reader
/// of its output, it waits for by sleeping where the input parks: a command still wakes it at once,
/// and events leave later by at most an eighth of the time that they have waited.
///
/// ```swift
/// let thread = try EngineThread.start(host, name: "matcher", cpuIndex: 3)
/// …
/// var host = thread.finish()   // after the input closed: everything applied, flushed, released
/// ```
///
/// - Threading: ``status`` and ``stop()`` from any thread that has it; ``finish()`` once.
@safe
public struct EngineThread<
  E: Engine & ~Copyable, Input: CommandInput & ~Copyable, Journal: CommandJournal & ~Copyable,
  Output: EventOutput & ~Copyable
>: ~Copyable where Input.Command == E.Command, Output.Element == SequencedEvent<E.Event> {
  /// The host as it goes to its thread and comes back.
  public typealias Host = EngineHost<E, Input, Journal, Output>

  @usableFromInline let thread: PinnedThread
  @usableFromInline let box: HostBox<Host>
  @usableFromInline let control: HostControl

  @usableFromInline
  init(thread: PinnedThread, box: HostBox<Host>, control: HostControl) {
    self.thread = thread
    self.box = box
    self.control = control
  }

  deinit {
    control.isStopping.store(true, ordering: .releasing)
    thread.join()
  }

  /// Starts a thread and moves a host to it.
  ///
  /// - Parameters:
  ///   - host: The host.
  ///   - name: Of the thread.
  ///   - cpuIndex: CPU it is bound to; nil leaves it free.
  ///   - batchCountMax: Commands taken from the input at once: the more, the cheaper each, and the
  ///     later the first of a batch is answered.
  /// - Throws: `ThreadError` when the CPU is not available or no thread could be started.
  @inlinable
  public static func start(
    _ host: consuming sending Host, name: String, cpuIndex: Int?, batchCountMax: Int = 256
  ) throws(ThreadError) -> EngineThread {
    precondition(batchCountMax > 0, "EngineThread.start: expected a batchCountMax of 1 or more")
    let control = HostControl()
    // Who asks before the thread runs is not to see a host without a record.
    HostLoop.publish(host, control)
    let box = HostBox(host)
    let thread = try PinnedThread(name: name, cpuIndex: cpuIndex) {
      box.use { HostLoop.run(&$0, control, batchCountMax) }
    }
    return EngineThread(thread: thread, box: box, control: control)
  }

  /// What it stands at, a moment ago.
  public var status: HostStatus { control.status }

  /// The same for other threads, also after the host's has ended.
  public var gauge: HostGauge { HostGauge(control: control) }

  /// Tells it to stop after the batch it is at. Commands left in the input stay there.
  public func stop() { control.isStopping.store(true, ordering: .releasing) }

  /// Waits until it has ended, and gives the host back.
  ///
  /// It ends when its input has closed and everything was applied, flushed and released, after
  /// ``stop()``, when its journal has failed, or when nobody reads its output any more. An output
  /// that stays full keeps it from ending: read on, or ``stop()`` first. Events that the output had
  /// no room for are in the host.
  public consuming func finish() -> Host {
    thread.join()
    return box.take()
  }
}

/// Where a host on its thread stands, for any thread.
public struct HostGauge: Sendable {
  let control: HostControl

  /// What it stands at, a moment ago.
  public var status: HostStatus { control.status }

  /// As ``EngineThread/stop()``, for who does not have the thread.
  public func stop() { control.isStopping.store(true, ordering: .releasing) }

  /// Whether its thread has ended, or is about to: it takes no commands and lets no events go any more.
  public var hasEnded: Bool { control.hasEnded.load(ordering: .acquiring) }
}

/// Holds a host while its thread has it.
@safe
@usableFromInline
final class HostBox<Host: ~Copyable>: @unchecked Sendable {
  // SAFETY: only the thread touches the host between its start and its join, only the owner after.
  @usableFromInline var host: Host?

  @usableFromInline
  init(_ host: consuming Host) { self.host = consume host }

  /// Lets the thread have it: in a variable of its own, so that the loop's accesses need no check.
  @inlinable
  func use(_ body: (inout Host) -> Void) {
    guard var own = host.take() else { return }
    body(&own)
    host = consume own
  }

  func take() -> Host {
    guard let own = host.take() else {
      preconditionFailure("EngineThread.finish: expected to be called once")
    }
    return own
  }
}

/// Words between the thread and its owner.
@usableFromInline
final class HostControl: Sendable {
  @usableFromInline let isStopping = Atomic(false)
  @usableFromInline let lastSequence = Atomic<UInt64>(0)
  @usableFromInline let durableSequence = Atomic<UInt64>(0)
  @usableFromInline let acknowledgedSequence = Atomic<UInt64>(0)
  @usableFromInline let commandCount = Atomic<UInt64>(0)
  @usableFromInline let hasFailed = Atomic(false)
  @usableFromInline let hasEnded = Atomic(false)

  @usableFromInline init() {}

  var status: HostStatus {
    // Read in the order opposite to writing: what is acknowledged was applied.
    let acknowledged = acknowledgedSequence.load(ordering: .acquiring)
    let durable = durableSequence.load(ordering: .acquiring)
    return HostStatus(
      lastSequence: lastSequence.load(ordering: .acquiring), durableSequence: durable,
      acknowledgedSequence: acknowledged, commandCount: commandCount.load(ordering: .relaxed),
      hasFailed: hasFailed.load(ordering: .acquiring))
  }
}

/// How long a host's thread has found nothing to do while something was under way.
@frozen
@usableFromInline
struct HostIdling {
  @usableFromInline var lookCount: UInt32 = 0
  /// When it began to wait for others; 0 while it does not.
  @usableFromInline var startCycles: UInt64 = 0

  /// Looks before the processor is given away.
  @usableFromInline static let spinCount: UInt32 = 64
  /// A sleep of less is mostly the kernel's timer being late.
  @usableFromInline static let pauseNanosecondsMin: UInt64 = 50_000

  @usableFromInline init() {}

  @inlinable @inline(__always)
  mutating func end() {
    lookCount = 0
    startCycles = 0
  }

  /// How long the thread may sleep now: an eighth of the time it has waited, so that what it waits
  /// for is seen later by no more than that; 0 where that is not worth a sleep.
  @usableFromInline
  mutating func pauseNanoseconds(_ clock: CycleClock) -> UInt64 {
    let now = clock.now
    if startCycles == 0 { startCycles = now }
    // On another CPU the counter may be behind: that is no wait, not the longest one.
    let waited = CycleClock.elapsedCycles(from: startCycles, to: now) ?? 0
    let pause = min(clock.nanoseconds(cycles: waited) / 8, HostLoop.stopLookNanoseconds)
    return pause < Self.pauseNanosecondsMin ? 0 : pause
  }
}

/// The loop of a host's thread.
@usableFromInline
enum HostLoop {
  /// How often a thread that waits for commands looks whether it should stop.
  @usableFromInline static let stopLookNanoseconds: UInt64 = 5_000_000

  @inlinable
  static func run<E, Input, Journal, Output>(
    _ host: inout EngineHost<E, Input, Journal, Output>, _ control: HostControl,
    _ batchCountMax: Int
  )
  where
    E: Engine & ~Copyable, Input: CommandInput & ~Copyable, Journal: CommandJournal & ~Copyable,
    Output: EventOutput & ~Copyable
  {
    var clock = HostClock()
    var idling = HostIdling()
    while true {
      // The clock is read when there is something to stamp, not while waiting for it.
      if host.input.hasCommand() {
        if host.step(now: clock.now(), countMax: batchCountMax) > 0 {
          idling.end()
          publish(host, control)
          if control.isStopping.load(ordering: .relaxed) { break }
          continue
        }
      } else if host.move() > 0 {
        idling.end()
      }
      if idle(&host, control, &idling) { break }
    }
    _ = host.flush()
    publish(host, control)
    control.hasFailed.store(host.hasFailed, ordering: .releasing)
    control.hasEnded.store(true, ordering: .releasing)
  }

  /// What is done when nothing was. True when the loop has to end.
  @inlinable @inline(never)
  static func idle<E, Input, Journal, Output>(
    _ host: inout EngineHost<E, Input, Journal, Output>, _ control: HostControl,
    _ idling: inout HostIdling
  ) -> Bool
  where
    E: Engine & ~Copyable, Input: CommandInput & ~Copyable, Journal: CommandJournal & ~Copyable,
    Output: EventOutput & ~Copyable
  {
    publish(host, control)
    if control.isStopping.load(ordering: .acquiring) || host.hasFailed { return true }
    if host.isSettled {
      idling.end()
      if host.input.isDrained { return true }
      _ = host.input.waitForCommand(limitNanoseconds: stopLookNanoseconds)
      return false
    }
    // A commit is under way, a standby has not acknowledged, or the output is full. One that is full
    // for good ends the thread.
    if host.waitingEventCount > 0, host.core.output.isClosed { return true }
    idling.lookCount &+= 1
    guard idling.lookCount > HostIdling.spinCount else { return false }
    let pause = host.awaitsOthers ? idling.pauseNanoseconds(host.core.clock) : 0
    guard pause > 0, host.input.wait.kind == .park else {
      yieldProcessor()
      return false
    }
    if host.input.isDrained {
      sleepThread(nanoseconds: pause)
    } else {
      _ = host.input.waitForCommand(limitNanoseconds: pause)
    }
    return false
  }

  @inlinable @inline(__always)
  static func publish<E, Input, Journal, Output>(
    _ host: borrowing EngineHost<E, Input, Journal, Output>, _ control: HostControl
  )
  where
    E: Engine & ~Copyable, Input: CommandInput & ~Copyable, Journal: CommandJournal & ~Copyable,
    Output: EventOutput & ~Copyable
  {
    control.commandCount.store(host.commandCount, ordering: .relaxed)
    control.lastSequence.store(host.lastSequence, ordering: .releasing)
    control.durableSequence.store(host.durableSequence, ordering: .releasing)
    control.acknowledgedSequence.store(host.acknowledgedSequence, ordering: .releasing)
  }
}
