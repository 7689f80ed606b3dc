// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Testing

/// Runs the built command as a user would.
struct CommandRun {
  var exitCode: Int32
  var output: String
  var errors: String

  /// The command beside the test program.
  static var executable: URL {
    URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appendingPathComponent("apus")
  }

  init(_ arguments: String...) throws { try self.init(arguments: arguments) }

  /// Runs a script that finds the command as `$APUS` and the folder as `$1`.
  static func shell(
    _ script: String, in folder: String, timeoutSeconds: Double = 30
  ) throws -> CommandRun {
    try CommandRun(
      arguments: [
        "-c", "APUS='\(executable.path)'; cd \"$1\"; \(script)", "sh", folder,
      ], executable: URL(fileURLWithPath: "/bin/bash"), timeoutSeconds: timeoutSeconds)
  }

  /// Whether ``unprivilegedShell(_:in:)`` can have the rights of others only.
  static var canBeUnprivileged: Bool {
    geteuid() != 0 || FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv")
  }

  /// As ``shell(_:in:timeoutSeconds:)``, without the rights of root where this process has them.
  static func unprivilegedShell(_ script: String, in folder: String) throws -> CommandRun {
    guard geteuid() == 0 else { return try shell(script, in: folder) }
    return try shell(
      "export APUS; setpriv --reuid 65534 --regid 65534 --clear-groups bash -c '\(script)'",
      in: folder)
  }

  init(
    arguments: [String], executable: URL = CommandRun.executable, timeoutSeconds: Double = 60
  ) throws {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    let folder = FileManager.default.temporaryDirectory
    let outputURL = folder.appendingPathComponent("apus-out-\(UUID().uuidString)")
    let errorURL = folder.appendingPathComponent("apus-err-\(UUID().uuidString)")
    for url in [outputURL, errorURL] {
      try Data().write(to: url)
    }
    defer { for url in [outputURL, errorURL] { try? FileManager.default.removeItem(at: url) } }
    process.standardOutput = try FileHandle(forWritingTo: outputURL)
    process.standardError = try FileHandle(forWritingTo: errorURL)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // Children of a thread that blocks signals block them too; this one cannot be blocked.
    let watchdog = DispatchWorkItem { kill(process.processIdentifier, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + timeoutSeconds, execute: watchdog)
    process.waitUntilExit()
    watchdog.cancel()
    exitCode = process.terminationReason == .exit ? process.terminationStatus : -1
    output = String(decoding: try Data(contentsOf: outputURL), as: UTF8.self)
    errors = String(decoding: try Data(contentsOf: errorURL), as: UTF8.self)
  }

  /// The one JSON object on standard output.
  func json() throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
    return try #require(value as? [String: Any])
  }
}

/// A folder that is removed with its owner.
final class ScratchFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "apus-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }

  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: path(name))), as: UTF8.self)
  }

  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
  }
}
