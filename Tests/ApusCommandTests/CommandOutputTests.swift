// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

/// Where outputs go: never over an input, never left half done, never lost in silence.
@Suite struct CommandOutputTests {
  /// A folder with a small day in it, and the day's bytes.
  private func day() throws -> (folder: ScratchFolder, bytes: Data) {
    let folder = try ScratchFolder()
    let bytes = try Data(
      contentsOf: URL(fileURLWithPath: ReplayCommandTests.day.get().path("day.itch")))
    try bytes.write(to: URL(fileURLWithPath: folder.path("day.itch")))
    return (folder, bytes)
  }

  private func bytes(_ folder: ScratchFolder, _ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: folder.path(name)))
  }

  @Test(arguments: ["./day.itch", "soft", "hard", "sub/../day.itch", "day.itch"])
  func anOutputIsNoInput(name: String) throws {
    let (folder, whole) = try day()
    _ = try CommandRun.shell(
      "ln -s day.itch soft; ln day.itch hard; mkdir sub", in: folder.path)
    let path = folder.path + "/" + name
    for option in ["--books", "--bbo", "--report"] {
      let run = try CommandRun("replay", folder.path("day.itch"), option, path)
      #expect(run.exitCode == 2, "\(option): \(run.errors)")
      #expect(run.errors.contains("is an input as well"), "\(run.errors)")
      #expect(run.errors.contains(path), "\(run.errors)")
      #expect(try bytes(folder, "day.itch") == whole, "\(option) \(name)")
      #expect(try bytes(folder, name) == whole)
    }
    #expect(try folder.names() == ["day.itch", "hard", "soft", "sub"])
  }

  @Test func theFileToVerifyAgainstIsAnInput() throws {
    let folder = try ScratchFolder()
    let events = try folder.write("a_message.csv", Array("34200.1,1,1,100,5000000,1\n".utf8))
    let text = Array("9999999999,0,5000000,100\n".utf8)
    let rows = try folder.write("rows.csv", text)
    let run = try CommandRun(
      "replay", events, "--verify", rows, "--books", folder.path + "/./rows.csv")
    #expect(run.exitCode == 2 && run.errors.contains("is an input as well"), "\(run.errors)")
    #expect(try Array(bytes(folder, "rows.csv")) == text)
  }

  @Test func twoOutputsAreTwoFiles() throws {
    let (folder, _) = try day()
    _ = try CommandRun.shell("touch old; ln -s old link; ln -s new dangling", in: folder.path)
    let root = folder.path
    for (one, other) in [("x", "./x"), ("old", "link"), ("new", "dangling")] {
      for arguments in [
        ["replay", root + "/day.itch", "--books", "\(root)/\(one)", "--bbo", "\(root)/\(other)"],
        [
          "generate", "itch", "\(root)/\(one)", "--truth", "\(root)/\(other)", "--messages", "2000",
        ],
      ] {
        let run = try CommandRun(arguments: arguments)
        #expect(run.exitCode == 2, "\(arguments): \(run.errors)")
        #expect(run.errors.contains("two outputs"), "\(run.errors)")
      }
    }
    #expect(try folder.names() == ["dangling", "day.itch", "link", "old"])
  }

  @Test func standardOutputIsAnOutputToo() throws {
    let (folder, whole) = try day()
    let appended = try CommandRun.shell("$APUS replay day.itch >> day.itch", in: folder.path)
    #expect(appended.exitCode == 2 && appended.errors.contains("standard output"))
    #expect(try bytes(folder, "day.itch") == whole)
    let mixed = try CommandRun.shell(
      "$APUS replay day.itch --json --books /dev/fd/1 | cat; exit ${PIPESTATUS[0]}",
      in: folder.path)
    #expect(mixed.exitCode == 2 && mixed.errors.contains("--json"), "\(mixed.errors)")
    let same = try CommandRun.shell("$APUS replay day.itch --books out > out", in: folder.path)
    #expect(same.exitCode == 2 && same.errors.contains("standard output"), "\(same.errors)")
  }

  /// As root the link, and `/dev/stdout` itself, was replaced by the file.
  @Test func aDescriptorIsWrittenDirectly() throws {
    let (folder, _) = try day()
    let run = try CommandRun.shell(
      "ln -s /proc/self/fd/1 link; $APUS replay day.itch --books link > out", in: folder.path)
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(try folder.names() == ["day.itch", "link", "out"])
    let link = try FileManager.default.destinationOfSymbolicLink(atPath: folder.path("link"))
    #expect(link == "/proc/self/fd/1")
    let text = try folder.text("out")
    #expect(text.hasPrefix("locate,symbol,"))
    // The figures make way for the table.
    #expect(run.errors.contains("\ndigest "))
    let books = text.split(separator: "\n")
    #expect(books.count == 51 && books.allSatisfy { $0.count { $0 == "," } == 7 })
  }

  /// The summary stood behind the data, where the reader took it for a message.
  @Test func whatIsWrittenToStandardOutputIsAllThereIs() throws {
    let (folder, _) = try day()
    for (writer, reader) in [
      ("generate itch /dev/stdout --messages 2000 --symbols 9", "replay /dev/stdin"),
      ("generate orders mixed -o /dev/stdout --count 4000", "replay /dev/stdin"),
    ] {
      let run = try CommandRun.shell(
        "set -o pipefail; $APUS \(writer) | $APUS \(reader)", in: folder.path)
      #expect(run.exitCode == 0, "\(writer): \(run.errors)")
      #expect(run.errors.contains("live orders at most"), "\(writer): \(run.errors)")
    }
    for option in ["--bbo", "--books"] {
      let run = try CommandRun.shell(
        "$APUS replay day.itch \(option) /dev/stdout | cat", in: folder.path)
      #expect(run.output.split(separator: "\n").allSatisfy { $0.contains(",") }, "\(option)")
      #expect(run.errors.contains("\ndigest "), "\(option): \(run.errors)")
    }
  }

  @Test func throughALinkItsTargetIsReplaced() throws {
    let (folder, _) = try day()
    let run = try CommandRun.shell(
      """
      mkdir sub; echo old > sub/target; chmod 640 sub/target; ln -s sub/target link
      $APUS replay day.itch --books link
      """, in: folder.path)
    #expect(run.exitCode == 0, "\(run.errors)")
    let link = try FileManager.default.destinationOfSymbolicLink(atPath: folder.path("link"))
    #expect(link == "sub/target")
    #expect(try folder.text("sub/target").hasPrefix("locate,symbol,"))
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("sub/target"))
    #expect(attributes[.posixPermissions] as? Int == 0o640)
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func anInterruptLeavesNothing(signal: CInt) throws {
    let folder = try ScratchFolder()
    for (arguments, count) in [
      (["generate", "itch", folder.path("day"), "--truth", folder.path("truth")], 2),
      (["generate", "itch", folder.path("day.pcap")], 1),
      (["generate", "orders", "mixed", "-o", folder.path("log"), "--count", "50000000"], 1),
    ] {
      let process = Process()
      process.executableURL = CommandRun.executable
      process.arguments = arguments
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      let deadline = Date().addingTimeInterval(20)
      while try folder.names().count < count, Date() < deadline { usleep(5_000) }
      #expect(try folder.names().count == count)
      usleep(20_000)
      kill(process.processIdentifier, signal)
      process.waitUntilExit()
      #expect(process.terminationReason == .uncaughtSignal)
      #expect(process.terminationStatus == signal)
      let names = try folder.names()
      #expect(names.isEmpty, "\(arguments): \(names)")
    }
  }

  @Test func anAnswerThatCannotBeWrittenIsAFailure() throws {
    let (folder, _) = try day()
    for command in [
      "doctor", "doctor --json", "--help", "replay --help", "replay day.itch --json",
      "replay day.itch", "bench --list", "generate itch new --messages 2000 --symbols 9",
    ] {
      let run = try CommandRun.shell("$APUS \(command) > /dev/full", in: folder.path)
      #expect(run.exitCode == 1, "\(command): \(run.exitCode)")
      #expect(
        run.errors.contains("standard output: ") && run.errors.contains("No space left"),
        "\(command): \(run.errors)")
      let closed = try CommandRun.shell("$APUS \(command) >&-", in: folder.path)
      #expect(closed.exitCode == 1, "\(command) >&-: \(closed.exitCode)")
    }
  }

  /// A reader that has seen enough is no reason to complain, and the work is not called done.
  @Test func aClosedPipeEndsQuietly() throws {
    let (folder, _) = try day()
    let run = try CommandRun.shell(
      "$APUS replay day.itch --json | true; exit ${PIPESTATUS[0]}", in: folder.path)
    #expect(run.exitCode == 1 && run.errors.isEmpty, "\(run.exitCode): \(run.errors)")
  }
}
