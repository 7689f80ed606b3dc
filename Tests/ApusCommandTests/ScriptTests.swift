// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Testing

/// What the scripts say of themselves, without building anything.
@Suite struct ScriptTests {
  private static func run(_ script: String, _ arguments: String...) throws -> CommandRun {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try CommandRun(
      arguments: arguments, executable: root.appendingPathComponent("scripts/\(script)"),
      timeoutSeconds: 20)
  }

  /// Campaigns are found in the sources: a fresh clone has no test program to ask.
  @Test func theListOfLongChecksHasTheCampaigns() throws {
    let list = try Self.run("check_full", "--list")
    #expect(list.exitCode == 0)
    for step in [
      "campaign.JournalCrashTests", "campaign.MatchingCampaignTests", "campaign.SlabModelTests",
      "fuzz", "report",
    ] { #expect(list.output.contains(" s  \(step)\n"), "\(step)") }
    let some = try Self.run("check_full", "--list", "campaign.JournalC")
    #expect(some.output.split(separator: "\n").count == 2, "\(some.output)")
    let none = try Self.run("check_full", "--list", "banana")
    #expect(none.exitCode == 2 && none.errors.contains("banana: no such step"))
  }

  @Test func installTellsItsUsage() throws {
    let help = try Self.run("install", "--help")
    #expect(help.exitCode == 0 && help.output.contains("scripts/install --remove"))
    let wrong = try Self.run("install", "--banana")
    #expect(wrong.exitCode == 2 && wrong.errors.contains("--banana: no such option"))
  }
}
