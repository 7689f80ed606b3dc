// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Testing

/// `apus generate orders` as a user runs it.
@Suite struct GenerateOrdersTests {
  @Test(arguments: ["mixed", "trades", "flash-crash", "auction-day", "quote-storm"])
  func everyKindIsWritten(kind: String) throws {
    let folder = try ScratchFolder()
    let run = try CommandRun(
      "generate", "orders", kind, "--count", "8000", "--seed", "5", "-o", folder.path("a"),
      "--json")
    #expect(run.exitCode == 0, "\(run.errors)")
    let json = try run.json()
    #expect(json["kind"] as? String == kind && json["seed"] as? Int == 5)
    #expect(json["bytes"] as? Int == 64 + 72 * 8_000)
    let commands = try #require(json["commandsByKind"] as? [String: Int])
    #expect(commands.values.reduce(0, +) == 8_000)
    let again = try CommandRun(
      "generate", "orders", kind, "--count=8000", "--seed=5", "--output", folder.path("b"))
    #expect(again.exitCode == 0 && again.output.contains("8,000 commands of a \(kind) stream"))
    let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.path("a")))
    #expect(try bytes == Data(contentsOf: URL(fileURLWithPath: folder.path("b"))))
  }

  @Test func whatCannotBeIsTold() throws {
    let folder = try ScratchFolder()
    func expect(_ exitCode: Int32, _ text: String, _ arguments: [String]) throws {
      let run = try CommandRun(arguments: ["generate", "orders"] + arguments)
      #expect(run.exitCode == exitCode, "\(arguments): \(run.errors)")
      #expect(run.errors.contains(text), "\(run.errors)")
    }
    let file = folder.path("x")
    try expect(2, "expected a file to write: -o FILE", ["mixed"])
    try expect(2, "expected one kind of stream", ["-o", file])
    try expect(2, "-o: expected a value after this option", ["mixed", "-o"])
    try expect(
      2, "calm: no such kind of stream; expected mixed, trades, flash-crash",
      ["calm", "-o", file])
    try expect(2, "command count 10: a stream has 4000", ["mixed", "--count", "10", "-o", file])
    try expect(2, "command count -1", ["mixed", "--count", "many", "-o", file])
    try expect(2, "--seed x: expected a whole number", ["mixed", "--seed", "x", "-o", file])
    try expect(2, "--symbols: not an option", ["mixed", "--symbols", "4", "-o", file])
    try expect(2, "is a directory", ["mixed", "-o", folder.url.path])
    try expect(1, "no such file; check the path", ["mixed", "-o", folder.path("absent/x")])
    #expect(folder.names.isEmpty)
    #expect(try CommandRun("generate", "--help").output.contains("-o, --output FILE"))
  }
}
