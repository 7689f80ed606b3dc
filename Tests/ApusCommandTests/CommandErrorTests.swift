// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

/// Every exit code and the text that goes with it.
@Suite struct CommandErrorTests {
  /// Runs, and expects one line on standard error that ends so.
  private func expect(
    _ exitCode: Int32, _ text: String, _ arguments: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let run = try CommandRun(arguments: arguments)
    #expect(run.exitCode == exitCode, "\(arguments): \(run.errors)", sourceLocation: sourceLocation)
    #expect(run.errors.contains(text), "\(run.errors)", sourceLocation: sourceLocation)
    #expect(
      run.errors.split(separator: "\n").count == 1, "\(run.errors)",
      sourceLocation: sourceLocation)
  }

  @Test func helpIsGood() throws {
    for arguments in [
      ["--help"], ["replay", "--help"], ["generate", "-h"], ["bench", "--help"],
      ["doctor", "--help"], ["top", "--help"],
    ] {
      let run = try CommandRun(arguments: arguments)
      #expect(run.exitCode == 0)
      #expect(run.output.hasPrefix("usage: apus"))
      #expect(run.errors.isEmpty)
    }
  }

  @Test func badUsage() throws {
    let folder = try ScratchFolder()
    let file = try folder.write("a.itch", [0, 12, 0x53] + Array(repeating: 0, count: 11))
    try expect(2, "fly: no such command; see 'apus --help'", ["fly"])
    try expect(2, "expected a file to replay; see 'apus replay --help'", ["replay"])
    try expect(2, "--wings: no such option", ["replay", file, "--wings"])
    try expect(2, "--cpu: expected a value after this option", ["replay", file, "--cpu"])
    try expect(2, "--cpu many: expected a whole number", ["replay", file, "--cpu", "many"])
    try expect(
      2, "is not available to this process; choose one of", ["replay", file, "--cpu", "99"])
    try expect(
      2, "--speed fast: expected max or a factor from", ["replay", file, "--speed", "fast"])
    try expect(2, "--format tape: expected auto, itch50", ["replay", file, "--format", "tape"])
    try expect(
      2, "--symbols TOOLONGNAME: expected names", ["replay", file, "--symbols", "TOOLONGNAME"])
    try expect(2, "is a directory", ["replay", folder.path])
    try expect(
      2, "two outputs are this one file",
      [
        "replay", file, "--books", folder.path("x"), "--bbo", folder.path("x"),
      ])
    try expect(2, "is an input as well", ["replay", file, "--books", file])
    try expect(2, "is a directory", ["replay", file, "--books", folder.path])
    try expect(2, "expected a kind and a file", ["generate", "itch"])
    try expect(2, "no such kind of recording", ["generate", "music", folder.path("x")])
    try expect(
      2, "--format wav: expected plain, gzip or capture",
      [
        "generate", "itch", folder.path("x"), "--format", "wav",
      ])
    try expect(
      2, "--seed x: expected a whole number",
      [
        "generate", "itch", folder.path("x"), "--seed", "x",
      ])
    try expect(2, "nothing: no such suite; expected itch.decode", ["bench", "nothing"])
    try expect(2, "x: expected no operand", ["doctor", "x"])
    try expect(2, "--books: is given 2 times", ["replay", file, "--books", "a", "--books", "b"])
    try expect(2, "--books: expected the name of a file", ["replay", file, "--books", ""])
    try expect(2, "not an empty operand", ["replay", ""])
    try expect(2, "not an empty operand", ["generate", "itch", ""])
    try expect(
      2, "--messages 1e9: expected a whole number", ["generate", "itch", "x", "--messages", "1e9"])
    try expect(2, "--verify \(file): compares with LOBSTER", ["replay", file, "--verify", file])
    // A name of several lines is told in one.
    try expect(2, "--symbols a?b: expected names", ["replay", file, "--symbols", "a\nb"])
    let bare = try CommandRun(arguments: [])
    #expect(bare.exitCode == 2)
    #expect(bare.errors.hasPrefix("usage: apus"))
    #expect(try folder.names() == ["a.itch"])
  }

  @Test func badUsageSaysWhatThereIs() throws {
    let folder = try ScratchFolder()
    let file = try folder.write("a.itch", [0, 12, 0x53] + Array(repeating: 0, count: 11))
    let log = folder.path("log")
    let made = try CommandRun("generate", "orders", "mixed", "-o", log, "--count", "4000")
    #expect(made.exitCode == 0)
    try expect(2, "orders KIND -o FILE with KIND one of mixed, trades", ["generate"])
    #expect(try CommandRun("generate", "orders", "--help").output.contains("auction-day"))
    try expect(2, "\(log): is an order log", ["replay", file, log])
    try expect(2, "--case slab.nosuch: slab has no such case", ["bench", "--case", "slab.nosuch"])
    try expect(2, "matching has no such case", ["bench", "--case", "matching.nosuch"])
    try expect(3, "is not a counter file; check the path", ["top", file])
    let lobster = try folder.write("x_message.csv", Array("34200.1,1,1,100,5000000,1\n".utf8))
    try expect(2, "--symbols: a LOBSTER file", ["replay", lobster, "--symbols", "X"])
  }

  /// Its plots need a second reading. Nobody writes into the pipe, so that opening it would wait for ever.
  @Test func aReportOfAPipeIsRefusedBeforeItIsOpened() throws {
    let folder = try ScratchFolder()
    let script = "mkfifo pipe; $APUS replay pipe --report page.html"
    let run = try CommandRun.shell(script, in: folder.path, timeoutSeconds: 10)
    #expect(run.exitCode == 2 && run.errors.contains("--report reads twice"), "\(run.errors)")
    #expect(try folder.names() == ["pipe"])
  }

  @Test func failedWork() throws {
    let folder = try ScratchFolder()
    let file = try folder.write("a.itch", [0, 12, 0x53] + Array(repeating: 0, count: 11))
    try expect(
      1, "/books.csv: no such folder, \(folder.path("absent"))",
      [
        "replay", file, "--books", folder.path("absent/books.csv"),
      ])
    try expect(
      1, "/day.itch: no such folder, \(folder.path("absent"))",
      [
        "generate", "itch", folder.path("absent/day.itch"), "--messages", "2000", "--symbols", "10",
      ])
    #expect(try folder.names() == ["a.itch"])
  }

  @Test func badInput() throws {
    let folder = try ScratchFolder()
    let system: [UInt8] = [0, 12, 0x53, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x4F]
    try expect(
      3, "absent.itch: no such file; check the path",
      [
        "replay", folder.path("absent.itch"),
      ])
    try expect(3, "empty.itch: is empty", ["replay", folder.write("empty.itch", [])])
    try expect(
      3, "offset 0: not readable: neither ITCH 5.0",
      [
        "replay", folder.write("foreign.itch", Array("not a market\n".utf8)),
      ])
    try expect(
      3, "offset 0: not readable: no ITCH 5.0 message begins here",
      [
        "replay", folder.write("text.itch", Array("hello".utf8)), "--format", "itch50",
      ])
    try expect(
      3, "offset 14: truncated: the data ends 5 bytes into a message",
      [
        "replay", folder.write("short.itch", system + system.prefix(5)), "--json",
      ])
    try expect(
      3, "offset 14: unknownMessageType: 1 messages skipped",
      [
        "replay", folder.write("type.itch", system + [0, 1, 0x7A] + system), "--json",
      ])
    try expect(
      3, "offset 14: wrongMessageLength: 1 messages skipped",
      [
        "replay", folder.write("length.itch", system + [0, 3, 0x53, 0, 0] + system), "--json",
      ])
    try expect(
      3, "damaged: ",
      [
        "replay", folder.write("bad.gz", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xFF, 0xFF, 0xFF]),
      ])
    try expect(
      3, "not readable: ",
      [
        "replay",
        folder.write(
          "bad.pcap", [0xA1, 0xB2, 0xC3, 0xD4, 0, 99, 0, 99] + Array(repeating: 0, count: 16)),
      ])
  }

  @Test func whatWasReadBeforeTheErrorIsReported() throws {
    let folder = try ScratchFolder()
    let day = folder.path("day.itch")
    #expect(
      try CommandRun("generate", "itch", day, "--messages", "3000", "--symbols", "20").exitCode
        == 0)
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: day)))
    bytes.removeLast(7)
    let cut = try folder.write("cut.itch", bytes)
    let run = try CommandRun(
      "replay", cut, "--json", "--books", folder.path("books.csv"))
    #expect(run.exitCode == 3)
    let json = try run.json()
    #expect(json["messageCount"] as? Int == 2_999)
    #expect((json["inputError"] as? String)?.contains("truncated") == true)
    #expect(try folder.names().contains("books.csv"))
  }

  @Test func doctorAlwaysSucceeds() throws {
    let run = try CommandRun("doctor", "--json")
    #expect(run.exitCode == 0)
    let findings = try #require(try run.json()["findings"] as? [[String: Any]])
    #expect(findings.count >= 14)
    #expect(try CommandRun("doctor").output.contains("io_uring"))
  }

  @Test func everyBenchmarkStillRuns() throws {
    let run = try CommandRun(arguments: ["bench", "--smoke"], timeoutSeconds: 300)
    #expect(run.exitCode == 0, "\(run.errors)")
    for suite in try CommandRun("bench", "--list").output.split(separator: "\n") {
      #expect(run.output.contains("\(suite)  ("), "\(suite)")
    }
    let json = try CommandRun("bench", "slab", "--smoke", "--json").json()
    let suites = try #require(json["suites"] as? [[String: Any]])
    let results = try #require(suites[0]["results"] as? [[String: Any]])
    for result in results {
      if allocationsAreCounted { #expect(result["allocations"] as? Int == 0, "\(result)") }
      #expect((result["resultHash"] as? String)?.count == 16)
    }
  }
}
