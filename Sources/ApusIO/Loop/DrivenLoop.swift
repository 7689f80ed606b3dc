// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What moves the bytes of a ``DrivenLoop``: the hooks of a backend, for a backend of another module, where
/// methods that are not public cannot be overridden.
package protocol LoopDriver: AnyObject {
  func collect(_ loop: EventLoop)
  func readReady(_ loop: EventLoop, _ index: UInt32, _ countMax: Int)
  func makeListener(
    _ loop: EventLoop, _ address: SocketAddress, _ options: ListenOptions
  ) throws(IOError) -> (SlotHandle, SocketAddress)
  func makeConnection(
    _ loop: EventLoop, _ address: SocketAddress
  ) throws(IOError) -> SlotHandle
  func makeDatagramSocket(
    _ loop: EventLoop, _ address: SocketAddress, _ options: DatagramOptions
  ) throws(IOError) -> (SlotHandle, SocketAddress)
  func receivingChanged(_ loop: EventLoop, _ index: UInt32)
  func endSending(_ loop: EventLoop, _ index: UInt32)
  func tearDown(_ loop: EventLoop, _ index: UInt32)
  func peerAddress(_ loop: EventLoop, _ index: UInt32) -> SocketAddress?
}

/// A loop whose bytes another module of this package moves, and that waits for nothing: the simulated one of
/// `ApusTestKit`. Callers use it as an ``EventLoop``.
open class DrivenLoop: EventLoop {
  package let driver: any LoopDriver

  package init(
    _ configuration: EventLoopConfiguration, backend: EventLoopBackend, driver: any LoopDriver
  ) throws(IOError) {
    self.driver = driver
    try super.init(configuration, backend: backend)
  }

  package final override func collect(waitNanoseconds: UInt64) { driver.collect(self) }
  package final override func reap(_ countMax: Int) {}
  package final override func readReady(_ index: UInt32, _ countMax: Int) {
    driver.readReady(self, index, countMax)
  }
  package final override func makeListener(
    _ address: SocketAddress, _ options: ListenOptions
  ) throws(IOError) -> (SlotHandle, SocketAddress) {
    try driver.makeListener(self, address, options)
  }
  package final override func makeConnection(
    _ address: SocketAddress
  ) throws(IOError) -> SlotHandle { try driver.makeConnection(self, address) }
  package final override func makeDatagramSocket(
    _ address: SocketAddress, _ options: DatagramOptions
  ) throws(IOError) -> (SlotHandle, SocketAddress) {
    try driver.makeDatagramSocket(self, address, options)
  }
  package final override func receivingChanged(_ index: UInt32) {
    driver.receivingChanged(self, index)
  }
  package final override func endSending(_ index: UInt32) { driver.endSending(self, index) }
  package final override func tearDown(_ index: UInt32) { driver.tearDown(self, index) }
  package final override func peerAddress(_ index: UInt32) -> SocketAddress? {
    driver.peerAddress(self, index)
  }
}
