// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import ApusThreads
import Glibc
import Synchronization
import Testing

/// Attacks on the event loop.
@Suite struct LoopAttackTests {
  /// A caller that sends a long message with `send` and `flush` alone and takes events later.
  private static func sendLong(_ choice: EventLoopChoice) throws {
    var configuration = smallConfiguration()
    configuration.eventCountMax = 16
    configuration.queuedByteCountMax = 4_096
    let driver = try Driver(choice, configuration)
    let (client, _) = try driver.pair()
    let chunk = pattern(8_192)
    // Both ends are of this loop: the kernel's buffers take 1 MiB and more.
    for _ in 0..<900 {
      _ = driver.send(chunk, on: client)
      driver.loop.flush()
    }
  }

  @Test func aLongMessageByFlushesWithoutEventsDoesNotTrapWithEpoll() async {
    await #expect(processExitsWith: .success) { try LoopAttackTests.sendLong(.epoll) }
  }

  @Test(.enabled(if: systemChoices.contains(.ioUring), "io_uring is denied here"))
  func aLongMessageByFlushesWithoutEventsDoesNotTrapWithIOUring() async {
    await #expect(processExitsWith: .success) { try LoopAttackTests.sendLong(.ioUring) }
  }

  /// What was queued before a close leaves, even where the next step is later than the linger time.
  @Test(arguments: systemChoices)
  func whatIsQueuedBeforeACloseLeavesWithALateStep(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let (client, server) = try driver.pair()
    #expect(driver.send(bytes("last words"), on: client) == 10)
    driver.loop.close(client)
    // The thread was busy with something else.
    usleep(300_000)
    _ = driver.run(seconds: 2, until: { driver.closed.count == 2 }) { event in
      if case .ended(let connection) = event { driver.loop.close(connection) }
    }
    #expect(driver.received[server] == bytes("last words"))
    #expect(driver.closed[client] == .requested)
    #expect(driver.closed[server] == .requested)
  }

  /// The same before the first step of a loop, whose clock is not at 0 then.
  @Test(arguments: systemChoices)
  func whatIsSentBeforeTheFirstStepLeaves(_ choice: EventLoopChoice) throws {
    let folder = try ScratchFolder()
    let server = try Driver(choice)
    _ = try server.loop.listen(atPath: folder.path + "/socket")
    let client = try Driver(choice)
    let connection = try client.loop.connect(toPath: folder.path + "/socket")
    #expect(client.send(bytes("hello"), on: connection) == 5)
    client.loop.close(connection)
    _ = client.run(
      seconds: 2, until: { client.closed.count == 1 && server.closed.count == 1 }, { _ in },
      between: {
        server.step(waitNanoseconds: 0) { event in
          if case .ended(let connection) = event { server.loop.close(connection) }
        }
      })
    #expect(client.closed[connection] == .requested)
    #expect(server.received.values.first == bytes("hello"))
  }

  /// A FIFO is no reason for a loop to stand still.
  @Test(.timeLimit(.minutes(1)), arguments: systemChoices)
  func aFIFOIsNotWaitedFor(_ choice: EventLoopChoice) throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/fifo"
    let made = unsafe mkfifo(path, 0o600)
    #expect(made == 0)
    let driver = try Driver(choice)
    let start = Driver.now()
    // Lets a blocked open go after two seconds.
    let thread = try PinnedThread(name: "fifo", cpuIndex: nil) {
      sleep(2)
      // SAFETY: the path ends in 0.
      let end = unsafe open(path, O_WRONLY | O_NONBLOCK)
      if end >= 0 { close(end) }
    }
    _ = try? driver.loop.openFile(path)
    #expect(Driver.now().rawValue - start.rawValue < 1_000_000_000)
    thread.join()
  }

  /// `false` has to mean that nothing has left, or the caller cannot try again.
  @Test(arguments: systemChoices)
  func aDescriptorIsPassedWholeOrNotAtAll(_ choice: EventLoopChoice) throws {
    let folder = try ScratchFolder()
    var configuration = smallConfiguration()
    configuration.queuedByteCountMax = 4_096
    let driver = try Driver(choice, configuration)
    _ = try driver.loop.listen(atPath: folder.path + "/socket", takesDescriptors: true)
    let client = try driver.loop.connect(toPath: folder.path + "/socket")
    _ = driver.run(until: { driver.accepted.count == 1 })
    let message = pattern(2 << 20)
    let isPassed = message.withRawSpan { driver.loop.send($0, passing: 0, on: client) }
    driver.settle(milliseconds: 50)
    let came = driver.received[driver.accepted[0]]?.count ?? 0
    #expect(isPassed || (came == 0 && driver.descriptors.isEmpty))
  }

  /// A connection of which one side has ended, and which is then reset.
  @Test(arguments: systemChoices)
  func aHalfClosedConnectionThatIsResetIsToldAtTheNextSend(_ choice: EventLoopChoice) throws {
    let (near, far) = (try Driver(choice), try Driver(.epoll))
    let (_, address) = try near.loop.listen(at: loopback())
    let peer = try far.loop.connect(to: address)
    let stands = near.run(
      until: { near.accepted.count == 1 && far.connected.count == 1 }, { _ in },
      between: { far.step(waitNanoseconds: 0) })
    #expect(stands)
    far.loop.finishSending(peer)
    _ = near.run(
      until: { near.ended.count == 1 }, { _ in }, between: { far.step(waitNanoseconds: 0) })
    far.loop.abort(peer)
    far.step()
    // The kernel tells a reader of an end and nothing else: it is the next send that fails.
    let accepted = try #require(near.accepted.first)
    let isTold = near.run(
      seconds: 2, until: { near.closed.count == 1 }, { _ in },
      between: { _ = near.send(pattern(1), on: accepted) })
    #expect(isTold)
    guard case .failed = near.closed[accepted] else {
      Issue.record("\(near.closed)")
      return
    }
  }

  /// A timer that is always due does not keep bytes out.
  @Test(arguments: systemChoices)
  func aTimerThatIsAlwaysDueLetsBytesThrough(_ choice: EventLoopChoice) throws {
    var configuration = smallConfiguration()
    configuration.eventCountMax = 1
    let driver = try Driver(choice, configuration)
    let (client, server) = try driver.pair()
    _ = driver.send(bytes("x"), on: client)
    _ = driver.loop.setTimer(at: .zero, token: 1)
    let came = driver.run(seconds: 1, until: { driver.received[server] != nil }) { event in
      if case .timer = event { _ = driver.loop.setTimer(at: .zero, token: 1) }
    }
    #expect(came)
  }

  /// A socket that cannot take a descriptor that is not one lives on.
  @Test(arguments: systemChoices)
  func aDescriptorThatIsNoneEndsNoConnection(_ choice: EventLoopChoice) throws {
    let folder = try ScratchFolder()
    let driver = try Driver(choice)
    _ = try driver.loop.listen(atPath: folder.path + "/socket", takesDescriptors: true)
    let client = try driver.loop.connect(toPath: folder.path + "/socket")
    _ = driver.run(until: { driver.accepted.count == 1 })
    let message = bytes("m")
    #expect(!message.withRawSpan { driver.loop.send($0, passing: -1, on: client) })
    driver.settle(milliseconds: 20)
    #expect(driver.closed.isEmpty)
  }

  private final class Box: @unchecked Sendable {
    // SAFETY: one thread at a time has it; the other waits.
    var loop: EventLoop?
    init(_ loop: EventLoop) { self.loop = loop }
  }

  /// A loop that was stepped here ends on another thread, with bytes on their way.
  @Test(arguments: systemChoices)
  func aLoopEndsOnAnotherThread(_ choice: EventLoopChoice) throws {
    for _ in 0..<50 {
      let far = try Driver(.epoll)
      var near: Driver? = try Driver(choice)
      let (_, address) = try #require(near).loop.listen(at: loopback())
      let peers = try (0..<8).map { _ in try far.loop.connect(to: address) }
      let stands = try #require(near).run(
        until: { near?.accepted.count == 8 && far.connected.count == 8 }, { _ in },
        between: { far.step(waitNanoseconds: 0) })
      #expect(stands)
      for peer in peers { _ = far.send(pattern(60_000), on: peer) }
      far.loop.flush()
      near?.step(waitNanoseconds: 0)
      let box = Box(try #require(near).loop)
      near = nil
      let thread = try PinnedThread(name: "end", cpuIndex: nil) { box.loop = nil }
      for peer in peers { _ = far.send(pattern(60_000), on: peer) }
      far.loop.flush()
      thread.join()
      #expect(box.loop == nil)
      let isOver = far.run(seconds: 2, until: { far.closed.count + far.ended.count >= 8 })
      #expect(isOver)
      // The port is free at once.
      let again = try Driver(choice)
      #expect(throws: Never.self) { _ = try again.loop.listen(at: address) }
    }
  }

  /// As with flushes: waits that send, without a look at events.
  private static func waitLong() throws {
    var configuration = smallConfiguration()
    configuration.eventCountMax = 16
    configuration.queuedByteCountMax = 4_096
    let driver = try Driver(.epoll, configuration)
    let (client, _) = try driver.pair()
    for _ in 0..<900 {
      _ = driver.send(pattern(8_192), on: client)
      driver.loop.wait(limitNanoseconds: 0)
    }
  }

  @Test func aLongMessageByWaitsWithoutEventsDoesNotTrapWithEpoll() async {
    await #expect(processExitsWith: .success) { try LoopAttackTests.waitLong() }
  }
}
