// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusRings

/// Where everything of a ring lies; the same in one process and in a file.
struct RingLayout: Equatable {
  enum Kind: UInt32 {
    case oneToOne = 1
    case manyToOne, manyToMany, broadcast, message
  }

  static let pageByteCount = 4_096
  static let lineByteCount = Int(CAPUS_RING_LINE)
  static let ownerByteCount = MemoryLayout<capus_ring_owner>.size

  let kind: Kind
  let capacity: Int
  /// Lanes, or consumers of a broadcast ring.
  let width: Int
  let elementByteCount: Int
  let elementAlignment: Int
  /// Distance between lanes. Unit: bytes.
  let laneByteCount: Int
  let dataOffset: Int
  let totalByteCount: Int

  var laneCount: Int { kind == .manyToOne || kind == .manyToMany ? width : 1 }
  var consumerCount: Int { kind == .broadcast ? width : 1 }
  var positionCount: Int { laneCount * (1 + consumerCount) }
  /// Ends with an owner: those of rings that processes may share.
  var ownerCount: Int { 1 + consumerCount }

  static let positionsOffset = 2 * lineByteCount
  var ownersOffset: Int { Self.positionsOffset + positionCount * Self.lineByteCount }

  static let capacityMax = 1 << 40
  static let laneCountMax = 256
  static let broadcastConsumerCountMax = 8

  /// Lays out a ring of elements.
  static func elements<Element: BitwiseCopyable>(
    _ kind: Kind, of type: Element.Type, capacity: Int, width: Int
  ) throws(RingError) -> RingLayout {
    let stride = MemoryLayout<Element>.stride
    let alignment = MemoryLayout<Element>.alignment
    guard MemoryLayout<Element>.size > 0, alignment <= pageByteCount else {
      throw .element(type: "\(type)", byteCount: MemoryLayout<Element>.size, alignment: alignment)
    }
    // Elements that several consumers may read at once are copied in whole words.
    let slot = kind == .manyToMany ? (stride + 7) & ~7 : stride
    return try RingLayout(
      kind, capacity: capacity, capacityMin: 1, width: width, elementByteCount: slot,
      elementAlignment: alignment)
  }

  init(
    _ kind: Kind, capacity: Int, capacityMin: Int, width: Int, elementByteCount: Int,
    elementAlignment: Int
  ) throws(RingError) {
    guard capacity >= capacityMin, capacity <= Self.capacityMax, capacity.nonzeroBitCount == 1
    else { throw .capacity(value: capacity, min: capacityMin, max: Self.capacityMax) }
    self.kind = kind
    self.capacity = capacity
    self.width = width
    self.elementByteCount = elementByteCount
    self.elementAlignment = elementAlignment
    let (used, overflow) = capacity.multipliedReportingOverflow(by: elementByteCount)
    guard !overflow, used < Int.max >> 12 else {
      throw .size(capacity: capacity, elementByteCount: elementByteCount)
    }
    let lanes = kind == .manyToOne || kind == .manyToMany ? width : 1
    let consumers = kind == .broadcast ? width : 1
    // Lanes begin at their own page: no line is shared, and any alignment holds.
    laneByteCount = (used + Self.pageByteCount - 1) & ~(Self.pageByteCount - 1)
    let control =
      Self.positionsOffset + lanes * (1 + consumers) * Self.lineByteCount
      + (1 + consumers) * Self.ownerByteCount
    dataOffset = (control + Self.pageByteCount - 1) & ~(Self.pageByteCount - 1)
    totalByteCount = dataOffset + lanes * laneByteCount
  }
}
