// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

/// Captures that lack messages: told and refused, or allowed.
@Suite struct CaptureGapTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// A system event: a whole message of 12 bytes.
  private static let event: [UInt8] = [0x53] + [UInt8](repeating: 0, count: 10) + [0x4F]

  private func packet(_ sequence: UInt64, count: Int) -> [UInt8] {
    let header =
      Array("APUS000001".utf8)
      + (0..<8).map { UInt8(truncatingIfNeeded: sequence >> (56 - 8 * UInt64($0))) }
      + [UInt8(count >> 8), UInt8(count & 0xFF)]
    return header + (0..<count).flatMap { _ in [0, 12] + Self.event }
  }

  private func capture(_ packets: [[UInt8]]) throws -> String {
    try folder.write(
      "c.pcap",
      CaptureFiles.pcap(
        packets.map { CapturedPacket(Frames.ethernet(0x0800, Frames.ipv4(Frames.udp($0)))) }))
  }

  @Test func aGapIsRefusedAndWhatWasReadIsTold() throws {
    let file = try capture([packet(1, count: 3), packet(7, count: 2), packet(9, count: 1)])
    for arguments in [[], ["--gaps", "refuse"], ["--as-orders"]] {
      let run = try CommandRun(arguments: ["replay", file, "--json"] + arguments)
      #expect(run.exitCode == 3, "\(arguments): \(run.exitCode)")
      #expect(
        run.errors.contains("session APUS000001") && run.errors.contains("4 to 6")
          && run.errors.contains("packet 2") && run.errors.contains("offset ")
          && run.errors.contains("--gaps allow"), "\(run.errors)")
      let json = try run.json()
      #expect((json["inputError"] as? String)?.contains("4 to 6") == true)
      if arguments.first == "--as-orders" { continue }
      #expect(json["messageCount"] as? Int == 6)
      let gaps = try #require(
        (json["transport"] as? [String: Any])?["gaps"] as? [[String: Any]])
      #expect(gaps.count == 1 && gaps[0]["session"] as? String == "APUS000001")
      #expect(gaps[0]["firstSequence"] as? Int == 4 && gaps[0]["lastSequence"] as? Int == 6)
      #expect(gaps[0]["packet"] as? Int == 2 && (gaps[0]["offset"] as? Int ?? 0) > 24)
    }
    let allowed = try CommandRun("replay", file, "--json", "--gaps", "allow")
    #expect(allowed.exitCode == 0, "\(allowed.errors)")
    let wrong = try CommandRun("replay", file, "--gaps", "maybe")
    #expect(wrong.exitCode == 2 && wrong.errors.contains("--gaps maybe: expected"))
  }

  /// Where the next capture cannot be opened, what waits for it is replayed and its gap counted.
  @Test func theSessionsEndWhereTheNextCaptureIsMissing() throws {
    let file = try capture([packet(1, count: 3), packet(7, count: 2), packet(9, count: 1)])
    let second = try folder.write("cut.pcap", [0xD4, 0xC3, 0xB2, 0xA1, 2, 0])
    for gaps in ["refuse", "allow"] {
      let run = try CommandRun("replay", file, second, "--json", "--gaps", gaps)
      #expect(run.exitCode == 3 && run.errors.contains("cut.pcap"), "\(run.errors)")
      let json = try run.json()
      #expect(json["messageCount"] as? Int == 6)
      let transport = json["transport"] as? [String: Any]
      #expect(transport?["gapCount"] as? Int == 1 && transport?["gapMessageCount"] as? Int == 3)
    }
    let run = try CommandRun("replay", file, second, "--json", "--as-orders")
    #expect(run.exitCode == 3 && run.errors.contains("cut.pcap"), "\(run.errors)")
  }

  @Test func aFarHeartbeatDiscardsNothing() throws {
    for far in [1_000_000, 1 << 62, UInt64.max] as [UInt64] {
      let file = try capture([
        packet(1, count: 3), packet(far, count: 0), packet(4, count: 3), packet(7, count: 2),
      ])
      let run = try CommandRun("replay", file, "--json")
      #expect(try run.json()["messageCount"] as? Int == 8, "\(far)")
      #expect(run.exitCode == (far == .max ? 0 : 3), "\(far): \(run.errors)")
      let first = try capture([packet(far, count: 0), packet(1, count: 3), packet(4, count: 2)])
      #expect(try CommandRun("replay", first, "--json").json()["messageCount"] as? Int == 5)
    }
  }

  @Test func aFarPacketDiscardsNothing() throws {
    let file = try capture(
      [packet(1, count: 1), packet(1 << 40, count: 1)]
        + (2..<3_000).map { packet($0, count: 1) })
    let run = try CommandRun("replay", file, "--json")
    #expect(run.exitCode == 3)
    #expect(try run.json()["messageCount"] as? Int == 3_000, "\(run.errors)")
  }
}
