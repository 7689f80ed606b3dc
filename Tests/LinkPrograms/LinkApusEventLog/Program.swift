// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEventLog

/// What a reader says of a folder that has no log.
@main
enum Program {
  static func main() {
    do throws(EventLogError) {
      let reader = try EventLogReader<UInt64>(
        path: "/nonexistent/events", format: SnapshotFormat(name: "tally", version: 1))
      print(reader.index)
    } catch {
      print(error)
    }
  }
}
