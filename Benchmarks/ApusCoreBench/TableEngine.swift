// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

/// A state of any size: each command adds to one of many words, somewhere. What is measured is snapshots
/// of that size, which no engine of the tests has.
struct TableEngine: Engine {
  static let snapshotFormat = SnapshotFormat(name: "table", version: 1)
  var eventCountMax: Int { 0 }
  private var words: [UInt64]
  private var sum: UInt64 = 0

  /// Shape: a power of two.
  init(configuration wordCount: Int) { words = [UInt64](repeating: 1, count: wordCount) }

  mutating func apply(
    _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<UInt64>
  ) {
    let index = Int(truncatingIfNeeded: (command &* 0x9E37_79B9_7F4A_7C15) >> 20)
    words[index & (words.count - 1)] &+= command
    sum &+= command
  }

  /// Of what was added alone: a walk through the state would be measured in place of its encoding.
  var digest: UInt64 { sum }

  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(sum)
    try writer.write(UInt64(words.count))
    for word in words { try writer.write(word) }
  }

  init(configuration wordCount: Int, snapshot: inout SnapshotReader) throws(SnapshotError) {
    self.init(configuration: wordCount)
    sum = try snapshot.read(field: "sum")
    _ = try snapshot.read(UInt64(wordCount)...UInt64(wordCount), field: "word count")
    for index in words.indices { words[index] = try snapshot.read(field: "word") }
  }
}
