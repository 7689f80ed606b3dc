// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Testing

@testable import ApusCommandKit

/// Both ends of a pseudo-terminal.
private struct Terminal {
  /// What a program writes to.
  let slave: FileHandle
  /// Where the text comes out.
  let master: FileHandle

  init() throws {
    var (master, slave): (CInt, CInt) = (-1, -1)
    // SAFETY: the call writes the two descriptors.
    let result = unsafe openpty(&master, &slave, nil, nil, nil)
    try #require(result == 0)
    self.master = FileHandle(fileDescriptor: master, closeOnDealloc: true)
    self.slave = FileHandle(fileDescriptor: slave, closeOnDealloc: true)
  }

  /// What was written so far; waits for none.
  func text() -> String {
    var text: [UInt8] = []
    var request = pollfd(fd: master.fileDescriptor, events: Int16(POLLIN), revents: 0)
    // SAFETY: one request.
    while unsafe poll(&request, 1, 100) == 1, Int32(request.revents) & POLLIN != 0 {
      text += master.availableData
    }
    return String(decoding: text, as: UTF8.self)
  }
}

@Suite struct ProgressBarTests {
  private func bar(
    _ terminal: FileHandle, unit: String = "B", isEnabled: Bool = true
  ) -> ProgressBar {
    ProgressBar(label: "replaying", unit: unit, isEnabled: isEnabled, terminal: terminal)
  }

  @Test func showsNothingWhereThereIsNoTerminal() throws {
    let pipe = Pipe()
    do {
      let bar = bar(pipe.fileHandleForWriting)
      bar.update(done: 1, total: 2, note: "x")
      usleep(110_000)
      bar.update(done: 2, total: 2)
      bar.finish()
    }
    try pipe.fileHandleForWriting.close()
    #expect(try pipe.fileHandleForReading.readToEnd() ?? Data() == Data())
  }

  @Test func showsNothingWhenItIsOff() throws {
    let terminal = try Terminal()
    let bar = bar(terminal.slave, isEnabled: false)
    bar.update(done: 1, total: 2)
    bar.finish()
    #expect(terminal.text() == "")
  }

  @Test func showsRateAndTimeLeftOnATerminal() throws {
    let terminal = try Terminal()
    let bar = bar(terminal.slave)
    usleep(20_000)
    bar.update(done: 50 << 20, total: 100 << 20, note: "7 messages")
    let text = terminal.text()
    #expect(text.hasPrefix("\r\u{1B}[K\u{1B}[?7lreplaying  "))
    #expect(text.hasSuffix("\u{1B}[?7h"))
    #expect(text.contains(" 50 %") && text.contains("iB/s") && text.contains(":"))
    #expect(text.contains(" left  7 messages"))
    usleep(120_000)
    bar.update(done: 70 << 20, total: 100 << 20)
    #expect(terminal.text().contains(" 70 %"))
    bar.finish()
    #expect(terminal.text() == "\r\u{1B}[K")
    bar.finish()
    #expect(terminal.text() == "")
  }

  @Test func isShownTenTimesASecondAtMost() throws {
    let terminal = try Terminal()
    let bar = bar(terminal.slave)
    let elapsed = ContinuousClock().measure {
      for step in 0..<UInt64(20_000) { bar.update(done: step, total: 20_000) }
    }
    let shown = terminal.text().components(separatedBy: "replaying").count - 1
    #expect(shown >= 1 && shown <= 1 + Int(elapsed / .milliseconds(100)))
  }

  @Test func takesItselfOffWhenItEnds() throws {
    let terminal = try Terminal()
    do { bar(terminal.slave).update(done: 1, total: nil) }
    #expect(terminal.text().hasSuffix("\u{1B}[?7h\r\u{1B}[K"))
  }

  @Test func outlivesItsTerminal() throws {
    let terminal = try Terminal()
    let bar = bar(terminal.slave)
    bar.update(done: 1, total: 2)
    try terminal.master.close()
    usleep(120_000)
    bar.update(done: 2, total: 2)
    bar.finish()
  }

  @Test func lineIsExact() throws {
    let pipe = Pipe()
    let bytes = bar(pipe.fileHandleForWriting)
    let half = String(repeating: "█", count: 15) + String(repeating: "░", count: 15)
    #expect(
      bytes.line(done: 512, total: 1_024, elapsed: .seconds(2), note: "n")
        == "replaying  \(half) 50 %  256 B/s  0:02 left  n")
    #expect(
      bytes.line(done: 2_048, total: nil, elapsed: .seconds(1), note: "")
        == "replaying  2.0 KiB/s")
    #expect(
      bytes.line(done: 5, total: 0, elapsed: .zero, note: "n") == "replaying  0 B/s  n")
    let messages = bar(pipe.fileHandleForWriting, unit: "messages")
    #expect(
      messages.line(done: 3_000, total: 3_000, elapsed: .seconds(2), note: "").hasSuffix(
        " 100 %  1,500 messages/s  0:00 left"))
    #expect(
      messages.line(done: 0, total: 9, elapsed: .seconds(1), note: "").hasSuffix(
        " 0 %  0 messages/s  – left"))
  }

  /// No amount of work and no time makes the line trap.
  @Test(arguments: [0, 1, 1 << 40, .max - 1, .max] as [UInt64])
  func everyLineCanBeShown(done: UInt64) {
    let bar = bar(Pipe().fileHandleForWriting)
    for total in [nil, 0, 1, 1 << 63, UInt64.max] as [UInt64?] {
      for elapsed in [.zero, .nanoseconds(1), .seconds(1), .seconds(Int64.max)] as [Duration] {
        let line = bar.line(done: done, total: total, elapsed: elapsed, note: "")
        #expect(line.contains("/s") && !line.contains("nan") && !line.contains("inf"))
      }
    }
  }
}
