// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import Glibc
import Testing

/// The kernel's backends. Where io_uring is denied its tests are skipped, which is printed.
let systemChoices: [EventLoopChoice] = {
  do {
    _ = try EventLoop.make(smallConfiguration(), choice: .ioUring)
    return [.ioUring, .epoll]
  } catch {
    print("tests of io_uring are skipped: \(error)")
    return [.epoll]
  }
}()

func smallConfiguration() -> EventLoopConfiguration {
  var configuration = EventLoopConfiguration(
    socketCountMax: 64, receiveBufferCount: 64, sendBufferCount: 256)
  configuration.datagramBufferCount = 64
  configuration.fileBufferCount = 4
  configuration.timerCountMax = 16
  configuration.lingerNanoseconds = 200_000_000
  return configuration
}

/// A loop with a clock, whose events a test looks at one by one.
final class Driver {
  let loop: EventLoop
  private(set) var log: [IOEvent] = []

  init(_ loop: EventLoop) { self.loop = loop }

  convenience init(
    _ choice: EventLoopChoice, _ configuration: EventLoopConfiguration = smallConfiguration()
  ) throws {
    self.init(try EventLoop.make(configuration, choice: choice))
  }

  static func now() -> Nanoseconds {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Nanoseconds(UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }

  /// Runs until `body`, which gets every event, says that it has what it waits for; false after the limit.
  func run(seconds: Double = 5, _ body: (IOEvent) throws -> Bool) rethrows -> Bool {
    let end = Self.now().rawValue + UInt64(seconds * 1e9)
    while Self.now().rawValue < end {
      _ = loop.step(now: Self.now(), countMax: 64, waitNanoseconds: 2_000_000)
      while let event = loop.nextEvent() {
        if try body(event) { return true }
      }
    }
    return false
  }

  /// Steps so many times without waiting long.
  func settle(_ count: Int = 10, _ body: (IOEvent) -> Void = { _ in }) {
    for _ in 0..<count {
      _ = loop.step(now: Self.now(), countMax: 64, waitNanoseconds: 1_000_000)
      while let event = loop.nextEvent() { body(event) }
    }
  }
}

func loopback(_ port: UInt16 = 0) throws -> SocketAddress {
  try #require(SocketAddress("127.0.0.1", port: port))
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
