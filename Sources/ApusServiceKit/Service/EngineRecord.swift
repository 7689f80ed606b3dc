// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusClient
internal import ApusCore
internal import Foundation

/// Which engine a service's folder is of, as JSON with stable keys: written when its journal has begun, and held
/// against the engine of every start after.
struct EngineRecord: Codable, Equatable {
  /// Version of this file: 1.
  var version = 1
  /// The engine, as its snapshots name it.
  var engine: String
  /// Length of a command. Unit: bytes.
  var commandBytes: Int
  /// Length of an event. Unit: bytes.
  var eventBytes: Int
  /// Fingerprint of the configuration, in hexadecimal digits.
  var configuration: String

  init(_ identity: EngineIdentity) {
    engine = identity.format.description
    commandBytes = identity.commandByteCount
    eventBytes = identity.eventByteCount
    configuration = Self.hexadecimal(identity.configuration)
  }

  /// All digits of it.
  private static func hexadecimal(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }

  /// Refuses a folder of another engine, or of another configuration; one that says nothing is let be.
  static func check(
    _ folder: ServiceFolder, _ identity: EngineIdentity
  ) throws(ServiceError) {
    guard FileManager.default.fileExists(atPath: folder.engine) else { return }
    let found: EngineRecord
    do {
      found = try JSONDecoder().decode(
        Self.self, from: Data(contentsOf: URL(fileURLWithPath: folder.engine)))
    } catch {
      throw .folder(
        path: folder.engine, reason: "does not say which engine the folder is of; restore it")
    }
    let own = EngineRecord(identity)
    guard found.engine == own.engine, found.commandBytes == own.commandBytes,
      found.eventBytes == own.eventBytes
    else {
      throw .folder(
        path: folder.engine,
        reason: "is of \(found.engine) with commands of \(found.commandBytes) and events of "
          + "\(found.eventBytes) bytes, expected \(own.engine) with \(own.commandBytes) and "
          + "\(own.eventBytes); use the program that made the folder, or another folder")
    }
    guard found.configuration == own.configuration else {
      throw .folder(
        path: folder.engine,
        reason: "is of \(found.engine) with another configuration (\(found.configuration), here "
          + "\(own.configuration)), under which the same commands do other things; start it with the one "
          + "it was made with, or with another folder")
    }
  }

  /// Writes it whole where it is not there.
  static func write(
    _ folder: ServiceFolder, _ identity: EngineIdentity
  ) throws(ServiceError) {
    guard !FileManager.default.fileExists(atPath: folder.engine) else { return }
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let url = URL(fileURLWithPath: folder.engine)
      try encoder.encode(EngineRecord(identity)).write(to: url, options: .atomic)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o600], ofItemAtPath: folder.engine)
    } catch {
      throw .folder(path: folder.engine, reason: error.localizedDescription)
    }
  }
}
