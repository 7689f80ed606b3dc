// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient

/// What a client says of a folder where nothing is served.
@main
enum Program {
  static func main() {
    do throws(ClientError) {
      let client = try EngineClient<UInt64, UInt64>(
        folder: "/nonexistent", format: SnapshotFormat(name: "tally", version: 1),
        attachmentByteCountMax: 0)
      print(client.ringIndex)
    } catch {
      print(error)
    }
  }
}
