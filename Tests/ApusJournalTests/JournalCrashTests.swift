// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestSupport
import Foundation
import Testing

/// A real process that appends is killed at random points; what it had acknowledged must be there.
@Suite struct JournalCrashTests {
  static var appender: URL {
    URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appendingPathComponent("apus-journal-appender")
  }

  @Test(arguments: [1, 2] as [UInt64])
  func everyAcknowledgedRecordSurvivesSIGKILL(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let folder = try ScratchFolder()
    var acknowledged: UInt64 = 0
    var tornCount = 0
    var killCount = 0
    for round in Campaign.rounds(12, campaign: 1_500) {
      killCount += 1
      let comment: Comment = "seed \(seed) round \(round)"
      let childSeed = random.next() % 1_000
      let method = seed == 1 ? "ring" : "plain"
      // On a busy machine a child may need longer than this to begin.
      let patience = acknowledged == 0 ? round + 1 : 1
      let lines = try run(
        [folder.path, "\(childSeed)", method],
        killAfterMicroseconds: Int(random.next() % 60_000) * patience)
      let sequences = lines.compactMap { UInt64($0) }
      #expect(sequences.count == lines.count, "\(comment): \(lines.last ?? "")")
      // The child recovers first: it must not have lost anything either.
      if let recovered = sequences.first { #expect(recovered >= acknowledged, comment) }
      acknowledged = max(acknowledged, sequences.last ?? 0)

      // Before its first segment had its name there is nothing to be found.
      guard acknowledged > 0 || !folder.segmentNames.isEmpty else { continue }
      let storage = try FileJournalStorage(path: folder.path)
      let report = try JournalInspection.report(storage, depth: .everything)
      #expect(report.lastSequence >= acknowledged, comment)
      if case .torn = report.tail { tornCount += 1 }
      let found = try recordedSequences(storage)
      #expect(found.areIntact && found.count == Int(report.recordCount), comment)
    }
    #expect(acknowledged > 0, "seed \(seed): no child lived long enough to acknowledge a record")
    print(
      "killed \(killCount) times: \(acknowledged) records acknowledged, \(tornCount) torn")
  }

  /// Runs the child, kills it, and gives the complete lines that it printed.
  private func run(_ arguments: [String], killAfterMicroseconds: Int) throws -> [String] {
    let process = Process()
    process.executableURL = Self.appender
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    // The pipe is drained meanwhile: a child that waits for its reader appends nothing.
    let killer = Thread {
      usleep(UInt32(5_000 + killAfterMicroseconds))
      kill(process.processIdentifier, SIGKILL)
    }
    killer.start()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    return String(decoding: output, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false
    ).dropLast().map(String.init)
  }
}
