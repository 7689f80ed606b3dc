// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
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
    try expect(
      2, "--count many: expected a whole number", ["mixed", "--count", "many", "-o", file])
    try expect(2, "--seed x: expected a whole number", ["mixed", "--seed", "x", "-o", file])
    try expect(2, "--symbols: not an option", ["mixed", "--symbols", "4", "-o", file])
    try expect(2, "is a directory", ["mixed", "-o", folder.path])
    try expect(1, "no such folder, ", ["mixed", "-o", folder.path("absent/x")])
    #expect(try folder.names().isEmpty)
    #expect(try CommandRun("generate", "--help").output.contains("-o, --output FILE"))
  }
}

/// `apus replay` of order logs, and of a recorded day as orders.
@Suite struct ReplayOrdersTests {
  @Test func aLogIsReplayed() throws {
    let folder = try ScratchFolder()
    let log = folder.path("log")
    #expect(
      try CommandRun("generate", "orders", "mixed", "--count", "6000", "-o", log).exitCode == 0)
    let run = try CommandRun("replay", log, "--json")
    #expect(run.exitCode == 0, "\(run.errors)")
    let json = try run.json()
    #expect(json["format"] as? String == "orders" && json["kind"] as? String == "mixed")
    #expect(json["commandCount"] as? Int == 6_000)
    #expect((json["tradeCount"] as? Int ?? 0) > 500)
    #expect(json["agreement"] == nil)
    let text = try CommandRun("replay", log, "--format", "orders")
    #expect(text.exitCode == 0 && text.output.contains("stream      mixed, seed 1"))
    #expect(text.output.contains(json["digest"] as? String ?? "-"))
  }

  @Test func aDayIsMatchedAgain() throws {
    let folder = try ScratchFolder()
    let day = folder.path("day.itch")
    #expect(
      try CommandRun("generate", "itch", day, "--messages", "8000", "--symbols", "40").exitCode
        == 0)
    let run = try CommandRun("replay", day, "--as-orders", "--json")
    #expect(run.exitCode == 0, "\(run.errors)")
    let agreement = try #require(try run.json()["agreement"] as? [String: Any])
    #expect(agreement["equalCount"] as? Int == agreement["recordedCount"] as? Int)
    let text = try CommandRun("replay", "--as-orders", day)
    #expect(text.output.contains("Agreement with the recording: complete"))
  }

  @Test func whatCannotBeIsTold() throws {
    let folder = try ScratchFolder()
    let log = folder.path("log")
    #expect(
      try CommandRun("generate", "orders", "trades", "--count", "4000", "-o", log).exitCode == 0)
    func expect(_ exitCode: Int32, _ text: String, _ arguments: [String]) throws {
      let run = try CommandRun(arguments: ["replay"] + arguments)
      #expect(run.exitCode == exitCode, "\(arguments): \(run.errors)")
      #expect(run.errors.contains(text), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
    try expect(
      2, "--as-orders: takes itch50, pcap or soupbintcp, not orders", [log, "--as-orders"])
    try expect(2, "--books: not an option of a replay of orders", [log, "--books", "x"])
    try expect(2, "expected one order log", [log, log])
    try expect(2, "--cpu 99: ", [log, "--cpu", "99"])
    try expect(3, "no such file", [folder.path("absent"), "--format", "orders"])
    let text = try folder.write("text", Array("hello".utf8))
    try expect(3, "offset 0: not readable: no order log", [text, "--format", "orders"])
    try expect(3, "neither ITCH 5.0", [text, "--as-orders"])
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: log)))
    let cut = try folder.write("cut", Array(bytes.dropLast(10)))
    try expect(
      3, "cut: offset 287992: truncated: 3999 of 4000 records are there", [cut, "--json"])
  }
}
