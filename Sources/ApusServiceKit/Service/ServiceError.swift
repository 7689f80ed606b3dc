// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCore
public import ApusReplication

/// A service that could not start, or cannot continue.
public enum ServiceError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A value of the configuration that cannot be.
  case configuration(field: String, value: String, expected: String)
  /// The configuration file cannot be read.
  case configurationFile(path: String, reason: String)
  /// The folder, or a file of the service's own in it.
  case folder(path: String, reason: String)
  /// `service.json` is missing, damaged or of another version.
  case description(path: String, reason: String)
  /// The journal.
  case journal(JournalError)
  /// The event log.
  case eventLog(EventLogError)
  /// The engine could not be brought back.
  case recovery(RecoveryError)
  /// A client's ring.
  case ring(RingError)
  /// The host does not take the configuration.
  case host(HostError)
  /// The link to the other replica, or its epoch.
  case replication(ReplicationError)
  /// A primary's lease ended.
  case leaseLost(epoch: UInt64)
  /// A thread, or its CPU, could not be had.
  case thread(ThreadError)
  /// The counter file.
  case counters(CounterFileError)

  /// One line: what is wrong and what to do.
  public var description: String {
    switch self {
    case .configuration(let field, let value, let expected):
      "\(field) is \(value), expected \(expected)"
    case .configurationFile(let path, let reason), .folder(let path, let reason),
      .description(let path, let reason):
      "\(path): \(reason)"
    case .journal(let error): error.description
    case .eventLog(let error): error.description
    case .recovery(let error): error.description
    case .ring(let error): "\(error)"
    case .host(let error): error.description
    case .replication(let error): error.description
    case .leaseLost(let epoch):
      "the lease of epoch \(epoch) is held no more; start this replica again: it follows"
    case .thread(let error): "\(error)"
    case .counters(let error): error.description
    }
  }
}
