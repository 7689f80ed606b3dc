// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCommand
import ApusTestSupport
import ApusTradingSystem
import Foundation
import Testing

/// `apus demo`: steps of all systems, and a page that links their reports.
@Suite struct DemoCommandTests {
  static let systems: [SystemOffer] = [.trading, .counter]

  @Test func everySystemShowsItself() throws {
    let folder = try ScratchFolder()
    let root = folder.path("demo")
    let run = try InProcessRun(
      Self.systems, "demo", root, "--messages", "20000", "--counts", "5", "--json")
    #expect(run.exitCode == .good && run.errors.isEmpty, "\(run.errors)")
    let json = try run.json()
    let systems = try #require(json["systems"] as? [[String: Any]])
    #expect(systems.map { $0["name"] as? String } == ["trading", "counter"])
    let shares = systems.compactMap { $0["share"] as? Double }
    #expect(shares.count == 2 && abs(shares.reduce(0, +) - 1) < 1e-9, "\(shares)")
    let steps = systems.flatMap { $0["steps"] as? [[String: Any]] ?? [] }
    #expect(steps.count == 4)
    let elapsed = steps.compactMap { $0["elapsedSeconds"] as? Double }.reduce(0, +)
    #expect(abs(elapsed - (json["elapsedSeconds"] as? Double ?? 0)) < 1e-6)
    #expect(
      steps.compactMap { $0["report"] as? String }
        == ["trading/report.html", "counter/counts & <all>.html"])

    let page = try folder.text("demo/index.html")
    #expect(page.contains("href=\"./trading/report.html\""))
    #expect(page.contains("href=\"./counter/counts%20&amp;%20%3Call%3E.html\""))
    #expect(page.contains("<p class=\"proof\">Counted twice, the digest is the same.</p>"))
    #expect(page.contains("byte for byte."))
    #expect(page.contains("digest &lt;b&gt;") && !page.contains("digest <b>"))
    #expect(page.contains("5 numbers are counted"))
    for part in ["http://", "https://", "src=", "@import", "url("] { #expect(!page.contains(part)) }
    // As large as the work: the books of the report are those that were compared.
    #expect(try folder.text("demo/trading/books.csv") == folder.text("demo/trading/truth.csv"))
  }

  @Test func peopleAreToldOfEachStep() throws {
    let folder = try ScratchFolder()
    let run = try InProcessRun([.counter], "demo", folder.path)
    #expect(run.exitCode == .good, "\(run.errors)")
    #expect(run.output.contains("\n== counter: 100 numbers are counted\nnumbers     100\n"))
    #expect(run.output.contains("Counted twice, the digest is the same.\n"))
    #expect(run.output.contains("counter "), "\(run.output)")
    #expect(run.output.contains("100.0 %\n") && run.output.contains("together"))
    #expect(run.output.hasSuffix("All of it: \(folder.path)/index.html (open it in a browser)\n"))
  }

  /// What fails ends it, with its words, and no page says that it went well.
  @Test func aStepThatFailsFailsTheDemonstration() throws {
    let folder = try ScratchFolder()
    #expect(try InProcessRun([.counter], "demo", folder.path).exitCode == .good)
    var broken = SystemOffer.counter
    broken.demo.steps.append(
      DemoStep(title: { _ in "it breaks" }, run: { _ in throw WorkError("the numbers differ") }))
    for arguments in [["demo", folder.path], ["demo", folder.path, "--json"]] {
      let run = try InProcessRun([broken], arguments: arguments)
      #expect(run.exitCode == .failed)
      #expect(run.errors == "apus demo: counter: it breaks: the numbers differ\n")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("index.html")))
    broken.demo.steps[1] = DemoStep(
      title: { _ in "no page" }, run: { _ in DemoOutcome(figures: [], report: "absent.html") })
    let run = try InProcessRun([broken], "demo", folder.path)
    #expect(run.exitCode == .failed && run.errors.contains("absent.html: the report is not there"))
  }

  @Test func wrongNumbersAreToldBeforeTheFirstStep() throws {
    let folder = try ScratchFolder()
    for arguments in [
      ["demo"], ["demo", folder.path("a"), "b"], ["demo", folder.path("a"), "--messages", "many"],
      ["demo", folder.path("a"), "--messages", "1"], ["demo", folder.path("a"), "--counts", "0"],
    ] {
      let run = try InProcessRun(Self.systems, arguments: arguments)
      #expect(run.exitCode == .badUsage && run.output.isEmpty, "\(arguments): \(run.errors)")
    }
    #expect(try folder.names().isEmpty)
    let file = try folder.write("file", "no folder")
    #expect(try InProcessRun(Self.systems, "demo", file).exitCode == .failed)
  }
}
