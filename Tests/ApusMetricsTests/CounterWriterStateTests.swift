// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusMetrics

/// Whether a reader knows what became of the writer.
@Suite struct CounterWriterStateTests {
  /// A file as its writer leaves it that ends without a word, with fields changed.
  private func state(_ change: (inout [UInt8]) -> Void) throws -> CounterWriterState {
    let folder = try ScratchFolder()
    var bytes = try writtenSample(folder)
    // The writer has closed it; take that back.
    #expect(bytes.get(UInt64.self, at: 136) == 1)
    bytes.put(UInt64(0), at: 136)
    change(&bytes)
    return try CounterReader(path: folder.write(bytes)).writerState()
  }

  @Test func thisProcessIsAlive() throws {
    #expect(try state { _ in } == .alive)
  }

  @Test func aNumberUsedAgainIsNoLife() throws {
    #expect(try state { $0.put($0.get(UInt64.self, at: 80) &- 1, at: 80) } == .dead)
  }

  @Test func aProcessThatEndedIsDead() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/true")
    try process.run()
    process.waitUntilExit()
    #expect(try state { $0.put(UInt64(process.processIdentifier), at: 72) } == .dead)
  }

  @Test(arguments: [0, 1 << 32, UInt64.max])
  func aNumberThatIsNoneIsDead(number: UInt64) throws {
    #expect(try state { $0.put(number, at: 72) } == .dead)
  }

  @Test func anotherStartOfTheHostIsDeath() throws {
    #expect(try state { $0.put($0.get(UInt64.self, at: 96) ^ 1, at: 96) } == .dead)
  }

  @Test func anotherProcessNamespaceIsNotKnown() throws {
    #expect(try state { $0.put($0.get(UInt64.self, at: 88) ^ 1, at: 88) } == .unknown)
    #expect(try state { $0.put(UInt64(0), at: 88) } == .unknown)
  }

  @Test func aWriterThatIsKilledIsDead() async throws {
    let folder = try ScratchFolder()
    let path = folder.path()
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let file = try CounterFile.small(path)
      var counter = try file.counter("killed_total")
      counter.add(77)
      kill(getpid(), SIGKILL)
    }
    let reader = try CounterReader(path: path)
    #expect(reader.writerState() == .dead)
    // Its last value is there, and its place may be taken.
    #expect(try reader.snapshot().entries.first?.value == .counter(77))
    let next = try CounterFile.small(path)
    #expect(next.slotCount == 0)
  }
}
