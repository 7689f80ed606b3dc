// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusServiceKit

/// What a service says of a folder that cannot be.
@main
enum Program {
  static func main() {
    do throws(ServiceError) {
      let service = try EngineService<Nothing>.start(
        engine: (), configuration: ServiceConfiguration(folder: "/dev/null/service"))
      print(service.folder.path)
    } catch {
      print(error)
    }
  }
}

struct Nothing: Engine {
  static var snapshotFormat: SnapshotFormat { SnapshotFormat(name: "nothing", version: 1) }
  let eventCountMax = 1

  init(configuration: Void) {}
  init(configuration: Void, snapshot: inout SnapshotReader) throws(SnapshotError) {}

  mutating func apply(
    _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<UInt64>
  ) {
    events.emit(command)
  }

  var digest: UInt64 { StateDigest().value }

  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {}
}
