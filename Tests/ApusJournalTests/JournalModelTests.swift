// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

/// Seeded faults and crashes on a simulated disk: what recovery finds is a beginning of what was
/// appended, with everything that was acknowledged.
@Suite struct JournalModelTests {
  static var seeds: [UInt64] {
    ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] == nil
      ? Array(1...12) : Array(1...5_000)
  }

  enum Crash: CaseIterable { case powerCut, processKilled }

  static let configuration = JournalConfiguration(
    segmentByteCount: 24_576, bufferByteCount: 8_192)

  @Test(arguments: JournalModelTests.seeds)
  func recoversWhatWasAcknowledged(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let disk = SimulatedJournalStorage(seed: seed)
    var acknowledged: UInt64 = 0
    var appended: UInt64 = 0
    var configuration = Self.configuration
    if seed % 3 == 0 { configuration.commitAlignment = 512 }
    if seed % 2 == 0 { configuration.preallocation = .allocate }

    for round in 0..<6 {
      let comment: Comment = "seed \(seed) round \(round)"
      disk.faults = SimulatedDiskFaults()
      do throws(JournalError) {
        var writer = try JournalWriter(storage: disk, configuration: configuration)
        #expect(writer.lastSequence >= acknowledged, comment)
        #expect(writer.lastSequence <= appended, comment)
        #expect(writer.durableSequence == writer.lastSequence, comment)
        // What recovery keeps is durable from now on.
        acknowledged = writer.durableSequence
        appended = writer.lastSequence
        disk.faults.shortWrite = random.next() % 2 == 0 ? 0.2 : 0
        disk.faults.writeError = random.next() % 4 == 0 ? 0.02 : 0
        disk.faults.syncError = random.next() % 4 == 0 ? 0.02 : 0
        for _ in 0..<Int(random.next() % 600) {
          if random.next() % 7 == 0 { acknowledged = writer.poll() }
          if random.next() % 90 == 0, writer.failure == nil {
            try? writer.flush()
            acknowledged = writer.durableSequence
          }
          if case .appended(let sequence) = SampleRecord.append(&writer, byteCountMax: 300) {
            appended = sequence
          }
          if writer.failure != nil { break }
        }
        // A crash in the middle: nothing is closed in order.
        acknowledged = writer.durableSequence
        crash(disk, random.next() % 2 == 0 ? .powerCut : .processKilled)
      } catch {
        Issue.record("\(comment): \(error)")
        return
      }
    }
    let found = try recordedSequences(disk, byteCountMax: 300)
    #expect(found.areIntact && found.count >= Int(acknowledged), "seed \(seed)")
    let report = try JournalInspection.report(disk, depth: .everything)
    #expect(report.recordCount == UInt64(found.count))
  }

  private func crash(_ disk: SimulatedJournalStorage, _ crash: Crash) {
    switch crash {
    case .powerCut: disk.cutPower()
    case .processKilled: disk.killProcess()
    }
  }
}
