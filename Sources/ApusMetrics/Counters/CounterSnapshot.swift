// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Counts of a shared histogram as a reader copied them.
public struct HistogramCounts: Sendable, Equatable {
  /// Slot arithmetic of the histogram.
  public let layout: HistogramLayout
  /// Slots that hold anything, ascending, each with its count.
  public private(set) var slots: [(index: Int32, count: UInt64)]
  /// Values refused because they were above the range.
  public private(set) var outOfRangeCount: UInt64
  /// Values recorded.
  public private(set) var totalCount: UInt64

  /// - Parameter counts: One for each slot of the layout.
  /// - Returns: nil where the total exceeds 2^63 - 1, which no writer can have counted.
  init?(layout: HistogramLayout, counts: ArraySlice<UInt64>, outOfRangeCount: UInt64) {
    self.layout = layout
    self.outOfRangeCount = outOfRangeCount
    slots = []
    totalCount = 0
    var index: Int32 = 0
    for count in counts {
      if count > 0 {
        let sum = totalCount.addingReportingOverflow(count)
        guard !sum.overflow, sum.partialValue <= UInt64(Int64.max) else { return nil }
        totalCount = sum.partialValue
        slots.append((index, count))
      }
      index += 1
    }
  }

  /// What was recorded since `earlier`; all of it where the histogram was reset meanwhile.
  public func since(_ earlier: HistogramCounts) -> HistogramCounts {
    guard layout == earlier.layout, outOfRangeCount >= earlier.outOfRangeCount else { return self }
    var result = self
    result.slots = []
    var next = earlier.slots.startIndex
    for slot in slots {
      var before: UInt64 = 0
      if next < earlier.slots.endIndex, earlier.slots[next].index <= slot.index {
        // Counts only grow: a slot that is gone, or lower, means a reset.
        guard earlier.slots[next].index == slot.index, earlier.slots[next].count <= slot.count
        else { return self }
        before = earlier.slots[next].count
        next += 1
      }
      if slot.count > before { result.slots.append((slot.index, slot.count - before)) }
    }
    guard next == earlier.slots.endIndex else { return self }
    result.totalCount = totalCount - earlier.totalCount
    result.outOfRangeCount = outOfRangeCount - earlier.outOfRangeCount
    return result
  }

  /// A histogram to ask for percentiles, merge and write. Its values are exact to their slots.
  ///
  /// - Throws: ``HistogramError/outOfMemory(byteCount:)``.
  public func histogram() throws(HistogramError) -> Histogram {
    var histogram = try Histogram(layout: layout)
    for slot in slots {
      guard histogram.record(layout.lowestValue(ofSlot: Int(slot.index)), count: slot.count) else {
        throw .countOverflow
      }
    }
    return histogram
  }

  /// Whether both counted the same.
  public static func == (left: HistogramCounts, right: HistogramCounts) -> Bool {
    left.layout == right.layout && left.outOfRangeCount == right.outOfRangeCount
      && left.slots.elementsEqual(right.slots) { $0 == $1 }
  }
}

/// What a counter file held at one time.
public struct CounterSnapshot: Sendable {
  /// What a counter stood at.
  public enum Value: Sendable, Equatable {
    /// Unsigned, growing.
    case counter(UInt64)
    /// Signed.
    case gauge(Int64)
    /// Counts of values by size.
    case histogram(HistogramCounts)
  }

  /// One counter, gauge or histogram.
  public struct Entry: Sendable {
    /// Name and labels.
    public var identity: CounterIdentity
    /// One line for people.
    public var help: String
    /// What it stood at.
    public var value: Value
    /// Slot of the file, and how often it was used: together they show whether an entry of another
    /// snapshot is the same counter.
    public var slot: Int
    /// How often its slot was used.
    public var generation: UInt32
    /// When it was registered. Unit: nanoseconds since 1970-01-01 UTC.
    public var registeredNanoseconds: UInt64

    /// What it is.
    public var kind: CounterKind {
      switch value {
      case .counter: .counter
      case .gauge: .gauge
      case .histogram: .histogram
      }
    }
  }

  /// Live counters in the order of their identities.
  public var entries: [Entry]
  /// Slots that were registered or released all the while, and are left out.
  public var changingSlotCount: Int
  /// When it was taken. Unit: nanoseconds since 1970-01-01 UTC.
  public var takenNanoseconds: UInt64
}

extension CounterSnapshot {
  /// Puts entries in order and leaves out what no registry holds at one time: an identity twice, a
  /// name with two kinds, a name that a histogram claims for its series. A reader meets these when
  /// a counter moves to another slot meanwhile, or in a file that was forged; the entry
  /// registered last stays.
  static func consistent(_ entries: [Entry]) -> [Entry] {
    var identities: Set<CounterIdentity> = []
    var kinds: [String: CounterKind] = [:]
    let newestFirst = entries.sorted {
      ($0.registeredNanoseconds, $0.generation, $0.slot)
        > ($1.registeredNanoseconds, $1.generation, $1.slot)
    }
    var kept: [Entry] = []
    for entry in newestFirst {
      let name = entry.identity.name
      guard kinds[name, default: entry.kind] == entry.kind,
        identities.insert(entry.identity).inserted
      else { continue }
      kinds[name] = entry.kind
      kept.append(entry)
    }
    var claimed: Set<String> = []
    for (name, kind) in kinds where kind == .histogram {
      claimed.formUnion(CounterIdentity.seriesNames(ofHistogram: name))
    }
    return kept.filter { !claimed.contains($0.identity.name) }.sorted {
      $0.identity.precedes($1.identity)
    }
  }
}

extension CounterIdentity {
  /// By name, then by labels.
  func precedes(_ other: CounterIdentity) -> Bool {
    if name != other.name { return name < other.name }
    for (left, right) in zip(labels, other.labels) where left != right {
      return (left.name, left.value) < (right.name, right.value)
    }
    return labels.count < other.labels.count
  }
}
