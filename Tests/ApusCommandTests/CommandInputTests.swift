// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

/// Inputs that come through pipes, and numbers in them that nobody would mean.
@Suite struct CommandInputTests {
  private func digest(_ run: CommandRun) throws -> String {
    try #require(run.json()["digest"] as? String)
  }

  /// Feeds a file through a FIFO and gives what the command says.
  private func piped(
    _ file: String, _ arguments: String, to name: String = "fifo"
  ) throws -> CommandRun {
    let folder = try ScratchFolder()
    return try CommandRun.shell(
      """
      mkfifo \(name); cat '\(file)' > \(name) & writer=$!
      timeout -s KILL 10 $APUS \(arguments); code=$?
      kill $writer 2> /dev/null; exit $code
      """, in: folder.path)
  }

  @Test func aFIFOIsReadOnce() throws {
    let folder = try ReplayCommandTests.day.get()
    let log = try ScratchFolder()
    #expect(
      try CommandRun("generate", "orders", "mixed", "-o", log.path("log"), "--count", "4000")
        .exitCode == 0)
    let files = ["day.itch", "day.itch.gz", "day.pcap"].map(folder.path) + [log.path("log")]
    for file in files {
      let expected = try digest(CommandRun("replay", file, "--json"))
      let run = try piped(file, "replay fifo --json")
      #expect(run.exitCode == 0, "\(file): \(run.exitCode) \(run.errors)")
      #expect(try digest(run) == expected, "\(file)")
    }
    let expected = try digest(CommandRun("replay", folder.path("day.itch"), "--json"))
    for form in ["itch50 day.itch", "itch50 day.itch.gz", "pcap day.pcap"] {
      let words = form.split(separator: " ")
      let run = try piped(folder.path(String(words[1])), "replay fifo --json --format \(words[0])")
      #expect(run.exitCode == 0, "\(form): \(run.errors)")
      #expect(try digest(run) == expected)
    }
    let orders = try piped(folder.path("day.itch"), "replay fifo --as-orders --json")
    #expect(orders.exitCode == 0, "\(orders.errors)")
    let empty = try piped("/dev/null", "replay fifo --json")
    #expect(empty.exitCode == 3 && empty.errors.contains("is empty"), "\(empty.errors)")
  }

  @Test func aCompressedCaptureIsRead() throws {
    let folder = try ReplayCommandTests.day.get()
    let scratch = try ScratchFolder()
    let run = try CommandRun.shell(
      "gzip -c '\(folder.path("day.pcap"))' > c.gz; $APUS replay c.gz --json",
      in: scratch.path)
    #expect(run.exitCode == 0, "\(run.errors)")
  }

  @Test(arguments: ["1e-300x", "1e300x", "0x", "-1x", "nanx", "infx", "", "x", "0.0001x", "0x1p3x"])
  func aSpeedIsSensible(speed: String) throws {
    let file = try ReplayCommandTests.day.get().path("day.itch")
    let run = try CommandRun(
      arguments: ["replay", file, "--speed", speed], timeoutSeconds: 5)
    #expect(run.exitCode == 2, "\(speed): \(run.exitCode)")
    #expect(run.errors.contains("from 0.001x to 1000000x"), "\(run.errors)")
  }

  @Test func aLineBehindTheEndOfTheDayIsMalformed() throws {
    let folder = try ScratchFolder()
    let file = try folder.write(
      "a.csv",
      Array("34200.1,1,1,100,5000000,1\n18446744073.5,1,2,100,5000000,1\n".utf8))
    let run = try CommandRun(arguments: ["replay", file, "--speed", "1x"], timeoutSeconds: 5)
    #expect(run.exitCode == 3, "\(run.exitCode)")
    #expect(run.errors.contains("malformedLine"), "\(run.errors)")
  }

  @Test func namesInTablesAreQuoted() throws {
    let folder = try ScratchFolder()
    let add: [UInt8] =
      [0, 36, 0x41, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x42, 0, 0, 0, 100]
      + Array("A,\"B    ".utf8) + [0, 0, 0x27, 0x10]
    var directory = [UInt8](repeating: 0, count: 39)
    directory.replaceSubrange(0..<3, with: [0x52, 0, 1])
    directory.replaceSubrange(11..<19, with: Array("A,\"B    ".utf8))
    let file = try folder.write("day.itch", [0, 39] + directory + add)
    let run = try CommandRun(
      "replay", file, "--books", folder.path("books.csv"), "--bbo", folder.path("bbo.csv"))
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(try folder.text("books.csv").hasSuffix("\n1,\"A,\"\"B\",10000,100,,,1,100\n"))
    #expect(try folder.text("bbo.csv").hasSuffix("\n1,\"A,\"\"B\",10000,100,,\n"))
  }

  /// The rows are compared as they are read: memory does not follow their number.
  @Test func rowsAreNotKept() throws {
    let folder = try ScratchFolder()
    let cycle = 2
    var events = ""
    var rows = ""
    for number in 0..<150_000 {
      let isAdd = number % cycle == 0
      events += "34200.1,\(isAdd ? 1 : 3),1,100,5000000,1\n"
      let level = isAdd ? "9999999999,0,5000000,100" : "9999999999,0,-9999999999,0"
      rows += level + String(repeating: ",9999999999,0,-9999999999,0", count: 3) + "\n"
    }
    let messages = try folder.write("a_message.csv", Array(events.utf8))
    let book = try folder.write("rows.csv", Array(rows.utf8))
    let plain = try CommandRun("replay", messages, "--json").json()
    let verified = try CommandRun("replay", messages, "--verify", book, "--json").json()
    let verification = try #require(verified["verification"] as? [String: Any])
    #expect(verification["rowsEqual"] as? Int == 149_999)
    let before = try #require(plain["processMemoryBytes"] as? Int)
    let after = try #require(verified["processMemoryBytes"] as? Int)
    #expect(after - before < 24 << 20, "\(before) and \(after) bytes")
  }
}
