// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// A process of its own for tests that use up descriptors, or count them.

import ApusEngine
import ApusIO
import ApusTestSupport
import Glibc

func now() -> Nanoseconds {
  var time = timespec()
  // SAFETY: the time is written in the call.
  _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return Nanoseconds(UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
}

/// Steps until the condition holds, or ten seconds are over.
@discardableResult
func run(_ loop: EventLoop, until condition: () -> Bool, _ body: (IOEvent) -> Void) -> Bool {
  let end = now().rawValue + 10_000_000_000
  while !condition(), now().rawValue < end {
    _ = loop.step(now: now(), countMax: 64, waitNanoseconds: 2_000_000)
    while let event = loop.nextEvent() { body(event) }
  }
  return condition()
}

/// Descriptors that are open.
func openCount() -> Int { (0..<4_096).count { fcntl(Int32($0), F_GETFD) >= 0 } }

func configuration() -> EventLoopConfiguration {
  var configuration = EventLoopConfiguration(
    socketCountMax: 64, receiveBufferCount: 64, sendBufferCount: 64)
  configuration.datagramBufferCount = 16
  configuration.fileBufferCount = 2
  configuration.acceptPauseNanoseconds = 5_000_000
  return configuration
}

func loopback() -> SocketAddress {
  guard let address = SocketAddress("127.0.0.1", port: 0) else { fatalError("no loopback") }
  return address
}

/// A listener without descriptors says so and rests; it takes connections when there are some again.
func descriptors(_ choice: EventLoopChoice) throws -> String {
  // An accept of io_uring keeps the limit of when it was begun.
  var limit = rlimit(rlim_cur: 128, rlim_max: 128)
  // SAFETY: the limit is read in the call.
  guard unsafe setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else {
    return "no limit"
  }
  let loop = try EventLoop.make(configuration(), choice: choice)
  let (_, address) = try loop.listen(at: loopback())
  _ = loop.step(now: now(), countMax: 64)
  let client = try loop.connect(to: address)
  var taken: [Int32] = []
  while true {
    let one = dup(0)
    guard one >= 0 else { break }
    taken.append(one)
  }
  var failures: [AcceptFailure] = []
  var isAccepted = false
  var isConnected = false
  func note(_ event: IOEvent) {
    switch event {
    case .acceptFailed(_, let failure): failures.append(failure)
    case .accepted: isAccepted = true
    case .connected(client): isConnected = true
    default: break
    }
  }
  run(loop, until: { failures.count >= 3 }, note)
  guard failures.count >= 3, failures.allSatisfy({ $0 == .system(errno: EMFILE) }), !isAccepted,
    loop.counters.acceptFailureCount == UInt64(failures.count)
  else { return "not told: \(failures)" }
  for one in taken { _ = close(one) }
  guard run(loop, until: { isAccepted && isConnected }, note) else { return "not accepted later" }
  return "accepted after EMFILE"
}

/// Descriptors that a stranger passes.
func passing(_ choice: EventLoopChoice) throws -> String {
  let folder = try ScratchFolder()
  let loop = try EventLoop.make(configuration(), choice: choice)
  for takes in [false, true] {
    let path = folder.path + "/\(takes)"
    let listener = try loop.listen(atPath: path, takesDescriptors: takes)
    let client = try loop.connect(toPath: path)
    var server: ConnectionID?
    var reason: CloseReason?
    var shown = 0
    func note(_ event: IOEvent) {
      switch event {
      case .accepted(let connection, from: _): server = connection
      case .closed(server, let why): reason = why
      case .descriptor: shown += 1
      default: break
      }
    }
    run(loop, until: { server != nil }, note)
    let before = openCount()
    let bytes: [UInt8] = [1]
    for _ in 0..<40 {
      _ = bytes.withRawSpan { loop.send($0, passing: 0, on: client) }
      _ = loop.step(now: now(), countMax: 64, waitNanoseconds: 1_000_000)
      while let event = loop.nextEvent() { note(event) }
    }
    if takes {
      // Shown, not taken, and closed with the step after.
      run(loop, until: { shown == 40 }, note)
      guard shown == 40, reason == nil else {
        return "shown \(shown), \(String(describing: reason))"
      }
      _ = loop.step(now: now(), countMax: 64)
      guard loop.counters.closedDescriptorCount >= 40, openCount() == before else {
        return "left: \(before) before, \(openCount()) after"
      }
    } else {
      run(loop, until: { reason != nil }, note)
      guard reason == .unwantedDescriptor, loop.counters.closedDescriptorCount >= 1, shown == 0
      else { return "not closed: \(String(describing: reason))" }
    }
    loop.abort(client)
    if let server { loop.abort(server) }
    loop.close(listener)
    run(loop, until: { loop.socketCount == 0 }, note)
    _ = loop.step(now: now(), countMax: 64)
    // Three descriptors of sockets are closed; none of those that were passed is left.
    guard openCount() == before - 3 else { return "left: \(before) before, \(openCount()) after" }
  }
  return "no descriptor is left"
}

/// Loops that end with everything under way.
func ending(_ choice: EventLoopChoice) throws -> String {
  let folder = try ScratchFolder()
  let before = openCount()
  for round in 0..<30 {
    let loop = try EventLoop.make(configuration(), choice: choice)
    let (_, address) = try loop.listen(at: loopback())
    let path = folder.path + "/\(round)"
    _ = try loop.listen(atPath: path, takesDescriptors: true)
    let unix = try loop.connect(toPath: path)
    let (socket, datagramAddress) = try loop.openDatagramSocket(at: loopback())
    let file = try loop.openFile(folder.path + "/file", writes: true)
    if let buffer = loop.takeFileBuffer() {
      _ = loop.write(file, at: 0, byteCount: 65_536, from: buffer)
    }
    if let buffer = loop.takeFileBuffer() { _ = loop.sync(file, with: buffer) }
    let bytes = [UInt8](repeating: 7, count: 100_000)
    for _ in 0..<5 {
      let client = try loop.connect(to: address)
      // After no step, one, two and so on: whatever the kernel then has.
      for _ in 0..<round % 6 { _ = loop.step(now: now(), countMax: 4, waitNanoseconds: 100_000) }
      while round % 2 == 0, loop.nextEvent() != nil {}
      _ = bytes.withRawSpan { loop.send($0, on: client) }
      _ = [UInt8](bytes[..<100]).withRawSpan { loop.send($0, to: datagramAddress, on: socket) }
      _ = [UInt8](bytes[..<1]).withRawSpan { loop.send($0, passing: 0, on: unix) }
    }
  }
  // The descriptor table is what is counted; the kernel may let a socket go a moment later.
  return openCount() == before
    ? "no descriptor is left" : "left: \(before) before, \(openCount()) after"
}

let arguments = CommandLine.arguments
let choice: EventLoopChoice = arguments.last == "epoll" ? .epoll : .ioUring
switch arguments.dropFirst().first {
case "descriptors": print(try descriptors(choice))
case "passing": print(try passing(choice))
case "ending": print(try ending(choice))
default: print("usage: apus-io-peer descriptors|passing|ending epoll|ioUring")
}
