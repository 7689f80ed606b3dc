// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusMemory

struct SlabElement: BitwiseCopyable, Equatable {
  var first: UInt32 = 0
  var second: UInt64 = 0
}

@Suite struct SlabTests {
  private func slab(_ capacity: Int) throws -> Slab<SlabElement> {
    try Slab(capacity: capacity, options: .init(pages: .plain))
  }

  @Test func layouts() {
    #expect(MemoryLayout<SlabIndex<SlabElement>>.size == 4)
    #expect(MemoryLayout<SlabIndex<SlabElement>>.stride == 4)
    #expect(MemoryLayout<SlabElement>.stride == 16)
  }

  @Test func indicesAreTyped() {
    typealias Index = SlabIndex<SlabElement>
    #expect(Index.none.isNone && Index.none.rawValue == .max)
    #expect(!Index(rawValue: 0).isNone && !Index(rawValue: .max - 1).isNone)
    #expect(Set([Index(rawValue: 1), Index(rawValue: 1), .none]).count == 2)
    #expect(type(of: Index.none) != type(of: SlabIndex<UInt32>.none) as Any.Type)
  }

  @Test func slotsComeInOrderAndAreReusedLastInFirstOut() throws {
    var slab = try slab(8)
    #expect(slab.capacity == 8 && slab.count == 0 && slab.watermark == 0)
    let slots = (0..<5).compactMap { _ in slab.allocate() }
    try #require(slots.count == 5)
    #expect(slots.map(\.rawValue) == [0, 1, 2, 3, 4])
    slab.free(slots[1])
    slab.free(slots[3])
    slab.free(slots[0])
    #expect(slab.count == 2 && slab.watermark == 5 && slab.usedByteCount == 5 * 16)
    #expect((0..<4).compactMap { _ in slab.allocate()?.rawValue } == [0, 3, 1, 5])
    #expect(slab.count == 6 && slab.watermark == 6)
  }

  @Test func fullIsAnOutcome() throws {
    var slab = try slab(3)
    let slots = (0..<3).compactMap { _ in slab.allocate() }
    #expect(slots.count == 3)
    #expect(slab.allocate() == nil)
    #expect(slab.allocate() == nil)
    #expect(slab.count == 3 && slab.watermark == 3)
    slab.free(slots[2])
    #expect(slab.allocate() == slots[2])
    #expect(slab.allocate() == nil)
  }

  @Test func elementsAreApart() throws {
    var slab = try slab(100)
    let slots = (0..<100).compactMap { _ in slab.allocate() }
    for slot in slots { slab[slot] = SlabElement(first: slot.rawValue, second: .max) }
    for slot in slots {
      #expect(slab[slot] == SlabElement(first: slot.rawValue, second: .max))
      let isSame = unsafe slab.pointer(to: slot).pointee == slab[slot]
      #expect(isSame)
    }
    #expect(slab.placement.pages == .plain)
  }

  /// Memory is committed as the slab fills, not when it is made.
  @Test func memoryFollowsTheWatermark() throws {
    var slab = try slab(1 << 20)
    #expect(slab.region.residentByteCount() == 0)
    for _ in 0..<256 {
      guard let slot = slab.allocate() else { break }
      slab[slot] = SlabElement(first: 1, second: 1)
    }
    #expect(slab.region.residentByteCount() == 4_096)
  }

  /// The largest slab has a slot less than there are indices: the last one means none.
  @Test func largestCapacityIsAsDocumented() throws {
    let slab = try Slab<UInt32>(capacity: Int(UInt32.max), options: .init(pages: .plain))
    #expect(slab.capacity == Int(UInt32.max))
  }

  @Test func wrongUseIsAProgrammerError() async {
    await #expect(processExitsWith: .failure) {
      _ = try Slab<UInt32>(capacity: 0, options: .init())
    }
    await #expect(processExitsWith: .failure) {
      _ = try Slab<UInt16>(capacity: 1, options: .init())
    }
    await #expect(processExitsWith: .failure) {
      let slab = try Slab<UInt32>(capacity: 4, options: .init())
      _ = slab[.none]
    }
    await #expect(processExitsWith: .failure) {
      var slab = try Slab<UInt32>(capacity: 4, options: .init())
      slab.free(SlabIndex(rawValue: 0))
    }
    // The same, put right: without this the tests above could fail for another reason.
    await #expect(processExitsWith: .success) {
      var slab = try Slab<UInt32>(capacity: 4, options: .init())
      if let slot = slab.allocate() { slab.free(slot) }
    }
  }

  @Test(.enabled(if: allocationsAreCounted, "allocations are counted in release builds"))
  func steadyStateAllocatesNothing() throws {
    var slab = try slab(1_000)
    var slots = [SlabIndex<SlabElement>](repeating: .none, count: 500)
    let count = allocationCount {
      for round in 0..<20 {
        for index in slots.indices { slots[index] = slab.allocate() ?? .none }
        for slot in slots { slab[slot] = SlabElement(first: UInt32(round), second: 1) }
        for slot in slots { slab.free(slot) }
      }
    }
    #expect(count == 0)
    #expect(slab.count == 0)
  }
}

/// Seeded commands on a slab and on arrays.
@Suite struct SlabModelTests {
  static var seeds: [UInt64] {
    ProcessInfo.processInfo.environment["APUS_CAMPAIGN"] == nil ? [1, 2, 0x51AB] : Array(1...300)
  }

  enum Command {
    case allocate(UInt32)
    /// A slot that is taken, if there is one: this many behind the one that was taken first.
    case free(Int)
  }

  /// What a command did: the slot, and what a freed one had.
  struct Outcome: Equatable {
    var slot: UInt32?
    var element: SlabElement?
    var count: Int
    var watermark: UInt32
  }

  struct System: ~Copyable {
    var slab: Slab<SlabElement>
    var taken: [SlabIndex<SlabElement>] = []

    mutating func apply(_ command: Command) -> Outcome {
      var (slot, element): (SlabIndex<SlabElement>?, SlabElement?) = (nil, nil)
      switch command {
      case .allocate(let value):
        slot = slab.allocate()
        if let slot {
          slab[slot] = SlabElement(first: value, second: 9)
          taken.append(slot)
        }
      case .free(let place):
        guard !taken.isEmpty else { break }
        let freed = taken.remove(at: place % taken.count)
        (slot, element) = (freed, slab[freed])
        slab.free(freed)
      }
      return Outcome(
        slot: slot?.rawValue, element: element, count: slab.count, watermark: slab.watermark)
    }
  }

  /// Freed slots are used again, last in, first out, and then those that never were.
  struct Model {
    var capacity: UInt32
    var taken: [(slot: UInt32, element: SlabElement)] = []
    var freed: [UInt32] = []
    var watermark: UInt32 = 0

    mutating func apply(_ command: Command) -> Outcome {
      var (slot, element): (UInt32?, SlabElement?) = (nil, nil)
      switch command {
      case .allocate(let value):
        slot = freed.popLast() ?? (watermark < capacity ? watermark : nil)
        if let slot {
          watermark = max(watermark, slot + 1)
          taken.append((slot, SlabElement(first: value, second: 9)))
        }
      case .free(let place):
        guard !taken.isEmpty else { break }
        let one = taken.remove(at: place % taken.count)
        (slot, element) = (one.slot, one.element)
        freed.append(one.slot)
      }
      return Outcome(slot: slot, element: element, count: taken.count, watermark: watermark)
    }
  }

  @Test(arguments: seeds) func matchesReference(seed: UInt64) throws {
    var own = SeededRandom(seed: ~seed)
    let capacity = 1 + own.below(300)
    let comparison = ModelComparison<Command>(
      system: { System(slab: try Slab(capacity: capacity, options: .init(pages: .plain))) },
      model: { Model(capacity: UInt32(capacity)) },
      applyToSystem: { $0.apply($1) }, applyToModel: { $0.apply($1) })
    var step = 0
    let difference = try comparison.run(seed: seed, count: 4_000) { random in
      step += 1
      // Long phases of growth and of shrinking, so that both ends are reached.
      return random.below(100) < (step / 500 % 2 == 0 ? 70 : 30)
        ? .allocate(UInt32(truncatingIfNeeded: random.next())) : .free(random.below(300))
    }
    if let difference { Issue.record("capacity \(capacity): \(difference)") }
  }
}
