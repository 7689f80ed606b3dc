// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import ApusEngine
internal import ApusTestKit

/// Adds an amount to one of 32 slots, or moves one slot's amount to another. 16 bytes.
public struct TallyCommand: BitwiseCopyable, Equatable {
  public var source: UInt32
  public var target: UInt32
  public var amount: UInt64

  public init(source: UInt32, target: UInt32, amount: UInt64) {
    self.source = source
    self.target = target
    self.amount = amount
  }

  /// The command of this number: every stream in these tests is a beginning of the same one.
  public static func number(_ index: UInt64) -> TallyCommand {
    var random = SeededRandom(seed: index)
    return TallyCommand(
      source: UInt32(random.below(32)), target: UInt32(random.below(32)),
      amount: random.next() >> 12)
  }
}

/// How many commands there were, and what the slot has now.
public struct TallyEvent: BitwiseCopyable, Equatable, Sendable {
  public var count: UInt64
  public var value: UInt64

  public init(count: UInt64, value: UInt64) {
    self.count = count
    self.value = value
  }
}

/// An engine whose state depends on the order of its commands and on nothing else.
///
/// It is not the `SumEngine` of `ApusTestKit`: the processes of a failover know each command by its number,
/// its snapshots are of many frames, and a replica may be made that goes astray.
public struct TallyEngine: Engine {
  public struct Configuration: Sendable {
    /// From this command on, one slot is off by one: an engine that is not the recorded one.
    public var faultyCommand: UInt64?
    public init(faultyCommand: UInt64? = nil) { self.faultyCommand = faultyCommand }
  }

  public static var snapshotFormat: SnapshotFormat { SnapshotFormat(name: "tally", version: 1) }
  public var eventCountMax: Int { 1 }
  public private(set) var count: UInt64 = 0
  /// What makes a snapshot of many frames.
  private static let paddingCount: UInt64 = 8_192
  private var slots: InlineArray<32, UInt64> = .init(repeating: 0)
  private let configuration: Configuration

  public init(configuration: Configuration = .init()) { self.configuration = configuration }

  public mutating func apply(
    _ command: TallyCommand, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<TallyEvent>
  ) {
    count &+= 1
    let source = Int(command.source & 31)
    let target = Int(command.target & 31)
    if command.amount & 1 == 0 {
      slots[target] &+= command.amount
    } else {
      slots[target] = slots[target] &* 31 &+ slots[source]
      slots[source] = command.amount
    }
    if count == configuration.faultyCommand { slots[7] ^= 1 }
    events.emit(TallyEvent(count: count, value: slots[target]))
  }

  public var digest: UInt64 {
    var hash = StateDigest()
    hash.mix(count)
    for index in 0..<32 { hash.mix(slots[index]) }
    return hash.value
  }

  public func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(count)
    for index in 0..<32 { try writer.write(slots[index]) }
    for index in 0..<Self.paddingCount { try writer.write(count &+ index) }
  }

  public init(
    configuration: Configuration, snapshot: inout SnapshotReader
  ) throws(SnapshotError) {
    self.init(configuration: configuration)
    count = try snapshot.read(field: "count")
    for index in 0..<32 { slots[index] = try snapshot.read(field: "slot") }
    for index in 0..<Self.paddingCount {
      let expected = count &+ index
      _ = try snapshot.read(expected...expected, field: "padding")
    }
  }
}

/// What the stream gives, told by an engine with nothing around it.
public struct TallyReference {
  public let engine: TallyEngine
  private var values: [UInt64] = []

  public init(count: UInt64) throws {
    var run = try EngineRun(TallyEngine())
    for index in 0..<count {
      values += run.apply(SimulatedCommand(.number(index)), at: .zero).map(\.value)
    }
    engine = run.engine
  }

  public var digest: UInt64 { engine.digest }

  /// Whether an event is the reference's.
  public func has(_ event: TallyEvent) -> Bool {
    event.count >= 1 && event.count <= UInt64(values.count)
      && values[Int(event.count) - 1] == event.value
  }
}
