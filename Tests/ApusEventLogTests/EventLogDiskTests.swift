// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusHost
import ApusTestSupport
import CApusSystemFaults
import Foundation
import Testing

@testable import ApusEventLog

/// A disk without room: the writer takes what there is room for, and resumes when there is more.
@Suite struct EventLogDiskTests {
  @Test(arguments: [ENOSPC, EDQUOT, EIO])
  func whatDoesNotFitIsLeftAndTakenLater(errno: Int32) throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
    var reader = try EventLogRig.reader(folder)
    expect(writer.take(0..<100), 100)
    capus_faults_fail_allocation(1_000_000, errno)
    // 28 more fit into the segment.
    expect(writer.take(100..<200), 28)
    expect(writer.take(128..<200), 0)
    #expect(log.isStalled)
    let stall = try #require(log.stall)
    let path = folder.path("log/\(EventLogFormat.segmentName(firstIndex: 128)).new")
    if errno == EIO {
      #expect(stall == .system(operation: "posix_fallocate", path: path, errno: errno))
    } else {
      #expect(stall == .diskFull(operation: "posix_fallocate", path: path, errno: errno))
      #expect(stall.description.contains("free space"))
    }
    #expect(throws: stall) { try log.prepare() }
    expect(reader.readAll().range, 0..<128)
    // Nothing is left of what failed.
    #expect(try folder.segmentNames().count == 1)
    #expect(!FileManager.default.fileExists(atPath: path))
    capus_faults_fail_allocation(0, 0)
    // It looks again after a while, not at each call.
    expect(writer.take(128..<200), 0)
    usleep(20_000)
    expect(writer.take(128..<200), 72)
    #expect(!log.isStalled)
    expect(reader.readAll().range, 128..<200)
  }

  @Test func aPreparedSegmentNeedsNoRoom() throws {
    let folder = try ScratchFolder()
    let log = try EventLogRig.open(folder)
    let box = try EventLogWriterBox(log)
    box.take(0..<100)
    try log.prepare()
    capus_faults_fail_allocation(1_000_000, ENOSPC)
    defer { capus_faults_fail_allocation(0, 0) }
    #expect(box.take(100..<300) == 156)
    #expect(log.isStalled)
  }

  @Test func aLogThatCannotBeMadeIsAnError() throws {
    let folder = try ScratchFolder()
    capus_faults_fail_allocation(1, ENOSPC)
    #expect(
      throws: EventLogError.diskFull(
        operation: "posix_fallocate", path: folder.path("log/events.position.new"), errno: ENOSPC)
    ) { _ = try EventLogRig.open(folder) }
    _ = try EventLogRig.open(folder)
  }

  /// Whether this process may mount: being root is not enough in most containers.
  static let mayMount: Bool = {
    guard let folder = try? ScratchFolder(),
      unsafe mount("apus", folder.path(""), "tmpfs", 0, "size=96k") == 0
    else { return false }
    return unsafe umount(folder.path("")) == 0
  }()

  @Test(.enabled(if: mayMount, "mounting a small file system is not permitted"))
  func aFullFileSystemStallsTheWriterUntilSegmentsGo() throws {
    let folder = try ScratchFolder()
    let small = folder.path("small")
    try FileManager.default.createDirectory(atPath: small, withIntermediateDirectories: true)
    try #require(unsafe mount("apus", small, "tmpfs", 0, "size=96k") == 0)
    defer { _ = unsafe umount2(small, Int32(MNT_DETACH)) }
    let log = try EventLogRig.open(folder, name: "small/log")
    var writer = try log.makeWriter(of: PeerElement.self, resumingAfter: 0)
    let taken = UInt64(writer.take(0..<5_000))
    #expect(taken > 0 && taken < 5_000 && taken % 128 == 0)
    guard case .diskFull(_, let path, _)? = log.stall else {
      Issue.record("\(String(describing: log.stall))")
      return
    }
    #expect(path.hasPrefix(small))
    try log.sync()
    try log.sync(completeThrough: SampleEvents.sequence(taken - 1))
    #expect(try log.removeSegments(durableThrough: .max) > 3)
    usleep(20_000)
    expect(writer.take(taken..<taken + 200), 200)
    #expect(log.stall == nil)
  }

  /// The host keeps the events, takes no more commands and loses nothing.
  @Test func aHostWaitsForRoom() throws {
    let folder = try ScratchFolder()
    let log = try EventLog(
      of: UInt64.self, path: folder.path("log"), configuration: EventLogRig.configuration())
    var host = try EngineHost(
      engine: TallyEngine(), input: NoInput<UInt64>(), journal: NoJournal(),
      output: try log.makeWriter(of: UInt64.self, resumingAfter: 0),
      configuration: HostConfiguration(release: .atOnce, eventCapacity: 64))
    var commands: UInt64 = 0
    let step = { () -> Int in
      let batch = (commands..<commands + 10).map { $0 }
      let count = host.step(now: Nanoseconds(1), commands: batch.span)
      commands += UInt64(count)
      return count
    }
    while log.position < 200 { expect(step() > 0, true) }
    capus_faults_fail_allocation(1_000_000, ENOSPC)
    for _ in 0..<100 { _ = step() }
    #expect(log.position == 256)
    #expect(log.isStalled)
    expect(step(), 0)
    capus_faults_fail_allocation(0, 0)
    usleep(20_000)
    while commands < 1_000 { _ = step() }
    var reader = try EventLogReader<UInt64>(
      path: folder.path("log"), format: EventLogRig.format)
    var next: UInt64 = 0
    var isRight = true
    while case .read = reader.tryRead({ events in
      for offset in 0..<events.count {
        isRight = isRight && events[offset].event == next && events[offset].sequence == next + 1
        next += 1
      }
      return events.count
    }) {}
    #expect(isRight)
    #expect(next == commands)
  }
}

/// One event for each command, which is the command.
struct TallyEngine: Engine {
  struct Configuration {}
  static let snapshotFormat = SnapshotFormat(name: "tally", version: 1)
  let eventCountMax = 1
  private(set) var digest: UInt64 = 0

  init(configuration: Configuration = .init()) {}

  mutating func apply(
    _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<UInt64>
  ) {
    digest = digest &* 31 &+ command
    events.emit(command)
  }

  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(digest)
  }

  init(configuration: Configuration, snapshot: inout SnapshotReader) throws(SnapshotError) {
    digest = try snapshot.read(UInt64.self, field: "digest")
  }
}
