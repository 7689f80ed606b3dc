// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import CApusSystemFaults
import Testing

@testable import ApusCapture

@Suite struct AtomicFileWriterTests {
  @Test func nothingAppearsBeforeCommit() throws {
    let folder = try TemporaryFolder()
    do {
      let writer = try AtomicFileWriter(path: folder.path("a"))
      try writer.write("half")
      #expect(try !folder.names().contains("a"))
    }
    #expect(try folder.names() == [])
  }

  @Test func anOldFileStaysUntilCommit() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1, 2, 3], "a")
    do {
      let writer = try AtomicFileWriter(path: path)
      try writer.write([9])
    }
    #expect(try folder.bytes("a") == [1, 2, 3])
    let writer = try AtomicFileWriter(path: path)
    try writer.write([9])
    try writer.commit()
    #expect(try folder.bytes("a") == [9])
    #expect(try folder.names() == ["a"])
  }

  @Test(arguments: [0, 1, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 700_000])
  func everySizeComesBack(byteCount: Int) throws {
    let folder = try TemporaryFolder()
    let bytes = sampleBytes(byteCount, seed: UInt64(byteCount))
    for (name, compression) in [
      ("plain", AtomicFileWriter.Compression.none), ("fast", .gzip(level: 1)),
      ("small", .gzip(level: 9)),
    ] {
      let writer = try AtomicFileWriter(path: folder.path(name), compression: compression)
      let middle = byteCount / 3
      try writer.write(Array(bytes[..<middle]))
      try writer.write(Array(bytes[middle...]))
      try writer.commit()
      if compression == .none {
        #expect(try folder.bytes(name) == bytes)
      } else {
        #expect(try drain(openByteStream(folder.path(name))) == Delivery(bytes: bytes))
      }
    }
  }

  @Test func whatCannotBeWrittenSaysWhy() throws {
    let folder = try TemporaryFolder()
    #expect(throws: CaptureError(path: folder.path(""), reason: .isDirectory)) {
      try AtomicFileWriter(path: folder.path(""))
    }
    #expect(throws: CaptureError(path: folder.path("no/a"), reason: .missing)) {
      try AtomicFileWriter(path: folder.path("no/a"))
    }
    #expect(throws: CaptureError(path: folder.path("no/a.pcap"), reason: .missing)) {
      try PcapWriter(path: folder.path("no/a.pcap"))
    }
    #expect(try folder.names() == [])
  }

  @Test func aFullDeviceIsToldWithItsError() throws {
    let writer = try AtomicFileWriter(path: "/dev/full")
    try writer.write("x")
    #expect(
      throws: CaptureError(path: "/dev/full", reason: .system(operation: "write", errno: 28))
    ) { try writer.commit() }
  }

  /// After a power cut the name means the new bytes or the old ones, and never none.
  @Test(arguments: [true, false])
  func bytesAreDurableBeforeTheNameAndTheNameAfterIt(isPcap: Bool) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("a")
    if isPcap {
      let writer = try PcapWriter(path: path)
      capus_faults_note()
      try writer.commit()
    } else {
      let writer = try AtomicFileWriter(path: path)
      try writer.write("x")
      capus_faults_note()
      try writer.commit()
    }
    let noted = unsafe String(cString: capus_faults_noted()).split(separator: "\n").map {
      $0.split(separator: " ").map(String.init)
    }
    #expect(noted.map(\.first) == ["fsync", "rename", "fsync"])
    guard noted.count == 3 else { return }
    #expect(noted[0][1] == noted[1][1] && noted[1][2] == path)
    #expect(noted[2][1] + "/a" == path)
  }

  @Test(arguments: [0, 1]) func aFailedSyncIsTold(after: Int32) throws {
    let folder = try TemporaryFolder()
    _ = try folder.write([1], "a")
    let writer = try AtomicFileWriter(path: folder.path("a"))
    try writer.write("x")
    capus_faults_fail_sync(after, 5)
    #expect(
      throws: CaptureError(
        path: folder.path("a"), reason: .system(operation: "fsync", errno: 5))
    ) { try writer.commit() }
    capus_faults_fail_sync(-1, 0)
    // Before the rename the old file stays.
    #expect(try folder.bytes("a") == (after == 0 ? [1] : [0x78]))
  }
}
