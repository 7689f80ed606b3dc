// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCapture
import ApusTestSupport
import CApusSystemFaults
import Foundation
import Testing

@testable import ApusTradingService

/// Outputs of one command appear together: where one cannot be made durable, none has its name.
@Suite struct OutputsTogetherTests {
  private func names(_ folder: ScratchFolder) throws -> [String] { try folder.names().sorted() }

  private func day() throws -> MarketDayConfiguration {
    try MarketDayConfiguration(seed: 3, messageCount: 1_000, symbolCount: 10)
  }

  @Test(arguments: ["day.itch", "day.itch.gz", "day.pcap"])
  func aDayAndItsTruth(name: String) throws {
    let folder = try ScratchFolder()
    for after in 0..<2 as Range<Int32> {
      capus_faults_fail_sync(after, ENOSPC)
      defer { capus_faults_fail_sync(-1, 0) }
      #expect(throws: CaptureError.self) {
        try MarketDayWriter.write(
          day(), to: folder.path(name), truthPath: folder.path("truth.csv"))
      }
      #expect(try names(folder) == [], "after \(after) syncs")
    }
    try MarketDayWriter.write(day(), to: folder.path(name), truthPath: folder.path("truth.csv"))
    #expect(try names(folder) == [name, "truth.csv"])
  }

  @Test func theFilesOfAReplay() throws {
    let folder = try ScratchFolder()
    let outputs = try ScratchFolder()
    try MarketDayWriter.write(day(), to: folder.path("day.itch"))
    var configuration = ReplayConfiguration(paths: [folder.path("day.itch")])
    configuration.bestPricesPath = outputs.path("best.csv")
    configuration.booksPath = outputs.path("books.csv")
    configuration.reportPath = outputs.path("report.html")
    for after in 0..<3 as Range<Int32> {
      capus_faults_fail_sync(after, ENOSPC)
      defer { capus_faults_fail_sync(-1, 0) }
      #expect(throws: TradingReplayError.self) { try MarketReplay.run(configuration) }
      #expect(try names(outputs) == [], "after \(after) syncs")
    }
    _ = try MarketReplay.run(configuration)
    #expect(try names(outputs) == ["best.csv", "books.csv", "report.html"])
  }
}
