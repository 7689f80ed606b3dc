// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusHost

/// A host between two rings.
@main
enum Program {
  static func main() throws {
    let input = try OneToOneRing<UInt64>.makeEnds(RingConfiguration(capacity: 4))
    let output = try OneToOneRing<SequencedEvent<UInt64>>.makeEnds(RingConfiguration(capacity: 4))
    var commands = input.producer
    var events = output.consumer
    var host = try EngineHost(
      engine: Tally(), input: input.consumer, journal: NoJournal(), output: output.producer,
      configuration: HostConfiguration(release: .atOnce, eventCapacity: 4))
    _ = commands.push(7)
    _ = host.step(now: .zero, countMax: 4)
    if case .element(let event) = events.pop() { print(event.sequence, event.event) }
  }

  static func text(_ error: ThreadError) -> String { "\(error)" }
}

/// Adds up what it gets.
struct Tally: Engine {
  struct Configuration {}
  static var snapshotFormat: SnapshotFormat { SnapshotFormat(name: "tally", version: 1) }

  var total: UInt64 = 0
  var eventCountMax: Int { 1 }
  var digest: UInt64 { total }

  init(configuration: Configuration = .init()) {}

  init(configuration: Configuration, snapshot: inout SnapshotReader) throws(SnapshotError) {
    total = try snapshot.read(field: "total")
  }

  mutating func apply(
    _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<UInt64>
  ) {
    total &+= command
    events.emit(total)
  }

  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(total)
  }
}
