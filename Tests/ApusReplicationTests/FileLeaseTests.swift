// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusReplication
import ApusTestSupport
import Foundation
import Testing

@Suite struct FileLeaseTests {
  @Test func oneLeadsAndEpochsGrow() throws {
    let folder = try ScratchFolder()
    let path = folder.path("lease")
    let first = FileLease(path: path)
    let second = FileLease(path: path)
    #expect(first.step(now: .zero).epoch(at: .zero) == 1)
    #expect(second.step(now: .zero) == .notHeld)
    #expect(first.step(now: Nanoseconds(5)).epoch(at: Nanoseconds(5)) == 1)
    first.release()
    #expect(first.status == .notHeld)
    #expect(second.step(now: .zero).epoch(at: .zero) == 2)
    #expect(first.step(now: .zero) == .notHeld)
    second.release()
    #expect(first.step(now: .zero).epoch(at: .zero) == 3)
  }

  @Test(arguments: [
    "no lease", "apus-lease 1 \n", "apus-lease 1 99999999999999999999\n", "apus-lease 1 7",
  ])
  func aFileThatIsNoLeaseIsNotLedBy(text: String) throws {
    let folder = try ScratchFolder()
    let path = folder.path("lease")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    let lease = FileLease(path: path)
    guard case .unknown(let reason) = lease.step(now: .zero) else {
      Issue.record("led by \(text)")
      return
    }
    #expect(reason.contains(path))
    // The file is as it was, and whoever mends it leads.
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(lease.step(now: .zero).epoch(at: .zero) == 1)
  }

  @Test func whatIsNoRegularFileIsRefused() throws {
    let folder = try ScratchFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: folder.path("target"))
    for path in [folder.path, folder.path("link"), folder.path("absent/lease")] {
      guard case .unknown = FileLease(path: path).step(now: .zero) else {
        Issue.record("led by \(path)")
        continue
      }
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("target")))
  }

  @Test(arguments: [false, true])
  func aHolderWhoseFileIsGoneLeadsNoMore(isReplaced: Bool) throws {
    let folder = try ScratchFolder()
    let path = folder.path("lease")
    let first = FileLease(path: path)
    #expect(first.step(now: .zero).epoch(at: .zero) == 1)
    let waiting = FileLease(path: path)
    #expect(waiting.step(now: .zero) == .notHeld)
    try FileManager.default.removeItem(atPath: path)
    if isReplaced { #expect(FileLease(path: path).step(now: .zero).epoch(at: .zero) == 1) }
    guard case .unknown(let reason) = first.step(now: .zero) else {
      Issue.record("led by a file that is gone")
      return
    }
    #expect(reason.contains(path))
    // Who waited for the old file goes over to the new one.
    #expect(waiting.step(now: .zero) == .notHeld)
    #expect(waiting.step(now: .zero).epoch(at: .zero) == (isReplaced ? 2 : 1))
  }
}
