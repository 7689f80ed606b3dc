// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import Glibc
import Testing

@Suite struct ListenerTests {
  @Test(arguments: systemChoices)
  func aPortInUseIsToldWithItsAddress(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let (_, address) = try driver.loop.listen(at: loopback())
    do throws(IOError) {
      _ = try driver.loop.listen(at: address)
      Issue.record("two listeners of one port")
    } catch {
      #expect(
        error == .system(operation: "bind", operand: "\(address)", errno: EADDRINUSE)
          || error == .system(operation: "listen", operand: "\(address)", errno: EADDRINUSE))
    }
    #expect(driver.loop.socketCount == 1)
  }

  @Test(arguments: systemChoices)
  func listenersMayShareAPort(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    var options = ListenOptions()
    options.sharesPort = true
    let (_, address) = try driver.loop.listen(at: loopback(), options: options)
    _ = try driver.loop.listen(at: address, options: options)
    for _ in 0..<20 { _ = try driver.loop.connect(to: address) }
    #expect(driver.run(until: { driver.accepted.count == 20 && driver.connected.count == 20 }))
  }

  @Test(arguments: systemChoices)
  func withAllSocketsInUseConnectionsAreClosed(_ choice: EventLoopChoice) throws {
    var configuration = smallConfiguration()
    configuration.socketCountMax = 2
    let server = try Driver(choice, configuration)
    let client = try Driver(choice)
    let (_, address) = try server.loop.listen(at: loopback())
    for _ in 0..<5 { _ = try client.loop.connect(to: address) }
    let isDone = client.run(until: { server.acceptFailures.count == 4 && client.ended.count == 4 })
    {
      if case .ended(let connection) = $0 { client.loop.close(connection) }
    } between: {
      server.step(waitNanoseconds: 0)
    }
    #expect(isDone)
    #expect(server.acceptFailures == [.full, .full, .full, .full])
    #expect(server.accepted.count == 1 && server.loop.counters.refusedCount == 4)
    // With a place again there is room for one.
    server.loop.abort(server.accepted[0])
    server.settle()
    _ = try client.loop.connect(to: address)
    #expect(
      client.run(
        until: { server.accepted.count == 2 }, between: { server.step(waitNanoseconds: 0) }))
  }

  @Test(arguments: systemChoices)
  func aClosedListenerIsGone(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let (listener, address) = try driver.loop.listen(at: loopback())
    driver.loop.close(listener)
    driver.loop.close(listener)
    driver.settle()
    #expect(driver.loop.socketCount == 0)
    _ = try driver.loop.connect(to: address)
    #expect(driver.run(until: { driver.closed.count == 1 }))
    // The port is free again at once.
    _ = try driver.loop.listen(at: address)
  }

  /// Descriptors that are used up are told, the listener rests, and takes connections later: in a process of
  /// its own, since all threads of one share their descriptors.
  @Test(arguments: systemChoices)
  func usedUpDescriptorsAreTold(_ choice: EventLoopChoice) throws {
    let name = choice == .epoll ? "epoll" : "ioUring"
    #expect(try runPeer("descriptors", name) == "accepted after EMFILE\n")
  }
}
