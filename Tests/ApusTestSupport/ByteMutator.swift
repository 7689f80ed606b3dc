// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTestBasics

/// Damages bytes in the ways that transport, disks and adversaries do.
public struct ByteMutator: Sendable {
  private var random: SeededRandom

  /// A mutator of this seed.
  public init(seed: UInt64) { random = SeededRandom(seed: seed) }

  /// One to four changes: truncations, flipped bits, foreign bytes, changed lengths, splices,
  /// repeated and removed ranges.
  public mutating func mutated(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...random.below(4) {
      guard !bytes.isEmpty else { break }
      let place = random.below(bytes.count)
      let end = min(bytes.count, place + 1 + random.below(64))
      switch random.below(9) {
      case 0: bytes.removeSubrange(place...)
      case 1, 2: bytes[place] ^= 1 << UInt8(random.below(8))
      case 3: bytes[place] = random.byte()
      case 4: bytes.removeSubrange(place..<end)
      case 5: bytes.insert(contentsOf: Array(bytes[place..<end]), at: random.below(bytes.count))
      case 6:
        // What a length or a count could be at its extremes, at any place.
        for offset in place..<min(bytes.count, place + 1 << random.below(3)) {
          bytes[offset] = random.below(2) == 0 ? 0 : 0xFF
        }
      case 7: bytes = Array(bytes[place...] + bytes[..<place])
      default:
        bytes.insert(contentsOf: (0..<random.below(24)).map { _ in random.byte() }, at: place)
      }
    }
    return bytes
  }
}
