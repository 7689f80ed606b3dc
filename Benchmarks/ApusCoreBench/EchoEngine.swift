// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

/// The least an engine can do: adds a command to a sum and reports that. What a host costs is what is
/// left. (The `SumEngine` of `ApusTestKit` does more: measurements of years are of this one.)
struct EchoEngine: Engine {
  static let snapshotFormat = SnapshotFormat(name: "echo", version: 1)
  static let attachmentByteCountMax = 1_400
  var eventCountMax: Int { 1 }
  private(set) var sum: UInt64 = 0

  init(configuration: Void = ()) {}

  mutating func apply(
    _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<UInt64>
  ) {
    sum &+= command
    events.emit(sum)
  }

  var digest: UInt64 { sum }

  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(sum)
  }

  init(configuration: Void, snapshot: inout SnapshotReader) throws(SnapshotError) {
    sum = try snapshot.read(field: "sum")
  }
}
