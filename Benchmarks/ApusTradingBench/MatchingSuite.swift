// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusHost
internal import ApusThreads
internal import ApusTradingService

/// Streams, sizes and names of the suite.
private enum MatchingStreams {
  static func count(_ kind: OrderStreamKind, _ configuration: BenchmarkConfiguration) -> Int {
    // Short, so that samples fall between turns of other processes; long enough for a `trades` stream
    // to have all of its orders.
    switch kind {
    case .mixed: configuration.size(400_000, smoke: 4_000)
    case .trades: configuration.size(700_000, smoke: 4_000)
    default: configuration.size(200_000, smoke: 4_000)
    }
  }

  static func make(
    _ kind: OrderStreamKind, _ configuration: BenchmarkConfiguration, limitsEveryOwner: Bool = false
  ) throws -> OrderStreamData {
    try OrderStreamData(
      kind, seed: configuration.seed, count: count(kind, configuration),
      limitsEveryOwner: limitsEveryOwner)
  }

  static func name(_ kind: OrderStreamKind) -> String {
    switch kind {
    case .mixed: "mixed"
    case .trades: "trades"
    case .flashCrash: "flashCrash"
    case .auctionDay: "auctionDay"
    case .quoteStorm: "quoteStorm"
    }
  }

  /// Most events of one command: small where other libraries run as well and an order sweeps little,
  /// so that the queue stays in the cache.
  static func eventCountMax(_ kind: OrderStreamKind) -> Int {
    switch kind {
    case .mixed, .trades, .quoteStorm: 512
    case .flashCrash, .auctionDay: 1 << 16
    }
  }
}

extension BenchmarkSuite {
  /// Commands to a matching engine: called directly, with every limit of every owner set, and under
  /// a host on a thread of its own.
  ///
  /// The hash is of the number, the quantity and the notional of the trades; other libraries run
  /// `mixed` and `trades`.
  static let matching = BenchmarkSuite(
    name: "matching",
    makeCases: { configuration in
      var streams: [OrderStreamKind: OrderStreamData] = [:]
      for kind in OrderStreamKind.allCases {
        streams[kind] = try MatchingStreams.make(kind, configuration)
      }
      var cases: [BenchmarkCase] = []
      for kind in OrderStreamKind.allCases {
        guard let stream = streams[kind] else { continue }
        cases.append(throughput("matching.\(MatchingStreams.name(kind))", kind, stream))
        if kind == .mixed || kind == .trades { cases.append(latency(kind, stream)) }
      }
      for kind in [OrderStreamKind.mixed, .trades] {
        let limited = try MatchingStreams.make(kind, configuration, limitsEveryOwner: true)
        var one = throughput("matching.risk.\(MatchingStreams.name(kind))", kind, limited)
        one.baseName = "matching.\(MatchingStreams.name(kind))"
        cases.append(one)
      }
      if let mixed = streams[.mixed] { cases += try hosts(configuration, mixed) }
      cases.append(snapshot(configuration))
      return cases
    },
    makePeerArguments: { configuration in
      var streams: [String: OrderStreamConfiguration] = [:]
      for kind in [OrderStreamKind.mixed, .trades] {
        streams[MatchingStreams.name(kind)] = try OrderStreamConfiguration(
          kind: kind, seed: configuration.seed,
          commandCount: MatchingStreams.count(kind, configuration))
      }
      let folder = try OrderLogFolder(streams)
      return PeerArguments(words: folder.arguments, owner: folder)
    })

  private static func throughput(
    _ name: String, _ kind: OrderStreamKind, _ stream: OrderStreamData
  ) -> BenchmarkCase {
    let bench = MatchingBench(stream, eventCountMax: MatchingStreams.eventCountMax(kind))
    return BenchmarkCase(
      name: name, operationCount: bench.orderCount, prepare: bench.prepare, body: bench.run,
      finish: bench.finish, failure: { bench.failure },
      counts: { [("orders", UInt64(bench.orderCount)), ("trades", bench.tradeCount)] })
  }

  /// A million live orders over four thousand instruments: nanoseconds an order.
  private static func snapshot(_ configuration: BenchmarkConfiguration) -> BenchmarkCase {
    let bench = MatchingSnapshotBench(
      orderCount: configuration.size(1_000_000, smoke: 2_000),
      instrumentCount: configuration.size(4_000, smoke: 40))
    return BenchmarkCase(
      name: "matching.snapshot.write", operationCount: bench.orderCount, prepare: bench.prepare,
      body: bench.run, failure: { bench.failure })
  }

  private static func latency(
    _ kind: OrderStreamKind, _ stream: OrderStreamData
  ) -> BenchmarkCase {
    let bench = MatchingBench(stream, eventCountMax: MatchingStreams.eventCountMax(kind))
    return BenchmarkCase(
      name: "matching.latency.\(MatchingStreams.name(kind))", operationCount: bench.orderCount,
      prepare: bench.prepare, body: bench.runTimed, finish: bench.finish,
      failure: { bench.failure }, percentiles: bench.percentiles)
  }

  private static func hosts(
    _ configuration: BenchmarkConfiguration, _ stream: OrderStreamData
  ) throws -> [BenchmarkCase] {
    let own = configuration.cpuIndex ?? allowedCPUs().last ?? 0
    let other = permittedCPUs().first { $0 != own }
    let folder = try BenchmarkFolder()
    return [
      host("matching.host.noJournal", stream, other, .atOnce) { NoJournal() },
      host("matching.host.journalBehind", stream, other, .atOnce) { try folder.makeJournal() },
      host("matching.host.durable", stream, other, .durable) { try folder.makeJournal() },
      pacedHost("matching.host.latency.noJournal", stream, other) { NoJournal() },
      pacedHost("matching.host.latency.journalBehind", stream, other) {
        try folder.makeJournal()
      },
    ]
  }

  /// Open-loop at 500,000 commands a second, from the planned time to the first event, both threads
  /// on CPUs of their own where there are two.
  private static func pacedHost<Journal: CommandJournal & ~Copyable>(
    _ name: String, _ stream: OrderStreamData, _ cpu: Int?,
    _ makeJournal: @escaping () throws -> Journal
  ) -> BenchmarkCase {
    let bench = MatchingHostBench(
      stream, cpuIndex: cpu, release: .atOnce, makeJournal: makeJournal)
    return BenchmarkCase(
      name: name, operationCount: bench.orderCount, prepare: bench.start, body: bench.runPaced,
      finish: bench.stop, failure: { bench.failure }, percentiles: bench.percentiles)
  }

  private static func host<Journal: CommandJournal & ~Copyable>(
    _ name: String, _ stream: OrderStreamData, _ cpu: Int?, _ release: EventRelease,
    _ makeJournal: @escaping () throws -> Journal
  ) -> BenchmarkCase {
    let bench = MatchingHostBench(
      stream, cpuIndex: cpu, release: release, makeJournal: makeJournal)
    return BenchmarkCase(
      name: name, operationCount: bench.orderCount, prepare: bench.start, body: bench.run,
      finish: bench.stop, measured: { bench.nanosecondsPerCommand }, failure: { bench.failure },
      sleeps: release == .durable,
      counts: { [("orders", UInt64(bench.orderCount)), ("trades", bench.tradeCount)] },
      baseName: "matching.mixed")
  }
}
