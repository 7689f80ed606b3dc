// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusCore
import ApusServiceKit
import ApusTestKit
import Foundation
import Testing

/// Services that cannot begin, or whose clients write what is no command.
@Suite struct EngineServiceEndTests {
  typealias Service = EngineServiceTests.Service

  static func write(_ word: UInt64, at offset: UInt64, _ path: String) throws {
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try handle.seek(toOffset: offset)
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
    try handle.write(contentsOf: Data(bytes))
    try handle.close()
  }

  static func waitFor(_ isReached: () -> Bool) -> Bool {
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
      if isReached() { return true }
      Thread.sleep(forTimeInterval: 0.002)
    }
    return false
  }

  @Test func aServiceThatCannotSayWhatItIsLetsGoOfItsFolder() throws {
    let folder = try ScratchFolder()
    let configuration = EngineServiceTests.configuration(folder)
    let description = ServiceFolder(configuration.folder).description
    try FileManager.default.createDirectory(
      atPath: description + "/in-the-way", withIntermediateDirectories: true)
    do throws(ServiceError) {
      _ = try Service.start(engine: .init(), configuration: configuration)
      Issue.record("started")
    } catch {
      #expect(error.description.contains(description), "\(error)")
    }
    try? FileManager.default.removeItem(atPath: description)
    let service = try Service.start(engine: .init(), configuration: configuration)
    var client = try EngineServiceTests.client(configuration)
    var seen: [SequencedEvent<UInt64>] = []
    try EngineServiceTests.drive(&client, 1...20, &seen)
    try service.stop()
  }

  /// Whoever forgets to stop one has not lost its folder: the threads are gone, and what was told of is kept.
  @Test func aServiceThatIsLetGoOfStops() throws {
    let folder = try ScratchFolder()
    let configuration = EngineServiceTests.configuration(folder)
    var client: EngineClient<UInt64, UInt64>
    do {
      let service = try Service.start(engine: .init(), configuration: configuration)
      client = try EngineServiceTests.client(configuration)
      var seen: [SequencedEvent<UInt64>] = []
      try EngineServiceTests.drive(&client, 1...20, &seen)
      #expect(service.isServing)
    }
    let isConnected = client.isConnected
    #expect(!isConnected)
    #expect(
      !FileManager.default.fileExists(atPath: ServiceFolder(configuration.folder).description))
    let again = try Service.start(engine: .init(), configuration: configuration)
    #expect(again.recovery.replay.lastSequence >= 20, "\(again.recovery)")
    try again.stop()
  }

  @Test func aClientThatDamagesItsRingLosesItAndNobodyElseDoes() throws {
    let folder = try ScratchFolder()
    let configuration = EngineServiceTests.configuration(folder, clients: 3)
    let service = try Service.start(engine: .init(), configuration: configuration)
    var hostile = try EngineServiceTests.client(configuration)
    // The producer's position: more than any ring can hold.
    try Self.write(
      1 << 40, at: 256, ServiceFolder(configuration.folder).ring(hostile.ringIndex))
    #expect(Self.waitFor { service.status.refused.corruptRings == 1 })
    #expect(hostile.submit(1) == .disconnected)
    try hostile.reconnect()
    #expect(hostile.ringIndex == 1)
    var other = try EngineServiceTests.client(configuration)
    #expect(other.ringIndex == 2)
    var seen: [SequencedEvent<UInt64>] = []
    try EngineServiceTests.drive(&other, 1...40, &seen)
    try EngineServiceTests.drive(&hostile, 41...80, &seen)
    do throws(ClientError) {
      _ = try EngineServiceTests.client(configuration)
      Issue.record("a third client has a ring of two that are left")
    } catch {
      guard case .full = error else {
        Issue.record("\(error)")
        return
      }
    }
    try service.stop()
  }

  @Test func ringsOfAServiceThatHadMoreAreNotTaken() throws {
    let folder = try ScratchFolder()
    try Service.start(
      engine: .init(), configuration: EngineServiceTests.configuration(folder, clients: 3)
    ).stop()
    let configuration = EngineServiceTests.configuration(folder, clients: 1)
    let service = try Service.start(engine: .init(), configuration: configuration)
    let one = try EngineServiceTests.client(configuration)
    do throws(ClientError) {
      _ = try EngineServiceTests.client(configuration)
      Issue.record("a second client has a ring of one")
    } catch {
      #expect(error == .full(folder: configuration.folder, count: 1))
    }
    _ = consume one
    try service.stop()
  }

  @Test func aClientThatGetsNoRingLeavesNoCursor() throws {
    let folder = try ScratchFolder()
    let configuration = EngineServiceTests.configuration(folder, clients: 1)
    let service = try Service.start(engine: .init(), configuration: configuration)
    let one = try EngineServiceTests.client(configuration)
    do throws(ClientError) {
      _ = try EngineServiceTests.client(configuration, cursor: "late", start: .index(7))
      Issue.record("a second client has a ring of one")
    } catch {
      #expect(error == .full(folder: configuration.folder, count: 1))
    }
    _ = consume one
    let late = try EngineServiceTests.client(configuration, cursor: "late", start: .index(3))
    let index = late.eventIndex
    #expect(index == 3)
    _ = consume late
    try service.stop()
  }

  /// A client may write anything into its ring, also the reader's own position.
  @Test func aReadersPositionThatAClientWroteDoesNotKeepTheInputFromEnding() throws {
    let folder = try ScratchFolder()
    let path = folder.path("ring")
    try MessageRing.createFile(at: path, capacity: 4_096)
    let door = InputDoor()
    let inputs = try MessageInputs<UInt64>(
      count: 1, attachmentByteCountMax: 64, door: door, wait: .fail
    ) { _ throws(RingError) in try MessageRing.openConsumer(at: path) }
    try Self.write(8, at: 384, path)
    door.close()
    let isDrained = inputs.isDrained
    #expect(isDrained)
  }
}
