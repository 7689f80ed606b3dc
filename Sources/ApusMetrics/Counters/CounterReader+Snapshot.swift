// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusCounters
internal import Glibc
internal import Synchronization

extension CounterReader {
  /// Copies every live counter.
  ///
  /// Records are copied before and after the values. A counter is taken when its record is live and
  /// the same both times: the generation in it changes whenever the slot is used again, so a value
  /// never belongs to another counter. When records changed the pass is done again, at most eight
  /// times; what changes even then is left out and counted.
  ///
  /// - Throws: ``CounterFileError`` naming the field that cannot be so; no file can trap or hang it.
  /// - Complexity: O(slots ever used + bytes of histograms).
  public func snapshot() throws(CounterFileError) -> CounterSnapshot {
    var pass = 1
    while true {
      let (entries, changingSlotCount) = try copy()
      if changingSlotCount == 0 || pass == Self.passCountMax {
        return CounterSnapshot(
          entries: CounterSnapshot.consistent(entries), changingSlotCount: changingSlotCount,
          takenNanoseconds: realtimeNanoseconds())
      }
      pass += 1
    }
  }

  private func copy() throws(CounterFileError) -> ([CounterSnapshot.Entry], Int) {
    let usedCount = try slotsUsed()
    let recordWordCount = CounterFileLayout.recordWordCount
    let strideWordCount = CounterFileLayout.valueByteStride / 8
    let before = try read(offset: layout.recordsOffset, wordCount: usedCount * recordWordCount)
    // Pairs with the releasing stores and the fence of `CounterMapping.publish`. The system calls
    // order the copies on x86; other CPUs need a barrier.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    let values = try read(offset: layout.valuesOffset, wordCount: usedCount * strideWordCount)

    var candidates: [(slot: Int, record: CounterRecord, value: CounterSnapshot.Value?)] = []
    var defects: [(slot: Int, defect: CounterFileError.Reason)] = []
    var histogramByteCount = 0
    for slot in 0..<usedCount {
      let words = before[slot * recordWordCount..<(slot + 1) * recordWordCount]
      guard Self.isLive(words) else { continue }
      let record: CounterRecord
      do throws(CounterRecord.Defect) {
        record = try CounterRecord(words, file: layout)
      } catch {
        defects.append((slot, reason(error, slot: slot)))
        continue
      }
      switch record.kind {
      case .counter: candidates.append((slot, record, .counter(values[slot * strideWordCount])))
      case .gauge:
        let bits = Int64(bitPattern: values[slot * strideWordCount])
        candidates.append((slot, record, .gauge(bits)))
      case .histogram:
        guard let histogram = record.histogram else { continue }
        // Blocks that overlap would let a small file ask for any amount of memory and time.
        histogramByteCount += histogram.byteCount
        guard histogramByteCount <= layout.histogramsByteCount else {
          let offset = MemoryLayout<capus_counters_record>.offset(of: \.histogramOffset) ?? 0
          defects.append(
            (
              slot,
              .invalidField(
                name: "histogramOffset", offset: UInt64(layout.recordOffset(slot) + offset),
                value: "\(histogram.offset)", expected: "blocks that do not overlap")
            ))
          continue
        }
        candidates.append((slot, record, try counts(histogram).map { .histogram($0) }))
      }
    }
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    let after = try read(offset: layout.recordsOffset, wordCount: usedCount * recordWordCount)
    func isUnchanged(_ slot: Int) -> Bool {
      let range = slot * recordWordCount..<(slot + 1) * recordWordCount
      return before[range] == after[range]
    }

    // What is wrong with a record that stood still is wrong with the file.
    for (slot, defect) in defects where isUnchanged(slot) {
      throw CounterFileError(path: path, reason: defect)
    }
    var entries: [CounterSnapshot.Entry] = []
    for (slot, record, value) in candidates where isUnchanged(slot) {
      guard let value else {
        throw CounterFileError(
          path: path,
          reason: .invalidField(
            name: "counts", offset: UInt64(record.histogram?.offset ?? 0),
            value: "of \(record.identity.text)", expected: "a total below 2^63"))
      }
      entries.append(
        CounterSnapshot.Entry(
          identity: record.identity, help: record.help, value: value, slot: slot,
          generation: record.generation, registeredNanoseconds: record.registeredNanoseconds))
    }
    return (entries, (0..<usedCount).count { !isUnchanged($0) })
  }

  private func slotsUsed() throws(CounterFileError) -> Int {
    let offset = MemoryLayout<capus_counters_header>.offset(of: \.slotsUsed) ?? 0
    let count = try read(offset: offset, wordCount: 1)[0]
    guard count <= UInt64(layout.slotCapacity) else {
      throw CounterFileError(
        path: path,
        reason: .invalidField(
          name: "slotsUsed", offset: UInt64(offset), value: "\(count)",
          expected: "at most \(layout.slotCapacity)"))
    }
    return Int(count)
  }

  private func counts(
    _ histogram: CounterRecord.Histogram
  ) throws(CounterFileError) -> HistogramCounts? {
    let headerWordCount = CounterFileLayout.histogramHeaderByteCount / 8
    let words = try read(
      offset: histogram.offset, wordCount: headerWordCount + histogram.layout.slotCount)
    return HistogramCounts(
      layout: histogram.layout, counts: words[headerWordCount...], outOfRangeCount: words[0])
  }

  private static func isLive(_ record: ArraySlice<UInt64>) -> Bool {
    record[record.startIndex] & 0xFFFF_FFFF == UInt64(CAPUS_COUNTERS_STATE_LIVE)
  }

  private func reason(_ defect: CounterRecord.Defect, slot: Int) -> CounterFileError.Reason {
    .invalidField(
      name: defect.name, offset: UInt64(layout.recordOffset(slot) + defect.offset),
      value: defect.value, expected: defect.expected)
  }
}
