// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Testing

/// What the built command is made of.
@Suite struct ExecutableTests {
  /// Names that an ELF file of 64 bits defines for others.
  private static func definedNames(_ file: Data) -> Set<String> {
    func number(_ offset: Int, _ byteCount: Int) -> Int {
      (0..<byteCount).reduce(0) { $0 | Int(file[offset + $1]) << (8 * $1) }
    }
    let sections = (0..<number(0x3C, 2)).map { number(0x28, 8) + $0 * number(0x3A, 2) }
    var names: Set<String> = []
    for section in sections where number(section + 4, 4) == 11 {
      let text = number(sections[number(section + 0x28, 4)] + 0x18, 8)
      let start = number(section + 0x18, 8)
      for symbol in stride(from: start, to: start + number(section + 0x20, 8), by: 24)
      where number(symbol + 6, 2) != 0 {
        let name = text + number(symbol, 4)
        names.insert(String(decoding: file[name...].prefix { $0 != 0 }, as: UTF8.self))
      }
    }
    return names
  }

  /// Benchmarks count allocations; the command that runs in production keeps its allocator.
  @Test func theCommandReplacesNoAllocator() throws {
    let names = Self.definedNames(try Data(contentsOf: CommandRun.executable))
    let allocator = ["malloc", "calloc", "realloc", "free", "memalign", "aligned_alloc"]
    #expect(names.intersection(allocator).isEmpty)
    // The names of this program are read in the same way.
    #expect(!Self.definedNames(try Data(contentsOf: CommandRun.executable)).isEmpty)
  }

  @Test func benchmarksCountAllocations() throws {
    let run = try CommandRun("bench", "histogram.record", "journal", "--smoke", "--json")
    let suites = try #require(try run.json()["suites"] as? [[String: Any]])
    let counts = suites.flatMap { $0["results"] as? [[String: Any]] ?? [] }.compactMap {
      $0["allocations"] as? Int
    }
    // Journals allocate when they are opened and when segments are made.
    #expect(counts.contains { $0 > 0 }, "\(counts)")
  }
}
