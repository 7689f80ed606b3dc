// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import Glibc
import Testing

/// Unix sockets. Open descriptors of the process are counted, so one test at a time and in a process
/// of their own where they are.
@Suite struct UnixTests {
  private func failure(_ driver: Driver, listening path: String) -> Int32? {
    do throws(IOError) {
      _ = try driver.loop.listen(atPath: path)
    } catch .system(_, let operand, let errno) {
      #expect(operand == path)
      return errno
    } catch {}
    return nil
  }

  /// Both ends of a connection at a path.
  private func pair(
    _ driver: Driver, _ path: String, takesDescriptors: Bool = false
  ) throws -> (client: ConnectionID, server: ConnectionID) {
    let listener = try driver.loop.listen(atPath: path, takesDescriptors: takesDescriptors)
    let client = try driver.loop.connect(toPath: path)
    let stands = driver.run(until: { driver.accepted.count == 1 && driver.connected.count == 1 })
    try #require(stands)
    driver.loop.close(listener)
    return (client, driver.accepted[0])
  }

  @Test(arguments: systemChoices)
  func bytesAndEndsGoBothWays(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let folder = try ScratchFolder()
    let (client, server) = try pair(driver, folder.path + "/socket")
    #expect(driver.loop.peerUser(of: server) == getuid())
    #expect(driver.loop.peer(of: server) == nil)
    let sent = pattern(300_000)
    #expect(driver.send(sent, on: client) == sent.count)
    driver.loop.finishSending(client)
    #expect(driver.run(until: { driver.ended == [server] }))
    #expect(driver.received[server] == sent)
    #expect(driver.send(bytes("answer"), on: server) == 6)
    driver.loop.close(server)
    #expect(driver.run(until: { driver.ended == [server, client] }))
    #expect(driver.received[client] == bytes("answer"))
    driver.loop.close(client)
    #expect(driver.run(until: { driver.closed.count == 2 }))
    #expect(driver.closed == [client: .requested, server: .requested])
  }

  @Test(arguments: systemChoices)
  func pathsHaveTheirRules(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let folder = try ScratchFolder()
    let path = folder.path + "/socket"
    let listener = try driver.loop.listen(atPath: path, permissions: 0o640)
    var found = stat()
    // SAFETY: the path ends in 0; the result is written in the call.
    #expect(unsafe stat(path, &found) == 0 && found.st_mode & 0o777 == 0o640)
    #expect(failure(driver, listening: path) == EADDRINUSE)
    driver.loop.close(listener)
    driver.settle()
    // Nobody listens any more: the file is replaced.
    let next = try driver.loop.listen(atPath: path)
    #expect(next != listener)
    let regular = folder.path + "/regular"
    // SAFETY: the path ends in 0.
    let descriptor = unsafe open(regular, O_CREAT | O_RDWR, 0o600)
    #expect(close(descriptor) == 0)
    #expect(failure(driver, listening: regular) == EEXIST)
    #expect(
      failure(driver, listening: folder.path + "/" + String(repeating: "x", count: 108))
        == ENAMETOOLONG)
    #expect(failure(driver, listening: "") == EINVAL)
    #expect(failure(driver, listening: folder.path + "/no/socket") == ENOENT)
    #expect(throws: IOError.self) { try driver.loop.connect(toPath: folder.path + "/absent") }
  }

  @Test(arguments: systemChoices)
  func aDescriptorIsPassed(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let folder = try ScratchFolder()
    let (client, server) = try pair(driver, folder.path + "/socket", takesDescriptors: true)
    var ends: [Int32] = [-1, -1]
    // SAFETY: there is room for both.
    #expect(unsafe pipe(&ends) == 0)
    #expect(bytes("x").withRawSpan { driver.loop.send($0, passing: ends[0], on: client) })
    #expect(close(ends[0]) == 0)
    var taken: Int32?
    let came = driver.run(until: { taken != nil && driver.received[server] == bytes("x") }) {
      event in
      if case .descriptor(server, let passed) = event {
        taken = driver.loop.take(passed)
        // Once.
        #expect(driver.loop.take(passed) == nil)
      }
    }
    #expect(came)
    let descriptor = try #require(taken)
    driver.step()
    var byte: UInt8 = 42
    // SAFETY: one byte is written and read.
    #expect(unsafe write(ends[1], &byte, 1) == 1)
    byte = 0
    #expect(unsafe read(descriptor, &byte, 1) == 1 && byte == 42)
    #expect(close(descriptor) == 0 && close(ends[1]) == 0)
    #expect(driver.loop.counters.closedDescriptorCount == 0)
  }

  /// A stranger cannot make the process keep descriptors: counted in a process of its own.
  @Test(arguments: systemChoices)
  func unwantedDescriptorsAreClosed(_ choice: EventLoopChoice) throws {
    let name = choice == .epoll ? "epoll" : "ioUring"
    #expect(try runPeer("passing", name) == "no descriptor is left\n")
  }

  /// Everything under way when a loop ends.
  @Test(arguments: systemChoices)
  func aLoopThatEndsLeavesNoDescriptor(_ choice: EventLoopChoice) throws {
    let name = choice == .epoll ? "epoll" : "ioUring"
    #expect(try runPeer("ending", name) == "no descriptor is left\n")
  }
}
