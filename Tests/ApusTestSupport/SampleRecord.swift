// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTestBasics

/// Journal records whose every field follows from their sequence, so that one program can write them
/// and another one check them.
public enum SampleRecord {
  /// Bytes of the record: at most `byteCountMax`.
  public static func payload(_ sequence: UInt64, byteCountMax: Int = 200) -> [UInt8] {
    var random = SeededRandom(seed: sequence)
    let count = Int(random.next() % UInt64(byteCountMax + 1))
    let seed = random.next()
    return (0..<count).map { UInt8(truncatingIfNeeded: seed &+ UInt64($0)) }
  }

  /// Time of the record. Unit: nanoseconds.
  public static func time(_ sequence: UInt64) -> UInt64 { 1_000_000 + sequence * 17 }

  /// Type of the record.
  public static func type(_ sequence: UInt64) -> UInt16 {
    UInt16(truncatingIfNeeded: sequence &* 7)
  }
}
