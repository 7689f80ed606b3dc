// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory
public import ApusThreads
internal import CApusRings
public import Synchronization

/// The memory of one ring: every end, and every gauge, keeps it alive. Hot paths do not touch it.
@safe
@usableFromInline
final class RingStorage: @unchecked Sendable {
  // SAFETY: everything is constant after `init` but the mapped bytes, whose control words are
  // atomic and whose data is handed from one end to the other by them.
  let layout: RingLayout
  let base: UnsafeMutableRawPointer
  let file: SharedRingFile?
  private let region: MemoryRegion?

  /// A ring in memory of this process, all zero.
  init(layout: RingLayout, options: MemoryRegion.Options?) throws(RingError) {
    let options =
      options
      ?? MemoryRegion.Options(
        pages: layout.totalByteCount < 4 << 20 ? .plain : .transparentHuge, prefaulted: true)
    do {
      let region = try MemoryRegion(byteCount: layout.totalByteCount, options: options)
      // SAFETY: the region lives as long as self.
      unsafe base = region.baseAddress
      self.region = consume region
    } catch {
      throw .memory(error)
    }
    self.layout = layout
    file = nil
  }

  /// A ring in a file that was mapped and checked.
  init(layout: RingLayout, file: SharedRingFile) {
    self.layout = layout
    // SAFETY: the mapping lives as long as the file, which self retains.
    unsafe base = file.base
    self.file = file
    region = nil
  }

  /// The words of ends: `tail` and `head` of each lane in turn; of a broadcast ring the producer's
  /// and then the consumers'.
  func position(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    precondition(index < layout.positionCount, "RingStorage.position: expected an end's index")
    // SAFETY: the line lies in front of the data; zero or written by another end before.
    return unsafe (base + RingLayout.positionsOffset + index * RingLayout.lineByteCount)
      .assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// First byte of a lane.
  func data(lane: Int = 0) -> UnsafeMutableRawPointer {
    precondition(lane < layout.laneCount, "RingStorage.data: expected a lane's index")
    // SAFETY: lanes lie inside the memory.
    return unsafe base + layout.dataOffset + lane * layout.laneByteCount
  }

  func parking(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
    // SAFETY: four words at the front of the second line.
    unsafe (base + RingLayout.lineByteCount + offset).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  /// Where producers sleep.
  var producerSpot: ParkingSpot {
    // SAFETY: whoever has the spot retains self.
    unsafe ParkingSpot(word: parking(0), isShared: file != nil)
  }

  /// Where consumers sleep.
  var consumerSpot: ParkingSpot {
    // SAFETY: whoever has the spot retains self.
    unsafe ParkingSpot(word: parking(4), isShared: file != nil)
  }

  /// Gives an end back, where processes share the ring; call it after its position was closed.
  @usableFromInline
  func leave(end: Int) { file?.leave(end: end) }

  /// Waits for the other side.
  ///
  /// - Parameters:
  ///   - strategy: What to do meanwhile.
  ///   - deadline: When to give up.
  ///   - spot: Where the other side wakes.
  ///   - isPeerDead: Whether the process that would end the wait has died; not called in one process.
  ///   - isReady: Whether to try again, which includes a peer that closed.
  func wait(
    _ strategy: WaitStrategy, until deadline: WaitDeadline, at spot: ParkingSpot,
    isPeerDead: (SharedRingFile) -> Bool, isReady: () -> Bool
  ) -> RingWait {
    if strategy.kind == .fail { return isReady() ? .ready : .refused }
    guard let file else {
      return strategy.wait(at: spot, until: deadline, isReady: isReady) ? .ready : .timedOut
    }
    // Between processes: look now and then whether the other one still lives. Soon the first time,
    // since a peer that is dead already will not get better.
    var sliceNanoseconds: UInt64 = 200_000
    while true {
      let slice = WaitDeadline(afterNanoseconds: sliceNanoseconds).earlier(deadline)
      if strategy.wait(at: spot, until: slice, isReady: isReady) { return .ready }
      // What a peer stored before it died is seen by the look after its death was.
      if isPeerDead(file) {
        return isReady() ? .ready : .peerDied
      }
      if deadline.hasPassed { return .timedOut }
      sliceNanoseconds = 10_000_000
    }
  }

  /// Waits until a producer of one lane has room, or its consumer has closed.
  @usableFromInline
  func waitForRoom(
    head: UnsafeMutablePointer<Atomic<UInt64>>, tail: UInt64, mask: UInt64,
    _ strategy: WaitStrategy, until deadline: WaitDeadline
  ) -> RingWait {
    let outcome = wait(
      strategy, until: deadline, at: producerSpot, isPeerDead: { $0.state(ofEnd: 1) == .dead }
    ) {
      // SAFETY: the word lies in self's memory. Pairs with the consumer's releasing store.
      let raw = unsafe head.pointee.load(ordering: .acquiring)
      return raw.isClosedPosition || tail &- raw <= mask
    }
    // SAFETY: as above.
    if unsafe head.pointee.load(ordering: .acquiring).isClosedPosition { return .closed }
    return outcome
  }

  /// Waits until a consumer of one lane has something to read, or its producer has closed.
  @usableFromInline
  func waitForElement(
    tail: UnsafeMutablePointer<Atomic<UInt64>>, head: UInt64,
    _ strategy: WaitStrategy, until deadline: WaitDeadline
  ) -> RingWait {
    let outcome = wait(
      strategy, until: deadline, at: consumerSpot, isPeerDead: { $0.state(ofEnd: 0) == .dead }
    ) {
      // SAFETY: the word lies in self's memory. Pairs with the producer's releasing store.
      unsafe tail.pointee.load(ordering: .acquiring) != head
    }
    // SAFETY: as above. Closed at just this position: nothing is left to read.
    if unsafe tail.pointee.load(ordering: .acquiring) == head | UInt64.closedPosition {
      return .closed
    }
    return outcome
  }

  /// What was pushed and not read by the slowest open reader.
  var fillCount: Int {
    var total = 0
    let perLane = 1 + layout.consumerCount
    for lane in 0..<layout.laneCount {
      // Readers first: positions only grow, so the difference cannot become negative.
      let read = (1..<perLane).map {
        unsafe position(lane * perLane + $0).pointee.load(ordering: .acquiring)
      }
      let written = unsafe position(lane * perLane).pointee.load(ordering: .acquiring).position
      let open = read.filter { !$0.isClosedPosition }
      let slowest = open.min() ?? read.map(\.position).min() ?? written
      total += Int(min(written &- slowest, UInt64(layout.capacity)))
    }
    return total
  }

  var pushedCount: UInt64 {
    let perLane = 1 + layout.consumerCount
    return (0..<layout.laneCount).reduce(0) {
      // SAFETY: the word lies in self's memory.
      unsafe $0 &+ position($1 * perLane).pointee.load(ordering: .acquiring).position
    }
  }
}

extension UInt64 {
  /// Marks the position of an end that was closed.
  @inlinable @inline(__always)
  static var closedPosition: UInt64 { 1 << 63 }

  @inlinable @inline(__always)
  var isClosedPosition: Bool { Int64(bitPattern: self) < 0 }

  /// The position without the mark.
  @inlinable @inline(__always)
  var position: UInt64 { self & (.max >> 1) }
}
