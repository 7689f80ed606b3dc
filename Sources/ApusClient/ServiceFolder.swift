// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Where a service keeps what, in one folder of its own (mode 0700): what its clients have to know. See
/// docs/formats/service.md.
///
///     FOLDER/service.json        what runs here, for clients and for people
///     FOLDER/engine.json         which engine it is of, under which configuration
///     FOLDER/service.counters    counters, for `apus top FOLDER`
///     FOLDER/journal/            journal, snapshots, epoch
///     FOLDER/events/             the event log
///     FOLDER/clients/NN.ring     a message ring for each client
public struct ServiceFolder: Sendable, Equatable {
  /// The folder.
  public let path: String

  /// The folder of this name, whether or not there is one.
  public init(_ path: String) {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  /// Journal, snapshots and epoch.
  public var journal: String { path + "/journal" }
  /// The event log.
  public var events: String { path + "/events" }
  /// Rings of clients.
  public var clients: String { path + "/clients" }
  /// Counters of the process that serves.
  public var counters: String { path + "/service.counters" }
  /// Which engine the folder is of.
  public var engine: String { path + "/engine.json" }
  /// What runs here.
  public var description: String { path + "/service.json" }

  /// A service has at most so many rings: clients at once.
  public static let ringCountMax = 64

  /// The ring of a client. Shape: 0..<``ringCountMax``.
  public func ring(_ client: Int) -> String {
    clients + "/" + (client < 10 ? "0\(client)" : "\(client)") + ".ring"
  }
}
