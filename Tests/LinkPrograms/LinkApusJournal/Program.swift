// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal

/// A journal on a simulated disk.
@main
enum Program {
  static func main() throws {
    var journal = try JournalWriter(
      storage: SimulatedJournalStorage(seed: 1),
      configuration: JournalConfiguration(segmentByteCount: 1 << 16, bufferByteCount: 1 << 14))
    print(journal.makeDurable(), journal.lastSequence)
  }

  static func isDue(_ kind: CommandRecordKind, at time: Nanoseconds) -> Bool { kind == .digest }
}
