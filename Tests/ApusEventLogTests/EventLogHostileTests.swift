// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusTestSupport
import Foundation
import Testing

@testable import ApusEventLog

extension EventReadOutcome {
  fileprivate var isRead: Bool {
    if case .read = self { return true }
    return false
  }
}

/// Files that are anything: one typed error that names file, offset and field, and never a fault.
@Suite struct EventLogHostileTests {
  private static let segment = EventLogFormat.segmentName(firstIndex: 128)

  private func makeLog() throws -> ScratchFolder {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    let box = try EventLogWriterBox(log)
    box.take(0..<300)
    try log.sync()
    box.take(300..<400)
    return folder
  }

  /// What opening for writing and reading everything says, the same twice.
  private func errors(_ folder: ScratchFolder) -> (writer: EventLogError?, reader: EventLogError?) {
    var reader: EventLogError?
    do throws(EventLogError) {
      var opened = try EventLogRig.reader(folder)
      var outcome = EventReadOutcome.nothing
      repeat { outcome = opened.tryRead { $0.count } } while outcome.isRead
      if case .failed(let error) = outcome { reader = error }
    } catch {
      reader = error
    }
    do throws(EventLogError) {
      _ = try EventLogRig.open(folder)
      return (nil, reader)
    } catch {
      return (error, reader)
    }
  }

  @Test func fieldsOfTheHeadersAreChecked() throws {
    let changes: [(String, Int, String)] = [
      (EventLogFormat.positionName, 0, "magic"), (EventLogFormat.positionName, 8, "version"),
      (Self.segment, 0, "magic"), (Self.segment, 8, "version"),
    ]
    for (name, offset, field) in changes {
      let folder = try makeLog()
      try EventLogRig.change(folder, name) { $0[offset] ^= 2 }
      let (writer, reader) = errors(folder)
      #expect(writer == reader)
      guard case .field(let path, field, offset, _, _)? = writer else {
        Issue.record("\(name) \(offset): \(String(describing: writer))")
        continue
      }
      #expect(path == folder.path("log/\(name)"))
    }
    for name in [EventLogFormat.positionName, Self.segment] {
      for offset in [16, 24, 28, 32, 36, 40, 48, 64, 72, 80, 100, 124] {
        let folder = try makeLog()
        try EventLogRig.change(folder, name) { $0[offset] ^= 1 }
        let (writer, reader) = errors(folder)
        #expect(writer == .checksum(path: folder.path("log/\(name)"), offset: 124))
        #expect(writer == reader)
      }
    }
  }

  /// A header that holds and is of something else.
  @Test func headersOfOthersAreRefused() throws {
    let changes: [(name: String, offset: Int, isSegment: Bool)] = [
      ("engine", 16, false), ("engineVersion", 24, false), ("eventByteCount", 28, false),
      ("recordByteCount", 32, false), ("eventOffset", 36, false), ("firstIndex", 64, true),
      ("journalHigh", 48, true), ("segmentByteCount", 40, true),
    ]
    for (field, offset, isSegment) in changes {
      let folder = try makeLog()
      let name = isSegment ? Self.segment : EventLogFormat.positionName
      try EventLogRig.change(folder, name) { bytes in
        // To something that a log could have.
        switch field {
        case "eventByteCount": bytes[offset] -= 1
        case "eventOffset": (bytes[offset], bytes[28]) = (16, 16)
        case "segmentByteCount": bytes[offset + 1] += 0x10
        default: bytes[offset] += 8
        }
        seal(&bytes)
      }
      let (writer, reader) = errors(folder)
      #expect(writer == reader)
      guard case .field(let path, let found, _, _, _)? = writer else {
        Issue.record("\(field): \(String(describing: writer))")
        continue
      }
      #expect(path == folder.path("log/\(name)"))
      #expect(found == (field == "eventOffset" ? "eventByteCount" : field))
    }
  }

  /// Values that sizes and addresses are computed from.
  @Test func valuesThatNoLogHasAreRefused() throws {
    let values: [(Int, Int, UInt64)] = [
      (32, 4, 0), (32, 4, 7), (32, 4, 0xFFFF_FFFF), (36, 4, 0), (36, 4, 0xFFFF_FFFF),
      (28, 4, 0xFFFF_FFFF), (40, 8, 0), (40, 8, 4_096), (40, 8, 8_193), (40, 8, .max),
      (40, 8, 1 << 63), (64, 8, .max), (72, 8, .max), (80, 4, 0), (80, 4, 0xFFFF_FFFF),
    ]
    for (offset, count, value) in values {
      let folder = try makeLog()
      try EventLogRig.change(folder, EventLogFormat.positionName) { bytes in
        put(value, count, at: offset, in: &bytes)
        seal(&bytes)
      }
      let (writer, reader) = errors(folder)
      #expect(writer == reader)
      guard case .value(let path, _, let found, _, _)? = writer else {
        Issue.record("\(offset) \(value): \(String(describing: writer))")
        continue
      }
      #expect(path == folder.path("log/\(EventLogFormat.positionName)"))
      #expect(found == offset || (offset == 28 && found == 36))
    }
  }

  @Test func filesOfAnotherLengthAreRefused() throws {
    for name in [EventLogFormat.positionName, Self.segment] {
      let folder = try makeLog()
      let whole = try EventLogRig.bytes(folder, name).count
      for count in [0, 1, 127, 128, 4_095, 4_096, whole - 1, whole + 1] {
        try EventLogRig.change(folder, name) {
          $0 = count < $0.count ? Array($0.prefix(count)) : $0 + [0]
        }
        let (writer, reader) = errors(folder)
        #expect(writer == reader)
        guard case .fileSize(let path, let found, _)? = writer else {
          Issue.record("\(name) \(count): \(String(describing: writer))")
          break
        }
        #expect(path == folder.path("log/\(name)"))
        #expect(found == UInt64(count))
        if count < whole {
          let other = try makeLog()
          let bytes = try EventLogRig.bytes(other, name)
          try EventLogRig.change(folder, name) { $0 = bytes }
        }
      }
    }
  }

  @Test func onlyRegularFilesAreOpened() throws {
    for name in [EventLogFormat.positionName, Self.segment, EventLogFormat.lockName] {
      let folder = try makeLog()
      let path = folder.path("log/\(name)")
      try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
      try FileManager.default.createSymbolicLink(
        atPath: path, withDestinationPath: path + ".away")
      #expect(errors(folder).writer == .notRegular(path: path))
      try FileManager.default.removeItem(atPath: path)
      try #require(unsafe mkfifo(path, 0o600) == 0)
      #expect(errors(folder).writer == .notRegular(path: path))
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      #expect(errors(folder).writer == .notRegular(path: path))
    }
  }

  @Test func aMissingFileIsNamed() throws {
    for name in [EventLogFormat.positionName, Self.segment] {
      let folder = try makeLog()
      let path = folder.path("log/\(name)")
      try FileManager.default.removeItem(atPath: path)
      let (writer, reader) = errors(folder)
      #expect(writer == .missing(path: path))
      #expect(reader == .missing(path: path))
    }
    let folder = try ScratchFolder()
    #expect(throws: EventLogError.missing(path: folder.path("log"))) {
      _ = try EventLogRig.reader(folder)
    }
  }

  /// Words that any process with the file may overwrite while it is in use.
  @Test(arguments: [0, 1, 399, 401, 1 << 40, 1 << 62, 1 << 63, UInt64.max])
  func anyPositionsAreSurvived(value: UInt64) throws {
    for offset in [128, 256, 264, 4_096] {
      let folder = try makeLog()
      do {
        let log = try EventLogRig.open(folder)
        let reader = try EventLogRig.reader(folder, name: "reader")
        let box = try EventLogWriterBox(log)
        withExtendedLifetime(reader.index) {}
        try EventLogRig.change(folder, EventLogFormat.positionName) {
          put(value, 8, at: offset, in: &$0)
        }
        _ = try? log.removeSegments(durableThrough: .max)
        try? log.sync(completeThrough: 3)
        _ = log.cursors
        box.take(0..<450)
        _ = try? log.prepare()
        _ = log.stall
        _ = try? EventLogInspection.verify(path: log.path)
        var late = try EventLogRig.reader(folder)
        _ = late.tryRead { $0.count }
        try? late.seek(toSequence: 200)
      }
      _ = errors(folder)
    }
  }

  /// Any bytes anywhere: an error, or a log.
  /// A client has the file open for its cursor, and may write the position at any time.
  @Test(arguments: [0, 300, 1 << 40, UInt64.max])
  func aPositionThatChangesBeforeTheWriterIsMadeIsAnError(position: UInt64) throws {
    let folder = try makeLog()
    let log = try EventLogRig.open(folder)
    try EventLogRig.change(folder, EventLogFormat.positionName) { bytes in
      for byte in 0..<8 {
        bytes[128 + byte] = UInt8(truncatingIfNeeded: position >> UInt64(8 * byte))
      }
    }
    do throws(EventLogError) {
      _ = try EventLogWriterBox(log)
      Issue.record("a writer at \(position)")
    } catch {
      #expect(error.description.contains(folder.path("log")), "\(error)")
    }
  }

  @Test func mutatedFilesNeverFault() throws {
    for round in Campaign.rounds(60, campaign: 20_000) {
      var random = SeededRandom(seed: UInt64(round))
      let folder = try makeLog()
      let names = [EventLogFormat.positionName] + (try folder.segmentNames())
      let name = names[Int(random.next() % UInt64(names.count))]
      try EventLogRig.change(folder, name) { bytes in
        for _ in 0..<1 + random.next() % 8 {
          // Mostly where something is looked at.
          let limit = random.next() % 3 == 0 ? bytes.count : 1_600
          let offset = Int(random.next() % UInt64(limit))
          bytes[offset] = UInt8(truncatingIfNeeded: random.next())
        }
        if random.next() % 2 == 0 { seal(&bytes) }
        if random.next() % 4 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
      }
      // As if the host had been down, so that the marks count.
      if random.next() % 2 == 0 { try? EventLogRig.restartHost(folder) }
      do throws(EventLogError) {
        var reader = try EventLogRig.reader(folder)
        for _ in 0..<20 { _ = reader.tryRead { $0.count } }
        try reader.seek(toSequence: random.next() % 500)
      } catch {
        #expect(!error.description.isEmpty)
      }
      do throws(EventLogError) {
        _ = try EventLogInspection.verify(path: folder.path("log"))
      } catch {
        #expect(error.description.contains(folder.path("log")), "\(error)")
      }
      guard let log = try? EventLogRig.open(folder) else { continue }
      guard let box = try? EventLogWriterBox(log) else { continue }
      box.take(0..<600)
      _ = try? log.sync()
      _ = try? log.removeSegments(durableThrough: .max)
      if log.stall == nil { #expect(box.position >= 600, "round \(round)") }
    }
  }

  /// Records that no replay leads to are not taken for events that are there.
  @Test func aWrongSequenceIsNotSkipped() throws {
    // Of the first event, of the first event's command before the segment, of the last event, and of
    // where the log begins.
    for (name, offset, value) in [
      (EventLogFormat.segmentName(firstIndex: 0), 4_096, 1_000_000),
      (EventLogFormat.segmentName(firstIndex: 256), 128, 1_000_000),
      (EventLogFormat.segmentName(firstIndex: 384), 4_096 + 15 * 32, 1_000_000),
      (EventLogFormat.positionName, 72, 1_000_000),
    ] as [(String, Int, UInt64)] {
      let folder = try makeLog()
      if offset == 128 {
        let log = try EventLogRig.open(folder)
        let box = try EventLogWriterBox(log)
        box.take(0..<400)
        try log.sync()
        try log.sync()
        #expect(try log.removeSegments(durableThrough: SampleEvents.sequence(255)) == 2)
      }
      try EventLogRig.change(folder, name) { bytes in
        put(value, 8, at: offset, in: &bytes)
        if name == EventLogFormat.positionName { seal(&bytes) }
      }
      let log = try EventLogRig.open(folder)
      var error: EventLogError?
      do throws(EventLogError) {
        let box = try EventLogWriterBox(log)
        box.take(0..<600)
        error = log.stall
      } catch let thrown {
        error = thrown
      }
      #expect(error?.isBadData == true, "\(name) \(offset): \(String(describing: error))")
      #expect(log.position == 400)
    }
  }

  private func put(_ value: UInt64, _ count: Int, at offset: Int, in bytes: inout [UInt8]) {
    for index in 0..<count where offset + index < bytes.count {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(index * 8))
    }
  }

  /// Gives a header the checksum of what it now is.
  private func seal(_ bytes: inout [UInt8]) {
    guard bytes.count >= 128 else { return }
    let checksum = unsafe bytes.withUnsafeBytes {
      unsafe EventLogFormat.checksum(UnsafeRawBufferPointer(rebasing: $0[..<124]))
    }
    put(UInt64(checksum), 4, at: 124, in: &bytes)
  }
}
