// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusIO
internal import CApusIOLoad
internal import Glibc

/// An echo server on one loop, loaded by a thread in C on another CPU, and what its own thread needed.
@safe
final class IOEcho {
  struct Shape {
    var isDatagrams: Bool
    var choice: EventLoopChoice
    var messageCount: UInt64

    var peerCount: UInt32 { isDatagrams ? 64 : 1_000 }
    var byteCount: UInt32 { isDatagrams ? 100 : 64 }
    /// Messages of a peer that are under way.
    var window: UInt32 { isDatagrams ? 4 : 1 }
    /// The first ones are not measured: connections are made, and memory is met for the first time.
    var warmUpCount: UInt64 { messageCount / 10 }
    var measuredCount: Int { Int(messageCount - warmUpCount) }
  }

  private let shape: Shape
  private let loop: EventLoop
  private var load: OpaquePointer?
  private var echoedCount: UInt64 = 0
  private var openCount = 0
  private(set) var cpuNanoseconds: Double = 0
  private(set) var goodCount: UInt64 = 0
  /// Whether all answers came back as they should.
  var isWhole: Bool { goodCount >= shape.messageCount }

  /// A loop and its load, which has begun.
  init(_ shape: Shape, cpu: Int) throws(IOError) {
    self.shape = shape
    var configuration = EventLoopConfiguration(
      socketCountMax: 1_100, receiveBufferCount: 4_096, sendBufferCount: 4_096,
      receiveBufferByteCount: 2_048, sendBufferByteCount: 2_048)
    configuration.datagramBufferCount = shape.isDatagrams ? 4_096 : 0
    loop = try EventLoop.make(configuration, choice: shape.choice)
    guard let address = SocketAddress("127.0.0.1", port: 0) else {
      throw .configuration(field: "address", value: "127.0.0.1", expected: "a numeric address")
    }
    let port: UInt16
    if shape.isDatagrams {
      var options = DatagramOptions()
      options.kernelReceiveByteCount = 4 << 20
      port = try loop.openDatagramSocket(at: address, options: options).address.port
    } else {
      port = try loop.listen(at: address).address.port
    }
    unsafe load = capus_load_begin(
      shape.isDatagrams ? 1 : 0, port, shape.peerCount, shape.byteCount, shape.window,
      shape.messageCount, capus_load_other_cpu(Int32(cpu)))
  }

  deinit { if let load = unsafe load { _ = unsafe capus_load_end(load) } }

  private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    // SAFETY: the time is written in the call.
    _ = unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }

  private func step() {
    let now = Nanoseconds(Self.nanoseconds(CLOCK_MONOTONIC))
    _ = loop.step(now: now, countMax: 1_024, waitNanoseconds: 10_000_000)
    let messageByteCount = Int(shape.byteCount)
    while let event = loop.nextEvent() {
      switch event {
      case .received(let connection, let bytes):
        echoedCount &+= UInt64(loop.send(bytes, on: connection) / messageByteCount)
      case .datagram(let socket, let datagram):
        _ = loop.send(datagram, to: loop.source(of: datagram), on: socket)
        echoedCount &+= 1
      case .accepted: openCount += 1
      case .ended(let connection): loop.close(connection)
      case .closed: openCount -= 1
      default: break
      }
    }
  }

  func warmUp() { while echoedCount < shape.warmUpCount { step() } }

  /// Echoes the rest of the messages.
  func run() {
    let begun = Self.nanoseconds(CLOCK_THREAD_CPUTIME_ID)
    while echoedCount < shape.messageCount { step() }
    cpuNanoseconds = Double(Self.nanoseconds(CLOCK_THREAD_CPUTIME_ID) - begun)
  }

  /// Waits until the load has seen all answers.
  func finish() {
    guard let load = unsafe load else { return }
    while unsafe capus_load_is_done(load) == 0 || openCount > 0 { step() }
    goodCount = unsafe capus_load_end(load)
    unsafe self.load = nil
  }
}
