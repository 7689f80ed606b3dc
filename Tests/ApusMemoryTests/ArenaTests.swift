// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Testing

@testable import ApusMemory

@Suite struct ArenaTests {
  private func arena(_ byteCount: Int) throws -> Arena {
    Arena(region: try MemoryRegion(byteCount: byteCount, options: .init(pages: .plain)))
  }

  @Test func alignsEachAllocation() throws {
    var arena = try arena(4_096)
    #expect(arena.capacityByteCount == 4_096 && arena.placement.pages == .plain)
    let bytes = unsafe arena.allocate(UInt8.self, count: 3)
    #expect(unsafe bytes?.count == 3)
    #expect(arena.usedByteCount == 3)
    guard let words = unsafe arena.allocate(UInt64.self, count: 2) else {
      Issue.record("no room")
      return
    }
    let wordsAddress = UInt(bitPattern: words.baseAddress)
    #expect(wordsAddress % 8 == 0)
    #expect(arena.usedByteCount == 24)
    guard let vectors = unsafe arena.allocate(SIMD16<Float>.self, count: 1) else {
      Issue.record("no room")
      return
    }
    let vectorsAddress = UInt(bitPattern: vectors.baseAddress)
    let alignment = MemoryLayout<SIMD16<Float>>.alignment
    #expect(alignment > 8 && vectorsAddress % UInt(alignment) == 0)
    #expect(arena.usedByteCount == (24 + alignment - 1) / alignment * alignment + 64)
  }

  /// Whether there is room; what was handed out stays so.
  private func has<T: BitwiseCopyable>(
    _ arena: inout Arena, _ type: T.Type, _ count: Int
  ) -> Bool {
    guard let buffer = unsafe arena.allocate(T.self, count: count) else { return false }
    return buffer.count == count
  }

  @Test func isExhaustedExactlyAtItsEnd() throws {
    var arena = try arena(64)
    #expect(!has(&arena, UInt64.self, 9))
    #expect(arena.usedByteCount == 0)
    #expect(has(&arena, UInt64.self, 7))
    #expect(!has(&arena, UInt64.self, 2))
    #expect(has(&arena, UInt64.self, 1))
    #expect(!has(&arena, UInt8.self, 1))
    #expect(has(&arena, UInt8.self, 0))
    #expect(arena.usedByteCount == 64)
  }

  @Test(arguments: [Int.max, Int.max / 8, Int.max / 8 + 1, 1 << 61])
  func absurdCountIsNoRoom(count: Int) throws {
    var arena = try arena(5)
    #expect(has(&arena, UInt8.self, 5))
    #expect(!has(&arena, UInt64.self, count))
    #expect(!has(&arena, UInt64.self, 0))
    #expect(arena.usedByteCount == 5)
  }

  @Test func resetGivesTheSameMemoryAgain() throws {
    var arena = try arena(4_096)
    guard let first = unsafe arena.allocate(UInt32.self, count: 1_024) else {
      Issue.record("no room")
      return
    }
    #expect(unsafe first.allSatisfy { $0 == 0 })
    unsafe first[1_023] = 7
    #expect(!has(&arena, UInt8.self, 1))
    arena.reset()
    #expect(arena.usedByteCount == 0)
    let second = unsafe arena.allocate(UInt32.self, count: 1_024)
    #expect(unsafe second?.baseAddress == first.baseAddress)
    #expect(unsafe second?.last == 7)
  }

  /// Allocations never overlap: each is filled with its own number, and all are read at the end.
  @Test(arguments: [1, 0xA2E4] as [UInt64])
  func allocationsDoNotOverlap(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var arena = try arena(64 << 10)
    var bytes: [UnsafeMutableBufferPointer<UInt8>] = unsafe []
    var words: [UnsafeMutableBufferPointer<UInt64>] = unsafe []
    while true {
      let count = Int.random(in: 0...100, using: &random)
      let mark = UInt8(truncatingIfNeeded: unsafe bytes.count)
      if random.next() & 1 == 0 {
        guard let buffer = unsafe arena.allocate(UInt8.self, count: count) else { break }
        unsafe buffer.update(repeating: mark)
        unsafe bytes.append(buffer)
      } else {
        guard let buffer = unsafe arena.allocate(UInt64.self, count: count) else { break }
        unsafe buffer.update(repeating: UInt64(unsafe words.count))
        unsafe words.append(buffer)
      }
    }
    #expect(unsafe bytes.count + words.count > 50, "seed \(seed)")
    for index in unsafe bytes.indices {
      #expect(
        unsafe bytes[index].allSatisfy { $0 == UInt8(truncatingIfNeeded: index) }, "seed \(seed)")
    }
    for index in unsafe words.indices {
      #expect(unsafe words[index].allSatisfy { $0 == UInt64(index) }, "seed \(seed)")
    }
  }

  @Test func negativeCountIsAProgrammerError() async {
    await #expect(processExitsWith: .failure) {
      var arena = Arena(region: try MemoryRegion(byteCount: 64, options: .init(pages: .plain)))
      _ = unsafe arena.allocate(UInt8.self, count: -1)
    }
  }
}
