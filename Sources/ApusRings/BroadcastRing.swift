// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads

/// One producer, several consumers that each see every element.
///
/// Consumers read at their own pace and in the order their dependencies ask for: journal before
/// engine, engine before publisher. The slowest one holds the producer back.
///
/// ```swift
/// var ends = try BroadcastRing<Order>.makeEnds(
///   RingConfiguration(capacity: 4_096),
///   consumers: [[], [0], [1]])          // journal; engine after journal; publisher after engine
/// let journal = ends.consumers.take(0)  // each moves to its thread
/// ```
///
/// A consumer that closes no longer holds the producer back. Those that follow it get what it had
/// read and then see that it closed: an engine does not run ahead of a journal that has gone.
public enum BroadcastRing<Element: BitwiseCopyable> {
  /// Makes a ring and its ends.
  ///
  /// - Parameters:
  ///   - configuration: Capacity, waiting, memory.
  ///   - consumers: For each consumer, those before it in the list that it follows. Shape: 1...8.
  /// - Throws: ``RingError`` for a capacity that is no power of two, a count outside its limits, a
  ///   consumer that follows one not before it, an element without bytes, or memory that could not
  ///   be available.
  public static func makeEnds(
    _ configuration: RingConfiguration, consumers: [[Int]]
  ) throws(RingError) -> BroadcastEnds<Element> {
    let upstream = try upstreamMasks(consumers)
    let storage = try RingStorage(
      layout: .elements(
        .broadcast, of: Element.self, capacity: configuration.capacity, width: consumers.count),
      options: configuration.memory)
    return BroadcastEnds(
      producer: BroadcastProducer(storage, wait: configuration.producerWait),
      consumers: BroadcastConsumers(
        storage, wait: configuration.consumerWait, upstream: upstream))
  }

  /// For each consumer, a bit for each one it follows.
  static func upstreamMasks(_ consumers: [[Int]]) throws(RingError) -> [UInt8] {
    let limit = RingLayout.broadcastConsumerCountMax
    guard (1...limit).contains(consumers.count) else {
      throw .endCount(name: "consumers", value: consumers.count, max: limit)
    }
    var masks: [UInt8] = []
    for (consumer, followed) in consumers.enumerated() {
      var mask: UInt8 = 0
      for other in followed {
        guard (0..<consumer).contains(other) else {
          throw .upstream(consumer: consumer, follows: other)
        }
        mask |= 1 << UInt8(other)
      }
      masks.append(mask)
    }
    return masks
  }
}

/// The ends of a broadcast ring.
@frozen
public struct BroadcastEnds<Element: BitwiseCopyable>: ~Copyable, Sendable {
  /// Pushes.
  public var producer: BroadcastProducer<Element>
  /// Gives out the reading ends.
  public var consumers: BroadcastConsumers<Element>
}

/// The reading ends of a broadcast ring that nobody has taken yet; those left when it ends are
/// closed, so that the producer does not wait for them.
public struct BroadcastConsumers<Element: BitwiseCopyable>: ~Copyable, Sendable {
  private let storage: RingStorage
  private let wait: WaitStrategy
  private let upstream: [UInt8]
  private var taken: UInt8 = 0

  init(_ storage: RingStorage, wait: WaitStrategy, upstream: [UInt8]) {
    self.storage = storage
    self.wait = wait
    self.upstream = upstream
  }

  deinit {
    for index in upstream.indices where taken & 1 << UInt8(index) == 0 {
      BroadcastConsumer<Element>(storage, index: index, upstream: 0, wait: wait).close()
    }
  }

  /// Consumers of the ring, taken or not.
  public var count: Int { upstream.count }

  /// The consumer at a place of the list the ring was made with; nil for no such place, and when it
  /// was taken before.
  public mutating func take(_ index: Int) -> BroadcastConsumer<Element>? {
    guard upstream.indices.contains(index), taken & 1 << UInt8(index) == 0 else { return nil }
    taken |= 1 << UInt8(index)
    return BroadcastConsumer(storage, index: index, upstream: upstream[index], wait: wait)
  }
}
