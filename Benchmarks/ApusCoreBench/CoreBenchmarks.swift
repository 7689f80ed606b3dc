// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusBench
internal import ApusCommandKit

/// What is measured of the core.
public enum CoreBenchmarks {
  /// The suites.
  public static let suites: [BenchmarkSuite] = [
    .histogramRecord, .counters, .slab, .journal, .attachments, .eventLog, .eventService, .host,
    .snapshots, .replication, .ringsOneToOne, .ringsManyToOne, .ringsManyToMany, .ringsBroadcast,
    .ringsMessage, .wakeup, .ioTCP, .ioUDP,
  ]

  /// The other processes of their cases.
  public static let processes: [BenchmarkProcess] = [
    BenchmarkProcess(
      option: Option(
        EventLogReaderProcess.optionName, "FOLDER",
        "be the reader that the suite eventlog.service starts, of --samples events")
    ) { options in
      try EventLogReaderProcess.run(
        path: options.string(EventLogReaderProcess.optionName) ?? "",
        count: try options.integer("samples", in: 1...Int.max) ?? 1,
        cpuIndex: try options.integer("cpu", in: 0...65_535))
    }
  ]
}
