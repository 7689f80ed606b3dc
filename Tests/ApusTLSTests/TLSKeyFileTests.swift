// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTLS
import ApusTestSupport
import Glibc
import Testing

@Suite struct TLSKeyFileTests {
  static func file(_ text: String, mode: mode_t = 0o600) throws -> (ScratchFolder, String) {
    let folder = try ScratchFolder()
    let path = try folder.write("link.key", text)
    #expect(unsafe chmod(path, mode) == 0)
    return (folder, path)
  }

  @Test(arguments: ["", "\n", "\r\n"]) func aFileIsTheKeyInIt(end: String) throws {
    let digits = "000102030405060708090a0b0c0d0e0fA0B0C0D0E0F0aAbBcCdDeEfF00112233"
    let (folder, path) = try Self.file(digits + end)
    let bytes: [UInt8] =
      Array(0...15) + [
        0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0, 0x11, 0x22, 0x33,
      ]
    // The same key: the two sides understand one another.
    let read = TLSCredential.preSharedKey(identity: "n", key: try TLSKeyFile.read(path))
    let written = TLSCredential.preSharedKey(identity: "n", key: try TLSKey(bytes))
    let pair = try SessionPair(client: .client(read), server: .server(written))
    pair.shakeHands()
    #expect(pair.isEstablished)
    withExtendedLifetime(folder) {}
  }

  @Test(arguments: [
    ("0011", "found 4"), ("", "found 0"), (String(repeating: "ab", count: 65), "found 130"),
    (String(repeating: "ab", count: 16) + "c", "found 33"),
    ("00112233445566778899aabbccddeefg", "at offset 31"),
    ("00112233445566778899aabbccddeeff\n00\n", "more lines"),
    (" 00112233445566778899aabbccddeeff", "at offset 0"),
    ("00000000000000000000000000000000", "one byte repeated"),
  ]) func anythingElseIsRefused(text: String, reason: String) throws {
    let (folder, path) = try Self.file(text)
    let error = #expect(throws: TLSError.self) { try TLSKeyFile.read(path) }
    let description = try #require(error).description
    #expect(description.hasPrefix(path) && description.contains(reason), "\(description)")
    withExtendedLifetime(folder) {}
  }

  @Test(arguments: [mode_t(0o640), 0o604, 0o620, 0o610, 0o666, 0o444])
  func aFileForOthersIsRefused(mode: mode_t) throws {
    let (folder, path) = try Self.file("00112233445566778899aabbccddeeff", mode: mode)
    #expect(throws: TLSError.exposedFile(path: path, mode: mode)) { try TLSKeyFile.read(path) }
    withExtendedLifetime(folder) {}
  }

  @Test func whatIsNoFileIsRefused() throws {
    let folder = try ScratchFolder()
    #expect(
      throws: TLSError.system(operation: "open", path: folder.path("none"), errno: ENOENT)
    ) { try TLSKeyFile.read(folder.path("none")) }
    #expect(unsafe mkfifo(folder.path("pipe"), 0o600) == 0)
    #expect(
      throws: TLSError.file(path: folder.path("pipe"), reason: "expected a regular file")
    ) { try TLSKeyFile.read(folder.path("pipe")) }
    #expect(throws: TLSError.self) { try TLSKeyFile.read("a\0b") }
  }
}
