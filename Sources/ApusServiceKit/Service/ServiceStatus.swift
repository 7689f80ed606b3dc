// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCore

/// What a service stands at.
public struct ServiceStatus: Sendable, Equatable {
  /// Last record that was applied.
  public var appliedSequence: UInt64
  /// Everything up to here is on the disk.
  public var durableSequence: UInt64
  /// The events of everything up to here are in the event log.
  public var acknowledgedSequence: UInt64
  /// Commands applied since it started.
  public var commandCount: UInt64
  /// Events in the life of the event log.
  public var eventCount: UInt64
  /// What clients' rings had that was no command.
  public var refused: RefusedMessages
  /// Sequence of the newest snapshot; 0 where there is none.
  public var snapshotSequence: UInt64
  /// Why it cannot continue, or what is wrong, one line each.
  public var problems: [String]
  /// Whether the host takes no commands any more.
  public var hasFailed: Bool
}
