// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusTestKit

/// An engine of two fields with one fault each that a simulation has to find.
struct FaultyEngine: Engine {
  enum Fault: CaseIterable {
    case none
    /// What was seen before the crash is not there behind it.
    case snapshotOmitsField
    /// Two states with one digest: a standby that went astray would not be noticed.
    case digestOmitsField
    /// Recovery gives an engine that does other things, with the digest of the right one.
    case bothOmitField
    /// The same commands do different things in each process.
    case readsOutside
    /// More than the field may have.
    case breaksInvariant
  }

  /// Something outside of the engine that changes.
  final class Outside {
    var count: UInt64 = 0
  }

  struct Configuration {
    var fault = Fault.none
    var outside = Outside()
  }

  static let snapshotFormat = SnapshotFormat(name: "faulty", version: 1)
  static let attachmentByteCountMax = 20
  let eventCountMax = 2
  let configuration: Configuration
  private var sum: UInt64 = 0
  private(set) var bonus: UInt64 = 0

  init(configuration: Configuration) { self.configuration = configuration }

  mutating func apply(
    _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<UInt64>
  ) {
    sum = sum &* 31 &+ command &+ UInt64(attachment.byteCount)
    if command % 4 == 0 {
      bonus += configuration.fault == .breaksInvariant ? 11 : 1
      bonus %= 16
    }
    if configuration.fault == .readsOutside {
      configuration.outside.count += 1
      sum &+= configuration.outside.count
    }
    events.emit(sum)
    if command % 3 == 0 { events.emit(bonus) }
  }

  private var digestHasBonus: Bool {
    configuration.fault != .digestOmitsField && configuration.fault != .bothOmitField
  }
  private var snapshotHasBonus: Bool {
    configuration.fault != .snapshotOmitsField && configuration.fault != .bothOmitField
  }

  var digest: UInt64 {
    var digest = StateDigest()
    digest.mix(sum)
    if digestHasBonus { digest.mix(bonus) }
    return digest.value
  }

  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(sum)
    if snapshotHasBonus { try writer.write(bonus) }
  }

  init(configuration: Configuration, snapshot: inout SnapshotReader) throws(SnapshotError) {
    self.init(configuration: configuration)
    sum = try snapshot.read(field: "sum")
    if snapshotHasBonus { bonus = try snapshot.read(field: "bonus") }
  }
}
