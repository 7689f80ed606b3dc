// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusThreads

@Suite struct SystemFileTests {
  @Test(
    arguments: [
      ("", []), ("0", [0]), ("0-2,5", [0, 1, 2, 5]), ("7-7", [7]), ("0-1, 3", [0, 1, 3]),
      ("5,0-2", [0, 1, 2, 5]), ("0-3,2-4,1", [0, 1, 2, 3, 4]),
    ] as [(String, [Int])])
  func lists(text: String, numbers: [Int]) {
    #expect(SystemFile.list(text) == numbers)
  }

  /// What is no number is left out, and nothing is made up of what remains.
  @Test(arguments: [
    "x", "x-3", "3-x", "-5", "5-", "1-2-9", "--", ",", ",,,", "3-1", "+3", "0x10", "1.5", "²",
    "(null)", "99999999999999999999", "65536", "0-65536", "0-9223372036854775807", "1:2",
    "0-31:2/4", "\0",
  ])
  func hostileLists(text: String) {
    #expect(SystemFile.list(text) == [])
    #expect(SystemFile.list("4,\(text),8") == [4, 8])
  }

  /// Of this thread: what others take from it on a busy machine does not count.
  private static func processorSeconds() -> Double {
    var time = timespec()
    // SAFETY: `time` is there to be written.
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// However often a text asks for everything, it gets it once.
  @Test func listsAreBounded() {
    let text = Array(repeating: "0-65535", count: 8_000).joined(separator: ",")
    let before = Self.processorSeconds()
    let numbers = SystemFile.list(text)
    let used = Self.processorSeconds() - before
    #expect(numbers == Array(0..<65_536))
    #expect(used < 5, "\(used) s")
  }

  @Test func readsAndTrims() throws {
    let tree = try ScratchFolder([
      "a": " \n 12 34\t\n\0", "empty": "", "number": "-7\n", "word": "x",
    ])
    #expect(SystemFile.read("\(tree.path)/a") == "12 34")
    #expect(SystemFile.read("\(tree.path)/empty") == "")
    #expect(SystemFile.integer("\(tree.path)/number") == -7)
    #expect(SystemFile.integer("\(tree.path)/word") == nil)
    #expect(SystemFile.read("\(tree.path)/absent") == nil)
    #expect(SystemFile.read(tree.path) == nil, "a folder")
  }

  /// A pipe without a writer gives nothing, and nothing waits for one.
  @Test func pipeDoesNotHang() throws {
    let tree = try ScratchFolder()
    // SAFETY: the path outlives the call.
    let result = unsafe mkfifo("\(tree.path)/pipe", 0o600)
    #expect(result == 0)
    #expect(SystemFile.read("\(tree.path)/pipe") == "")
  }

  @Test func longFilesAreCut() throws {
    let tree = try ScratchFolder(["long": String(repeating: "z", count: 200_000)])
    #expect(SystemFile.read("\(tree.path)/long")?.count == SystemFile.byteCountMax)
  }

  /// The kernel hands such files out a page at a time.
  @Test func readsBeyondTheFirstPage() throws {
    let text = try #require(SystemFile.read("/proc/self/smaps"))
    #expect(text.utf8.count > 16_384)
  }
}
