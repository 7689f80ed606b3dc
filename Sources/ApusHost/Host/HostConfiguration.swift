// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusMemory
public import ApusMetrics

/// When a host lets events go.
@frozen
public enum EventRelease: UInt8, Sendable {
  /// As soon as the engine has emitted them. A journal, where there is one, follows behind: a crash
  /// can take commands whose events were seen.
  case atOnce
  /// When the journal has their command on the disk: whatever was acknowledged survives. The engine
  /// runs ahead meanwhile, and many commands share one commit.
  case durable
  /// When the standby has acknowledged their command as durable as well: whatever was acknowledged
  /// survives the loss of either machine. Needs ``HostConfiguration/replica``.
  case replicated
}

/// How a host runs its engine.
public struct HostConfiguration: Sendable {
  /// When events leave.
  public var release: EventRelease
  /// Events the host keeps while they may not leave or the output is full. Unit: events; rounded up
  /// to a power of two. At least what one command of the engine may emit.
  public var eventCapacity: Int
  /// Commands between two digests, which go to the journal and are checked by every replay; nil for
  /// none. What a digest costs is the engine's matter.
  public var digestInterval: Int?
  /// One batch of so many is timed: a power of two; nil times none.
  public var timedBatchInterval: Int?
  /// Where other processes see how long commands take; nil keeps that in the host
  /// (``EngineHost/latencies``).
  public var latencies: SharedLatencies?
  /// Sequence of the last record that is in the engine: what recovery reached, 0 for a new engine.
  public var lastSequence: UInt64
  /// Time of that record.
  public var lastTime: Nanoseconds
  /// Where the memory of the events lies.
  public var memory: MemoryRegion.Options
  /// How far the standby is, as the replica link reports it; a fence in it stops the host. Nil where
  /// there is no link.
  public var replica: ReplicatedPosition?

  /// A configuration; a new engine's unless specified otherwise.
  public init(
    release: EventRelease, eventCapacity: Int, digestInterval: Int? = nil,
    timedBatchInterval: Int? = 64, latencies: SharedLatencies? = nil, lastSequence: UInt64 = 0,
    lastTime: Nanoseconds = .zero,
    memory: MemoryRegion.Options = .init(pages: .plain, prefaulted: true),
    replica: ReplicatedPosition? = nil
  ) {
    self.release = release
    self.eventCapacity = eventCapacity
    self.digestInterval = digestInterval
    self.timedBatchInterval = timedBatchInterval
    self.latencies = latencies
    self.lastSequence = lastSequence
    self.lastTime = lastTime
    self.memory = memory
    self.replica = replica
  }

  func validate<J: CommandJournal & ~Copyable>(
    eventCountMax: Int, commandByteCount: Int, attachmentByteCountMax: Int, journal: borrowing J
  ) throws(HostError) {
    guard (0...(1 << 30)).contains(attachmentByteCountMax) else {
      throw .configuration(
        field: "attachmentByteCountMax of the engine", value: "\(attachmentByteCountMax)",
        expected: "0 to 2^30")
    }
    guard (0...(1 << 32)).contains(eventCountMax) else {
      throw .configuration(
        field: "eventCountMax of the engine", value: "\(eventCountMax)", expected: "0 to 2^32")
    }
    guard eventCapacity >= max(1, eventCountMax), eventCapacity <= 1 << 32 else {
      throw .configuration(
        field: "eventCapacity", value: "\(eventCapacity)",
        expected: "\(max(1, eventCountMax)) (what one command may emit) to 2^32")
    }
    if let digestInterval, digestInterval < 1 {
      throw .configuration(
        field: "digestInterval", value: "\(digestInterval)", expected: "1 or more, or nil")
    }
    if let interval = timedBatchInterval, interval < 1 || interval & (interval - 1) != 0 {
      throw .configuration(
        field: "timedBatchInterval", value: "\(interval)", expected: "a power of two, or nil")
    }
    guard release == .atOnce || J.isPresent else {
      throw .configuration(
        field: "release", value: "\(release)", expected: "atOnce, for a host without a journal")
    }
    guard replica == nil || J.isPresent else {
      throw .configuration(
        field: "replica", value: "a position", expected: "nil, for a host without a journal")
    }
    guard release != .replicated || replica != nil else {
      throw .configuration(
        field: "replica", value: "nil", expected: "the replica link's position, to wait for it")
    }
    let recordByteCountMax = max(commandByteCount + attachmentByteCountMax, 8)
    guard recordByteCountMax <= journal.payloadByteCountMax else {
      throw .configuration(
        field: "payloadByteCountMax of the journal", value: "\(journal.payloadByteCountMax)",
        expected: "\(recordByteCountMax) (what one command takes, with its attachment) or more")
    }
    guard !J.isPresent || journal.lastSequence == lastSequence else {
      throw .position(engine: lastSequence, journal: journal.lastSequence)
    }
  }
}

/// A host that could not be made.
public enum HostError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A value that cannot be.
  case configuration(field: String, value: String, expected: String)
  /// The engine and the journal are not at the same record.
  case position(engine: UInt64, journal: UInt64)
  /// Memory for the events was not available.
  case memory(MemoryError)
  /// Memory for the latencies was not available.
  case histogram(HistogramError)

  /// One line: what is wrong and what to do.
  public var description: String {
    switch self {
    case .configuration(let field, let value, let expected):
      "host: \(field) is \(value), expected \(expected)"
    case .position(let engine, let journal):
      "host: the engine stands at sequence \(engine) and its journal at \(journal); recover the "
        + "engine from the journal first"
    case .memory(let error): "host: \(error)"
    case .histogram(let error): "host: \(error)"
    }
  }
}
