// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads
internal import CApusPlatform
internal import Synchronization

/// Opening one end of a ring in a file.
extension RingStorage {
  /// Opens one end of a ring in a file.
  ///
  /// - Parameters:
  ///   - end: 0 is the producer, then come the consumers.
  ///   - name: What the end is called in errors.
  convenience init(
    path: String, kind: RingLayout.Kind, end: Int, name: String,
    layout: (_ capacity: Int, _ width: Int) throws(RingError) -> RingLayout
  ) throws(RingError) {
    let file = try SharedRingFile.open(path: path, kind: kind, layout: layout)
    guard (0..<file.layout.ownerCount).contains(end) else {
      throw .file(
        path: path, problem: .noSuchEnd(index: end - 1, count: file.layout.consumerCount))
    }
    self.init(layout: file.layout, file: file)
    try file.take(end: end, name: name)
    do {
      try checkPositions(path: path)
    } catch {
      file.leave(end: end)
      throw error
    }
    reopen(end: end, upstream: file.upstream)
  }

  /// Positions that a crash, however timed, cannot have left: then another program wrote them.
  private func checkPositions(path: String) throws(RingError) {
    // SAFETY: the words lie in self's memory. Readers first: they never pass the writer.
    let readers = (1...layout.consumerCount).map {
      unsafe position($0).pointee.load(ordering: .acquiring)
    }
    let written = unsafe position(0).pointee.load(ordering: .acquiring).position
    for raw in readers {
      let isPossible =
        raw.position <= written
        && (raw.isClosedPosition && layout.kind == .broadcast
          || written - raw.position <= UInt64(layout.capacity))
        && (layout.kind != .message || (raw.position | written) & 7 == 0)
      guard isPossible else {
        throw .file(
          path: path,
          problem: .positions(
            written: written, read: raw.position, capacity: UInt64(layout.capacity)))
      }
    }
  }

  /// Takes the mark off an end that had been closed.
  private func reopen(end: Int, upstream: [UInt8]) {
    // SAFETY: the word lies in self's memory, and this process has the end.
    let word = unsafe position(end)
    let raw = unsafe word.pointee.load(ordering: .acquiring)
    guard raw.isClosedPosition else { return }
    guard layout.kind == .broadcast, end > 0 else {
      unsafe word.pointee.store(raw.position, ordering: .releasing)
      return
    }
    // The producer did not wait for this consumer meanwhile, so that its old position may be far
    // behind. It first holds the producer back anywhere; once every position the producer may have
    // seen before is older than that, what those it follows have passed is safe to begin with: the
    // producer overwrites nothing from there on without looking at the consumers again.
    let positions = PositionTable(self)
    let followed = upstream[end - 1]
    unsafe word.pointee.store(
      positions.producer.pointee.load(ordering: .acquiring).position,
      ordering: .sequentiallyConsistent)
    barrier()
    unsafe word.pointee.store(
      positions.limit(upstream: followed).position, ordering: .sequentiallyConsistent)
  }

  /// A barrier in every process that has opened a ring; where the kernel has none, time enough for
  /// stores to become visible.
  private func barrier() {
    if capus_barrier_all(1) != 0 {
      let pause = WaitDeadline(afterNanoseconds: 1_000_000)
      while !pause.hasPassed { capus_cpu_relax() }
    }
  }

  /// Who has an end. 0 is the producer, then come the consumers.
  func state(ofEnd end: Int) -> RingPeerState {
    if let file { return file.state(ofEnd: end) }
    // SAFETY: the word lies in self's memory. Within one process an end cannot die.
    let isClosed = unsafe position(end).pointee.load(ordering: .acquiring).isClosedPosition
    return isClosed ? .absent : .present
  }

  /// How many have opened an end so far; 1 within one process.
  func epoch(ofEnd end: Int) -> UInt64 { file?.epoch(ofEnd: end) ?? 1 }
}
