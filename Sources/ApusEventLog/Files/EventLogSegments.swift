// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

/// A log's published events by index, for one thread: keeps the segment that was looked at last.
struct EventLogSegments {
  let folder: EventLogFolder
  let control: EventLogControl
  private(set) var segment: EventSegment?

  init(folder: EventLogFolder, control: EventLogControl) {
    self.folder = folder
    self.control = control
  }

  var header: EventLogHeader { control.header }

  /// Index of the first event of the segment that an index belongs to: segments begin at multiples
  /// of their capacity.
  static func start(of index: UInt64, _ header: EventLogHeader) -> UInt64 {
    index - index % header.capacity
  }

  /// The segment of an index.
  mutating func segment(
    containing index: UInt64, isWritable: Bool = false
  ) throws(EventLogError) -> EventSegment {
    if let segment, segment.contains(index) { return segment }
    let found = try EventSegment.open(
      folder, log: header, firstIndex: Self.start(of: index, header), isWritable: isWritable)
    segment = found
    return found
  }

  mutating func sequence(of index: UInt64) throws(EventLogError) -> UInt64 {
    try segment(containing: index).sequence(of: index)
  }

  /// Index of the first event of a command from `sequence` on; the range's end where there is none.
  ///
  /// - Complexity: O(log n); each step may open a segment.
  mutating func firstIndex(
    ofSequence sequence: UInt64, in range: Range<UInt64>
  ) throws(EventLogError) -> UInt64 {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = low + (high - low) / 2
      if try self.sequence(of: middle) < sequence { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The same among all published events that are still there.
  mutating func firstIndex(ofSequence sequence: UInt64) throws(EventLogError) -> UInt64 {
    // Segments may go meanwhile, at the front only; each time the search begins again with fewer.
    for _ in 0..<1_000 {
      let position = control.load(.position)
      let first = control.load(.firstIndex)
      guard first < position else { return position }
      do throws(EventLogError) {
        return try firstIndex(ofSequence: sequence, in: first..<position)
      } catch {
        guard case .missing = error, control.load(.firstIndex) > first else { throw error }
      }
    }
    throw .busy(path: control.path)
  }
}
