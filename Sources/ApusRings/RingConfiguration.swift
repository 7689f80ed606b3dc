// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMemory
public import ApusThreads

/// Size, waiting and memory of a ring inside one process.
///
/// ```swift
/// let ends = try OneToOneRing<UInt64>.makeEnds(RingConfiguration(capacity: 1_024))
/// let reader = try PinnedThread(name: "reader", cpuIndex: 1, moving: ends.consumer) {
///   var consumer = $0
///   while case .element(let value) = consumer.pop() { print(value) }
/// }
/// var producer = ends.producer
/// for value in 0..<10 { _ = producer.push(UInt64(value)) }
/// producer.close()  // the reader gets what is left, then `.closed`
/// reader.join()
/// ```
public struct RingConfiguration: Sendable {
  /// Elements the ring holds (in each lane, where producers have lanes of their own); bytes for a
  /// message ring. A power of two.
  public var capacity: Int
  /// What a producer does while the ring is full.
  public var producerWait: WaitStrategy
  /// What a consumer does while the ring is empty.
  public var consumerWait: WaitStrategy
  /// Where the memory lies; nil takes plain pages for small rings and transparent huge ones for
  /// large ones, touched before the first use.
  public var memory: MemoryRegion.Options?

  /// A configuration; waiting parks unless specified otherwise, so that an idle end needs no CPU.
  public init(
    capacity: Int, producerWait: WaitStrategy = .park(), consumerWait: WaitStrategy = .park(),
    memory: MemoryRegion.Options? = nil
  ) {
    self.capacity = capacity
    self.producerWait = producerWait
    self.consumerWait = consumerWait
    self.memory = memory
  }
}

/// What became of an element that was to be pushed.
@frozen
public enum PushOutcome: UInt8, Sendable, Equatable {
  /// It is in the ring.
  case pushed
  /// There is no room, and the strategy is not to wait.
  case full
  /// There was no room until the time-out.
  case timedOut
  /// The other side has closed: nobody would read it.
  case closed
  /// The process with the other side has died: nobody reads until it is restarted.
  case peerDied
  /// A message longer than the ring takes; see ``MessageProducer/messageByteCountMax``.
  case tooLong
  /// The claim was given back; nothing was pushed.
  case aborted
}

/// What came out of a ring.
@frozen
public enum PopOutcome<Element: BitwiseCopyable> {
  /// The next element.
  case element(Element)
  /// There is nothing, and the strategy is not to wait.
  case empty
  /// There was nothing until the time-out.
  case timedOut
  /// All that was pushed has been read, and the other side has closed.
  case closed
  /// All that was pushed has been read, and the process with the other side has died.
  case peerDied
}

extension PopOutcome: Sendable where Element: Sendable {}
extension PopOutcome: Equatable where Element: Equatable {}

/// What came of waiting for messages.
@frozen
public enum ConsumeOutcome: Sendable, Equatable {
  /// So many messages were read.
  case consumed(Int)
  /// There is none, and the strategy is not to wait.
  case empty
  /// There was none until the time-out.
  case timedOut
  /// All that was pushed has been read, and the other side has closed.
  case closed
  /// All that was pushed has been read, and the process with the other side has died.
  case peerDied
  /// What lies at a position is no message: another program wrote into the file. Nothing more can
  /// be read; create the file again. Unit: bytes from the ring's first.
  case corrupt(position: UInt64)
}

/// How a wait for the other side ended.
@usableFromInline
@frozen
enum RingWait: UInt8, Sendable {
  case ready, refused, timedOut, closed, peerDied

  @usableFromInline var pushOutcome: PushOutcome {
    switch self {
    case .ready: .pushed
    case .refused: .full
    case .timedOut: .timedOut
    case .closed: .closed
    case .peerDied: .peerDied
    }
  }
}

/// The level of a ring, for whoever watches it: copies freely and may be read by any thread.
public struct RingGauge: Sendable {
  let storage: RingStorage

  /// Elements (bytes for a message ring) that were pushed and not yet read by the slowest reader.
  /// Exact when both sides rest, else a value of a moment ago.
  public var fillCount: Int { storage.fillCount }

  /// Elements (bytes for a message ring) the ring holds, all lanes together.
  public var capacity: Int { storage.layout.capacity * storage.layout.laneCount }

  /// Elements (bytes for a message ring) ever pushed.
  public var pushedCount: UInt64 { storage.pushedCount }
}
