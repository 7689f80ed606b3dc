// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@Suite struct ReplayCommandTests {
  /// A small day in every form, made once for all tests.
  static let day = Result {
    let folder = try ScratchFolder()
    for name in ["day.itch", "day.itch.gz", "day.pcap"] {
      let run = try CommandRun(
        "generate", "itch", folder.path(name), "--messages", "6000", "--symbols", "50",
        "--seed", "7", "--truth", folder.path("\(name).csv"))
      #expect(run.exitCode == 0, "\(run.errors)")
    }
    return folder
  }

  @Test func everyFormGivesTheSameBooksAsTheGenerator() throws {
    let folder = try Self.day.get()
    var digests: Set<String> = []
    for name in ["day.itch", "day.itch.gz", "day.pcap", "day.itch"] {
      let out = try ScratchFolder()
      let run = try CommandRun(
        "replay", folder.path(name), "--books", out.path("books.csv"), "--json")
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(try out.text("books.csv") == folder.text("\(name).csv"))
      digests.insert(try #require(run.json()["digest"] as? String))
    }
    #expect(digests.count == 1)
  }

  @Test func theJSONHasEveryPromisedKey() throws {
    let folder = try Self.day.get()
    let run = try CommandRun("replay", folder.path("day.itch"), "--json")
    let json = try run.json()
    for key in [
      "format", "bytes", "messageCount", "messagesByType", "bookCount", "orderCount", "anomalies",
      "elapsedSeconds", "nanosecondsPerMessage", "messagesPerSecond", "latencyNanoseconds",
      "digest", "memoryBytes",
    ] { #expect(json[key] != nil, "\(key)") }
    let latency = try #require(json["latencyNanoseconds"] as? [String: Any])
    for key in ["p50", "p90", "p99", "p999", "max"] { #expect(latency[key] != nil, "\(key)") }
    #expect(json["messageCount"] as? Int == 6_000)
    #expect(json["bookCount"] as? Int == 50)
    #expect(run.errors.isEmpty)
  }

  @Test func theSummaryIsReadable() throws {
    let run = try CommandRun("replay", Self.day.get().path("day.itch"))
    #expect(run.exitCode == 0)
    for word in ["Message mix", "Busiest symbols", "Tightest spreads", "p99.9", "digest"] {
      #expect(run.output.contains(word), "\(word)")
    }
    // No terminal, no progress bar.
    #expect(run.errors.isEmpty)
  }

  @Test func symbolsThatAreNotThereAreNamed() throws {
    let day = try Self.day.get().path("day.itch")
    let all = try CommandRun("replay", day, "--json").json()
    let busiest = try #require(all["busiestSymbols"] as? [[String: Any]])
    let name = try #require(busiest.first?["symbol"] as? String)
    let some = try CommandRun("replay", day, "--symbols", "\(name),NOSUCH", "--json")
    #expect(some.exitCode == 0 && some.errors.contains("not in the recording: NOSUCH"))
    #expect(try some.json()["missingSymbols"] as? [String] == ["NOSUCH"])
    #expect(try some.json()["bookCount"] as? Int == 1)
    let none = try CommandRun("replay", day, "--symbols", "NOSUCH", "--json")
    #expect(none.exitCode == 3 && none.errors.contains("no instrument of --symbols"))
    #expect(try none.json()["missingSymbols"] as? [String] == ["NOSUCH"])
    #expect(try none.json()["inputError"] is String)
    #expect(all["missingSymbols"] as? [String] == [])
  }

  @Test func bestPricesFollowTheBooks() throws {
    let folder = try Self.day.get()
    let out = try ScratchFolder()
    let run = try CommandRun(
      "replay", folder.path("day.itch"), "--bbo", out.path("bbo.csv"), "--books",
      out.path("books.csv"))
    #expect(run.exitCode == 0, "\(run.errors)")
    let lines = try out.text("bbo.csv").split(separator: "\n").map(String.init)
    #expect(lines[0] == "timestampNanoseconds,symbol,bidPrice,bidQuantity,askPrice,askQuantity")
    var last: [String: String] = [:]
    var lastTime: UInt64 = 0
    for line in lines.dropFirst() {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      let quote = fields[2...].joined(separator: ",")
      #expect(last[fields[1]] != quote, "told without a change: \(line)")
      last[fields[1]] = quote
      let time = try #require(UInt64(fields[0]))
      #expect(time >= lastTime)
      lastTime = time
    }
    for row in try out.text("books.csv").split(separator: "\n").dropFirst() {
      let fields = row.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      #expect(last[fields[1], default: ",,,"] == fields[2...5].joined(separator: ","), "\(row)")
    }
  }

  @Test func oneSymbolAloneHasTheSameBook() throws {
    let folder = try Self.day.get()
    let out = try ScratchFolder()
    let rows = try folder.text("day.itch.csv").split(separator: "\n").map(String.init)
    let row = try #require(rows.dropFirst().max { $0.count < $1.count })
    let symbol = String(row.split(separator: ",")[1])
    let run = try CommandRun(
      "replay", folder.path("day.itch"), "--symbols", symbol, "--books", out.path("books.csv"),
      "--depth", "3")
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(try out.text("books.csv") == rows[0] + "\n" + row + "\n")
    #expect(run.output.contains("Depth of \(symbol)"))
  }

  @Test func theReportIsOnePageWithPlots() throws {
    let out = try ScratchFolder()
    let run = try CommandRun(
      "replay", Self.day.get().path("day.itch"), "--report", out.path("report.html"))
    #expect(run.exitCode == 0, "\(run.errors)")
    let page = try out.text("report.html")
    #expect(page.contains("<svg"))
    #expect(page.contains("data-drawn=\"true\""))
    #expect(!page.contains("src=\"http") && !page.contains("href=\"http"))
  }

  @Test func aPacedReplayKeepsTheRecordedTime() throws {
    // Two orders 0.3 s apart, at twice the speed.
    func order(_ reference: UInt8, nanoseconds: UInt64) -> [UInt8] {
      let time = (0..<6).map { UInt8(truncatingIfNeeded: nanoseconds >> (40 - 8 * UInt64($0))) }
      return [0, 36, 0x41, 0, 1, 0, 0] + time + [0, 0, 0, 0, 0, 0, 0, reference, 0x42]
        + [0, 0, 0, 100] + Array("ABC     ".utf8) + [0, 0, 0x27, 0x10]
    }
    let folder = try ScratchFolder()
    let path = try folder.write(
      "two.itch", order(1, nanoseconds: 1_000_000_000) + order(2, nanoseconds: 1_300_000_000))
    let run = try CommandRun("replay", path, "--speed", "2x", "--json")
    #expect(run.exitCode == 0, "\(run.errors)")
    let json = try run.json()
    let elapsed = try #require(json["elapsedSeconds"] as? Double)
    #expect(elapsed > 0.149 && elapsed < 30)
    #expect((json["latencyNanoseconds"] as? [String: Any])?["kind"] as? String == "openLoop")
    // The directory named nobody: told, and the book is there all the same.
    let anomalies = try #require(json["anomalies"] as? [String: [String: Any]])
    #expect(anomalies["unknownLocate"]?["count"] as? Int == 2)
    #expect(json["orderCount"] as? Int == 2)
  }

  @Test(.enabled(if: RecordedData.has("market"), "no recorded data in ../shared/data"))
  func recordedLOBSTERRowsAreAllEqual() throws {
    let base = "market/AAPL_2012-06-21_34200000_57600000"
    let messages = RecordedData.path("\(base)_message_10.csv")
    let rows = RecordedData.path("\(base)_orderbook_10.csv")
    let run = try CommandRun("replay", "--format", "lobster", messages, "--verify", rows)
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.output.contains("rows compared 998, rows equal 998: all rows equal"))
    // A changed row is found: exit code 1 and the line.
    let folder = try ScratchFolder()
    var lines = try String(contentsOfFile: rows, encoding: .utf8).split(separator: "\n").map(
      String.init)
    lines[499] = lines[499].replacingOccurrences(of: ",", with: ",1", options: [], range: nil)
    let damaged = try folder.write("rows.csv", Array(lines.joined(separator: "\n").utf8))
    let second = try CommandRun("replay", "--format", "lobster", messages, "--verify", damaged)
    #expect(second.exitCode == 1)
    #expect(second.errors.contains("line 500: "), "\(second.errors)")
  }

  @Test(.enabled(if: RecordedData.has("market"), "no recorded data in ../shared/data"))
  func recordedStartOfDayIsRead() throws {
    let path = RecordedData.path("market/nasdaq-start-of-day.itch")
    let json = try CommandRun("replay", path, "--json").json()
    #expect(json["messagesByType"] as? [String: Int] == ["S": 1, "R": 993, "H": 3, "Y": 3])
  }
}
