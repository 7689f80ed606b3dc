// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusClient
internal import Foundation

extension ServiceFolder {
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
