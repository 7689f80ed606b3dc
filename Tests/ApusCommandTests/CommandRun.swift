// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
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
    let folder = try ScratchFolder()
    for name in ["out", "err"] { try folder.write(name, "") }
    process.standardOutput = try FileHandle(
      forWritingTo: URL(fileURLWithPath: folder.path("out")))
    process.standardError = try FileHandle(
      forWritingTo: URL(fileURLWithPath: folder.path("err")))
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // Children of a thread that blocks signals block them too; this one cannot be blocked.
    let watchdog = DispatchWorkItem { kill(process.processIdentifier, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + timeoutSeconds, execute: watchdog)
    process.waitUntilExit()
    watchdog.cancel()
    exitCode = process.terminationReason == .exit ? process.terminationStatus : -1
    output = try folder.text("out")
    errors = try folder.text("err")
  }

  /// The one JSON object on standard output.
  func json() throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
    return try #require(value as? [String: Any])
  }
}
