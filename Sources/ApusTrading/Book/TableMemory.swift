// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMemory

/// The memory of an engine's tables: reserved at the start, zero-filled, committed as it is touched,
/// given back with this.
final class TableMemory {
  private final class Region {
    let region: MemoryRegion

    init(_ region: consuming MemoryRegion) { self.region = region }
  }

  private var regions: [Region] = []
  private let pages: MemoryRegion.PagePolicy

  init(pages: MemoryRegion.PagePolicy) { self.pages = pages }

  /// So many records of zero bits, which have to be a valid element. They live as long as this.
  ///
  /// - Parameter residentCount: Records whose memory is there from the start.
  func records<Element: BitwiseCopyable>(
    of type: Element.Type = Element.self, count: Int, residentCount: Int = 0
  ) throws(MemoryError) -> RecordTable<Element> {
    var options = MemoryRegion.Options(pages: pages)
    options.prefaultedByteCount = residentCount * MemoryLayout<Element>.stride
    let region = try MemoryRegion(
      byteCount: count * MemoryLayout<Element>.stride, options: options)
    // SAFETY: the region holds `count` elements.
    let table = unsafe RecordTable(
      region.baseAddress.bindMemory(to: Element.self, capacity: count), count: count)
    regions.append(Region(region))
    return table
  }
}
