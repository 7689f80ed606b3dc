// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusRings
public import ApusThreads

/// Where a host takes its commands from: the reading end of a ring, or nothing.
///
/// One that carries attachments (``MessageInput``) has messages for the host; another has commands.
///
/// - Threading: the host's thread.
public protocol CommandInput: ~Copyable, SendableMetatype {
  /// What comes in.
  associatedtype Command: BitwiseCopyable

  /// Lets the next commands be read where they lie.
  ///
  /// - Parameter body: Gets up to `countMax` commands in one piece and returns how many, from the
  ///   first on, are done with. Not called when there are none.
  /// - Returns: How many are done with.
  @unsafe
  mutating func withUnsafeCommands(
    countMax: Int, _ body: (UnsafeBufferPointer<Command>) -> Int
  ) -> Int

  /// Whether commands come with attachments. Then the host takes them by
  /// ``withUnsafeMessages(countMax:_:)``, else by ``withUnsafeCommands(countMax:_:)``.
  static var carriesAttachments: Bool { get }

  /// Whether other processes may write what is read, also while it is read.
  var isShared: Bool { get }

  /// Lets the next commands and attachments be read where they lie.
  ///
  /// - Parameter body: Gets up to `countMax` of them, one after the other, and says whether it has taken
  ///   each: the first one that it has not stays, and ends it. Shape: a command's bytes, at a multiple of
  ///   eight, and 0 or more bytes behind them.
  /// - Returns: How many were taken.
  @unsafe
  mutating func withUnsafeMessages(
    countMax: Int, _ body: (UnsafeRawBufferPointer) -> Bool
  ) -> Int

  /// Whether a command is there now; takes none.
  mutating func hasCommand() -> Bool

  /// Waits for a command, as the input was made to, but not longer than the limit.
  ///
  /// - Returns: Whether there is one.
  mutating func waitForCommand(limitNanoseconds: UInt64) -> Bool

  /// Whether no command is left and none will come.
  var isDrained: Bool { get }

  /// How it was made to wait: a host's thread waits for other things in the same way.
  var wait: WaitStrategy { get }
}

extension CommandInput where Self: ~Copyable {
  /// Looking and yielding: for an input that does not say.
  @inlinable
  public var wait: WaitStrategy { .spinThenYield() }

  /// False: elements of a ring are commands.
  @inlinable
  public static var carriesAttachments: Bool { false }

  /// False: what nothing is said of is this process's own.
  @inlinable
  public var isShared: Bool { false }

  /// None.
  @unsafe
  @inlinable
  public mutating func withUnsafeMessages(
    countMax: Int, _ body: (UnsafeRawBufferPointer) -> Bool
  ) -> Int { 0 }

  /// Whether a command is there now; takes none.
  @inlinable @inline(__always)
  public mutating func hasCommand() -> Bool {
    var found = false
    _ = unsafe withUnsafeCommands(countMax: 1) { _ in
      found = true
      return 0
    }
    return found
  }
}

/// No input: whoever calls `step` brings the commands.
@frozen
public struct NoInput<Command: BitwiseCopyable>: CommandInput, ~Copyable {
  /// Nothing.
  @inlinable public init() {}

  /// Lets the next commands be read where they lie.
  @unsafe @inlinable @inline(__always)
  public mutating func withUnsafeCommands(
    countMax: Int, _ body: (UnsafeBufferPointer<Command>) -> Int
  ) -> Int { 0 }

  /// Waits for a command, not longer than the limit.
  @inlinable
  public mutating func waitForCommand(limitNanoseconds: UInt64) -> Bool { false }

  /// Whether no command is left and none will come.
  @inlinable
  public var isDrained: Bool { true }
}

extension RingConsumer: CommandInput {
  /// Lets the next commands be read where they lie.
  @unsafe @inlinable @inline(__always)
  public mutating func withUnsafeCommands(
    countMax: Int, _ body: (UnsafeBufferPointer<Element>) -> Int
  ) -> Int {
    withPeek(countMax: countMax) { unsafe $0.withUnsafeBufferPointer { unsafe body($0) } }
  }

  /// Waits for a command, not longer than the limit.
  @inlinable
  public mutating func waitForCommand(limitNanoseconds: UInt64) -> Bool {
    let own = wait
    wait = own.limited(byNanoseconds: limitNanoseconds)
    defer { wait = own }
    return waitForElement()
  }
}

extension ManyToOneConsumer: CommandInput {
  /// Lets the next commands be read where they lie.
  @unsafe @inlinable @inline(__always)
  public mutating func withUnsafeCommands(
    countMax: Int, _ body: (UnsafeBufferPointer<Element>) -> Int
  ) -> Int {
    withPeek(countMax: countMax) { unsafe $0.withUnsafeBufferPointer { unsafe body($0) } }
  }

  /// Waits for a command, not longer than the limit.
  @inlinable
  public mutating func waitForCommand(limitNanoseconds: UInt64) -> Bool {
    let own = wait
    wait = own.limited(byNanoseconds: limitNanoseconds)
    defer { wait = own }
    return waitForElement()
  }
}

extension BroadcastConsumer: CommandInput {
  /// Lets the next commands be read where they lie.
  @unsafe @inlinable @inline(__always)
  public mutating func withUnsafeCommands(
    countMax: Int, _ body: (UnsafeBufferPointer<Element>) -> Int
  ) -> Int {
    withPeek(countMax: countMax) { unsafe $0.withUnsafeBufferPointer { unsafe body($0) } }
  }

  /// Waits for a command, not longer than the limit.
  @inlinable
  public mutating func waitForCommand(limitNanoseconds: UInt64) -> Bool {
    let own = wait
    wait = own.limited(byNanoseconds: limitNanoseconds)
    defer { wait = own }
    return waitForElement()
  }
}
