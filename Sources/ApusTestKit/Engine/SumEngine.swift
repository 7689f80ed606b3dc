// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine

/// As little of an engine as there can be: for tests of what is around engines, where the engine does not
/// matter.
///
/// Its state depends on the order of its commands, on each of their bits, on their attachments and on
/// their times.
public struct SumEngine: Engine, Sendable {
  /// There is nothing to configure.
  public struct Configuration: Sendable {
    /// A configuration.
    public init() {}
  }

  /// Layout 1: count, sum.
  public static var snapshotFormat: SnapshotFormat { SnapshotFormat(name: "sum", version: 1) }
  /// An Ethernet frame's worth.
  public static var attachmentByteCountMax: Int { 1_400 }
  /// One: the sum.
  public var eventCountMax: Int { 1 }
  /// Commands so far.
  public private(set) var count: UInt64 = 0
  /// What they came to.
  public private(set) var sum: UInt64 = 0

  /// An engine without a command.
  public init(configuration: Configuration = .init()) {}

  /// Applies a command and emits the sum.
  public mutating func apply(
    _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<UInt64>
  ) {
    take(command, at: time)
    for offset in 0..<attachment.byteCount {
      // SAFETY: the offset is below the count.
      let byte = unsafe attachment.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      sum = sum &* 31 &+ UInt64(byte)
    }
    events.emit(sum)
  }

  /// Applies a command for whoever wants no event.
  public mutating func take(_ command: UInt64, at time: Nanoseconds) {
    count &+= 1
    sum = sum &* 31 &+ command &+ time.rawValue
  }

  /// Of count and sum.
  public var digest: UInt64 {
    var hash = StateDigest()
    hash.mix(count)
    hash.mix(sum)
    return hash.value
  }

  /// Writes count and sum.
  public func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(count)
    try writer.write(sum)
  }

  /// An engine in the state of a snapshot.
  public init(
    configuration: Configuration, snapshot: inout SnapshotReader
  ) throws(SnapshotError) {
    count = try snapshot.read(field: "count")
    sum = try snapshot.read(field: "sum")
  }
}
