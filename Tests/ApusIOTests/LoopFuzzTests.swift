// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import Foundation
import Testing

/// Random calls of the public API, with stale ids and in any order.
@Suite struct LoopFuzzTests {
  static let roundCount =
    ProcessInfo.processInfo.environment["APUS_FUZZ_ROUNDS"].flatMap(Int.init) ?? 40

  /// Descriptors of this process. Only tests that run alone can compare them.
  static func descriptorCount() -> Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count ?? 0
  }

  /// Run it alone: it counts the descriptors of the process.
  @Test(
    .serialized, .enabled(if: ProcessInfo.processInfo.environment["APUS_FUZZ_ROUNDS"] != nil),
    arguments: systemChoices)
  func aLoopThatEndsAnywhereLeavesNoDescriptor(_ choice: EventLoopChoice) throws {
    try Self.play(choice, seed: 1, isDropped: true)
    usleep(100_000)
    let before = Self.descriptorCount()
    for seed in 0..<UInt64(Self.roundCount) { try Self.play(choice, seed: seed, isDropped: true) }
    // A ring ends some time later.
    var after = 0
    for _ in 0..<100 {
      after = Self.descriptorCount()
      if after <= before { break }
      usleep(20_000)
    }
    #expect(after <= before, "\(before) descriptors, then \(after)")
  }

  @Test(arguments: systemChoices)
  func randomCallsLeaveNothingBehind(_ choice: EventLoopChoice) throws {
    for seed in 0..<UInt64(Self.roundCount) {
      try Self.play(choice, seed: seed, isDropped: false)
    }
  }

  static func play(_ choice: EventLoopChoice, seed: UInt64, isDropped: Bool) throws {
    let folder = try ScratchFolder()
    var random = SeededRandom(seed: 0xA77 &+ seed &+ (isDropped ? 1 << 32 : 0))
    var configuration = EventLoopConfiguration(
      socketCountMax: [1, 2, 3, 8, 24][Int(random.next() % 5)],
      receiveBufferCount: [1, 2, 4, 32][Int(random.next() % 4)],
      sendBufferCount: [1, 2, 3, 16][Int(random.next() % 4)],
      receiveBufferByteCount: [64, 256, 4_096][Int(random.next() % 3)],
      sendBufferByteCount: [64, 256, 4_096][Int(random.next() % 3)])
    configuration.datagramBufferCount = [1, 2, 16][Int(random.next() % 3)]
    configuration.datagramByteCountMax = [16, 200, 2_000][Int(random.next() % 3)]
    configuration.fileBufferCount = [1, 3][Int(random.next() % 2)]
    configuration.fileBufferByteCount = 512
    configuration.timerCountMax = [0, 1, 4][Int(random.next() % 3)]
    configuration.eventCountMax = [1, 2, 5, 64][Int(random.next() % 4)]
    configuration.queuedByteCountMax = [1, 100, 5_000][Int(random.next() % 3)]
    configuration.lingerNanoseconds = [0, 1_000_000, 20_000_000][Int(random.next() % 3)]
    configuration.acceptPauseNanoseconds = 1_000_000
    let driver = try Driver(choice, configuration)
    let loop = driver.loop
    var listeners: [ListenerID] = []
    var addresses: [SocketAddress] = []
    var unixPaths: [String] = []
    var connections: [ConnectionID] = []
    var sockets: [DatagramSocketID] = []
    var datagramAddresses: [SocketAddress] = []
    var files: [FileID] = []
    var idle: [FileBufferID] = []
    var busyCount = 0
    var timers: [TimerID] = []
    let chunk = pattern(9_000)
    func some<T>(_ list: [T]) -> T? {
      list.isEmpty ? nil : list[Int(random.next() % UInt64(list.count))]
    }
    func on(_ event: IOEvent) {
      switch event {
      case .accepted(let connection, _): connections.append(connection)
      case .fileDone(let buffer, _):
        idle.append(buffer)
        busyCount -= 1
      case .descriptor(_, let passed):
        if random.next() % 2 == 0, let taken = loop.take(passed) { Glibc.close(taken) }
      case .datagram(let socket, let datagram):
        if random.next() % 3 == 0 {
          _ = loop.send(datagram, to: loop.source(of: datagram), on: socket)
        }
      case .received(let connection, let received):
        if random.next() % 2 == 0 { _ = loop.send(received, on: connection) }
        if random.next() % 8 == 0 { loop.close(connection) }
      default: break
      }
    }
    for _ in 0..<600 {
      switch random.next() % 32 {
      case 0:
        if let (listener, address) = try? loop.listen(at: loopback()) {
          listeners.append(listener)
          addresses.append(address)
        }
      case 1:
        let path = "\(folder.path)/\(random.next() % 4)"
        if let listener = try? loop.listen(
          atPath: path, takesDescriptors: random.next() % 2 == 0)
        {
          listeners.append(listener)
          unixPaths.append(path)
        }
      case 2, 3, 4:
        if let address = some(addresses), let made = try? loop.connect(to: address) {
          connections.append(made)
        }
      case 5, 6:
        if let path = some(unixPaths),
          let made = try? loop.connect(toPath: path, takesDescriptors: random.next() % 2 == 0)
        {
          connections.append(made)
        }
      case 7:
        if let (socket, address) = try? loop.openDatagramSocket(at: loopback()) {
          sockets.append(socket)
          datagramAddresses.append(address)
        }
      case 8, 9:
        if let socket = some(sockets), let address = some(datagramAddresses) {
          let count = Int(random.next() % 3_000)
          _ = Array(chunk[..<count]).withRawSpan { loop.send($0, to: address, on: socket) }
        }
      case 10:
        if let file = try? loop.openFile(folder.path + "/file", writes: true) { files.append(file) }
      case 11, 12:
        if let buffer = loop.takeFileBuffer() { idle.append(buffer) }
        guard let file = some(files), let buffer = idle.popLast() else { continue }
        let isBegun: Bool
        switch random.next() % 3 {
        case 0: isBegun = loop.read(file, at: random.next() % 4_000, byteCount: 512, into: buffer)
        case 1: isBegun = loop.write(file, at: random.next() % 4_000, byteCount: 300, from: buffer)
        default: isBegun = loop.sync(file, with: buffer)
        }
        if isBegun { busyCount += 1 } else { idle.append(buffer) }
      case 13: if random.next() % 2 == 0, let buffer = idle.popLast() { loop.give(buffer) }
      case 14: if let file = some(files) { loop.close(file) }
      case 15: if let one = some(connections) { loop.close(one) }
      case 16: if let one = some(connections) { loop.abort(one) }
      case 17: if let one = some(connections) { loop.finishSending(one) }
      case 18: if let one = some(connections) { loop.pauseReceiving(one) }
      case 19: if let one = some(connections) { loop.resumeReceiving(one) }
      case 20: if random.next() % 4 == 0, let one = some(listeners) { loop.close(one) }
      case 21: if random.next() % 4 == 0, let one = some(sockets) { loop.close(one) }
      case 22:
        if let one = some(connections) {
          let message = bytes("passed")
          _ = message.withRawSpan { loop.send($0, passing: 2, on: one) }
        }
      case 23:
        let due = [0, Driver.now().rawValue, Driver.now().rawValue + 100_000, .max]
        if let due = some(due), let timer = loop.setTimer(at: Nanoseconds(due), token: 1) {
          timers.append(timer)
        }
      case 24: if let timer = some(timers) { loop.cancelTimer(timer) }
      case 25: loop.waker?.wake()
      case 26: loop.flush()
      case 27: loop.wait(limitNanoseconds: 1_000)
      case 28, 29:
        if let one = some(connections) {
          _ = driver.send(Array(chunk[..<Int(random.next() % 9_000)]), on: one)
        }
      default:
        driver.countMax = [0, 1, 3, 100][Int(random.next() % 4)]
        driver.step(waitNanoseconds: 0, body: on)
      }
    }
    if isDropped { return }
    // Ends everything.
    driver.countMax = 100
    for _ in 0..<3 {
      connections.forEach { loop.abort($0) }
      listeners.forEach { loop.close($0) }
      sockets.forEach { loop.close($0) }
      files.forEach { loop.close($0) }
      driver.step(body: on)
    }
    let isEmpty = driver.run(seconds: 5, until: { loop.socketCount == 0 && busyCount == 0 }, on) {
      connections.forEach { loop.abort($0) }
    }
    driver.settle(milliseconds: 4, on)
    #expect(isEmpty, "seed \(seed): \(loop.socketCount) sockets, \(busyCount) files")
    #expect(
      loop.sendBlocks.freeCount == configuration.sendBufferCount, "seed \(seed): send blocks")
    if choice == .epoll {
      #expect(
        loop.receiveBlocks.freeCount == configuration.receiveBufferCount,
        "seed \(seed): receive blocks")
      #expect(
        loop.datagramBlocks.freeCount == configuration.datagramBufferCount,
        "seed \(seed): datagram blocks")
    } else {
      #expect(
        loop.receiveBlocks.freeCount == 16,
        "seed \(seed): call blocks \(loop.receiveBlocks.freeCount)")
    }
    idle.forEach { loop.give($0) }
    #expect(loop.fileBlocks.freeCount == configuration.fileBufferCount, "seed \(seed): file blocks")
  }
}
