// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTrading
internal import CApus

/// Why there is no engine, in words for whoever called.
struct EmbeddingError: Error {
  let description: String
}

/// An `apus_configuration` whose values are in their ranges: what the engine has preconditions for
/// is an error here, since the values come from another language.
struct EngineLimits {
  let engine: MatchingEngine.Configuration
  /// Unit: events.
  let eventCapacity: Int

  /// - Throws: ``EmbeddingError`` naming the member and its range.
  init(_ configuration: apus_configuration) throws(EmbeddingError) {
    let byteCount = MemoryLayout<apus_configuration>.size
    guard configuration.size == UInt64(byteCount) else {
      throw EmbeddingError(
        description: "size: expected sizeof(apus_configuration), \(byteCount) bytes, not "
          + "\(configuration.size); the program was compiled with the header of another version")
    }
    let defaults = MatchingEngine.Configuration()
    var engine = defaults
    engine.orderCapacity = try Self.value(
      configuration.order_capacity, or: defaults.orderCapacity, "order_capacity", 1...(1 << 31))
    engine.residentOrderCount = try Self.value(
      configuration.resident_orders, or: 0, "resident_orders", 0...engine.orderCapacity)
    engine.levelCapacity = try Self.value(
      configuration.level_capacity, or: defaults.levelCapacity, "level_capacity", 1...(1 << 31))
    engine.holdingCapacity = try Self.value(
      configuration.holding_capacity, or: defaults.holdingCapacity, "holding_capacity",
      1...(1 << 24))
    engine.eventCountMax = try Self.value(
      configuration.events_per_command, or: defaults.eventCountMax, "events_per_command",
      64...(1 << 20))
    self.engine = engine
    eventCapacity = try Self.value(
      configuration.event_capacity, or: 4 * engine.eventCountMax, "event_capacity",
      engine.eventCountMax...(1 << 26))
  }

  private static func value(
    _ given: UInt64, or defaultValue: Int, _ name: String, _ range: ClosedRange<Int>
  ) throws(EmbeddingError) -> Int {
    if given == 0 { return defaultValue }
    guard let value = Int(exactly: given), range.contains(value) else {
      throw EmbeddingError(
        description: "\(name): expected \(range.lowerBound)...\(range.upperBound), not \(given)")
    }
    return value
  }
}
