// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal

/// A journal beside the program.
@main
enum Program {
  static func main() throws {
    var journal = try JournalWriter(
      storage: FileJournalStorage(path: CommandLine.arguments[0] + ".journal"),
      configuration: JournalConfiguration(segmentByteCount: 1 << 16, bufferByteCount: 1 << 14))
    print(journal.makeDurable(), journal.lastSequence)
  }

  static func isDue(_ kind: CommandRecordKind, at time: Nanoseconds) -> Bool { kind == .digest }
}
