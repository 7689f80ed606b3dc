// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusRings
public import ApusThreads

/// What was found in a message ring that is no command of the engine: skipped, and counted by reason.
@frozen
public struct RefusedMessages: BitwiseCopyable, Sendable, Equatable {
  /// Messages shorter than a command.
  public var tooShort: UInt64 = 0
  /// Messages with an attachment longer than the engine's commands may have.
  public var attachmentTooLong: UInt64 = 0
  /// Messages of another type than 0.
  public var unknownType: UInt64 = 0
  /// Rings whose bytes are no messages, from some position on: nothing more is read from such a ring.
  public var corruptRings: UInt64 = 0

  /// None.
  @inlinable public init() {}

  /// All of them.
  @inlinable
  public var count: UInt64 {
    tooShort &+ attachmentTooLong &+ unknownType &+ corruptRings
  }

  /// Counts a message that was skipped.
  @usableFromInline @inline(never)
  mutating func note(type: UInt32, isShort: Bool) {
    if type != 0 {
      unknownType &+= 1
    } else if isShort {
      tooShort &+= 1
    } else {
      attachmentTooLong &+= 1
    }
  }

  /// Counts others too.
  mutating func add(_ others: RefusedMessages) {
    tooShort &+= others.tooShort
    attachmentTooLong &+= others.attachmentTooLong
    unknownType &+= others.unknownType
    corruptRings &+= others.corruptRings
  }
}

/// Commands with attachments, from a message ring: each message is a command's bytes, as they lie in
/// memory, and the attachment behind them.
///
/// The ring may be in a file that another process writes: what is no command is skipped and counted, and
/// the host gives the engine the journal's copy of what it read, so that nobody can change a command
/// between the journal and the engine.
///
/// - Threading: the host's thread.
public struct MessageInput<Command: BitwiseCopyable>: CommandInput, ~Copyable {
  @usableFromInline var consumer: MessageConsumer
  @usableFromInline let messageByteCountMax: Int
  /// Whether other processes may write the ring.
  public let isShared: Bool
  /// What was skipped.
  public private(set) var refused = RefusedMessages()

  /// The reading end of a ring.
  ///
  /// - Parameters:
  ///   - consumer: Of the ring.
  ///   - attachmentByteCountMax: Of the engine.
  ///   - isShared: Whether the ring is in a file that other processes may write.
  /// - Precondition: A command's alignment is 8 or less.
  public init(_ consumer: consuming MessageConsumer, attachmentByteCountMax: Int, isShared: Bool) {
    precondition(
      MemoryLayout<Command>.alignment <= 8,
      "MessageInput.init: expected commands of an alignment of 8 or less")
    self.consumer = consumer
    messageByteCountMax = MemoryLayout<Command>.size + attachmentByteCountMax
    self.isShared = isShared
  }

  /// True.
  @inlinable
  public static var carriesAttachments: Bool { true }

  /// None: there are messages.
  @unsafe
  @inlinable
  public mutating func withUnsafeCommands(
    countMax: Int, _ body: (UnsafeBufferPointer<Command>) -> Int
  ) -> Int { 0 }

  /// Lets the next commands and attachments be read where they lie.
  @unsafe
  @inlinable @inline(__always)
  public mutating func withUnsafeMessages(
    countMax: Int, _ body: (UnsafeRawBufferPointer) -> Bool
  ) -> Int {
    if consumer.corruptPosition != nil { return 0 }
    var taken = 0
    var skipped = RefusedMessages()
    let lengths = MemoryLayout<Command>.size...messageByteCountMax
    _ = consumer.tryTake(countMax: countMax) { type, payload in
      if _slowPath(type != 0 || !lengths.contains(payload.byteCount)) {
        skipped.note(type: type, isShort: payload.byteCount < lengths.lowerBound)
        return true
      }
      // SAFETY: the bytes are in the ring until they are given back, after this call.
      guard unsafe payload.withUnsafeBytes({ unsafe body($0) }) else { return false }
      taken &+= 1
      return true
    }
    if _slowPath(skipped.count > 0 || consumer.corruptPosition != nil) { note(skipped) }
    return taken
  }

  @usableFromInline @inline(never)
  mutating func note(_ skipped: RefusedMessages) {
    refused.add(skipped)
    if consumer.corruptPosition != nil {
      refused.corruptRings &+= 1
      // What was pushed into a ring that nobody reads would never be done, and nobody would say so.
      consumer.abandon()
    }
  }

  /// Whether a message is there now; takes none.
  @inlinable @inline(__always)
  public mutating func hasCommand() -> Bool {
    consumer.corruptPosition == nil && consumer.hasMessage()
  }

  /// Waits for a message, not longer than the limit.
  public mutating func waitForCommand(limitNanoseconds: UInt64) -> Bool {
    let own = consumer.wait
    consumer.wait = own.limited(byNanoseconds: limitNanoseconds)
    defer { consumer.wait = own }
    return consumer.waitForMessage()
  }

  /// Whether no message is left and none will come; also where what is left is none.
  @inlinable
  public var isDrained: Bool { consumer.isDrained || consumer.corruptPosition != nil }

  /// Whether nothing is left that could be taken.
  var isEmpty: Bool { consumer.corruptPosition != nil || consumer.isEmpty }

  /// Takes what is there now, and nothing later.
  mutating func seal() { consumer.seal() }

  /// As the ring's end was made to.
  public var wait: WaitStrategy { consumer.wait }

  /// Where the ring has something that is no message; nil while it has not. Unit: bytes from its first.
  public var corruptPosition: UInt64? { consumer.corruptPosition }
}

extension EngineHost
where E: ~Copyable, Input == MessageInput<E.Command>, Journal: ~Copyable, Output: ~Copyable {
  /// What the input had that was no command of the engine.
  public var refusedMessages: RefusedMessages { input.refused }
}
