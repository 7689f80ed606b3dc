// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@Suite struct ScratchFolderTests {
  @Test func itIsRemovedWithEverythingInIt() throws {
    let outside = try ScratchFolder(["kept": "x"])
    var folder: ScratchFolder? = try ScratchFolder(["a": "1", "b/c/d": "2", "closed/e": "3"])
    let path = try #require(folder?.path)
    try FileManager.default.createSymbolicLink(
      atPath: "\(path)/link", withDestinationPath: outside.path)
    try FileManager.default.createSymbolicLink(
      atPath: "\(path)/dangling", withDestinationPath: "/nonexistent")
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: "\(path)/closed")
    #expect(try folder?.names() == ["a", "b", "closed", "dangling", "link"])
    folder = nil
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(try outside.text("kept") == "x", "what a link leads to")
  }

  @Test func filesAreWrittenAndRead() throws {
    let folder = try ScratchFolder()
    #expect(try folder.names() == [])
    let large = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let path = try folder.write("deep/er/file", large)
    #expect(path == folder.path + "/deep/er/file" && path == folder.path("deep/er/file"))
    #expect(try folder.bytes("deep/er/file") == large)
    try folder.write("deep/er/file", "short")
    #expect(try folder.text("deep/er/file") == "short")
    try folder.write("empty", [])
    #expect(try folder.bytes("empty") == [])
  }

  @Test func twoAreNeverOne() throws {
    let folders = try (0..<20).map { _ in try ScratchFolder() }
    #expect(Set(folders.map(\.path)).count == 20)
    let inner = try ScratchFolder(in: folders[0].path)
    #expect(inner.path.hasPrefix(folders[0].path + "/apus-scratch-"))
  }

  @Test func failuresNameTheFile() throws {
    let folder = try ScratchFolder(["file": ""])
    #expect(
      throws: ScratchFolderError(operation: "open", path: folder.path("none"), errno: ENOENT)
    ) { try folder.bytes("none") }
    #expect(
      throws: ScratchFolderError(operation: "open", path: folder.path("file/below"), errno: ENOTDIR)
    ) { try folder.write("file/below", "") }
    #expect(
      throws: ScratchFolderError(operation: "mkdir", path: folder.path("file/a"), errno: ENOTDIR)
    ) { try folder.write("file/a/b", "") }
    #expect(throws: ScratchFolderError.self) { try folder.write(".", "") }
    #expect(throws: ScratchFolderError.self) { try folder.bytes(".") }
    #expect(
      throws: ScratchFolderError(operation: "mkdtemp", path: "/nonexistent", errno: ENOENT)
    ) { _ = try ScratchFolder(in: "/nonexistent") }
  }
}
