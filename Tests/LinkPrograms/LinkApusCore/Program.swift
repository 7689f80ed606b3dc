// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCore

/// A thread, a histogram and a journal.
@main
enum Program {
  static func main() throws {
    var journal = try JournalWriter(
      storage: FileJournalStorage(path: CommandLine.arguments[0] + ".journal"),
      configuration: JournalConfiguration(segmentByteCount: 1 << 16, bufferByteCount: 1 << 14))
    print(journal.makeDurable())
    let latency = try LatencyHistogram()
    print(latency.totalCount)
    let thread = try PinnedThread(name: "core", cpuIndex: nil) { print("runs") }
    thread.join()
  }
}
