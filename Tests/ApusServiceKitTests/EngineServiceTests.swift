// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusCommand
import ApusCore
import ApusServiceKit
import ApusTestKit
import Foundation
import Testing

/// A service in this process, its clients, and what is left of it afterwards.
@Suite struct EngineServiceTests {
  typealias Service = EngineService<SumEngine>
  typealias Client = EngineClient<UInt64, UInt64>

  static func configuration(
    _ folder: ScratchFolder, release: ServiceConfiguration.Release = .durable, clients: Int = 2
  ) -> ServiceConfiguration {
    var configuration = ServiceConfiguration(folder: folder.path("service"))
    configuration.release = release
    configuration.clients = clients
    configuration.clientRingBytes = 1 << 14
    configuration.journalSegmentBytes = 1 << 20
    configuration.journalBufferBytes = 1 << 16
    configuration.snapshotInterval = 500
    configuration.journalSegmentsKept = 1
    configuration.eventSegmentBytes = 1 << 16
    configuration.eventBytesKept = 1 << 17
    configuration.digestInterval = 100
    return configuration
  }

  static func client(
    _ service: ServiceConfiguration, cursor: String? = nil, start: EventLogStart = .first
  ) throws(ClientError) -> Client {
    try Client(
      folder: service.folder, format: SumEngine.snapshotFormat,
      attachmentByteCountMax: SumEngine.attachmentByteCountMax, cursor: cursor, start: start)
  }

  /// Submits numbers with attachments, and reads until all their events are there.
  static func drive(
    _ client: inout Client, _ numbers: ClosedRange<UInt64>, _ seen: inout [SequencedEvent<UInt64>]
  ) throws {
    let end = ContinuousClock.now + .seconds(60)
    var next = numbers.lowerBound
    let wanted = seen.count + numbers.count
    while seen.count < wanted, ContinuousClock.now < end {
      while next <= numbers.upperBound {
        let memo = [UInt8](repeating: UInt8(truncatingIfNeeded: next), count: Int(next % 50))
        guard unsafe client.submit(next, attachment: memo.span.bytes) == .submitted else { break }
        next += 1
      }
      var found: [SequencedEvent<UInt64>] = []
      if case .failed(let error) = client.poll({ found.append($0) }) { throw error }
      seen += found
      if found.isEmpty { _ = client.wait(limitNanoseconds: 10_000_000) }
    }
    #expect(seen.count == wanted)
  }

  /// Who looks from outside sees rates, and how long commands take.
  @Test func aRunningServiceShowsRatesAndLatencies() throws {
    let folder = try ScratchFolder()
    let configuration = Self.configuration(folder)
    let service = try Service.start(engine: .init(), configuration: configuration)
    var client = try Self.client(configuration)
    var seen: [SequencedEvent<UInt64>] = []
    var watch = try CounterWatch(path: ServiceFolder(configuration.folder).counters)
    _ = try watch.next()
    try Self.drive(&client, 1...1_000, &seen)
    var report = try watch.next()
    let end = ContinuousClock.now + .seconds(30)
    while report.histograms.contains(where: { $0.count == 0 }), ContinuousClock.now < end {
      try Self.drive(&client, 2_000...2_100, &seen)
      report = try watch.next()
    }
    #expect(
      report.histograms.map(\.name)
        == ["apus_command_latency_nanoseconds", "apus_commit_latency_nanoseconds"])
    for latency in report.histograms {
      #expect(latency.count > 0 && latency.p50 > 0, "\(latency)")
      #expect(latency.p50 <= latency.p99 && latency.p99 <= latency.max, "\(latency)")
      // One batch of 64, not every command.
      #expect(latency.count < UInt64(seen.count) / 8, "\(latency)")
    }
    let commands = report.counters.first { $0.name == "apus_commands_total" }
    #expect(commands?.ratePerSecond != nil)
    try service.stop()
  }

  @Test func whatIsSubmittedComesOutAndOutlivesTheService() throws {
    let folder = try ScratchFolder()
    let configuration = Self.configuration(folder)
    let service = try Service.start(engine: .init(), configuration: configuration)
    var client = try Self.client(configuration, cursor: "first")
    var seen: [SequencedEvent<UInt64>] = []
    try Self.drive(&client, 1...1_200, &seen)
    let last = seen.last?.sequence ?? 0
    #expect(service.waitUntilDurable(last, limit: .seconds(30)))
    #expect(service.waitUntilApplied(last, limit: .seconds(30)))
    #expect(service.isServing)
    try service.stop()
    #expect(client.submit(5) == .disconnected)

    let again = try Service.start(engine: .init(), configuration: configuration)
    #expect(again.recovery.replay.lastSequence >= last)
    #expect(again.eventLogRecovery.position == 1_200)
    // The same client resumes with the new service, and gets no event twice.
    try client.reconnect()
    try Self.drive(&client, 1_201...1_300, &seen)
    #expect(Set(seen.map(\.sequence)).count == 1_300)
    try again.stop()

    // A reader from the start sees the same events: the log's are those of a replay.
    let third = try Service.start(engine: .init(), configuration: configuration)
    var reader = try Self.client(configuration)
    var all: [SequencedEvent<UInt64>] = []
    while case .events = reader.poll({ all.append($0) }) {}
    #expect(all.suffix(seen.count) == seen[...])
    try third.stop()
  }

  @Test func aNodeThatIsNotThereIsReported() throws {
    let folder = try ScratchFolder()
    var configuration = Self.configuration(folder)
    configuration.numaNode = 900
    let service = try Service.start(engine: .init(), configuration: configuration)
    #expect(service.shortfall?.contains("NUMA node 900") == true)
    try service.stop()
    configuration.numaNode = nil
    let again = try Service.start(engine: .init(), configuration: configuration)
    #expect(again.shortfall == nil)
    try again.stop()
  }

  @Test func clientsHaveRingsOfTheirOwnAndSeeEachOthersEvents() throws {
    let folder = try ScratchFolder()
    let configuration = Self.configuration(folder, release: .atOnce)
    let service = try Service.start(engine: .init(), configuration: configuration)
    var one = try Self.client(configuration)
    var other = try Self.client(configuration)
    #expect(one.ringIndex != other.ringIndex)
    do throws(ClientError) {
      _ = try Self.client(configuration)
      Issue.record("a third client has a ring of two")
    } catch {
      #expect(error == .full(folder: configuration.folder, count: 2))
    }
    for number in UInt64(1)...50 {
      #expect(one.submit(number) == .submitted)
      #expect(other.submit(number + 100) == .submitted)
    }
    var counts = (0, 0)
    let end = ContinuousClock.now + .seconds(60)
    while counts != (100, 100), ContinuousClock.now < end {
      _ = one.poll { _ in counts.0 += 1 }
      _ = other.poll { _ in counts.1 += 1 }
    }
    #expect(counts == (100, 100))
    unsafe #expect(
      one.submit(1, attachment: [UInt8](repeating: 0, count: 1_401).span.bytes)
        == .attachmentTooLong(byteCountMax: 1_400))
    try service.stop()
  }

  /// `apus top` and Prometheus run as the service's user.
  @Test func noFileOfAServiceIsForOthers() throws {
    let folder = try ScratchFolder()
    let configuration = Self.configuration(folder)
    let service = try Service.start(engine: .init(), configuration: configuration)
    let files = FileManager.default
    let names = try files.subpathsOfDirectory(atPath: configuration.folder)
    #expect(names.contains("service.counters") && names.contains("clients/00.ring"))
    for name in names {
      let attributes = try files.attributesOfItem(atPath: "\(configuration.folder)/\(name)")
      let mode = try #require(attributes[.posixPermissions] as? Int)
      #expect(mode & 0o077 == 0, "\(name) has mode \(String(mode, radix: 8))")
    }
    try service.stop()
  }

  @Test func aSecondServiceOnTheFolderIsRefused() throws {
    let folder = try ScratchFolder()
    let configuration = Self.configuration(folder)
    let service = try Service.start(engine: .init(), configuration: configuration)
    do throws(ServiceError) {
      _ = try Service.start(engine: .init(), configuration: configuration)
      Issue.record("two services on one folder")
    } catch {
      #expect(error.description.contains("another writer"), "\(error)")
    }
    // The first one is as it was.
    var client = try Self.client(configuration)
    var seen: [SequencedEvent<UInt64>] = []
    try Self.drive(&client, 1...20, &seen)
    try service.stop()
  }

  @Test func aFolderWithoutAServiceIsSaidSo() throws {
    let folder = try ScratchFolder()
    do throws(ClientError) {
      _ = try Self.client(Self.configuration(folder))
      Issue.record("connected to nothing")
    } catch {
      #expect(error == .noService(folder: folder.path("service")))
    }
    let configuration = Self.configuration(folder)
    try Service.start(engine: .init(), configuration: configuration).stop()
    do throws(ClientError) {
      _ = try Self.client(configuration)
      Issue.record("connected to a service that has ended")
    } catch {
      #expect(error == .noService(folder: configuration.folder))
    }
  }

  @Test func anotherEnginesFolderIsRefused() throws {
    let folder = try ScratchFolder()
    let configuration = Self.configuration(folder)
    let service = try Service.start(engine: .init(), configuration: configuration)
    do throws(ClientError) {
      _ = try EngineClient<UInt64, UInt64>(
        folder: configuration.folder, format: SnapshotFormat(name: "other", version: 1),
        attachmentByteCountMax: 0)
      Issue.record("a client of another engine")
    } catch {
      #expect(error.description.contains("engine"), "\(error)")
    }
    try service.stop()
  }

  @Test func theCountersOfAServiceCanBeReadByFolder() throws {
    let folder = try ScratchFolder()
    let configuration = Self.configuration(folder)
    let service = try Service.start(engine: .init(), configuration: configuration)
    var client = try Self.client(configuration)
    var seen: [SequencedEvent<UInt64>] = []
    try Self.drive(&client, 1...30, &seen)
    let end = ContinuousClock.now + .seconds(30)
    var text = ""
    while !text.contains("apus_commands_total 30"), ContinuousClock.now < end {
      text = try CounterWatch.prometheusText(path: CounterWatch.file(of: configuration.folder))
    }
    #expect(text.contains("apus_commands_total 30"))
    #expect(text.contains("apus_problems 0"))
    try service.stop()
  }

  @Test func valuesOutsideTheirLimitsAreRefusedBeforeAnythingIsMade() throws {
    let folder = try ScratchFolder()
    for change in [
      { (one: inout ServiceConfiguration) in one.clients = 0 },
      { $0.clients = 65 }, { $0.clientRingBytes = 5 }, { $0.snapshotsKept = 0 },
      { $0.digestInterval = -1 }, { $0.eventCapacity = 0 }, { $0.folder = "" },
    ] as [(inout ServiceConfiguration) -> Void] {
      var configuration = Self.configuration(folder)
      change(&configuration)
      do throws(ServiceError) {
        _ = try Service.start(engine: .init(), configuration: configuration)
        Issue.record("accepted")
      } catch {
        guard case .configuration = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("service")))
  }
}
