// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMetrics
import ApusTestSupport
import Foundation
import Testing

/// `apus top` on a file that this process writes.
@Suite struct TopCommandTests {
  /// A written file, and the handle of its counter.
  private final class Writer {
    let folder: ScratchFolder
    let path: String
    let file: CounterFile
    var orders: Counter
    var latency: SharedHistogram

    init() throws {
      folder = try ScratchFolder()
      path = folder.path("engine.counters")
      file = try CounterFile(
        path: path, configuration: .init(slotCapacity: 8, histogramByteCapacity: 1 << 20))
      orders = try file.counter(
        "orders_total", help: "Orders taken.", labels: [.init("venue", "XNAS")])
      latency = try file.histogram(
        "latency_nanoseconds",
        layout: HistogramLayout(
          lowestDiscernible: 1, highestTrackable: 3_600_000_000_000, significantDigits: 3))
      orders.add(12_345)
      for value in 1...1_000 as ClosedRange<UInt64> { latency.record(value) }
    }
  }

  @Test func oneTable() throws {
    let writer = try Writer()
    // Without a terminal the table is the form of its own accord.
    for arguments in [["top", writer.path], ["top", writer.path, "--once"]] {
      let run = try CommandRun(arguments: arguments)
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(run.errors.isEmpty)
      #expect(run.output.contains("writer \(getpid()) is alive"))
      #expect(run.output.contains("orders_total{venue=\"XNAS\"}  12,345           –"))
      let row = try #require(run.output.split(separator: "\n").last { $0.contains("latency") })
      #expect(
        row.split(separator: " ").joined(separator: " ")
          == "latency_nanoseconds 1,000 – 500 ns 900 ns 990 ns 999 ns 1.0 µs")
      #expect(!run.output.contains("\u{1B}"))
    }
  }

  @Test func jsonWithRates() throws {
    let writer = try Writer()
    let plain = try CommandRun("top", writer.path, "--json").json()
    #expect(plain["intervalSeconds"] == nil)
    let json = try CommandRun("top", writer.path, "--json", "--interval", "0.05").json()
    #expect(json["file"] as? String == writer.path)
    let counters = try #require(json["counters"] as? [[String: Any]])
    #expect(counters.count == 1)
    #expect(counters[0]["name"] as? String == "orders_total")
    #expect(counters[0]["labels"] as? [String: String] == ["venue": "XNAS"])
    #expect(counters[0]["value"] as? Int == 12_345)
    #expect(counters[0]["ratePerSecond"] as? Double == 0)
    let histograms = try #require(json["histograms"] as? [[String: Any]])
    #expect(histograms[0]["count"] as? Int == 1_000)
    for (key, value) in ["p50": 500, "p90": 900, "p99": 990, "p999": 999, "max": 1_000] {
      #expect(histograms[0][key] as? Int == value, "\(key)")
    }
    #expect((json["writer"] as? [String: Any])?["state"] as? String == "alive")
  }

  @Test func prometheus() throws {
    let writer = try Writer()
    let run = try CommandRun("top", "--prometheus", writer.path)
    #expect(run.exitCode == 0 && run.errors.isEmpty)
    let expected = try PrometheusText.render(CounterReader(path: writer.path).snapshot())
    #expect(run.output == expected)
    #expect(expected.hasSuffix("orders_total{venue=\"XNAS\"} 12345\n"))
  }

  @Test func exitCodes() throws {
    let folder = try ScratchFolder()
    let help = try CommandRun("top", "--help")
    #expect(help.exitCode == 0 && help.output.hasPrefix("usage: apus top FILE|FOLDER [options]"))
    let foreign = try folder.write("foreign", Array("no counters".utf8))
    for (exitCode, text, arguments) in [
      (2, "expected one counter file, or a service's folder; see 'apus top --help'", ["top"]),
      (2, "expected one counter file", ["top", "a", "b"]),
      (
        2, "--interval soon: expected seconds from 0.05 to 3600",
        ["top", "a", "--interval", "soon"]
      ),
      (2, "--interval nan: expected", ["top", "a", "--interval", "nan"]),
      (2, "--interval 0: expected", ["top", "a", "--interval", "0"]),
      (2, "--once and --json: expected one of them", ["top", "a", "--json", "--once"]),
      (3, "absent: no such file; check the path", ["top", folder.path("absent")]),
      (3, "foreign: offset 0: is not a counter file", ["top", foreign]),
      (3, "foreign: offset 0: is not a counter file", ["top", foreign, "--prometheus"]),
      (3, "service.counters: no such file", ["top", folder.path, "--json"]),
    ] as [(Int32, String, [String])] {
      let run = try CommandRun(arguments: arguments)
      #expect(run.exitCode == exitCode, "\(arguments): \(run.errors)")
      #expect(run.errors.hasPrefix("apus top: ") && run.errors.contains(text), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1)
      // With --json the error is a document as well.
      #expect(run.output.isEmpty == !arguments.contains("--json"))
    }
  }

  @Test func theLiveViewInATerminal() throws {
    let writer = try Writer()
    var (main, side): (CInt, CInt) = (-1, -1)
    var size = winsize(ws_row: 12, ws_col: 70, ws_xpixel: 0, ws_ypixel: 0)
    // SAFETY: both descriptors and the size are there; no name is asked for.
    try #require(unsafe openpty(&main, &side, nil, nil, &size) == 0)
    let process = Process()
    process.executableURL = CommandRun.executable
    process.arguments = ["top", writer.path, "--interval", "0.05"]
    process.standardOutput = FileHandle(fileDescriptor: side, closeOnDealloc: false)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    close(side)
    var isEnded = false
    defer {
      if !isEnded {
        kill(process.processIdentifier, SIGKILL)
        close(main)
      }
    }
    _ = fcntl(main, F_SETFL, O_NONBLOCK)

    var screen = ""
    /// Writes until what the terminal was sent holds a text.
    func wait(for text: String) -> Bool {
      let end = ContinuousClock.now + .seconds(20)
      var bytes = [UInt8](repeating: 0, count: 65_536)
      while ContinuousClock.now < end {
        writer.orders.add(1_000)
        usleep(5_000)
        // SAFETY: the array has as many bytes as the call is told.
        let count = unsafe read(main, &bytes, bytes.count)
        if count > 0 { screen += String(decoding: bytes[..<count], as: UTF8.self) }
        if screen.contains(text) { return true }
      }
      return false
    }
    try #require(wait(for: "rates over "), "\(screen)")
    #expect(screen.hasPrefix("\u{1B}[2J\u{1B}[H"))
    // The next whole picture: over the last one, within the window, with a rate.
    screen = ""
    try #require(wait(for: "\u{1B}[J\u{1B}[H"), "\(screen)")
    let start = screen.ranges(of: "\u{1B}[H")[0].lowerBound
    screen = String(screen[start...])
    try #require(wait(for: "\u{1B}[J"), "\(screen)")
    let picture = screen.prefix(upTo: screen.ranges(of: "\u{1B}[J")[0].lowerBound)
    #expect(!picture.contains("\u{1B}[2J"), "\(picture)")
    // The terminal puts a carriage return of its own before each line feed.
    let lines = picture.replacing("\r", with: "").split(whereSeparator: \.isNewline).map {
      $0.replacing("\u{1B}[K", with: "").replacing("\u{1B}[H", with: "")
    }
    #expect(lines.allSatisfy { $0.count <= 70 }, "\(lines)")
    #expect(lines.count <= 12)
    let row = try #require(lines.first { $0.contains("orders_total") })
    #expect(row.split(separator: " ").last != "0.0", "\(row)")

    // Not by a signal: the threads that tests run on block them, and so do their children. A
    // terminal that goes away ends it as well.
    isEnded = true
    close(main)
    let end = ContinuousClock.now + .seconds(20)
    while process.isRunning, ContinuousClock.now < end { usleep(5_000) }
    #expect(!process.isRunning)
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 1)
  }
}
