// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusRings

extension FuzzHarness {
  /// Files of rings with changes: refused by name, or no more comes out than there is room for. The
  /// first byte says which kind of ring.
  static let ringFile = FuzzHarness("ringFile") {
    [0, 1, 2].flatMap { kind in
      [
        [kind], [kind] + [UInt8].change(32, to: 1 << 40), [kind] + [UInt8].change(256, to: .max),
        [kind] + [UInt8].change(4_096, to: 0xFFFF_FFFF),
      ]
    }
  } run: { bytes in
    var input = FuzzInput(bytes)
    let kind = Int(input.byte() % 3)
    var file = sampleRings[kind]
    file.edit(&input)
    let path = FuzzFile.write(file, "any.ring")
    do {
      switch kind {
      case 0:
        let consumer = try OneToOneRing<UInt64>.openConsumer(at: path, wait: .fail)
        if let broken = read(consumer) { throw broken }
        let producer = try OneToOneRing<UInt64>.openProducer(at: path, wait: .fail)
        write(producer)
      case 1:
        for index in 0..<2 {
          let consumer = try BroadcastRing<UInt64>.openConsumer(at: path, index: index, wait: .fail)
          if let broken = read(consumer) { throw broken }
        }
        write(try BroadcastRing<UInt64>.openProducer(at: path, wait: .fail))
      default:
        if let broken = read(try MessageRing.openConsumer(at: path, wait: .fail)) { throw broken }
        write(try MessageRing.openProducer(at: path, wait: .fail))
      }
    } catch let error as BrokenLaw {
      throw error
    } catch {
      return
    }
  }

  private static func read(_ end: consuming OneToOneConsumer<UInt64>) -> BrokenLaw? {
    var consumer = end
    var target = [UInt64](repeating: 0, count: 20)
    var span = target.mutableSpan
    let count = consumer.tryPop(into: &span)
    _ = consumer.tryPop()
    return count > 8 ? BrokenLaw(description: "\(count) elements of 8") : nil
  }

  private static func read(_ end: consuming BroadcastConsumer<UInt64>) -> BrokenLaw? {
    var consumer = end
    var target = [UInt64](repeating: 0, count: 20)
    var span = target.mutableSpan
    let count = consumer.tryPop(into: &span)
    let peeked = consumer.withPeek(countMax: 99) { $0.count }
    return count > 8 || peeked > 8
      ? BrokenLaw(description: "\(count) and \(peeked) elements of 8") : nil
  }

  private static func read(_ end: consuming MessageConsumer) -> BrokenLaw? {
    var consumer = end
    var byteCount = 0
    for _ in 0..<100 {
      switch consumer.consume(countMax: 3, { _, payload in byteCount += payload.byteCount }) {
      case .consumed: continue
      default:
        return byteCount > 256 ? BrokenLaw(description: "\(byteCount) bytes of 256") : nil
      }
    }
    return BrokenLaw(description: "messages without end")
  }

  private static func write(_ end: consuming OneToOneProducer<UInt64>) {
    var producer = end
    let batch: [UInt64] = [1, 2, 3]
    _ = producer.tryPush(contentsOf: batch.span)
  }

  private static func write(_ end: consuming BroadcastProducer<UInt64>) {
    var producer = end
    let batch: [UInt64] = [1, 2, 3]
    _ = producer.tryPush(contentsOf: batch.span)
    _ = producer.withClaim(countMax: 99) { $0.count }
  }

  private static func write(_ end: consuming MessageProducer) {
    var producer = end
    let message = [UInt8](repeating: 0x55, count: 20)
    for _ in 0..<20 where producer.push(message.span) != .pushed { return }
  }

  /// One of each kind, with something in it.
  private static let sampleRings: [[UInt8]] = {
    do throws(RingError) {
      let names = ["one.ring", "broadcast.ring", "message.ring"]
      for name in names { FuzzFile.remove(name) }
      let paths = names.map { FuzzFile.path($0) }
      try OneToOneRing<UInt64>.createFile(at: paths[0], capacity: 8)
      write(try OneToOneRing<UInt64>.openProducer(at: paths[0], wait: .fail))
      try BroadcastRing<UInt64>.createFile(at: paths[1], capacity: 8, consumers: [[], [0]])
      write(try BroadcastRing<UInt64>.openProducer(at: paths[1], wait: .fail))
      try MessageRing.createFile(at: paths[2], capacity: 256)
      write(try MessageRing.openProducer(at: paths[2], wait: .fail))
      return names.map { FuzzFile.read($0) }
    } catch {
      fatalError("sampleRings: \(error)")
    }
  }()
}
