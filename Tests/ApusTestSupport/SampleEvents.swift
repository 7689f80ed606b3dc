// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A stream of events whose every field follows from the index, so that one program can write them
/// and another one check them. Some commands have several events and some have none.
public enum SampleEvents {
  private static let sequences: [UInt64] = [1, 2, 4, 4, 4, 5, 7, 7]

  /// Command of an event.
  public static func sequence(_ index: UInt64) -> UInt64 {
    index / 8 * 7 + sequences[Int(index % 8)]
  }

  /// The event of an index.
  public static func event(_ index: UInt64) -> PeerElement { PeerElement(index) }

  /// Index of the first event of a command after this one, by counting.
  public static func firstIndex(after sequence: UInt64) -> UInt64 {
    var index = sequence / 7 * 8
    while self.sequence(index) <= sequence { index += 1 }
    return index
  }
}
