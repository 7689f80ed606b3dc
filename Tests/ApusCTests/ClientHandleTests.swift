// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusC
import ApusServiceKit
import ApusTestSupport
import ApusTrading
import ApusTradingService
import CApus
import Foundation
import Testing

/// What `apus_client_*` promise about handles, statuses and bad arguments.
@Suite struct ClientHandleTests {
  private static func status(_ status: apus_status) -> CInt { CInt(status.rawValue) }

  private static func start(_ folder: ScratchFolder) throws -> MatchingService.Service {
    var configuration = ServiceConfiguration(folder: folder.path("service"))
    configuration.clients = 2
    configuration.clientRingBytes = 1 << 13
    configuration.journalSegmentBytes = 1 << 20
    configuration.journalBufferBytes = 1 << 16
    configuration.eventSegmentBytes = 1 << 17
    return try MatchingService.start(orderCapacity: 1_024, configuration: configuration)
  }

  private static func connect(_ folder: String?, cursor: String? = nil) -> (OpaquePointer?, String)
  {
    var text = [CChar](repeating: 1, count: 200)
    let client = unsafe apus_client_connect(folder, cursor, &text, text.count)
    let message = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return unsafe (client, client == nil ? String(decoding: message, as: UTF8.self) : "")
  }

  private static func submit(
    _ client: OpaquePointer?, _ command: MatchingCommand, attachment: [UInt8] = []
  ) -> CInt {
    var bytes = unsafe unsafeBitCast(command, to: apus_command.self)
    return unsafe apus_client_submit(client, &bytes, attachment, attachment.count)
  }

  /// Reads until so many events are there.
  private static func read(_ client: OpaquePointer?, _ wanted: Int) -> [apus_event] {
    var found: [apus_event] = []
    var events = [apus_event](repeating: apus_event(), count: 3)
    var sequences = [UInt64](repeating: 0, count: 3)
    let end = ContinuousClock.now + .seconds(30)
    while found.count < wanted, ContinuousClock.now < end {
      var count = -1
      let outcome = unsafe apus_client_poll(client, &events, &sequences, 3, &count)
      #expect(outcome == status(APUS_OK) && (0...3).contains(count))
      found += events.prefix(max(0, count))
      if count == 0 { _ = unsafe apus_client_wait(client, 10_000_000) }
    }
    return found
  }

  @Test func commandsGoInAndEventsComeOut() throws {
    let folder = try ScratchFolder()
    let service = try Self.start(folder)
    let (client, _) = unsafe Self.connect(service.folder.path)
    let isConnected = unsafe apus_client_is_connected(client)
    #expect(isConnected == 1)
    for command: MatchingCommand in [
      .defineInstrument(1), .setOwnerLimit(10, .openOrders, to: 100), .setPhase(1, .continuous),
    ] {
      unsafe #expect(Self.submit(client, command, attachment: [1, 2, 3]) == Self.status(APUS_OK))
    }
    let events = unsafe Self.read(client, 3)
    #expect(
      events.map { UInt32($0.kind) } == [
        APUS_EVENT_INSTRUMENT_DEFINED.rawValue, APUS_EVENT_OWNER_LIMIT_SET.rawValue,
        APUS_EVENT_PHASE_CHANGED.rawValue,
      ])
    // Nothing is there, and nothing comes.
    let waited = unsafe apus_client_wait(client, 1_000_000)
    #expect(waited == 0)
    unsafe apus_client_close(client)
    try service.stop()
  }

  @Test func missingArgumentsAreNamed() throws {
    let folder = try ScratchFolder()
    let service = try Self.start(folder)
    let (client, _) = unsafe Self.connect(service.folder.path)
    let missing = Self.status(APUS_NULL_ARGUMENT)
    var command = apus_command()
    var event = apus_event()
    var count = 7
    let outcomes = unsafe [
      apus_client_submit(nil, &command, nil, 0), apus_client_submit(client, nil, nil, 0),
      apus_client_submit(client, &command, nil, 1), apus_client_poll(nil, &event, nil, 1, &count),
      apus_client_poll(client, nil, nil, 1, &count), apus_client_poll(client, &event, nil, 1, nil),
      apus_client_reconnect(nil, nil, 0),
    ]
    #expect(outcomes == [CInt](repeating: missing, count: outcomes.count))
    let none = [apus_client_wait(nil, 1), apus_client_is_connected(nil)]
    #expect(none == [0, 0])
    apus_client_close(nil)
    let (other, text) = unsafe Self.connect(nil)
    unsafe #expect(other == nil)
    #expect(text.contains("folder") && text.contains("NULL"))
    let silent = unsafe apus_client_connect(nil, nil, nil, 0)
    unsafe #expect(silent == nil)
    // Room for no event is not an error.
    let polled = unsafe apus_client_poll(client, &event, nil, 0, &count)
    #expect(polled == Self.status(APUS_OK) && count == 0)
    unsafe apus_client_close(client)
    try service.stop()
  }

  @Test func whereThereIsNoServiceOrNoRingTheTextSaysSo() throws {
    let folder = try ScratchFolder()
    let (nobody, text) = unsafe Self.connect(folder.path("nothing"))
    unsafe #expect(nobody == nil)
    #expect(text.contains("no service runs here"), "\(text)")
    let service = try Self.start(folder)
    let first = unsafe Self.connect(service.folder.path, cursor: "one")
    let second = unsafe Self.connect(service.folder.path)
    let third = unsafe Self.connect(service.folder.path)
    unsafe #expect(third.0 == nil && third.1.contains("all 2 rings have clients"), "\(third.1)")
    for name in ["", "a\nb", String(repeating: "n", count: 33), "one"] {
      let named = unsafe Self.connect(service.folder.path, cursor: name)
      unsafe #expect(named.0 == nil && !named.1.isEmpty)
    }
    // A text is cut to its room.
    var short = [CChar](repeating: 1, count: 5)
    let cut = unsafe apus_client_connect(service.folder.path, nil, &short, 4)
    unsafe #expect(cut == nil)
    #expect(short[3] == 0 && short[4] == 1)
    // Who gives a ring back makes room.
    unsafe apus_client_close(second.0)
    let again = unsafe Self.connect(service.folder.path)
    unsafe #expect(again.0 != nil, "\(again.1)")
    unsafe apus_client_close(again.0)
    unsafe apus_client_close(first.0)
    try service.stop()
  }

  @Test func whatIsTooLongOrHasNoRoomIsNotSubmitted() throws {
    let folder = try ScratchFolder()
    let service = try Self.start(folder)
    let (client, _) = unsafe Self.connect(service.folder.path)
    let define = MatchingCommand.defineInstrument(1)
    for count in [1_401, Int.max, -1] {
      var bytes = unsafe unsafeBitCast(define, to: apus_command.self)
      var byte: UInt8 = 0
      let outcome = unsafe apus_client_submit(client, &bytes, &byte, count)
      #expect(outcome == Self.status(APUS_ATTACHMENT_TOO_LONG))
    }
    let longest = [UInt8](repeating: 9, count: Int(APUS_ATTACHMENT_MAX))
    unsafe #expect(Self.submit(client, define, attachment: longest) == Self.status(APUS_OK))
    // Sooner or later the service is behind; what was accepted is done all the same.
    var submitted = 1
    var isFull = false
    while submitted < 1_000_000, !isFull {
      switch unsafe Self.submit(client, define, attachment: longest) {
      case Self.status(APUS_OK): submitted += 1
      case Self.status(APUS_RING_FULL): isFull = true
      case let other:
        Issue.record("\(other)")
        isFull = true
      }
    }
    #expect(isFull)
    unsafe #expect(Self.read(client, submitted).count == submitted)
    #expect(service.status.commandCount == UInt64(submitted))
    unsafe apus_client_close(client)
    try service.stop()
  }

  @Test func aClientResumesWithTheNextService() throws {
    let folder = try ScratchFolder()
    let service = try Self.start(folder)
    let (client, _) = unsafe Self.connect(service.folder.path, cursor: "resumes")
    unsafe #expect(Self.submit(client, .defineInstrument(1)) == Self.status(APUS_OK))
    try service.stop()
    let gone = Self.status(APUS_DISCONNECTED)
    unsafe #expect(Self.submit(client, .defineInstrument(2)) == gone)
    let isConnected = unsafe apus_client_is_connected(client)
    #expect(isConnected == 0)
    var text = [CChar](repeating: 0, count: 200)
    let early = unsafe apus_client_reconnect(client, &text, text.count)
    #expect(early == gone && text[0] != 0)
    let next = try Self.start(folder)
    let late = unsafe apus_client_reconnect(client, nil, 0)
    #expect(late == Self.status(APUS_OK))
    unsafe #expect(Self.submit(client, .defineInstrument(2)) == Self.status(APUS_OK))
    let events = unsafe Self.read(client, 2)
    #expect(events.map(\.instrument) == [1, 2])
    unsafe apus_client_close(client)
    try next.stop()
  }
}
