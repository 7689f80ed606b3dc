// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEventLog
public import ApusRings

/// A client that could not connect to a service.
public enum ClientError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The folder has no ring for clients.
  case noService(folder: String)
  /// A process keeps the event log, and none takes commands: a replica that follows, or a service that is
  /// starting.
  case notLeading(folder: String)
  /// Every ring belongs to a client that lives.
  case full(folder: String, count: Int)
  /// A ring cannot be used.
  case ring(RingError)
  /// The event log cannot be read.
  case eventLog(EventLogError)

  /// One line: what is wrong and what to do.
  public var description: String {
    switch self {
    case .noService(let folder):
      "\(folder): no service runs here; start one (apus serve), or name its data folder"
    case .notLeading(let folder):
      "\(folder): takes no commands now: a replica follows here, or a service is starting; name the folder of "
        + "the replica that leads, or try again"
    case .full(let folder, let count):
      "\(folder): all \(count) rings have clients; end one, or start the service with more"
    case .ring(let error): "\(error)"
    case .eventLog(let error): error.description
    }
  }
}
