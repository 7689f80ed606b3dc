// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCommand
internal import ApusCoreBench

extension SystemOffer {
  /// The core that all systems stand on: it is measured.
  public static var core: SystemOffer {
    var offer = SystemOffer(
      name: "core", summary: "Rings, journal, host, event log, replication, histograms, memory.")
    offer.suites = CoreBenchmarks.suites
    offer.benchmarkProcesses = CoreBenchmarks.processes
    return offer
  }
}
