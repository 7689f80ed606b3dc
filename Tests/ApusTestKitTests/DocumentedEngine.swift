// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusTestKit
import Testing

// What docs/testing-an-engine.md shows: a test compares the page's code with this file.

struct StockCommand: BitwiseCopyable {
  var article: UInt32
  var isSale: UInt32
  var count: UInt64
}

struct StockEvent: BitwiseCopyable, Equatable {
  var article: UInt32
  var isRefused: UInt32
  var left: UInt64
}

/// Goods come in and are sold; nothing is sold that is not there.
struct Stock: Engine {
  struct Configuration { var articleCount = 16 }
  static let snapshotFormat = SnapshotFormat(name: "stock", version: 1)
  let eventCountMax = 1
  private var counts: [UInt64]

  init(configuration: Configuration) {
    counts = [UInt64](repeating: 0, count: configuration.articleCount)
  }

  mutating func apply(
    _ command: StockCommand, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<StockEvent>
  ) {
    let article = Int(command.article)
    guard article < counts.count else {
      return events.emit(StockEvent(article: command.article, isRefused: 1, left: 0))
    }
    let left =
      command.isSale == 1
      ? counts[article].subtractingReportingOverflow(command.count)
      : counts[article].addingReportingOverflow(command.count)
    if !left.overflow { counts[article] = left.partialValue }
    events.emit(
      StockEvent(
        article: command.article, isRefused: left.overflow ? 1 : 0, left: counts[article]))
  }

  var digest: UInt64 {
    var digest = StateDigest()
    for count in counts { digest.mix(count) }
    return digest.value
  }

  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    for count in counts { try writer.write(count) }
  }

  init(configuration: Configuration, snapshot: inout SnapshotReader) throws(SnapshotError) {
    self.init(configuration: configuration)
    for article in counts.indices { counts[article] = try snapshot.read(field: "count") }
  }
}

func randomCommand(_ random: inout SeededRandom) -> StockCommand {
  StockCommand(
    article: UInt32(random.below(18)), isSale: UInt32(random.below(2)),
    count: random.oneIn(20) ? random.next() : UInt64(random.below(100)))
}

@Suite struct StockTests {
  @Test(arguments: [UInt64(1), 2, 3]) func stockDoesWhatItsModelDoes(seed: UInt64) throws {
    let comparison = ModelComparison<StockCommand>(
      system: { try EngineRun(Stock(configuration: .init())) },
      model: { [UInt32: UInt64]() },
      applyToSystem: { run, command in run.apply(SimulatedCommand(command), at: .zero) },
      applyToModel: { shelves, command in
        let there = shelves[command.article, default: 0]
        let isThere = command.article < 16
        let fits = command.isSale == 1 ? command.count <= there : command.count <= .max - there
        if isThere && fits {
          shelves[command.article] =
            command.isSale == 1 ? there - command.count : there + command.count
        }
        return [
          StockEvent(
            article: command.article, isRefused: isThere && fits ? 0 : 1,
            left: shelves[command.article, default: 0])
        ]
      })
    let difference = try comparison.run(seed: seed, count: 10_000, randomCommand)
    #expect(difference == nil, "\(difference.map(String.init(describing:)) ?? "")")
  }

  @Test func stockSurvivesEveryCrash() throws {
    let simulation = EngineSimulation(
      Stock.self, configuration: .init(),
      commands: { random in SimulatedCommand(randomCommand(&random)) })
    let summary = try simulation.check(seeds: 1...2)
    #expect(summary.acknowledgedSequence > 20 && summary.fromSnapshotCount > 0)
  }
}
