// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import Testing

@Suite struct TimerTests {
  private struct Model {
    var due: UInt64
    var order: Int
    var token: UInt64
    var timer: TimerID
  }

  /// Against a sorted array: what is due, in which order, and what may be taken out.
  @Test(arguments: [UInt64(1), 2, 0x5EED])
  func matchesASortedArray(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let queue = TimerQueue(capacity: 50)
    var model: [Model] = []
    var gone: [TimerID] = []
    var now: UInt64 = 0
    for step in 0..<20_000 {
      switch random.next() % 4 {
      case 0, 1:
        let due = now + random.next() % 64
        let token = random.next()
        let timer = queue.schedule(at: Nanoseconds(due), token: token)
        #expect((timer == nil) == (model.count == 50), "seed \(seed) step \(step)")
        if let timer {
          model.append(Model(due: due, order: step, token: token, timer: timer))
        }
      case 2:
        if let place = model.indices.randomElement(using: &random) {
          let one = model.remove(at: place)
          let isCancelled = queue.cancel(one.timer)
          #expect(isCancelled, "seed \(seed) step \(step)")
          gone.append(one.timer)
        }
        if let old = gone.randomElement(using: &random) {
          let isCancelled = queue.cancel(old)
          #expect(!isCancelled, "seed \(seed) step \(step)")
        }
      default:
        now += random.next() % 32
        var expected = model.filter { $0.due <= now }
        expected.sort { ($0.due, $0.order) < ($1.due, $1.order) }
        model.removeAll { $0.due <= now }
        for one in expected {
          let due = queue.takeDue(Nanoseconds(now))
          #expect(due?.timer == one.timer && due?.token == one.token, "seed \(seed) step \(step)")
          gone.append(one.timer)
        }
        let isMore = queue.takeDue(Nanoseconds(now)) != nil
        #expect(!isMore, "seed \(seed) step \(step)")
      }
      let (count, next) = (queue.count, queue.nextDue)
      #expect(count == model.count, "seed \(seed) step \(step)")
      #expect(next?.rawValue == model.map(\.due).min(), "seed \(seed) step \(step)")
    }
  }

  @Test(arguments: systemChoices)
  func aWaitEndsAtTheTimer(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let start = Driver.now().rawValue
    let timer = driver.loop.setTimer(at: Nanoseconds(start + 30_000_000), token: 1)
    _ = driver.loop.setTimer(at: Nanoseconds(start + 30_000_000), token: 2)
    let never = try #require(driver.loop.setTimer(at: Nanoseconds(.max), token: 3))
    #expect(timer != nil)
    driver.step(waitNanoseconds: 10_000_000_000)
    driver.step(waitNanoseconds: 10_000_000_000)
    #expect(driver.timers == [1, 2])
    let end = Driver.now().rawValue
    #expect(end >= start + 30_000_000 && end < start + 5_000_000_000)
    #expect(driver.loop.cancelTimer(never) && !driver.loop.cancelTimer(never))
    if let timer { #expect(!driver.loop.cancelTimer(timer)) }
  }

  @Test func moreTimersThanThereAreRoomForAreRefused() throws {
    let driver = try Driver(.epoll)
    for token in 0..<16 { #expect(driver.loop.setTimer(at: .zero, token: UInt64(token)) != nil) }
    #expect(driver.loop.setTimer(at: .zero, token: 16) == nil)
    driver.countMax = 5
    driver.step()
    #expect(driver.timers == [0, 1, 2, 3, 4])
    driver.step()
    driver.step()
    driver.step()
    #expect(driver.timers == (0..<16).map { UInt64($0) })
  }
}
