// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
internal import ApusMemory

/// A command and what comes with it.
public struct SimulatedCommand<Command: BitwiseCopyable> {
  /// The command.
  public var command: Command
  /// Bytes beside it. Shape: 0...`attachmentByteCountMax` of the engine.
  public var attachment: [UInt8]

  /// A command with these bytes beside it.
  public init(_ command: Command, attachment: [UInt8] = []) {
    self.command = command
    self.attachment = attachment
  }
}

extension SimulatedCommand: Sendable where Command: Sendable {}
extension SimulatedCommand: Equatable where Command: Equatable {}

/// An engine with nothing around it: commands go in, their events come back.
///
/// - Threading: one thread at a time.
public struct EngineRun<E: Engine & ~Copyable>: ~Copyable {
  /// The engine; queries are its own methods.
  public var engine: E
  /// Sequence of the last command.
  public private(set) var lastSequence: UInt64
  /// Time of the last command.
  public private(set) var lastTime: Nanoseconds
  private let events: Events

  private final class Events {
    var queue: EventQueue<E.Event>
    init(capacity: Int) throws { queue = try EventQueue(capacity: capacity) }
  }

  /// Takes an engine that has applied everything up to these.
  ///
  /// - Throws: `MemoryError` where there is no room for one command's events.
  public init(
    _ engine: consuming E, after lastSequence: UInt64 = 0, lastTime: Nanoseconds = .zero
  ) throws {
    events = try Events(capacity: max(1, engine.eventCountMax))
    self.engine = engine
    self.lastSequence = lastSequence
    self.lastTime = lastTime
  }

  /// Applies a command as the next one.
  ///
  /// - Parameters:
  ///   - time: When; a time before that of the last command is taken for that one.
  ///   - sequence: Its number, greater than the last one; nil for the one after it.
  /// - Returns: Its events.
  public mutating func apply(
    _ next: SimulatedCommand<E.Command>, at time: Nanoseconds, sequence: UInt64? = nil
  ) -> [E.Event] {
    let sequence = sequence ?? lastSequence + 1
    precondition(sequence > lastSequence, "EngineRun.apply: expected a greater sequence")
    lastSequence = sequence
    lastTime = max(time, lastTime)
    let (countMax, stamp) = (engine.eventCountMax, lastTime)
    let attachment = E.attachmentUse == .kept ? [] : next.attachment
    events.queue.withSink(sequence: sequence, countMax: countMax) { sink in
      // SAFETY: the array outlives the call.
      unsafe engine.apply(
        next.command, attachment: attachment.span.bytes, at: stamp, sequence: sequence, into: &sink)
    }
    var told: [E.Event] = []
    events.queue.removeAll { told.append($0.event) }
    return told
  }
}
