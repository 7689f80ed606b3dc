// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads
internal import CApusCounters
internal import Glibc

/// Where the parts of a counter file lie; all of it follows from two capacities.
struct CounterFileLayout: Equatable, Sendable {
  static let pageByteCount = Int(CAPUS_COUNTERS_PAGE_BYTE_COUNT)
  static let headerByteCount = Int(CAPUS_COUNTERS_HEADER_BYTE_COUNT)
  static let recordByteCount = Int(CAPUS_COUNTERS_RECORD_BYTE_COUNT)
  static let recordWordCount = Int(CAPUS_COUNTERS_RECORD_BYTE_COUNT) / 8
  static let valueByteStride = Int(CAPUS_COUNTERS_VALUE_BYTE_STRIDE)
  static let histogramHeaderByteCount = Int(CAPUS_COUNTERS_HISTOGRAM_HEADER_BYTE_COUNT)
  static let slotCapacityRange = 1...Int(CAPUS_COUNTERS_SLOT_CAPACITY_MAX)
  static let histogramByteCapacityRange = 0...Int(CAPUS_COUNTERS_HISTOGRAMS_BYTE_COUNT_MAX)

  let slotCapacity: Int
  let histogramsByteCount: Int

  var recordsOffset: Int { Self.pageByteCount }
  var valuesOffset: Int { Self.paged(recordsOffset + slotCapacity * Self.recordByteCount) }
  var histogramsOffset: Int { Self.paged(valuesOffset + slotCapacity * Self.valueByteStride) }
  var fileByteCount: Int { histogramsOffset + histogramsByteCount }

  /// A layout; the room for histograms is rounded up to a page.
  ///
  /// - Precondition: Both are within their ranges.
  init(slotCapacity: Int, histogramByteCapacity: Int) {
    self.slotCapacity = slotCapacity
    histogramsByteCount = Self.paged(histogramByteCapacity)
  }

  func recordOffset(_ slot: Int) -> Int { recordsOffset + slot * Self.recordByteCount }
  func valueOffset(_ slot: Int) -> Int { valuesOffset + slot * Self.valueByteStride }

  static func paged(_ byteCount: Int) -> Int {
    (byteCount + pageByteCount - 1) & ~(pageByteCount - 1)
  }

  /// Bytes of one histogram: its header and its counts, in whole cache-line pairs.
  static func histogramByteCount(_ layout: HistogramLayout) -> Int {
    let byteCount = histogramHeaderByteCount + layout.slotCount * 8
    return (byteCount + valueByteStride - 1) & ~(valueByteStride - 1)
  }

  /// The header of a new file.
  func header(writer: ProcessIdentity) -> capus_counters_header {
    var header = capus_counters_header()
    header.magic = CAPUS_COUNTERS_MAGIC
    header.layoutVersion = UInt32(CAPUS_COUNTERS_LAYOUT_VERSION)
    header.headerByteCount = UInt32(Self.headerByteCount)
    header.fileByteCount = UInt64(fileByteCount)
    header.slotCapacity = UInt32(slotCapacity)
    header.recordByteCount = UInt32(Self.recordByteCount)
    header.valueByteStride = UInt32(Self.valueByteStride)
    header.histogramHeaderByteCount = UInt32(Self.histogramHeaderByteCount)
    header.recordsOffset = UInt64(recordsOffset)
    header.valuesOffset = UInt64(valuesOffset)
    header.histogramsOffset = UInt64(histogramsOffset)
    header.histogramsByteCount = UInt64(histogramsByteCount)
    header.processID = writer.processID
    header.processStartTicks = writer.startTicks
    header.processNamespace = writer.namespace
    header.bootIDHigh = writer.bootIDHigh
    header.bootIDLow = writer.bootIDLow
    header.createdNanoseconds = realtimeNanoseconds()
    return header
  }
}

/// Time of day. Unit: nanoseconds since 1970-01-01 UTC.
func realtimeNanoseconds() -> UInt64 {
  var time = timespec()
  // SAFETY: `time` is there to be written.
  unsafe clock_gettime(CLOCK_REALTIME, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
