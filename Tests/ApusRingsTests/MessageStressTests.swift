// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusRings
import ApusTestBasics
import ApusThreads
import Testing

/// Message rings under real threads: tiny and full ones, wraps, bursts, and messages that are left.
@Suite(.serialized) struct MessageStressTests {
  static let waits: [WaitStrategy] = [.spinThenYield(spinCount: 200), .park(spinCount: 50)]
  static var rounds: Int { isCampaign ? 1_000_000 : 3_000 }

  /// Length and bytes follow from a message's number, and no length divides the capacity: they wrap
  /// everywhere, and the longest ones leave room for nothing else.
  private static func payload(_ number: Int, longest: Int) -> [UInt8] {
    var random = SeededRandom(seed: UInt64(number))
    let count = number % 7 == 0 ? longest : Int(random.next() % UInt64(longest + 1))
    return (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) }
  }

  private static func isRight(
    _ type: UInt32, _ payload: RawSpan, _ number: Int, longest: Int
  ) -> Bool {
    let expected = Self.payload(number, longest: longest)
    guard type == UInt32(truncatingIfNeeded: number), payload.byteCount == expected.count else {
      return false
    }
    return expected.indices.allSatisfy {
      // SAFETY: within the payload; any byte is valid.
      unsafe payload.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == expected[$0]
    }
  }

  /// Every way to read in turn: some at most, all there are, and a look before.
  private static func read(
    _ end: consuming MessageConsumer, longest: Int, _ errors: ErrorCount
  ) -> Int {
    var consumer = end
    var number = 0
    var turn = 0
    while true {
      turn &+= 1
      switch turn % 4 {
      case 0:
        let outcome = consumer.consume(countMax: 2) { type, payload in
          errors.check(isRight(type, payload, number, longest: longest))
          number += 1
        }
        guard case .consumed = outcome else {
          errors.check(outcome == .closed)
          return number
        }
      case 1:
        // Leaves every third message the first time: it has to come again.
        var isLeft = false
        let start = number
        let count = consumer.tryTake { type, payload in
          errors.check(isRight(type, payload, number, longest: longest))
          isLeft = number % 3 == 2 && number > start
          if !isLeft { number += 1 }
          return !isLeft
        }
        errors.check(count == number - start)
        if isLeft { errors.check(consumer.hasMessage() && !consumer.isEmpty) }
      case 2:
        if consumer.hasMessage() { errors.check(!consumer.isEmpty) }
      default:
        _ = consumer.tryConsume { type, payload in
          errors.check(isRight(type, payload, number, longest: longest))
          number += 1
        }
      }
    }
  }

  @Test(arguments: waits, [64, 128, 256, 8_192])
  func everyMessageComesWholeAndInOrder(wait: WaitStrategy, capacity: Int) throws {
    let ends = try MessageRing.makeEnds(
      RingConfiguration(capacity: capacity, producerWait: wait, consumerWait: wait))
    // In the large ring many lie at once: bursts.
    let longest = min(ends.producer.messageByteCountMax, 300)
    let errors = ErrorCount()
    let rounds = Self.rounds
    let reader = try PinnedThread(name: "reader", cpuIndex: nil, moving: ends.consumer) {
      errors.check(Self.read($0, longest: longest, errors) == rounds)
    }
    var producer = ends.producer
    for number in 0..<rounds {
      let payload = Self.payload(number, longest: longest)
      let type = UInt32(truncatingIfNeeded: number)
      if number % 2 == 0 {
        expect(producer.push(payload.span, type: type), .pushed, "message \(number)")
        continue
      }
      // In place, with an aborted claim before it.
      while true {
        _ = producer.withClaim(byteCount: longest) { _ in nil }
        let outcome = producer.withClaim(byteCount: payload.count, type: type) { span in
          for index in payload.indices {
            span.storeBytes(of: payload[index], toByteOffset: index, as: UInt8.self)
          }
          return payload.count
        }
        if outcome == .pushed { break }
        expect(outcome, .full, "message \(number)")
        expect(producer.waitForRoom(byteCount: payload.count), .pushed, "message \(number)")
      }
    }
    producer.close()
    reader.join()
    #expect(errors.count == 0)
  }
}
