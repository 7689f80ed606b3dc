// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusRings
public import ApusThreads
internal import Synchronization

/// What the owner of a host that serves several rings shares with the host's thread.
public final class InputDoor: Sendable {
  private let isClosed = Atomic(false)
  private let tooShort = Atomic<UInt64>(0)
  private let attachmentTooLong = Atomic<UInt64>(0)
  private let unknownType = Atomic<UInt64>(0)
  private let corruptRings = Atomic<UInt64>(0)

  /// An open door.
  public init() {}

  /// No command is waited for any more: what is in the rings now is taken, and then the input is drained,
  /// also where clients push without a pause.
  public func close() { isClosed.store(true, ordering: .releasing) }

  /// Whether it was closed.
  public var hasClosed: Bool { isClosed.load(ordering: .acquiring) }

  /// What the rings had that was no command.
  public var refused: RefusedMessages {
    var refused = RefusedMessages()
    refused.tooShort = tooShort.load(ordering: .relaxed)
    refused.attachmentTooLong = attachmentTooLong.load(ordering: .relaxed)
    refused.unknownType = unknownType.load(ordering: .relaxed)
    refused.corruptRings = corruptRings.load(ordering: .relaxed)
    return refused
  }

  func publish(_ refused: RefusedMessages) {
    tooShort.store(refused.tooShort, ordering: .relaxed)
    attachmentTooLong.store(refused.attachmentTooLong, ordering: .relaxed)
    unknownType.store(refused.unknownType, ordering: .relaxed)
    corruptRings.store(refused.corruptRings, ordering: .relaxed)
  }
}

/// Commands with attachments from several message rings, taken in turn: each ring is one client's, and a
/// client that pushes without a pause delays the others by one share at most.
///
/// Nobody wakes a reader of several rings: where the strategy parks, it looks for a while and then sleeps
/// for ``pauseNanoseconds`` between looks. That is what an idle service's first command may wait.
///
/// - Threading: the host's thread; ``InputDoor`` from any.
@safe
public struct MessageInputs<Command: BitwiseCopyable>: CommandInput, ~Copyable {
  @usableFromInline let inputs: UnsafeMutableBufferPointer<MessageInput<Command>>
  @usableFromInline let door: InputDoor
  /// Where the next look begins.
  @usableFromInline var turn = 0
  /// Whether the rings give only what they had when the door was closed.
  @usableFromInline var isSealed = false
  /// How it waits for a command.
  public let wait: WaitStrategy

  /// Messages that one ring may give before the next one is looked at.
  @usableFromInline static var share: Int { 64 }
  /// Time between two looks of an input that sleeps.
  public static var pauseNanoseconds: UInt64 { 100_000 }

  /// The reading ends of rings that other processes may write.
  ///
  /// - Parameters:
  ///   - count: Rings. Shape: 1...1,024.
  ///   - attachmentByteCountMax: Of the engine.
  ///   - door: To close it, and to see what it refused.
  ///   - wait: What to do while there is nothing to read.
  ///   - open: Opens the reading end of a ring.
  /// - Throws: What `open` throws.
  public init<Failure: Error>(
    count: Int, attachmentByteCountMax: Int, door: InputDoor, wait: WaitStrategy,
    open: (_ index: Int) throws(Failure) -> MessageConsumer
  ) throws(Failure) {
    precondition((1...1_024).contains(count), "MessageInputs.init: expected 1 to 1024 rings")
    let inputs = UnsafeMutableBufferPointer<MessageInput<Command>>.allocate(capacity: count)
    var opened = 0
    do throws(Failure) {
      while opened < count {
        let consumer = try open(opened)
        // SAFETY: opened < count, and the place was not initialised before.
        unsafe (inputs.baseAddress.unsafelyUnwrapped + opened).initialize(
          to: MessageInput(
            consumer, attachmentByteCountMax: attachmentByteCountMax, isShared: true))
        opened += 1
      }
    } catch {
      unsafe Self.release(inputs, count: opened)
      throw error
    }
    unsafe self.inputs = unsafe inputs
    self.door = door
    self.wait = wait
  }

  deinit { unsafe Self.release(inputs, count: inputs.count) }

  private static func release(
    _ inputs: UnsafeMutableBufferPointer<MessageInput<Command>>, count: Int
  ) {
    // SAFETY: so many are initialised, and nobody has them any more.
    unsafe inputs.baseAddress?.deinitialize(count: count)
    unsafe inputs.deallocate()
  }

  /// True.
  @inlinable
  public static var carriesAttachments: Bool { true }

  /// True.
  @inlinable
  public var isShared: Bool { true }

  /// None: there are messages.
  @unsafe
  @inlinable
  public mutating func withUnsafeCommands(
    countMax: Int, _ body: (UnsafeBufferPointer<Command>) -> Int
  ) -> Int { 0 }

  /// Lets the next commands and attachments be read where they lie, a share of each ring's in turn.
  @unsafe
  @inlinable
  public mutating func withUnsafeMessages(
    countMax: Int, _ body: (UnsafeRawBufferPointer) -> Bool
  ) -> Int {
    var taken = 0
    var hasRefused = false
    var isRefused = false
    if _slowPath(door.hasClosed && !isSealed) { seal() }
    for _ in unsafe 0..<inputs.count where taken < countMax && !isRefused {
      let index = turn
      turn = unsafe index &+ 1 == inputs.count ? 0 : index &+ 1
      // SAFETY: index < inputs.count.
      let refusedBefore = unsafe inputs[index].refused.count
      taken &+= unsafe inputs[index].withUnsafeMessages(
        countMax: min(Self.share, countMax &- taken)
      ) { message in
        let isTaken = unsafe body(message)
        if !isTaken { isRefused = true }
        return isTaken
      }
      if unsafe inputs[index].refused.count != refusedBefore { hasRefused = true }
    }
    if _slowPath(hasRefused) { publishRefused() }
    return taken
  }

  @usableFromInline @inline(never)
  mutating func seal() {
    isSealed = true
    // SAFETY: index < inputs.count.
    for index in unsafe 0..<inputs.count { unsafe inputs[index].seal() }
  }

  @usableFromInline @inline(never)
  mutating func publishRefused() {
    var all = RefusedMessages()
    for index in unsafe 0..<inputs.count {
      // SAFETY: index < inputs.count.
      all.add(unsafe inputs[index].refused)
    }
    door.publish(all)
  }

  /// Whether a message is there now; takes none.
  @inlinable
  public mutating func hasCommand() -> Bool {
    for index in unsafe 0..<inputs.count {
      // SAFETY: index < inputs.count.
      if unsafe inputs[index].hasCommand() { return true }
    }
    return false
  }

  /// Waits for a message, not longer than the limit.
  public mutating func waitForCommand(limitNanoseconds: UInt64) -> Bool {
    let deadline = WaitDeadline(afterNanoseconds: limitNanoseconds)
    var looks = 0
    while true {
      if hasCommand() { return true }
      if door.hasClosed || wait.kind == .fail || deadline.hasPassed { return false }
      looks += 1
      if wait.kind == .spin || looks < wait.spinCount { continue }
      if wait.kind == .park {
        sleepThread(nanoseconds: min(Self.pauseNanoseconds, limitNanoseconds))
      } else {
        yieldProcessor()
      }
    }
  }

  /// Whether the door was closed and no message is left.
  public var isDrained: Bool {
    guard door.hasClosed else { return false }
    for index in unsafe 0..<inputs.count {
      // SAFETY: index < inputs.count.
      guard unsafe inputs[index].isEmpty else { return false }
    }
    return true
  }
}

// SAFETY: a value has one owner, who may hand it to another thread; every end is its own.
extension MessageInputs: @unchecked Sendable {}
