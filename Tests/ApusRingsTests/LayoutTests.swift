// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import CApusRings
import Testing

@testable import ApusRings

/// What Swift assumes of the C layout; the C side has static assertions of its own.
@Suite struct LayoutTests {
  @Test func linesAreThoseOfTheHeader() {
    #expect(LaneTable.lineByteCount == Int(CAPUS_RING_LINE))
    #expect(MemoryLayout<capus_ring_position>.size == LaneTable.lineByteCount)
    #expect(MemoryLayout<capus_ring_header>.size == RingLayout.lineByteCount)
    #expect(MemoryLayout<capus_ring_parking>.size == RingLayout.lineByteCount)
    #expect(MemoryLayout<capus_ring_message>.size == MessageHeader.byteCount)
    #expect(UInt64.closedPosition == CAPUS_RING_CLOSED)
    #expect(MessageHeader.padding == CAPUS_RING_PADDING)
    #expect(RingLayout.Kind.oneToOne.rawValue == CAPUS_RING_ONE_TO_ONE)
    #expect(RingLayout.Kind.manyToOne.rawValue == CAPUS_RING_MANY_TO_ONE)
    #expect(RingLayout.Kind.manyToMany.rawValue == CAPUS_RING_MANY_TO_MANY)
    #expect(RingLayout.Kind.broadcast.rawValue == CAPUS_RING_BROADCAST)
    #expect(RingLayout.Kind.message.rawValue == CAPUS_RING_MESSAGE)
  }

  @Test func nothingOverlaps() throws {
    let layout = try RingLayout.elements(
      .broadcast, of: UInt64.self, capacity: 1_024, width: 8)
    #expect(layout.ownersOffset == 256 + 9 * 128)
    #expect(layout.dataOffset >= layout.ownersOffset + 9 * 64)
    #expect(layout.dataOffset % 4_096 == 0)
    #expect(layout.totalByteCount == layout.dataOffset + 8_192)
    let lanes = try RingLayout.elements(.manyToMany, of: UInt8.self, capacity: 2, width: 256)
    #expect(lanes.elementByteCount == 8)
    #expect(lanes.dataOffset >= 256 + 512 * 128)
    #expect(lanes.totalByteCount == lanes.dataOffset + 256 * 4_096)
  }
}
