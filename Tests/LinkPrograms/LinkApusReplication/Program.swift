// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusReplication

/// What a replica promised; nothing yet.
@main
enum Program {
  static func main() throws {
    print(try EpochFile.read(FileJournalStorage(path: CommandLine.arguments[0] + ".journal")).epoch)
  }
}
