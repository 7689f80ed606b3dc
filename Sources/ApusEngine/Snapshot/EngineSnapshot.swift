// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What precedes an engine's state in a snapshot: 48 bytes.
///
/// ```
///  0  magic     "APUSSNAP"
///  8  version   of this header: 1
/// 12  version   of the engine's layout
/// 16  name      of the engine
/// 24  sequence  of the last command in the state
/// 32  time      of that command
/// 40  digest    of the state
/// ```
public struct EngineSnapshot: Sendable, Equatable {
  /// The engine and its layout.
  public var format: SnapshotFormat
  /// Sequence of the last record that is in the state.
  public var sequence: UInt64
  /// Time of the last command that is in the state.
  public var time: Nanoseconds
  /// Digest of the state.
  public var digest: UInt64

  /// Length of the header. Unit: bytes.
  public static let headerByteCount = 48
  private static let magic: UInt64 = 0x5041_4E53_5355_5041
  private static let version: UInt32 = 1

  /// Writes an engine's state with its header.
  ///
  /// - Throws: ``SnapshotError`` of the target or the engine.
  @discardableResult
  public static func write<E: Engine & ~Copyable>(
    _ engine: borrowing E, sequence: UInt64, time: Nanoseconds, to target: any SnapshotTarget
  ) throws(SnapshotError) -> EngineSnapshot {
    let header = EngineSnapshot(
      format: E.snapshotFormat, sequence: sequence, time: time, digest: engine.digest)
    var writer = SnapshotWriter(target: target)
    try writer.write(magic)
    try writer.write(version)
    try writer.write(header.format.version)
    try writer.write(header.format.name)
    try writer.write(sequence)
    try writer.write(time.rawValue)
    try writer.write(header.digest)
    try engine.writeSnapshot(to: &writer)
    try writer.finish()
    return header
  }

  /// Reads a header that may be anything.
  static func read(from reader: inout SnapshotReader) throws(SnapshotError) -> EngineSnapshot {
    _ = try reader.read(magic...magic, field: "magic")
    _ = try reader.read(version...version, field: "header version")
    let layout = try reader.read(UInt32.self, field: "layout version")
    let name = try reader.read(UInt64.self, field: "engine name")
    return EngineSnapshot(
      format: SnapshotFormat(name: name, version: layout),
      sequence: try reader.read(0...Sequencer.sequenceMax, field: "sequence"),
      time: Nanoseconds(try reader.read(UInt64.self, field: "time")),
      digest: try reader.read(UInt64.self, field: "digest"))
  }

  /// An engine in the state of a snapshot, with the digest that it was written with.
  ///
  /// - Throws: ``SnapshotError`` for a snapshot that is foreign, damaged or cut, or whose state has
  ///   another digest.
  public static func restore<E: Engine & ~Copyable>(
    _ type: E.Type = E.self, configuration: E.Configuration, from source: any SnapshotSource
  ) throws(SnapshotError) -> RestoredEngine<E> {
    var reader = SnapshotReader(source: source)
    let header = try read(from: &reader)
    guard header.format == E.snapshotFormat else {
      throw .foreign(found: header.format, expected: E.snapshotFormat)
    }
    let engine = try E(configuration: configuration, snapshot: &reader)
    try reader.finish()
    let digest = engine.digest
    guard digest == header.digest else {
      throw .digest(sequence: header.sequence, written: header.digest, restored: digest)
    }
    return RestoredEngine(engine: engine, header: header)
  }
}

/// An engine restored from a snapshot.
@frozen
public struct RestoredEngine<E: Engine & ~Copyable>: ~Copyable {
  /// The engine.
  public var engine: E
  /// Where the stream continues, and the digest it was checked against.
  public var header: EngineSnapshot

  @usableFromInline init(engine: consuming E, header: EngineSnapshot) {
    self.engine = engine
    self.header = header
  }

  // Swift 6.3.1 stops ("Mem2Reg") when it specialises this for some engines in another module.
  /// The engine alone.
  @_optimize(none)
  public consuming func takeEngine() -> E { engine }
}
