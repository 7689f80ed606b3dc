// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads

/// One producer, one consumer.
///
/// The fastest of the rings: no atomic read-modify-write, and the other side's cache line is
/// fetched only when the ring looks full, or empty.
public enum OneToOneRing<Element: BitwiseCopyable> {
  /// Makes a ring and its two ends.
  ///
  /// - Throws: ``RingError`` for a capacity that is no power of two, an element without bytes, or
  ///   memory that is not available.
  public static func makeEnds(
    _ configuration: RingConfiguration
  ) throws(RingError) -> OneToOneEnds<Element> {
    let storage = try RingStorage(
      layout: .elements(
        .oneToOne, of: Element.self, capacity: configuration.capacity, width: 1),
      options: configuration.memory)
    return OneToOneEnds(
      producer: RingProducer(storage, wait: configuration.producerWait),
      consumer: RingConsumer(storage, wait: configuration.consumerWait))
  }
}

/// The writing end of a one-to-one ring.
public typealias OneToOneProducer<Element: BitwiseCopyable> = RingProducer<Element>

/// The reading end of a one-to-one ring.
public typealias OneToOneConsumer<Element: BitwiseCopyable> = RingConsumer<Element>

/// The two ends of a one-to-one ring: move each to its thread.
@frozen
public struct OneToOneEnds<Element: BitwiseCopyable>: ~Copyable, Sendable {
  /// Pushes.
  public var producer: OneToOneProducer<Element>
  /// Pops.
  public var consumer: OneToOneConsumer<Element>
}
