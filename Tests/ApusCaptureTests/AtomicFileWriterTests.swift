// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import CApusSystemFaults
import Foundation
import Testing

@testable import ApusCapture

@Suite struct AtomicFileWriterTests {
  @Test func nothingAppearsBeforeCommit() throws {
    let folder = try ScratchFolder()
    do {
      let writer = try AtomicFileWriter(path: folder.path("a"))
      try writer.write("half")
      #expect(try !folder.names().contains("a"))
    }
    #expect(try folder.names() == [])
  }

  @Test func anOldFileStaysUntilCommit() throws {
    let folder = try ScratchFolder()
    let path = try folder.write("a", [1, 2, 3])
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
    let folder = try ScratchFolder()
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
    let folder = try ScratchFolder()
    #expect(throws: CaptureError(path: folder.path(""), reason: .isDirectory)) {
      try AtomicFileWriter(path: folder.path(""))
    }
    let missing = CaptureError.Reason.missingFolder(folder.path("no"))
    #expect(throws: CaptureError(path: folder.path("no/a"), reason: missing)) {
      try AtomicFileWriter(path: folder.path("no/a"))
    }
    #expect(throws: CaptureError(path: folder.path("no/a.pcap"), reason: missing)) {
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
    let folder = try ScratchFolder()
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
    let folder = try ScratchFolder()
    _ = try folder.write("a", [1])
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

  private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  /// Equal names of one process wrote into one temporary file, which anybody could foresee.
  @Test func temporaryNamesAreRandomAndPrivate() throws {
    let folder = try ScratchFolder()
    let path = folder.path("a")
    let first = try AtomicFileWriter(path: path)
    let second = try AtomicFileWriter(path: path)
    let names = try folder.names()
    #expect(names.count == 2 && names.allSatisfy { $0.hasPrefix("a.") && $0.hasSuffix(".partial") })
    #expect(!names.contains("a.\(getpid()).partial"))
    for name in names { #expect(try mode(folder.path(name)) == 0o600) }
    try first.write([1])
    try second.write([2, 2])
    try first.commit()
    #expect(try folder.bytes("a") == [1])
    try second.commit()
    #expect(try folder.bytes("a") == [2, 2])
    #expect(try folder.names() == ["a"])
  }

  @Test func anExistingFileKeepsItsPermissions() throws {
    let folder = try ScratchFolder()
    for (name, permissions) in [("new", nil), ("private", 0o600), ("shared", 0o664)] {
      let path = folder.path(name)
      if let permissions {
        _ = try folder.write(name, [0])
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
      }
      let writer = try AtomicFileWriter(path: path)
      try writer.commit()
      let mask = umask(0o077)
      umask(mask)
      #expect(try mode(path) == permissions ?? Int(0o666 & ~mask))
    }
  }

  @Test(.enabled(if: geteuid() == 0, "only root may give files away"))
  func anExistingFileKeepsItsOwner() throws {
    let folder = try ScratchFolder()
    let path = try folder.write("a", [0])
    #expect(unsafe chown(path, 1_234, 2_345) == 0 && chmod(path, 0o640) == 0)
    let writer = try AtomicFileWriter(path: path)
    try writer.commit()
    var status = stat()
    #expect(unsafe stat(path, &status) == 0)
    #expect(status.st_uid == 1_234 && status.st_gid == 2_345)
    #expect(status.st_mode & 0o7777 == 0o640)
  }

  /// What may fail fails before the name: files that belong together appear together.
  @Test func aFinishedFileHasNoNameYet() throws {
    let folder = try ScratchFolder()
    let writer = try AtomicFileWriter(path: folder.path("a"))
    try writer.write([1, 2])
    try writer.finish()
    let names = try folder.names()
    #expect(names.count == 1 && names[0].hasSuffix(".partial"))
    #expect(try folder.bytes(names[0]) == [1, 2])
    try writer.publish()
    #expect(try folder.names() == ["a"] && folder.bytes("a") == [1, 2])
    do {
      let dropped = try AtomicFileWriter(path: folder.path("b"))
      try dropped.finish()
    }
    #expect(try folder.names() == ["a"])
  }

  @Test func linksAreFollowed() throws {
    let folder = try ScratchFolder()
    let files = FileManager.default
    _ = try folder.write("target", [0])
    try files.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "target")
    try files.createSymbolicLink(
      atPath: folder.path("far"), withDestinationPath: folder.path("link"))
    try files.createSymbolicLink(atPath: folder.path("dangling"), withDestinationPath: "fresh")
    try files.createSymbolicLink(atPath: folder.path("loop"), withDestinationPath: "loop")
    for (name, target) in [("link", "target"), ("far", "target"), ("dangling", "fresh")] {
      let writer = try AtomicFileWriter(path: folder.path(name))
      try writer.write(Array(name.utf8))
      try writer.commit()
      #expect(try folder.bytes(target) == Array(name.utf8))
      #expect((try? files.destinationOfSymbolicLink(atPath: folder.path(name))) != nil)
    }
    #expect(throws: CaptureError.self) { try AtomicFileWriter(path: folder.path("loop")) }
    #expect(try folder.names() == ["dangling", "far", "fresh", "link", "loop", "target"])
  }

  /// A pipe is opened once and written as it is.
  @Test func aPipeIsWrittenDirectly() throws {
    let folder = try ScratchFolder()
    #expect(unsafe mkfifo(folder.path("pipe"), 0o600) == 0)
    let descriptor = unsafe open(folder.path("pipe"), O_RDONLY | O_NONBLOCK)
    let writer = try AtomicFileWriter(path: folder.path("pipe"))
    try writer.write([1, 2, 3])
    try writer.commit()
    var bytes = [UInt8](repeating: 0, count: 8)
    let count = unsafe read(descriptor, &bytes, 8)
    #expect(count == 3 && bytes.prefix(3) == [1, 2, 3])
    close(descriptor)
    #expect(try folder.names() == ["pipe"])
  }

  @Test func filesAreComparedByWhatTheyAre() throws {
    let folder = try ScratchFolder()
    _ = try folder.write("a", [0])
    _ = try folder.write("b", [0])
    let files = FileManager.default
    try files.createSymbolicLink(atPath: folder.path("soft"), withDestinationPath: "a")
    try files.linkItem(atPath: folder.path("a"), toPath: folder.path("hard"))
    func conflict(_ inputs: [String], _ outputs: [String]) -> Bool {
      do throws(CaptureError) {
        try FileUse(inputs: inputs.map(folder.path), outputs: outputs.map(folder.path)).check()
        return false
      } catch {
        guard case .conflict = error.reason else { return false }
        return true
      }
    }
    for name in ["a", "./a", "soft", "hard"] {
      #expect(conflict(["a"], [name]) && conflict([name], ["a"]) && conflict([], ["a", name]))
      #expect(!conflict(["b"], [name]) && !conflict(["a", name], ["b"]))
    }
    #expect(conflict([], ["new", "./new"]) && !conflict(["new"], ["other"]))
    let devices = FileUse(inputs: ["/dev/null"], outputs: ["/dev/null", "/dev/null"])
    #expect(throws: Never.self) { try devices.check() }
  }
}
