// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import Testing

/// A steady state allocates nothing: counted in release builds.
@Suite(.enabled(if: allocationsAreCounted)) struct AllocationTests {
  @Test(arguments: systemChoices)
  func connectionsAllocateNothing(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let (client, server) = try driver.pair()
    let loop = driver.loop
    let message = pattern(64)
    var roundCount = 0
    func rounds(_ count: Int) {
      let end = roundCount + count
      _ = message.withRawSpan { loop.send($0, on: client) }
      while roundCount < end {
        _ = loop.step(now: Driver.now(), countMax: 64, waitNanoseconds: 1_000_000)
        while let event = loop.nextEvent() {
          switch event {
          case .received(server, let bytes): _ = loop.send(bytes, on: server)
          case .received(client, let bytes):
            roundCount += 1
            if roundCount < end { _ = loop.send(bytes, on: client) }
          default: break
          }
        }
      }
    }
    rounds(100)
    #expect(allocationCount { rounds(10_000) } == 0)
  }

  @Test(arguments: systemChoices)
  func datagramsAllocateNothing(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let loop = driver.loop
    let (client, _) = try loop.openDatagramSocket(at: loopback())
    let (server, address) = try loop.openDatagramSocket(at: loopback())
    let message = pattern(100)
    var roundCount = 0
    func rounds(_ count: Int) {
      let end = roundCount + count
      _ = message.withRawSpan { loop.send($0, to: address, on: client) }
      while roundCount < end {
        _ = loop.step(now: Driver.now(), countMax: 64, waitNanoseconds: 1_000_000)
        while let event = loop.nextEvent() {
          guard case .datagram(let socket, let datagram) = event else { continue }
          let source = loop.source(of: datagram)
          if socket == server {
            _ = loop.send(datagram, to: source, on: server)
          } else {
            roundCount += 1
            if roundCount < end { _ = loop.send(datagram, to: source, on: client) }
          }
        }
      }
    }
    rounds(100)
    #expect(allocationCount { rounds(10_000) } == 0)
  }

  @Test(arguments: systemChoices)
  func timersAllocateNothing(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let loop = driver.loop
    func rounds(_ count: Int) {
      for _ in 0..<count {
        let first = loop.setTimer(at: Driver.now(), token: 1)
        let second = loop.setTimer(at: Nanoseconds(.max), token: 2)
        _ = loop.step(now: Driver.now(), countMax: 64)
        while loop.nextEvent() != nil {}
        if let first { loop.cancelTimer(first) }
        if let second { loop.cancelTimer(second) }
      }
    }
    rounds(100)
    #expect(allocationCount { rounds(1_000) } == 0)
  }
}
