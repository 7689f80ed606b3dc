// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestKit
import Testing

@Suite struct SimulatedJournalStorageTests {
  /// Who held the disk before its machine lost its power changes nothing on it any more.
  @Test func aSuccessorHasTheDiskAndItsPredecessorNothing() throws {
    let disk = SimulatedJournalStorage(seed: 1)
    disk.replaceContents("kept", with: [1, 2, 3])
    let file = try disk.open("open", .readWrite)
    try disk.syncFolder()
    disk.cutPower()
    let next = disk.successor()
    #expect(try next.list() == ["kept", "open"] && disk.list().isEmpty)
    #expect(next.contents("kept") == [1, 2, 3])
    disk.close(file)
    #expect(throws: JournalError.self) { try disk.remove("kept") }
    #expect(unsafe [UInt8(9)].withUnsafeBytes { unsafe disk.write(file, at: 0, $0) } != .count(1))
    try next.lock()
    next.cutPower()
    #expect(try next.list() == ["kept", "open"] && next.contents("kept") == [1, 2, 3])
  }
}
