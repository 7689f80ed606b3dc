// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusFuzzHarnesses
import Foundation
import Testing

/// `scripts/fuzz` reads the names of the harnesses from their source, so that a list needs no build.
@Suite struct FuzzScriptTests {
  private static func run(_ arguments: String...) throws -> (code: Int32, output: String) {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let process = Process()
    process.executableURL = root.appendingPathComponent("scripts/fuzz")
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }

  @Test func theListIsThatOfTheHarnesses() throws {
    let list = try Self.run("--list")
    #expect(list.code == 0)
    #expect(list.output.split(separator: "\n").map(String.init) == FuzzHarness.all.map(\.name))
  }

  @Test func aWrongNameIsRefused() throws { #expect(try Self.run("10", "nosuch").code == 2) }
}
