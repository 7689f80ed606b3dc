// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads

/// Many producers, one consumer.
///
/// Every producer has its own lane, which the consumer reads in turn: no producer ever waits
/// for, or retries because of, another one, and pushing costs what it costs in a one-to-one ring.
/// What one producer pushes stays in order. Between producers there is no order beyond fairness:
/// where the order of all pushes matters, the consumer is what makes it (a sequencer).
public enum ManyToOneRing<Element: BitwiseCopyable> {
  /// Makes a ring and its ends.
  ///
  /// - Parameters:
  ///   - configuration: The capacity is each producer's.
  ///   - producerCount: Shape: 1...256.
  /// - Throws: ``RingError`` for a capacity that is no power of two, a count outside its limits, an
  ///   element without bytes, or memory that is not available.
  public static func makeEnds(
    _ configuration: RingConfiguration, producerCount: Int
  ) throws(RingError) -> ManyToOneEnds<Element> {
    guard (1...RingLayout.laneCountMax).contains(producerCount) else {
      throw .endCount(name: "producers", value: producerCount, max: RingLayout.laneCountMax)
    }
    let storage = try RingStorage(
      layout: .elements(
        .manyToOne, of: Element.self, capacity: configuration.capacity, width: producerCount),
      options: configuration.memory)
    return ManyToOneEnds(
      producers: ManyToOneProducers(storage, wait: configuration.producerWait),
      consumer: ManyToOneConsumer(storage, wait: configuration.consumerWait))
  }
}

/// A writing end of a many-to-one ring.
public typealias ManyToOneProducer<Element: BitwiseCopyable> = RingProducer<Element>

/// The ends of a many-to-one ring.
@frozen
public struct ManyToOneEnds<Element: BitwiseCopyable>: ~Copyable, Sendable {
  /// Gives out the writing ends.
  public var producers: ManyToOneProducers<Element>
  /// Pops.
  public var consumer: ManyToOneConsumer<Element>
}

/// The writing ends of a many-to-one ring that nobody has taken yet; those left when it ends are
/// closed, so that the consumer does not wait for them.
public struct ManyToOneProducers<Element: BitwiseCopyable>: ~Copyable, Sendable {
  private let storage: RingStorage
  private let wait: WaitStrategy
  private var taken = 0

  init(_ storage: RingStorage, wait: WaitStrategy) {
    self.storage = storage
    self.wait = wait
  }

  deinit {
    for lane in taken..<storage.layout.laneCount {
      var unused = LaneProducer<Element>(storage, lane: lane)
      unused.close()
    }
  }

  /// Ends that are left.
  public var count: Int { storage.layout.laneCount - taken }

  /// The next writing end; nil when all were taken.
  public mutating func take() -> ManyToOneProducer<Element>? {
    guard count > 0 else { return nil }
    taken += 1
    return RingProducer(storage, lane: taken - 1, wait: wait)
  }
}
