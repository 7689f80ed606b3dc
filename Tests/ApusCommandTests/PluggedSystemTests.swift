// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusCommand
import ApusTestSupport
import ApusTradingSystem
import Foundation
import Synchronization
import Testing

/// A system that the command has never heard of is added by one value.
@Suite struct PluggedSystemTests {
  static let systems: [SystemOffer] = [.trading, .counter]

  private func expect(
    _ code: ExitCode, _ text: String, _ arguments: String...,
    systems: [SystemOffer] = PluggedSystemTests.systems,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let run = try InProcessRun(systems, arguments: arguments)
    #expect(run.exitCode == code, "\(run.errors)", sourceLocation: sourceLocation)
    #expect(run.errors.contains(text), "\(run.errors)", sourceLocation: sourceLocation)
    #expect(
      run.errors.split(separator: "\n").count == 1, "\(run.errors)",
      sourceLocation: sourceLocation)
    let told = try InProcessRun(systems, arguments: arguments + ["--json"])
    #expect(told.exitCode == code, sourceLocation: sourceLocation)
    let document = try told.json()
    #expect(document["exitCode"] as? Int == Int(code.rawValue), sourceLocation: sourceLocation)
    #expect((document["error"] as? String)?.contains(text) == true, sourceLocation: sourceLocation)
  }

  @Test func whatItGeneratesIsReplayed() throws {
    let folder = try ScratchFolder()
    let path = folder.path("numbers")
    let made = try InProcessRun(
      Self.systems, "generate", "counts", path, "--count", "300", "--seed", "7")
    #expect(made.exitCode == .good && made.errors.isEmpty, "\(made.errors)")
    #expect(made.output == "\(path): 300 numbers\n")
    let numbers = try #require(CountsFile.numbers(CountsFile.bytes(seed: 7, count: 300)))
    let digest = HumanText.hexadecimal(
      try SystemOffer.counted(numbers, SystemOffer.counterLimit))
    for arguments in [[path], [path, "--format", "counts"], ["--format", "auto", path]] {
      let run = try InProcessRun(Self.systems, arguments: ["replay"] + arguments)
      #expect(run.exitCode == .good && run.errors.isEmpty, "\(run.errors)")
      #expect(run.output == "300 numbers, digest \(digest)\n")
    }
    let json = try InProcessRun(Self.systems, "replay", path, "--json").json()
    #expect(json["digest"] as? String == digest)
    // The option of this replay is in the state that the digest is of.
    let other = try InProcessRun(Self.systems, "replay", path, "--limit", "17")
    #expect(other.exitCode == .good && !other.output.contains(digest))
  }

  /// A recording of the other system goes to the other system.
  @Test func eachRecordingFindsItsSystem() throws {
    let folder = try ScratchFolder()
    let log = folder.path("log")
    let made = try InProcessRun(
      Self.systems, "generate", "orders", "mixed", "-o", log, "--count", "4000")
    #expect(made.exitCode == .good, "\(made.errors)")
    let run = try InProcessRun(Self.systems, "replay", log, "--json")
    #expect(try run.json()["format"] as? String == "orders", "\(run.errors)")
    let text = try folder.write("text", "nothing that anybody knows\n")
    try expect(
      .badInput,
      "text: offset 0: not readable: neither ITCH 5.0, pcap, pcapng, SoupBinTCP, LOBSTER, an "
        + "order log nor numbers to count; try --format", "replay", text)
    let cut = try folder.write("cut", CountsFile.bytes(seed: 1, count: 3).dropLast())
    try expect(.badInput, "cut: the last number is cut", "replay", cut)
  }

  @Test func aFileThatTwoSystemsKnowIsRefused() throws {
    let folder = try ScratchFolder()
    let path = try folder.write("numbers", CountsFile.bytes(seed: 1, count: 3))
    var twin = SystemOffer(name: "twin", summary: "Knows the same files.")
    twin.replays = [
      ReplayOffer(
        formats: [
          ReplayFormat(name: "figures", title: "figures") { $0.starts(with: Array("COUN".utf8)) }
        ], summary: "figures", options: []
      ) { request in
        try request.console.print("the twin has \(request.format)")
        return .good
      }
    ]
    let both: [SystemOffer] = [.counter, twin]
    try expect(
      .badUsage, "numbers: may be counts (counter) or figures (twin); say which with --format",
      "replay", path, systems: both)
    let chosen = try InProcessRun(both, "replay", path, "--format", "figures")
    #expect(chosen.exitCode == .good && chosen.output == "the twin has figures\n")
  }

  @Test func wrongWordsAreToldWithWhatThereIs() throws {
    let folder = try ScratchFolder()
    let file = folder.path("file")
    try expect(
      .badUsage, "music: no such kind of recording; expected itch, orders or counts", "generate",
      "music", file)
    try expect(
      .badUsage,
      "expected what to generate: itch FILE, or orders KIND -o FILE with KIND one of "
        + "mixed, trades, flash-crash, auction-day, quote-storm, or counts FILE", "generate")
    try expect(
      .badUsage, "engine: no such engine; expected matching or counter", "serve", "engine", file)
    try expect(
      .badUsage, "--format tape: expected auto, itch50, pcap, soupbintcp, lobster, orders, counts",
      "replay", file, "--format", "tape")
    // Options of another system, and of another kind of the same one.
    try expect(
      .badUsage, "--messages: not an option of apus generate counts", "generate", "counts", file,
      "--messages", "3")
    try expect(
      .badUsage, "--count: not an option of apus generate itch", "generate", "itch", file,
      "--count", "3")
    try expect(
      .badUsage, "--orders: not an option of apus serve counter", "serve", "counter", file,
      "--orders", "3")
    let numbers = try folder.write("numbers", CountsFile.bytes(seed: 1, count: 3))
    try expect(
      .badUsage, "--books: not an option of a replay of counts", "replay", numbers, "--books", "b")
    try expect(
      .badUsage, "--as-orders: takes itch50, pcap or soupbintcp, not counts", "replay", numbers,
      "--as-orders")
    try expect(.badUsage, "--wings: no such option", "generate", "counts", file, "--wings")
    try expect(
      .badUsage, "--count none: expected a whole number", "generate", "counts", file, "--count",
      "none")
    // The table knows what a command line writes: it is checked before anything is opened.
    try expect(
      .badUsage, "is an input as well", "replay", numbers, "--report", numbers)
    try expect(.failed, "no such folder", "generate", "counts", folder.path("absent/file"))
    #expect(try folder.names() == ["numbers"])
  }

  @Test func helpHasWhatItOffers() throws {
    let help = try InProcessRun(Self.systems, "generate", "--help").output
    #expect(help.contains("apus generate counts FILE [options]\n"))
    #expect(help.contains("\ncounts: numbers to count\n  --count N "))
    let document = try InProcessRun(Self.systems, "serve", "--help", "--json").json()
    let command = try #require((document["commands"] as? [[String: Any]])?.first)
    let offers = try #require(command["offers"] as? [[String: Any]])
    #expect(offers.map { $0["system"] as? String } == ["trading", "counter"])
    #expect((offers[1]["options"] as? [String])?.contains("limit") == true)
    let options = try #require(command["options"] as? [[String: Any]])
    #expect(options.filter { $0["name"] as? String == "config" }.count == 1)
    let all = try InProcessRun(Self.systems, "--help").output
    #expect(all.contains("\n  demo ") && !all.contains("\n  record "))
    #expect(
      try InProcessRun(Self.systems, "bench", "--list").output.contains("\nservice\ncounter\n"))
  }

  /// What nobody offers is not there; a recorder makes a command.
  @Test func commandsAreThoseThatAreOffered() throws {
    let empty = SystemOffer(name: "empty", summary: "Offers nothing.")
    for command in ["replay", "generate", "serve", "record", "bench", "demo"] {
      try expect(
        .badUsage, "apus: \(command): no such command; see 'apus --help'", command,
        systems: [empty])
    }
    var system = empty
    system.recorders = [
      CommandOffer(
        name: "clock", operands: "FILE", summary: "the time",
        options: [Option("ticks", "N", "how many")]
      ) { request in
        try request.console.print(
          "records \(try request.options.integer("ticks", in: 1...9) ?? 1) into "
            + (request.options.operands.first ?? "nothing"))
        return .good
      }
    ]
    let run = try InProcessRun([system], "record", "clock", "here", "--ticks", "4")
    #expect(run.exitCode == .good && run.output == "records 4 into here\n", "\(run.errors)")
    #expect(try InProcessRun([system], "--help").output.contains("  record  "))
    try expect(
      .badUsage, "sun: no such recorder; expected clock", "record", "sun", systems: [system])
  }

  private final class Served: Sendable {
    let run = Mutex<InProcessRun?>(nil)
    let endRequest = EndRequest()
  }

  /// Waits for a service that is starting.
  private static func connect(
    _ path: String, until end: ContinuousClock.Instant
  ) throws(ClientError) -> EngineClient<UInt64, UInt64> {
    while true {
      do throws(ClientError) {
        return try EngineClient(
          folder: path, format: CounterEngine.snapshotFormat, attachmentByteCountMax: 0,
          start: .first)
      } catch {
        guard ContinuousClock.now < end else { throw error }
        usleep(10_000)
      }
    }
  }

  /// A real service: a client drives it, and it ends when it is asked to.
  @Test(arguments: [false, true]) func itIsServed(wantsJSON: Bool) throws {
    let folder = try ScratchFolder()
    let path = folder.path("service")
    let served = Served()
    let thread = Thread {
      let run = try? InProcessRun(
        Self.systems,
        arguments: ["serve", "counter", path, "--limit", "100", "--clients", "2"]
          + (wantsJSON ? ["--json"] : []), endRequest: served.endRequest)
      served.run.withLock { $0 = run }
    }
    thread.start()
    let end = ContinuousClock.now + .seconds(60)
    var client = try Self.connect(path, until: end)
    #expect(served.endRequest.isAwaited)
    for number in [60, 50, 7] as [UInt64] { #expect(client.submit(number) == .submitted) }
    var seen: [UInt64] = []
    while seen.count < 3, ContinuousClock.now < end {
      if case .failed(let error) = client.poll({ seen.append($0.event) }) { throw error }
      _ = client.wait(limitNanoseconds: 10_000_000)
    }
    #expect(seen == [60, 10, 17])
    served.endRequest.request()
    while served.run.withLock({ $0 == nil }), ContinuousClock.now < end { usleep(10_000) }
    let run = try #require(served.run.withLock { $0 })
    #expect(run.exitCode == .good, "\(run.errors)")
    #expect(run.errors.contains("serving \(path) for 2 clients"), "\(run.errors)")
    if wantsJSON {
      let json = try run.json()
      #expect(json["commands"] as? Int == 3 && json["events"] as? Int == 3)
      #expect(json["acknowledgedSequence"] as? Int == 3 && json["folder"] as? String == path)
    } else {
      #expect(run.output.hasPrefix("served 3 commands; 3 events in the log"), "\(run.output)")
    }
    // What was counted below another limit is another engine's.
    try expect(
      .failed, "(what decides it: --limit)", "serve", "counter", path, "--limit", "101")
  }

  @Test func twoOffersOfOneNameAreAProgrammersError() async {
    await #expect(processExitsWith: .failure) {
      var twin = SystemOffer(name: "twin", summary: "Has a counter too.")
      twin.services = SystemOffer.counter.services
      _ = Apus.run(
        ["--help"], systems: [.counter, twin], environment: CommandEnvironment())
    }
    await #expect(processExitsWith: .failure) {
      var twin = SystemOffer(name: "twin", summary: "Has --count without a number.")
      twin.generators = [
        CommandOffer(
          name: "more", operands: "", summary: "", options: [Option("count", nil, "")]
        ) { _ in .good }
      ]
      _ = Apus.run(
        ["generate", "--help"], systems: [.counter, twin], environment: CommandEnvironment())
    }
  }
}
