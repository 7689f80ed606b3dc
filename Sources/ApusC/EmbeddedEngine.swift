// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusTrading
internal import CApus

/// What is behind an `apus_engine`: gives the engine the address that C holds.
final class EngineHandle {
  // SAFETY: callers promise one thread at a time, and nothing here calls back into them: no access
  // can overlap another, so that none pays for the check.
  @exclusivity(unchecked) var engine: EmbeddedEngine

  init(_ engine: consuming EmbeddedEngine) { unsafe self.engine = engine }
}

/// An engine and the queue of its events.
struct EmbeddedEngine: ~Copyable {
  private var engine: MatchingEngine
  private var queue: EventQueue<MatchingEvent>
  private(set) var sequence: UInt64 = 0
  private var lastTime: UInt64 = 0
  private let eventCountMax: Int

  /// - Throws: ``EmbeddingError`` when the memory could not be reserved.
  init(limits: EngineLimits) throws(EmbeddingError) {
    do {
      let engine = try MatchingEngine(configuration: limits.engine)
      queue = try EventQueue(capacity: limits.eventCapacity)
      self.engine = engine
    } catch {
      throw EmbeddingError(description: error.description)
    }
    eventCountMax = limits.engine.eventCountMax
  }

  var digest: UInt64 { engine.digest }

  /// Applies a command, or says why it cannot be taken now.
  mutating func submit(_ command: MatchingCommand, at time: UInt64) -> apus_status {
    guard time >= lastTime else { return APUS_TIME_BACKWARDS }
    guard queue.room >= eventCountMax else { return APUS_QUEUE_FULL }
    lastTime = time
    sequence &+= 1
    queue.withSink(sequence: sequence, countMax: eventCountMax) { sink in
      engine.apply(command, at: Nanoseconds(time), sequence: sequence, into: &sink)
    }
    return APUS_OK
  }

  /// Takes out the oldest events, at most `countMax` of them.
  mutating func poll(_ countMax: Int, _ body: (SequencedEvent<MatchingEvent>) -> Void) -> Int {
    queue.removeFirst(countMax, body)
  }

  /// The best displayed level of a side.
  func best(_ side: Side, instrument: UInt16) -> BookLevel? {
    engine.books.best(side, locate: instrument)
  }
}
