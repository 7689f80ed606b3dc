// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusTrading

/// Takes a snapshot's bytes as a disk would, and keeps their hash only.
private final class SnapshotHash: SnapshotTarget {
  private(set) var digest = StateDigest()
  private(set) var byteCount = 0

  func write(_ chunk: RawSpan) throws(SnapshotError) {
    var offset = 0
    while offset &+ 8 <= chunk.byteCount {
      // SAFETY: offset + 8 <= byteCount; any bits are a number.
      digest.mix(unsafe chunk.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset &+= 8
    }
    byteCount &+= chunk.byteCount
  }
}

/// An engine full of resting orders, and its snapshot with digest and checksum.
final class MatchingSnapshotBench {
  let orderCount: Int
  private let instrumentCount: UInt16
  private var engine: MatchingEngine?
  private(set) var failure: String?

  init(orderCount: Int, instrumentCount: UInt16) {
    self.orderCount = orderCount
    self.instrumentCount = instrumentCount
  }

  /// Fills an engine once.
  func prepare() {
    if engine != nil { return }
    do {
      var engine = try MatchingEngine(configuration: .init(residentOrderCount: orderCount))
      try fill(&engine)
      if engine.books.orderCount != orderCount {
        failure = "\(engine.books.orderCount) of \(orderCount) orders rest"
      }
      self.engine = consume engine
    } catch {
      failure = "\(error)"
    }
  }

  private func fill(_ engine: inout MatchingEngine) throws {
    var events = try EventQueue<MatchingEvent>(capacity: 1 << 13)
    var sequence: UInt64 = 0
    func apply(_ command: MatchingCommand) {
      sequence += 1
      events.withSink(sequence: sequence, countMax: engine.eventCountMax) {
        engine.apply(command, at: Nanoseconds(sequence), sequence: sequence, into: &$0)
      }
      events.removeAll { _ in }
    }
    for owner in UInt16(1)...50 { apply(.setOwnerLimit(owner, .openOrders, to: 0)) }
    for instrument in 1...instrumentCount {
      apply(.defineInstrument(instrument))
      apply(.setPhase(instrument, .continuous))
    }
    for id in 1...UInt64(orderCount) {
      let isBuy = id & 1 == 0
      let away = UInt32(truncatingIfNeeded: id &* 0x9E37_79B9_7F4A_7C15 >> 40) % 100
      apply(
        .new(
          orderId: id, owner: 1 + UInt16(id % 50),
          instrument: 1 + UInt16(id % UInt64(instrumentCount)),
          side: isBuy ? .buy : .sell, type: .limit, timeInForce: .goodTillCancel,
          priceTicks: isBuy ? 1_000 - away : 1_001 + away, quantity: 1 + UInt32(id % 900)))
    }
  }

  /// Writes the snapshot.
  func run() -> UInt64 {
    guard let engine = engine.take() else { return 0 }
    let target = SnapshotHash()
    do throws(SnapshotError) {
      try EngineSnapshot.write(engine, sequence: 1, time: Nanoseconds(1), to: target)
    } catch {
      failure = error.description
    }
    self.engine = consume engine
    return target.digest.value
  }
}
