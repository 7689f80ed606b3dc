// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusEngine
internal import ApusHost
internal import ApusThreads

extension BenchmarkSuite {
  /// Command in to event out of a host: through the input ring, the host's thread and the output
  /// ring, with and without a journal, and the two rings alone.
  ///
  /// The journal is in /var/tmp.
  static let host = BenchmarkSuite(name: "host") { configuration in
    let own = configuration.cpuIndex ?? allowedCPUs().last ?? 0
    let other = permittedCPUs().first { $0 != own }
    let folder = try BenchmarkFolder()
    let plain = try HostBench(cpuIndex: other, release: .atOnce) { NoJournal() }
    let atOnce = try HostBench(cpuIndex: other, release: .atOnce) { try folder.makeJournal() }
    let durable = try HostBench(cpuIndex: other, release: .durable) { try folder.makeJournal() }
    let trips = configuration.size(200_000, smoke: 200)
    let durableTrips = configuration.size(400, smoke: 5)
    let commands = configuration.size(4_000_000, smoke: 2_000)
    // Both threads spin, and the disk's work needs a CPU as well: io_uring's worker that of the host's
    // thread, the block layer's any. With two CPUs it is taken from the two threads, at times more
    // than a tenth from one of them, and by that alone no sample is bad.
    let busyThreads = other == nil ? 1 : 2
    var cases: [BenchmarkCase] = []
    for (name, percentile) in [("p50", 50.0), ("p99", 99.0)] {
      cases.append(
        BenchmarkCase(
          name: "host.ringRoundTrip.\(name)", operationCount: trips, prepare: plain.startEcho,
          body: { plain.roundTrips(trips) }, finish: plain.stop,
          measured: { plain.percentile(percentile) }, failure: { plain.failure }))
      cases.append(
        BenchmarkCase(
          name: "host.commandToEvent.\(name)", operationCount: trips, prepare: plain.startHost,
          body: { plain.roundTrips(trips) }, finish: plain.stop,
          measured: { plain.percentile(percentile) }, failure: { plain.failure }))
      cases.append(
        BenchmarkCase(
          name: "host.commandToEvent.journalBehind.\(name)", operationCount: trips,
          prepare: atOnce.startHost, body: { atOnce.roundTrips(trips) }, finish: atOnce.stop,
          measured: { atOnce.percentile(percentile) }, failure: { atOnce.failure },
          busyThreadCount: busyThreads))
      cases.append(
        BenchmarkCase(
          name: "host.commandToEvent.durable.\(name)", operationCount: durableTrips,
          prepare: durable.startHost, body: { durable.roundTrips(durableTrips) },
          finish: durable.stop, measured: { durable.percentile(percentile) },
          failure: { durable.failure },
          busyThreadCount: busyThreads))
    }
    cases.append(
      BenchmarkCase(
        name: "host.throughput", operationCount: commands, prepare: plain.startHost,
        body: { plain.stream(commands) }, finish: plain.stop,
        measured: { plain.streamNanoseconds }, failure: { plain.failure }))
    cases.append(
      BenchmarkCase(
        name: "host.throughput.journalBehind", operationCount: commands,
        prepare: atOnce.startHost, body: { atOnce.stream(commands) }, finish: atOnce.stop,
        measured: { atOnce.streamNanoseconds }, failure: { atOnce.failure },
        busyThreadCount: busyThreads))
    cases.append(
      BenchmarkCase(
        name: "host.throughput.durable", operationCount: commands, prepare: durable.startHost,
        body: { durable.stream(commands) }, finish: durable.stop,
        measured: { durable.streamNanoseconds }, failure: { durable.failure },
        busyThreadCount: busyThreads))
    cases.append(try stepCase(configuration.size(4_000_000, smoke: 2_000)))
    return cases
  }

  /// A host without rings: what the contract itself costs.
  private static func stepCase(_ count: Int) throws -> BenchmarkCase {
    let commands = (0..<1_024).map { UInt64($0) }
    let rounds = max(1, count / commands.count)
    return BenchmarkCase(name: "host.step", operationCount: rounds * commands.count) {
      guard
        var host = try? EngineHost(
          engine: EchoEngine(), input: NoInput(), journal: NoJournal(), output: NoOutput(),
          configuration: HostConfiguration(release: .atOnce, eventCapacity: 1_024))
      else { return 0 }
      for round in 0..<rounds {
        _ = host.step(now: Nanoseconds(UInt64(round)), commands: commands.span)
      }
      return host.engine.digest &+ host.commandCount
    }
  }
}
