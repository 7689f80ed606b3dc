// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Damages bytes in the ways that transport, disks and adversaries do.
public struct ByteMutator: Sendable {
  private var random: SeededRandom

  /// A mutator of this seed.
  public init(seed: UInt64) { random = SeededRandom(seed: seed) }

  /// One to four changes: truncations, flipped bits, foreign bytes, changed lengths, splices,
  /// repeated and removed ranges.
  public mutating func mutated(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...draw(4) {
      guard !bytes.isEmpty else { break }
      let place = draw(bytes.count)
      let end = min(bytes.count, place + 1 + draw(64))
      switch draw(9) {
      case 0: bytes.removeSubrange(place...)
      case 1, 2: bytes[place] ^= 1 << UInt8(draw(8))
      case 3: bytes[place] = UInt8(truncatingIfNeeded: random.next())
      case 4: bytes.removeSubrange(place..<end)
      case 5: bytes.insert(contentsOf: Array(bytes[place..<end]), at: draw(bytes.count))
      case 6:
        // What a length or a count could be at its extremes, at any place.
        for offset in place..<min(bytes.count, place + 1 << draw(3)) {
          bytes[offset] = draw(2) == 0 ? 0 : 0xFF
        }
      case 7: bytes = Array(bytes[place...] + bytes[..<place])
      default:
        bytes.insert(contentsOf: (0..<draw(24)).map { _ in random.byte() }, at: place)
      }
    }
    return bytes
  }

  private mutating func draw(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
}

extension SeededRandom {
  /// A byte of any value.
  public mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }

  /// Bytes of any value.
  public mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }

  /// A number below `bound`.
  public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
