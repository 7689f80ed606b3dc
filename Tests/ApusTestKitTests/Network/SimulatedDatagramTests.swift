// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestKit
import Glibc
import Testing

/// Numbered datagrams from the second loop to the first.
private final class Series {
  let driver: NetworkDriver
  let target: SocketAddress
  let receiver: DatagramSocketID
  let sender: DatagramSocketID
  var numbers: [Int] = []
  var sources: Set<SocketAddress> = []
  var truncatedCount = 0
  var failures: [Int32] = []

  init(
    _ configuration: SimulatedNetworkConfiguration, seed: UInt64 = 1,
    loop: EventLoopConfiguration = smallLoop(), options: DatagramOptions = .init()
  ) throws {
    driver = try NetworkDriver(seed: seed, configuration, loop: loop)
    (receiver, target) = try driver.loops[0].openDatagramSocket(
      at: driver.loops[0].address, options: options)
    sender = try driver.loops[1].openDatagramSocket(at: driver.loops[1].address).socket
  }

  func handle(_ place: Int, _ loop: SimulatedLoop, _ event: IOEvent) {
    switch event {
    case .datagram(_, let datagram):
      let bytes = driver.bytes(loop, datagram)
      numbers.append(Int(bytes[0]) | Int(bytes[1]) << 8)
      sources.insert(loop.source(of: datagram))
      if datagram.isTruncated { truncatedCount += 1 }
    case .datagramFailed(_, let errno): failures.append(errno)
    default: Issue.record("\(event)")
    }
  }

  /// One every millisecond, or all at once.
  func send(_ count: Int, byteCount: Int = 20, atOnce: Bool = false) {
    for number in 0..<count {
      let bytes = [UInt8(number & 255), UInt8(number >> 8)] + pattern(byteCount - 2)
      // SAFETY: bytes have no padding.
      let outcome = unsafe driver.loops[1].send(bytes.span.bytes, to: target, on: sender)
      #expect(outcome == .queued)
      if atOnce {
        _ = driver.loops[1].step(now: driver.clock.now, countMax: 16)
      } else {
        driver.run(seconds: 0.001) { handle($0, $1, $2) }
      }
    }
    driver.run { handle($0, $1, $2) }
  }
}

@Suite struct SimulatedDatagramTests {
  @Test func aGoodPathLosesNothing() throws {
    let series = try Series(.init())
    series.send(100)
    #expect(series.numbers == Array(0..<100))
    let source = try #require(series.sources.first)
    #expect(series.sources.count == 1 && source.text == "10.0.0.2" && source.port != 0)
    #expect(series.driver.network.nextEventTime == nil)
  }

  @Test func faultsAreAsFrequentAsAskedFor() throws {
    var configuration = SimulatedNetworkConfiguration()
    configuration.path.lossPerMille = 100
    configuration.path.duplicationPerMille = 50
    configuration.path.delayPerMille = 100
    let series = try Series(configuration)
    series.send(5_000)
    let counts = series.driver.network.counts
    #expect(counts.datagramCount == 5_000)
    // Four standard deviations around 500, 225 and 472.
    #expect((415...585).contains(counts.lostDatagramCount))
    #expect((166...284).contains(counts.duplicatedDatagramCount))
    #expect((390...555).contains(counts.delayedDatagramCount))
    #expect(
      UInt64(series.numbers.count)
        == 5_000 - counts.lostDatagramCount + counts.duplicatedDatagramCount)
    #expect(Set(series.numbers).count == 5_000 - Int(counts.lostDatagramCount))
    let overtaken = zip(series.numbers, series.numbers.dropFirst()).count { $0 > $1 }
    #expect(overtaken > 200, "later ones overtake those that are held up")
  }

  @Test func jitterReorders() throws {
    var configuration = SimulatedNetworkConfiguration()
    configuration.path.jitterNanoseconds = 1_000_000
    let series = try Series(configuration)
    series.send(500, atOnce: true)
    #expect(series.numbers.sorted() == Array(0..<500) && series.numbers != Array(0..<500))
  }

  @Test func aFullBufferDrops() throws {
    var options = DatagramOptions()
    options.kernelReceiveByteCount = 10_000
    let series = try Series(.init(), options: options)
    series.send(500, byteCount: 100, atOnce: true)
    let counts = series.driver.network.counts
    // Each takes its bytes and 256 for the kernel.
    #expect(series.numbers == Array(0..<28))
    #expect(counts.overflownDatagramCount == 500 - 28)
  }

  @Test func aSlowPathDrops() throws {
    var configuration = SimulatedNetworkConfiguration()
    configuration.path.bytesPerSecond = 100_000
    configuration.path.queueNanosecondsMax = 10_000_000
    let series = try Series(configuration)
    series.send(500, byteCount: 60, atOnce: true)
    // A millisecond each: those of 10 ms, and the one that begins then.
    #expect(series.numbers.count == 11)
    #expect(series.driver.network.counts.overflownDatagramCount == 489)
  }

  @Test func aLongOneIsCut() throws {
    var sizes = smallLoop()
    sizes.datagramByteCountMax = 50
    sizes.datagramBufferCount = 1
    let series = try Series(.init(), loop: sizes)
    series.send(20, byteCount: 51)
    series.send(5, byteCount: 50)
    #expect(series.numbers.count == 25 && series.truncatedCount == 20)
  }

  @Test func partitionsAndAbsenceSwallow() throws {
    let series = try Series(.init())
    series.driver.network.partition([1], from: [2])
    series.send(10)
    #expect(series.numbers.isEmpty && series.driver.network.counts.cutDatagramCount == 10)
    series.driver.network.heal()
    series.driver.loops[0].close(series.receiver)
    series.send(10)
    #expect(series.numbers.isEmpty && series.driver.network.counts.unreachableDatagramCount == 10)
    #expect(series.failures.isEmpty, "nobody tells a socket that is not connected")
    let loop = series.driver.loops[1]
    let six = try #require(SocketAddress("::1", port: 9))
    // SAFETY: bytes have no padding.
    #expect(unsafe loop.send([1].span.bytes, to: six, on: series.sender) == .queued)
    series.driver.run { series.handle($0, $1, $2) }
    #expect(series.failures == [EAFNOSUPPORT])
  }
}
