// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads
internal import Synchronization

/// Many producers, many consumers; each element goes to one of them.
///
/// Every producer has its own lane, so that pushing costs what it costs in a one-to-one ring.
/// Consumers copy elements out of a lane and then claim them with one compare-exchange for all they
/// copied: a consumer that the scheduler stops in the middle holds up nobody. They begin at
/// different lanes and meet only when there are fewer busy producers than consumers.
///
/// What one producer pushes is taken in order; two consumers may of course finish with it out of
/// order. Between producers there is no order beyond fairness.
public enum ManyToManyRing<Element: BitwiseCopyable> {
  /// Makes a ring and its ends.
  ///
  /// - Parameters:
  ///   - configuration: The capacity is each producer's.
  ///   - producerCount: Shape: 1...256.
  ///   - consumerCount: Shape: 1...256.
  /// - Throws: ``RingError`` for a capacity that is no power of two, a count outside its limits, an
  ///   element without bytes, or memory that is not available.
  public static func makeEnds(
    _ configuration: RingConfiguration, producerCount: Int, consumerCount: Int
  ) throws(RingError) -> ManyToManyEnds<Element> {
    let limit = RingLayout.laneCountMax
    guard (1...limit).contains(producerCount) else {
      throw .endCount(name: "producers", value: producerCount, max: limit)
    }
    guard (1...limit).contains(consumerCount) else {
      throw .endCount(name: "consumers", value: consumerCount, max: limit)
    }
    let storage = try RingStorage(
      layout: .elements(
        .manyToMany, of: Element.self, capacity: configuration.capacity, width: producerCount),
      options: configuration.memory)
    // SAFETY: no end exists yet.
    unsafe storage.openConsumers.pointee.store(UInt32(consumerCount), ordering: .releasing)
    return ManyToManyEnds(
      producers: ManyToManyProducers(storage, wait: configuration.producerWait),
      consumers: ManyToManyConsumers(
        storage, wait: configuration.consumerWait, count: consumerCount))
  }
}

/// The ends of a many-to-many ring.
@frozen
public struct ManyToManyEnds<Element: BitwiseCopyable>: ~Copyable, Sendable {
  /// Gives out the writing ends.
  public var producers: ManyToManyProducers<Element>
  /// Gives out the reading ends.
  public var consumers: ManyToManyConsumers<Element>
}

/// The writing ends of a many-to-many ring that nobody has taken yet; those left when it ends are
/// closed, so that consumers do not wait for them.
public struct ManyToManyProducers<Element: BitwiseCopyable>: ~Copyable, Sendable {
  private let storage: RingStorage
  private let wait: WaitStrategy
  private var taken = 0

  init(_ storage: RingStorage, wait: WaitStrategy) {
    self.storage = storage
    self.wait = wait
  }

  deinit {
    for lane in taken..<storage.layout.laneCount {
      ManyToManyProducer<Element>(storage, lane: lane, wait: wait).close()
    }
  }

  /// Ends that are left.
  public var count: Int { storage.layout.laneCount - taken }

  /// The next writing end; nil when all were taken.
  public mutating func take() -> ManyToManyProducer<Element>? {
    guard count > 0 else { return nil }
    taken += 1
    return ManyToManyProducer(storage, lane: taken - 1, wait: wait)
  }
}

/// The reading ends of a many-to-many ring that nobody has taken yet; those left when it ends are
/// closed.
public struct ManyToManyConsumers<Element: BitwiseCopyable>: ~Copyable, Sendable {
  private let storage: RingStorage
  private let wait: WaitStrategy
  private let total: Int
  private var taken = 0

  init(_ storage: RingStorage, wait: WaitStrategy, count: Int) {
    self.storage = storage
    self.wait = wait
    total = count
  }

  deinit {
    for index in taken..<total {
      ManyToManyConsumer<Element>(storage, index: index, wait: wait).close()
    }
  }

  /// Ends that are left.
  public var count: Int { total - taken }

  /// The next reading end; nil when all were taken.
  public mutating func take() -> ManyToManyConsumer<Element>? {
    guard count > 0 else { return nil }
    taken += 1
    return ManyToManyConsumer(storage, index: taken - 1, wait: wait)
  }
}
