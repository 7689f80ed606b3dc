// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

/// The smallest engine whose state depends on the order of its commands.
struct FuzzEngine: Engine {
  struct Configuration: Sendable {}
  static var snapshotFormat: SnapshotFormat { SnapshotFormat(name: "fuzz", version: 1) }
  var eventCountMax: Int { 1 }
  private var count: UInt64 = 0
  private var sum: UInt64 = 0

  init(configuration: Configuration = .init()) {}

  mutating func apply(
    _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<UInt64>
  ) {
    take(command)
    events.emit(sum)
  }

  mutating func take(_ command: UInt64) {
    count &+= 1
    sum = sum &* 31 &+ command
  }

  var digest: UInt64 {
    var hash = StateDigest()
    hash.mix(count)
    hash.mix(sum)
    return hash.value
  }

  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(count)
    try writer.write(sum)
  }

  init(configuration: Configuration, snapshot: inout SnapshotReader) throws(SnapshotError) {
    count = try snapshot.read(field: "count")
    sum = try snapshot.read(field: "sum")
  }
}
