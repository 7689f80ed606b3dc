import ApusCore

/// One message: what number it has, and when it was due. Latency counts from then, not from when it
/// was sent: a stall is charged to every message that it delayed.
struct Message: BitwiseCopyable, Sendable {
  var number: UInt64
  var dueCycles: UInt64
}

/// Two pinned threads, a ring between them, and a histogram of how long messages take.
@main
enum TwoThreads {
  static let messageCount: UInt64 = 200_000
  static let intervalNanoseconds = 2_000.0

  static func main() throws {
    let cpus = permittedCPUs()
    let clock = CycleClock.shared
    // On fewer than two CPUs the two take turns, so they must not spin.
    let wait: WaitStrategy = cpus.count > 1 ? .spinThenYield() : .park()
    let ends = try OneToOneRing<Message>.makeEnds(
      RingConfiguration(capacity: 1_024, producerWait: wait, consumerWait: wait))

    let receiver = try PinnedThread(
      name: "receiver", cpuIndex: cpus.last, moving: ends.consumer
    ) { end in
      var consumer = end
      receive(&consumer, clock)
    }
    let sender = try PinnedThread(
      name: "sender", cpuIndex: cpus.first, moving: ends.producer
    ) { end in
      var producer = end
      let interval = UInt64(intervalNanoseconds * clock.cyclesPerNanosecond)
      let start = clock.now
      for number in 0..<messageCount {
        let due = start + number * interval
        while clock.now < due {}
        _ = producer.push(Message(number: number, dueCycles: due))
      }
      producer.close()
    }
    sender.join()
    receiver.join()
  }

  static func receive(_ consumer: inout OneToOneConsumer<Message>, _ clock: CycleClock) {
    guard var latency = try? LatencyHistogram(clock: clock)
    else { return print("no memory for a histogram") }
    var count: UInt64 = 0
    var sum: UInt64 = 0
    while case .element(let message) = consumer.pop() {
      // The interval began on the other thread: an ordered reading ends it.
      latency.record(from: message.dueCycles, to: clock.orderedNow)
      count += 1
      sum &+= message.number
    }
    let percentiles = [50, 99, 99.9, 100].map { "p\($0) \(latency.value(atPercentile: $0)) ns" }
    print("\(count) messages, sum \(sum):", percentiles.joined(separator: ", "))
    if latency.negativeCount > 0 { print("\(latency.negativeCount) negative, counted as 0") }
  }
}
