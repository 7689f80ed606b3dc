// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusMarketProtocols

@testable import ApusTrading

/// The engine behind the protocol of the tests.
final class MatchingEngineAdapter: MatchingUnderTest {
  static let roomy = MatchingEngine.Configuration(
    orderCapacity: 1 << 16, levelCapacity: 1 << 16, eventCountMax: 1 << 15, pages: .plain)

  let configuration: MatchingEngine.Configuration
  private var engine: MatchingEngine
  private var queue: EventQueue<MatchingEvent>
  private(set) var sequence: UInt64 = 0

  init(configuration: MatchingEngine.Configuration) throws {
    self.configuration = configuration
    engine = try MatchingEngine(configuration: configuration)
    queue = try EventQueue(capacity: configuration.eventCountMax)
  }

  /// An engine in the state of another one, through a snapshot.
  init(
    restoring bytes: [UInt8], configuration: MatchingEngine.Configuration, after sequence: UInt64
  )
    throws
  {
    self.configuration = configuration
    var reader = SnapshotReader(source: SnapshotBytes(bytes))
    engine = try MatchingEngine(configuration: configuration, snapshot: &reader)
    queue = try EventQueue(capacity: configuration.eventCountMax)
    self.sequence = sequence
  }

  var digest: UInt64 { engine.digest }
  var orderCount: Int { engine.books.orderCount }
  /// Memory that lists of prices ever took.
  var ladderByteCount: Int { engine.books.ladders.usedByteCount }

  /// What does not hold of the state, or nil.
  var brokenInvariant: String? { brokenInvariant(Set(1...16)) }

  func brokenInvariant(_ instruments: Set<UInt16>) -> String? {
    let invariants = MatchingInvariants(engine.view, instruments)
    return invariants.check(engine)
  }

  func restored() throws -> (any MatchingUnderTest)? {
    try MatchingEngineAdapter(
      restoring: snapshot(), configuration: configuration, after: sequence)
  }

  func snapshot() throws -> [UInt8] {
    let target = SnapshotBytes()
    var writer = SnapshotWriter(target: target)
    try engine.writeSnapshot(to: &writer)
    try writer.finish()
    return target.bytes
  }

  /// Sizes of the fields of a snapshot, in their order. Unit: bytes.
  var snapshotFieldSizes: [Int] {
    var sink = FieldSizes()
    engine.view.write(to: &sink)
    return sink.sizes
  }

  func apply(_ command: MatchingCommand, at time: UInt64) -> [MatchingEvent] {
    sequence += 1
    queue.withSink(sequence: sequence, countMax: engine.eventCountMax) { sink in
      engine.apply(command, at: Nanoseconds(time), sequence: sequence, into: &sink)
    }
    var events: [MatchingEvent] = []
    queue.removeAll { events.append($0.event) }
    return events
  }

  func mainBook(_ instrument: UInt16, _ side: Side) -> [BookLine] {
    var lines: [BookLine] = []
    for level in engine.books.levels(side, locate: instrument) {
      engine.books.forEachOrder(side, locate: instrument, priceTicks: level.priceTicks) {
        lines.append(
          BookLine(orderId: $0.reference, priceTicks: $0.priceTicks, shown: $0.quantity))
      }
    }
    return lines
  }
}

extension EngineUnderTest {
  /// With room for more events than any command of the streams has: the reference has no limit.
  static let fast = EngineUnderTest(name: "engine") {
    try MatchingEngineAdapter(configuration: MatchingEngineAdapter.roomy)
  }
  static let all = [reference, fast]
}

/// Keeps how long every field of a state is.
struct FieldSizes: StateSink {
  private(set) var sizes: [Int] = []

  mutating func write<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
    sizes.append(MemoryLayout<T>.size)
  }
}
