// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine

/// An engine of its own, its events and a snapshot.
@main
enum Program {
  static func main() throws {
    var engine = Tally()
    var events = try EventQueue<UInt64>(capacity: 1)
    events.withSink(sequence: 1, countMax: 1) {
      engine.apply(7, at: .zero, sequence: 1, into: &$0)
    }
    events.removeAll { print($0.event) }
    let snapshot = SnapshotBytes()
    try EngineSnapshot.write(engine, sequence: 1, time: .zero, to: snapshot)
    let restored = try EngineSnapshot.restore(Tally.self, configuration: .init(), from: snapshot)
    print(restored.engine.digest)
  }

  static func text(_ error: MemoryError) -> String { error.description }
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
