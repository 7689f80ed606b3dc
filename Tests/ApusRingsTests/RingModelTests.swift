// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusRings
import ApusTestSupport
import ApusThreads
import Testing

/// Each ring against an array, with seeded commands on both.
@Suite struct RingModelTests {
  static var seeds: [UInt64] { (0..<(isCampaign ? 500 : 12)).map { 0xA905 + $0 } }

  @Test(arguments: seeds)
  func oneToOneIsAQueue(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let capacity = 1 << Int.random(in: 0...5, using: &random)
    var ends = try OneToOneRing<PeerElement>.makeEnds(
      RingConfiguration(capacity: capacity, producerWait: .fail, consumerWait: .fail))
    var model: [UInt64] = []
    var next: UInt64 = 0
    for step in 0..<2_000 {
      let place = "seed \(seed), step \(step)"
      switch Int.random(in: 0..<7, using: &random) {
      case 0:
        let pushed = ends.producer.push(PeerElement(next)) == .pushed
        expect(pushed, model.count < capacity, place)
        if pushed { model.append(next) }
        if pushed { next += 1 }
      case 1:
        let batch = (0..<Int.random(in: 0...40, using: &random)).map {
          PeerElement(next + UInt64($0))
        }
        let count = ends.producer.tryPush(contentsOf: batch.span)
        expect(count, min(batch.count, capacity - model.count), place)
        model += batch.prefix(count).map(\.position)
        next += UInt64(count)
      case 2:
        let wanted = Int.random(in: -1...40, using: &random)
        let keep = Int.random(in: 0...40, using: &random)
        let before = next
        let count = ends.producer.withClaim(countMax: wanted) { slots in
          let count = min(slots.count, keep)
          for index in 0..<count { slots[index] = PeerElement(before + UInt64(index)) }
          return count
        }
        #expect(count <= min(keep, max(wanted, 0), capacity - model.count), "\(place)")
        if wanted > 0, keep > 0, model.count < capacity { #expect(count > 0, "\(place)") }
        model += (0..<UInt64(count)).map { before + $0 }
        next += UInt64(count)
      case 3:
        let element = ends.consumer.tryPop()
        expect(element?.position, model.isEmpty ? nil : model.removeFirst(), place)
      case 4:
        var target = [PeerElement](
          repeating: PeerElement(0), count: Int.random(in: 0...40, using: &random))
        var span = target.mutableSpan
        let count = ends.consumer.tryPop(into: &span)
        expect(count, min(target.count, model.count), place)
        expect(target.prefix(count).map(\.position), Array(model.prefix(count)), place)
        model.removeFirst(count)
      case 5:
        let wanted = Int.random(in: -1...40, using: &random)
        let keep = Int.random(in: 0...40, using: &random)
        var seen: [UInt64] = []
        let count = ends.consumer.withPeek(countMax: wanted) { elements in
          for index in elements.indices { seen.append(elements[index].position) }
          return min(keep, elements.count)
        }
        expect(seen, Array(model.prefix(seen.count)), place)
        expect(count, min(keep, seen.count), place)
        if wanted > 0, !model.isEmpty { #expect(!seen.isEmpty, "\(place)") }
        model.removeFirst(count)
      default:
        expect(ends.producer.fillCount, model.count, place)
        expect(ends.consumer.gauge.fillCount, model.count, place)
        expect(ends.consumer.gauge.pushedCount, next, place)
      }
    }
  }

  @Test(arguments: seeds)
  func manyToOneIsAQueueForEachProducer(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let capacity = 1 << Int.random(in: 0...4, using: &random)
    var ends = try ManyToOneRing<PeerElement>.makeEnds(
      RingConfiguration(capacity: capacity, producerWait: .fail, consumerWait: .fail),
      producerCount: 2)
    var even = try take(ends.producers.take())
    var odd = try take(ends.producers.take())
    expect(ends.producers.count, 0)
    var model = LaneModel()
    for step in 0..<2_000 {
      let place = "seed \(seed), step \(step)"
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        expect(even.tryPush(model.next(0)), model.queues[0].count < capacity, place)
        if model.queues[0].count < capacity { model.push(0, 1) }
      case 1:
        let batch = model.batch(1, Int.random(in: 0...20, using: &random))
        let count = odd.tryPush(contentsOf: batch.span)
        expect(count, min(batch.count, capacity - model.queues[1].count), place)
        model.push(1, count)
      case 2:
        let element = ends.consumer.tryPop()
        expect(model.pop(element), true, place)
      default:
        var target = [PeerElement](
          repeating: PeerElement(0), count: Int.random(in: 0...40, using: &random))
        var span = target.mutableSpan
        let count = ends.consumer.tryPop(into: &span)
        expect(count, min(target.count, model.count), place)
        for element in target.prefix(count) { expect(model.pop(element), true, place) }
      }
      expect(ends.consumer.fillCount, model.count, place)
    }
  }

  @Test(arguments: seeds)
  func manyToManyIsAQueueForEachProducer(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let capacity = 1 << Int.random(in: 0...4, using: &random)
    var ends = try ManyToManyRing<PeerElement>.makeEnds(
      RingConfiguration(capacity: capacity, producerWait: .fail, consumerWait: .fail),
      producerCount: 2, consumerCount: 2)
    var even = try take(ends.producers.take())
    var odd = try take(ends.producers.take())
    var single = try take(ends.consumers.take())
    var batches = try take(ends.consumers.take())
    var model = LaneModel()
    for step in 0..<2_000 {
      let place = "seed \(seed), step \(step)"
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        expect(even.tryPush(model.next(0)), model.queues[0].count < capacity, place)
        if model.queues[0].count < capacity { model.push(0, 1) }
      case 1:
        let batch = model.batch(1, Int.random(in: 0...20, using: &random))
        let count = odd.tryPush(contentsOf: batch.span)
        expect(count, min(batch.count, capacity - model.queues[1].count), place)
        model.push(1, count)
      case 2:
        let element = single.tryPop()
        expect(model.pop(element), true, place)
      default:
        var target = [PeerElement](
          repeating: PeerElement(0), count: Int.random(in: 1...40, using: &random))
        var span = target.mutableSpan
        let count = batches.tryPop(into: &span)
        expect(count > 0, model.count > 0, place)
        for element in target.prefix(count) { expect(model.pop(element), true, place) }
      }
      expect(single.fillCount, model.count, place)
    }
  }

  @Test(arguments: seeds)
  func broadcastIsAQueueForEach(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let capacity = 1 << Int.random(in: 0...4, using: &random)
    var ends = try BroadcastRing<UInt64>.makeEnds(
      RingConfiguration(capacity: capacity, producerWait: .fail, consumerWait: .fail),
      consumers: [[], [0], [0, 1]])
    var journal = try take(ends.consumers.take(0))
    var engine = try take(ends.consumers.take(1))
    var publisher = try take(ends.consumers.take(2))
    var written: UInt64 = 0
    var read: [UInt64] = [0, 0, 0]
    for step in 0..<3_000 {
      let place = "seed \(seed), step \(step)"
      switch Int.random(in: 0..<5, using: &random) {
      case 0:
        let pushed = ends.producer.tryPush(written)
        expect(pushed, written - read[2] < UInt64(capacity), place)
        if pushed { written += 1 }
      case 1:
        let batch = (0..<Int.random(in: 0...20, using: &random)).map { written + UInt64($0) }
        let count = ends.producer.tryPush(contentsOf: batch.span)
        expect(count, min(batch.count, capacity - Int(written - read[2])), place)
        written += UInt64(count)
      case 2:
        expect(journal.tryPop(), read[0] < written ? read[0] : nil, place)
        if read[0] < written { read[0] += 1 }
      case 3:
        var target = [UInt64](repeating: 0, count: 3)
        var span = target.mutableSpan
        let count = engine.tryPop(into: &span)
        expect(count, min(3, Int(read[0] - read[1])), place)
        expect(Array(target.prefix(count)), (0..<UInt64(count)).map { read[1] + $0 }, place)
        read[1] += UInt64(count)
      default:
        var seen: [UInt64] = []
        let count = publisher.withPeek(countMax: 2) { elements in
          for index in elements.indices { seen.append(elements[index]) }
          return elements.count
        }
        expect(seen, (0..<UInt64(count)).map { read[2] + $0 }, place)
        if read[2] < read[1] { #expect(count > 0, "\(place)") }
        #expect(read[2] + UInt64(count) <= read[1], "\(place)")
        read[2] += UInt64(count)
      }
      expect(ends.producer.fillCount, Int(written - read[2]), place)
    }
  }

  @Test(arguments: seeds)
  func messagesAreAQueue(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let capacity = 64 << Int.random(in: 0...4, using: &random)
    var ends = try MessageRing.makeEnds(
      RingConfiguration(capacity: capacity, producerWait: .fail, consumerWait: .fail))
    let longest = ends.producer.messageByteCountMax
    var model: [[UInt8]] = []
    for step in 0..<2_000 {
      let place = "seed \(seed), step \(step)"
      let length = Int.random(in: 0...(longest + 1), using: &random)
      let message = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        let outcome = ends.producer.push(message.span, type: UInt32(length))
        if length > longest {
          expect(outcome, .tooLong, place)
        } else if model.isEmpty {
          expect(outcome, .pushed, place)
        }
        if outcome == .pushed { model.append(message) }
      case 1:
        let keep: Int? = Bool.random(using: &random) ? length / 2 : nil
        let outcome = ends.producer.withClaim(byteCount: length, type: UInt32(length / 2)) {
          for index in 0..<length {
            $0.storeBytes(of: message[index], toByteOffset: index, as: UInt8.self)
          }
          return keep
        }
        if outcome == .pushed { model.append(Array(message.prefix(length / 2))) }
        if outcome == .aborted { expect(keep, nil, place) }
        if length > longest { expect(outcome, .tooLong, place) }
      default:
        let wanted = Int.random(in: 0...3, using: &random)
        var read: [[UInt8]] = []
        let count = ends.consumer.tryConsume(countMax: wanted) { type, payload in
          let bytes = (0..<payload.byteCount).map {
            // SAFETY: within the payload; any byte is valid.
            unsafe payload.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
          }
          if Int(type) == bytes.count { read.append(bytes) }
        }
        // What was seen before is read first: it may be less than there is, but never nothing.
        expect(count > 0, wanted > 0 && !model.isEmpty, place)
        expect(count <= min(wanted, model.count), true, place)
        expect(read, Array(model.prefix(count)), place)
        model.removeFirst(count)
      }
      expect(ends.consumer.fillCount == 0, model.isEmpty, place)
    }
  }
}

/// Two producers' queues; the producer is in the top half of a position.
private struct LaneModel {
  var queues: [[UInt64]] = [[], []]
  private var pushed: [UInt64] = [0, 0]

  var count: Int { queues[0].count + queues[1].count }

  func next(_ producer: Int) -> PeerElement {
    PeerElement(UInt64(producer) << 32 | pushed[producer])
  }

  func batch(_ producer: Int, _ count: Int) -> [PeerElement] {
    (0..<UInt64(count)).map { PeerElement(UInt64(producer) << 32 | (pushed[producer] + $0)) }
  }

  mutating func push(_ producer: Int, _ count: Int) {
    queues[producer] += batch(producer, count).map(\.position)
    pushed[producer] += UInt64(count)
  }

  /// Whether an element, or none, may come out now; takes it out.
  mutating func pop(_ element: PeerElement?) -> Bool {
    guard let element else { return count == 0 }
    let producer = Int(element.position >> 32)
    guard producer < 2, element.isWhole, queues[producer].first == element.position else {
      return false
    }
    queues[producer].removeFirst()
    return true
  }
}
