// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusCounters

/// What the writer knows of its slots. Everything here is registration; updates never come by.
struct CounterRegistry: Sendable {
  /// Why something is not registered.
  struct Refusal: Error {
    var reason: CounterFileError.Reason
  }

  /// What was registered.
  struct Entry {
    var slot: CounterSlot
    var record: [UInt64]
    /// Bytes of the file that hold the histogram.
    var extent: Range<Int>?
  }

  private struct Live {
    var identity: CounterIdentity
    var kind: CounterKind
    var extent: Range<Int>?
  }

  private let layout: CounterFileLayout
  private var live: [Live?] = []
  private var generations: [UInt32] = []
  private var freeSlots: [Int] = []
  private var identities: Set<CounterIdentity> = []
  private var families: [String: (kind: CounterKind, count: Int)] = [:]
  private var extents: ExtentAllocator

  init(layout: CounterFileLayout) {
    self.layout = layout
    extents = ExtentAllocator(layout.histogramsOffset..<layout.fileByteCount)
  }

  /// Slots that were ever used.
  var usedCount: Int { live.count }
  /// Slots in use.
  var liveCount: Int { identities.count }

  mutating func register(
    _ identity: CounterIdentity, _ kind: CounterKind, help: String, histogram: HistogramLayout?
  ) throws(Refusal) -> Entry {
    try check(identity, kind, help: help)
    guard !freeSlots.isEmpty || live.count < layout.slotCapacity else {
      throw Refusal(reason: .slotsExhausted(capacity: layout.slotCapacity))
    }
    var extent: Range<Int>?
    if let histogram {
      let byteCount = CounterFileLayout.histogramByteCount(histogram)
      guard let found = extents.allocate(byteCount: byteCount) else {
        throw Refusal(
          reason: .histogramSpaceExhausted(
            byteCount: byteCount, capacity: layout.histogramsByteCount))
      }
      extent = found
    }
    let index = freeSlots.popLast() ?? live.count
    if index == live.count {
      live.append(nil)
      generations.append(0)
    }
    generations[index] &+= 1
    live[index] = Live(identity: identity, kind: kind, extent: extent)
    identities.insert(identity)
    families[identity.name, default: (kind, 0)].count += 1
    let slot = CounterSlot(index: index, generation: generations[index])
    return Entry(
      slot: slot,
      record: CounterRecord(
        generation: slot.generation, identity: identity, kind: kind, help: help,
        histogram: extent.flatMap { extent in
          histogram.map { .init(layout: $0, offset: extent.lowerBound) }
        }, registeredNanoseconds: realtimeNanoseconds()
      ).words, extent: extent)
  }

  /// Gives a slot back; returns the state that its record now has.
  mutating func release(_ slot: CounterSlot) -> UInt64 {
    guard live.indices.contains(slot.index), generations[slot.index] == slot.generation,
      let entry = live[slot.index]
    else { preconditionFailure("CounterFile.release: expected a handle that is registered") }
    live[slot.index] = nil
    freeSlots.append(slot.index)
    identities.remove(entry.identity)
    if let family = families[entry.identity.name] {
      families[entry.identity.name] =
        family.count > 1 ? (family.kind, family.count - 1) : nil
    }
    if let extent = entry.extent { extents.release(extent) }
    return UInt64(slot.generation) << 32 | UInt64(CAPUS_COUNTERS_STATE_FREED)
  }

  private func check(
    _ identity: CounterIdentity, _ kind: CounterKind, help: String
  ) throws(Refusal) {
    if let defect = identity.defect(kind: kind) { throw Refusal(reason: defect) }
    guard help.utf8.count <= Int(CAPUS_COUNTERS_HELP_BYTE_COUNT_MAX) else {
      throw Refusal(
        reason: .helpTooLong(name: identity.name, byteCount: help.utf8.count))
    }
    let name = identity.name
    if let family = families[name], family.kind != kind {
      throw Refusal(reason: .nameTaken(name: name, by: "a \(family.kind) of this name"))
    }
    for suffix in ["_sum", "_count", "_bucket"] where name.hasSuffix(suffix) {
      let stem = String(name.dropLast(suffix.count))
      if families[stem]?.kind == .histogram {
        throw Refusal(reason: .nameTaken(name: name, by: "the histogram \(stem)"))
      }
    }
    if kind == .histogram {
      for series in CounterIdentity.seriesNames(ofHistogram: name) {
        if let family = families[series] {
          throw Refusal(reason: .nameTaken(name: name, by: "the \(family.kind) \(series)"))
        }
      }
    }
    guard !identities.contains(identity) else {
      throw Refusal(reason: .duplicate(identity.text))
    }
  }
}
