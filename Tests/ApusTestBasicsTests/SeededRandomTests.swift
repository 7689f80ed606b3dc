// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Testing

@Suite struct SeededRandomTests {
  /// From a second implementation (Python, of the authors' C code): recordings and the seeds of old
  /// reports depend on these numbers.
  @Test func theSequenceIsTheOneOfXoshiro() {
    var zero = SeededRandom(seed: 0)
    #expect(
      (0..<4).map { _ in zero.next() } == [
        0x5317_5D61_490B_23DF, 0x61DA_6F3D_C380_D507,
        0x5C0F_DF91_EC9A_7BFC, 0x02EE_BF8C_3BBE_5E1A,
      ])
    var other = SeededRandom(seed: 0x5EED)
    #expect(
      (0..<4).map { _ in other.next() } == [
        0x8EB2_871B_24AE_0C00, 0xFDD2_C14D_7560_F757,
        0x1746_0BDF_1E7C_3333, 0x6FF7_F624_B0C6_310F,
      ])
  }

  @Test func aSeedIsASequence() {
    func words(_ seed: UInt64) -> [UInt64] {
      var random = SeededRandom(seed: seed)
      return (0..<100).map { _ in random.next() }
    }
    #expect(words(7) == words(7))
    #expect(words(7) != words(8))
    #expect(Set(words(0)).count == 100)
  }

  @Test(arguments: [UInt64(0), 1, 2, .max])
  func drawsAreInRangeAndEven(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for bound in [1, 2, 3, 10, 1_000, 1 << 40, Int.max] {
      var sum = 0.0
      for _ in 0..<4_000 {
        let draw = random.below(bound)
        #expect((0..<bound).contains(draw))
        sum += Double(draw) / Double(bound)
      }
      // Six standard errors around the middle.
      let middle = bound < 1_000 ? Double(bound - 1) / Double(2 * bound) : 0.5
      #expect(abs(sum / 4_000 - middle) < 6 * 0.2887 / 4_000.0.squareRoot(), "below \(bound)")
    }
    var counts = [Int](repeating: 0, count: 6)
    for _ in 0..<6_000 { counts[random.below(6)] += 1 }
    #expect(counts.allSatisfy { abs($0 - 1_000) < 180 }, "\(counts)")
  }

  @Test func theDrawsOfBothWidthsAreOne() {
    var narrow = SeededRandom(seed: 3)
    var wide = SeededRandom(seed: 3)
    for bound in [UInt32(1), 2, 100, 65_536, .max] {
      #expect(Int(narrow.below(narrow: bound)) == wide.below(Int(bound)))
    }
  }

  @Test func chancesAndWeightsAreKept() {
    var random = SeededRandom(seed: 9)
    func count(_ body: (inout SeededRandom) -> Bool) -> Int {
      (0..<10_000).reduce(0) { sum, _ in sum + (body(&random) ? 1 : 0) }
    }
    #expect(count { $0.chance(0) } == 0)
    #expect(count { $0.chance(1) } == 10_000)
    #expect((2_700...3_300).contains(count { $0.chance(0.3) }))
    #expect((1_800...2_200).contains(count { $0.oneIn(5) }))
    #expect(count { $0.weightedIndex([0, 1, 0]) == 1 } == 10_000)
    #expect((7_200...7_800).contains(count { $0.weightedIndex([3, 1]) == 0 }))
    // Each octave as often as another.
    #expect((4_700...5_300).contains(count { $0.logUniform(octaveCount: 10) < 32 }))
    #expect(count { (1..<1_024).contains($0.logUniform(octaveCount: 10)) } == 10_000)
  }
}
