// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Foundation

/// Where a service keeps what, in one folder of its own (mode 0700). See docs/formats/service.md.
///
///     FOLDER/service.json        what runs here, for clients and for people
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
  /// What runs here.
  public var description: String { path + "/service.json" }

  /// The ring of a client.
  public func ring(_ client: Int) -> String {
    clients + "/" + (client < 10 ? "0\(client)" : "\(client)") + ".ring"
  }

  /// Makes the folders that are missing, their owner's alone.
  func make() throws(ServiceError) {
    for folder in [path, clients] {
      do {
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      } catch {
        throw .folder(path: folder, reason: error.localizedDescription)
      }
    }
  }
}

/// What a service's folder says of the service, as JSON with stable keys.
public struct ServiceDescription: Codable, Sendable, Equatable {
  /// Version of this file: 1.
  public var version: Int
  /// The engine, as its snapshots name it, for example `matching version 3`.
  public var engine: String
  /// Length of a command. Unit: bytes.
  public var commandBytes: Int
  /// Length of an event. Unit: bytes.
  public var eventBytes: Int
  /// The longest attachment. Unit: bytes.
  public var attachmentBytesMax: Int
  /// Rings for clients.
  public var clients: Int
  /// The journal that the events are of.
  public var journal: String
  /// When events leave: `atOnce`, `durable` or `replicated`.
  public var release: String
  /// The process that serves.
  public var processID: Int32

  static let currentVersion = 1

  /// Reads the description in a folder.
  ///
  /// - Throws: ``ServiceError/description(path:reason:)``.
  public static func read(_ folder: ServiceFolder) throws(ServiceError) -> ServiceDescription {
    let path = folder.description
    let found: ServiceDescription
    do {
      found = try JSONDecoder().decode(
        Self.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw .description(
        path: path,
        reason: "cannot be read (\(error.localizedDescription)); is a service running here?")
    }
    guard found.version == currentVersion else {
      throw .description(
        path: path,
        reason: "version \(found.version), expected \(currentVersion); use the program of "
          + "the service's version")
    }
    return found
  }

  /// Writes it whole: readers find the old one or the new one.
  func write(_ folder: ServiceFolder) throws(ServiceError) {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let url = URL(fileURLWithPath: folder.description)
      try encoder.encode(self).write(to: url, options: .atomic)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o600], ofItemAtPath: folder.description)
    } catch {
      throw .folder(path: folder.description, reason: error.localizedDescription)
    }
  }
}
