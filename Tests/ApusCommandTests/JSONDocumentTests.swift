// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

/// `--json` prints one document, whatever happens.
@Suite struct JSONDocumentTests {
  /// Every command and action with arguments that work, and with ones that do not.
  private static func invocations(_ folder: ScratchFolder) throws -> [(code: Int32, [String])] {
    let day = try ReplayCommandTests.day.get()
    let cut = try folder.write(
      "cut.itch",
      Array(Data(contentsOf: URL(fileURLWithPath: day.path("day.itch"))).dropLast(5)))
    return [
      (0, ["replay", day.path("day.itch")]), (0, ["replay", day.path("day.pcap")]),
      (0, ["replay", day.path("day.itch"), "--as-orders"]),
      (0, ["generate", "itch", folder.path("x"), "--messages", "2000", "--symbols", "9"]),
      (0, ["generate", "orders", "mixed", "-o", folder.path("log"), "--count", "4000"]),
      (0, ["replay", folder.path("log")]),
      (0, ["doctor"]), (0, ["bench", "--list"]),
      (0, ["bench", "slab", "histogram.record", "--smoke"]),
      (0, ["replay", "--help"]), (0, ["--help"]), (0, ["journal", "--help"]),
      (1, ["replay", day.path("day.itch"), "--books", folder.path("absent/books")]),
      (1, ["generate", "itch", folder.path("absent/x"), "--messages", "2000", "--symbols", "9"]),
      (2, []), (2, ["fly"]), (2, ["replay"]), (2, ["replay", "a", "--wings"]),
      (2, ["replay", folder.path]), (2, ["generate"]), (2, ["generate", "itch"]),
      (2, ["generate", "orders", "mixed"]), (2, ["bench", "nothing"]),
      (2, ["bench", "slab", "--cpu", "60000"]), (2, ["doctor", "x"]), (2, ["journal"]),
      (2, ["journal", "mend", folder.path]), (2, ["top"]),
      (2, ["replay", day.path("day.itch"), "--depth", "-1"]),
      (3, ["replay", cut]), (3, ["replay", folder.path("absent")]),
      (3, ["replay", cut, "--as-orders"]), (3, ["top", folder.path("absent")]),
      (3, ["bench", "itch.decode", "--smoke", "--file", folder.path("absent")]),
      (3, ["bench", "itch.decode", "--smoke", "--file", folder.path("log")]),
      (3, ["journal", "verify", folder.path("absent")]),
      (3, ["journal", "recover", folder.path("absent")]),
      (3, ["journal", "dump", folder.path("absent")]),
    ]
  }

  @Test func everyCommandPrintsOneDocument() throws {
    let folder = try ScratchFolder()
    for (code, arguments) in try Self.invocations(folder) {
      let run = try CommandRun(arguments: arguments + ["--json"])
      #expect(run.exitCode == code, "\(arguments): \(run.exitCode) \(run.errors)")
      let document = try? run.json()
      #expect(document != nil, "\(arguments): \(run.output.prefix(200))")
      if code != 0 {
        #expect(!run.errors.isEmpty, "\(arguments)")
        let text = (document?["error"] ?? document?["inputError"]) as? String
        #expect(text?.isEmpty == false, "\(arguments): \(run.output.prefix(200))")
      }
    }
  }

  @Test func aJournalPrintsOneDocument() throws {
    let folder = try ScratchFolder()
    for action in ["verify", "recover", "dump"] {
      let run = try CommandRun("journal", action, folder.path, "--json")
      #expect(run.exitCode == 3)
      #expect(try run.json()["error"] is String, "\(action)")
    }
  }

  @Test func suitesOfABenchmarkAreOneDocument() throws {
    let run = try CommandRun("bench", "slab", "histogram.record", "--smoke", "--json")
    let suites = try #require(try run.json()["suites"] as? [[String: Any]])
    #expect(suites.compactMap { $0["suite"] as? String } == ["slab", "histogram.record"])
    #expect(suites.allSatisfy { ($0["results"] as? [Any])?.isEmpty == false })
  }

  /// What was measured before a suite that cannot run is told with it.
  @Test func aSuiteThatFailsKeepsThoseBeforeIt() throws {
    let run = try CommandRun(
      "bench", "slab", "histogram.record", "--case", "slab", "--smoke", "--json")
    #expect(run.exitCode == 2)
    let json = try run.json()
    #expect((json["suites"] as? [Any])?.count == 1 && json["error"] is String)
  }
}
