// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads

// Rings in files, preferably under /dev/shm, that several processes map.
//
// An end belongs to one process at a time: opening one that a living process has is an error. One
// whose process has died can be opened again and continues where that process stopped: nothing
// that was pushed is lost, and what a consumer had popped but not finished with is up to it.
//
// Elements come from another process. They must be types for which every bit pattern is valid:
// integers, floating-point numbers and structures of these, but no Bool and no enumeration.

extension OneToOneRing {
  private static func layout(capacity: Int) throws(RingError) -> RingLayout {
    try .elements(.oneToOne, of: Element.self, capacity: capacity, width: 1)
  }

  /// Makes a file with a ring that two processes can open.
  ///
  /// - Throws: ``RingError`` for a capacity that is no power of two, an element without bytes, a
  ///   file that exists, or one that cannot be written.
  public static func createFile(at path: String, capacity: Int) throws(RingError) {
    try SharedRingFile.create(path: path, layout: layout(capacity: capacity))
  }

  /// Opens the writing end of a ring in a file.
  ///
  /// - Throws: ``RingError`` for a file that is no such ring, or an end that a process has.
  public static func openProducer(
    at path: String, wait: WaitStrategy = .park()
  ) throws(RingError) -> OneToOneProducer<Element> {
    let storage = try RingStorage(path: path, kind: .oneToOne, end: 0, name: "producer") {
      (capacity, _) throws(RingError) in try layout(capacity: capacity)
    }
    return RingProducer(storage, wait: wait)
  }

  /// Opens the reading end of a ring in a file.
  ///
  /// - Throws: ``RingError`` for a file that is no such ring, or an end that a process has.
  public static func openConsumer(
    at path: String, wait: WaitStrategy = .park()
  ) throws(RingError) -> OneToOneConsumer<Element> {
    let storage = try RingStorage(path: path, kind: .oneToOne, end: 1, name: "consumer") {
      (capacity, _) throws(RingError) in try layout(capacity: capacity)
    }
    return RingConsumer(storage, wait: wait)
  }
}

extension RingProducer {
  /// Whether somebody has the consumer. Costs system calls for a ring in a file.
  public var consumerState: RingPeerState { storage.state(ofEnd: 1) }

  /// Counts those who opened the consumer: it changes when the consumer is restarted.
  public var consumerEpoch: UInt64 { storage.epoch(ofEnd: 1) }
}

extension RingConsumer {
  /// Whether somebody has the producer. Costs system calls for a ring in a file.
  public var producerState: RingPeerState { storage.state(ofEnd: 0) }

  /// Counts those who opened the producer: it changes when the producer is restarted.
  public var producerEpoch: UInt64 { storage.epoch(ofEnd: 0) }
}

extension BroadcastRing {
  private static func layout(capacity: Int, width: Int) throws(RingError) -> RingLayout {
    try .elements(.broadcast, of: Element.self, capacity: capacity, width: width)
  }

  /// Makes a file with a ring that a producer's and consumers' processes can open. From the start
  /// every consumer of the list holds the producer back, opened or not, until it is closed.
  ///
  /// - Parameters:
  ///   - path: Where there is no file.
  ///   - capacity: Elements the ring holds; a power of two.
  ///   - consumers: For each consumer, those before it in the list that it follows. Shape: 1...8.
  /// - Throws: ``RingError`` for a value outside its limits, a file that exists, or one that cannot
  ///   be written.
  public static func createFile(
    at path: String, capacity: Int, consumers: [[Int]]
  ) throws(RingError) {
    let upstream = try upstreamMasks(consumers)
    try SharedRingFile.create(
      path: path, layout: layout(capacity: capacity, width: consumers.count), upstream: upstream)
  }

  /// Opens the writing end of a ring in a file.
  ///
  /// - Throws: ``RingError`` for a file that is no such ring, or an end that a process has.
  public static func openProducer(
    at path: String, wait: WaitStrategy = .park()
  ) throws(RingError) -> BroadcastProducer<Element> {
    let storage = try RingStorage(path: path, kind: .broadcast, end: 0, name: "producer") {
      (capacity, width) throws(RingError) in try layout(capacity: capacity, width: width)
    }
    return BroadcastProducer(storage, wait: wait)
  }

  /// Opens a reading end of a ring in a file. One that was closed, or evicted, begins with what is
  /// pushed from now on; another one with what its predecessor had not read.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - index: Place in the list that the file was made with.
  ///   - wait: What to do while there is nothing to read.
  /// - Throws: ``RingError`` for a file that is no such ring, an index outside its list, or an end
  ///   that a process has.
  public static func openConsumer(
    at path: String, index: Int, wait: WaitStrategy = .park()
  ) throws(RingError) -> BroadcastConsumer<Element> {
    let storage = try RingStorage(
      path: path, kind: .broadcast, end: index < 0 ? Int.max : index + 1, name: "consumer \(index)"
    ) { (capacity, width) throws(RingError) in
      try layout(capacity: capacity, width: width)
    }
    return BroadcastConsumer(
      storage, index: index, upstream: storage.file?.upstream[index] ?? 0, wait: wait)
  }
}

extension BroadcastProducer {
  /// Whether somebody has a consumer. Costs system calls for a ring in a file.
  ///
  /// - Precondition: A place in the list the ring was made with.
  public func consumerState(_ index: Int) -> RingPeerState { storage.state(ofEnd: 1 + index) }

  /// Counts those who opened a consumer: it changes when the consumer is restarted.
  ///
  /// - Precondition: A place in the list the ring was made with.
  public func consumerEpoch(_ index: Int) -> UInt64 { storage.epoch(ofEnd: 1 + index) }
}

extension BroadcastConsumer {
  /// Whether somebody has the producer. Costs system calls for a ring in a file.
  public var producerState: RingPeerState { storage.state(ofEnd: 0) }

  /// Counts those who opened the producer: it changes when the producer is restarted.
  public var producerEpoch: UInt64 { storage.epoch(ofEnd: 0) }
}

extension MessageRing {
  /// Makes a file with a ring that two processes can open.
  ///
  /// - Throws: ``RingError`` for a capacity that is no power of two of at least 64, a file that
  ///   exists, or one that cannot be written.
  public static func createFile(at path: String, capacity: Int) throws(RingError) {
    try SharedRingFile.create(path: path, layout: layout(capacity: capacity))
  }

  /// Opens the writing end of a ring in a file.
  ///
  /// - Throws: ``RingError`` for a file that is no such ring, or an end that a process has.
  public static func openProducer(
    at path: String, wait: WaitStrategy = .park()
  ) throws(RingError) -> MessageProducer {
    let storage = try RingStorage(path: path, kind: .message, end: 0, name: "producer") {
      (capacity, _) throws(RingError) in try layout(capacity: capacity)
    }
    return MessageProducer(storage, wait: wait)
  }

  /// Opens the reading end of a ring in a file.
  ///
  /// - Throws: ``RingError`` for a file that is no such ring, or an end that a process has.
  public static func openConsumer(
    at path: String, wait: WaitStrategy = .park()
  ) throws(RingError) -> MessageConsumer {
    let storage = try RingStorage(path: path, kind: .message, end: 1, name: "consumer") {
      (capacity, _) throws(RingError) in try layout(capacity: capacity)
    }
    return MessageConsumer(storage, wait: wait)
  }
}

extension MessageProducer {
  /// Whether somebody has the consumer. Costs system calls for a ring in a file.
  public var consumerState: RingPeerState { storage.state(ofEnd: 1) }

  /// Counts those who opened the consumer: it changes when the consumer is restarted.
  public var consumerEpoch: UInt64 { storage.epoch(ofEnd: 1) }
}

extension MessageConsumer {
  /// Whether somebody has the producer. Costs system calls for a ring in a file.
  public var producerState: RingPeerState { storage.state(ofEnd: 0) }

  /// Counts those who opened the producer: it changes when the producer is restarted.
  public var producerEpoch: UInt64 { storage.epoch(ofEnd: 0) }
}
