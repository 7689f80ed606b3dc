// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Which engine a stream of commands is of, and under which configuration: the same commands have the same
/// effect where two are equal.
public struct EngineIdentity: Sendable, Equatable {
  /// The engine and the layout of its snapshots.
  public let format: SnapshotFormat
  /// Length of a command. Unit: bytes.
  public let commandByteCount: Int
  /// Length of an event. Unit: bytes.
  public let eventByteCount: Int
  /// ``Engine/fingerprint(of:)`` of the configuration.
  public let configuration: UInt64

  /// That of an engine of this configuration.
  public init<E: Engine & ~Copyable>(_ type: E.Type, _ configuration: E.Configuration) {
    format = E.snapshotFormat
    commandByteCount = MemoryLayout<E.Command>.size
    eventByteCount = MemoryLayout<E.Event>.size
    self.configuration = E.fingerprint(of: configuration)
  }

  /// All of it in one number that is not 0: what replicas compare.
  public var fingerprint: UInt64 {
    var digest = StateDigest()
    digest.mix(format.name)
    digest.mix(UInt64(format.version))
    digest.mix(UInt64(commandByteCount))
    digest.mix(UInt64(eventByteCount))
    digest.mix(configuration)
    return max(1, digest.value)
  }
}
