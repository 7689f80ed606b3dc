// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusBench

/// Drivers of other libraries, played by scripts that speak the protocol.
@Suite struct PeerProcessTests {
  private struct DriverFolder {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    func add(_ name: String, _ script: String) throws {
      // Written by a process of its own: a child that another test starts meanwhile would inherit our
      // descriptor, and the kernel runs no file that somebody may still write ("text file busy").
      let writer = Process()
      writer.executableURL = URL(fileURLWithPath: "/bin/sh")
      writer.arguments = [
        "-c", "printf '%s\\n' \"$2\" > \"$1\" && chmod 755 \"$1\"", "sh",
        folder.path(name), "#!/bin/sh\n\(script)",
      ]
      try writer.run()
      writer.waitUntilExit()
      try #require(writer.terminationStatus == 0)
    }

    func peers(_ suite: String) throws -> [PeerProcess] {
      try PeerProcess.all(
        in: folder.path, suite: suite, configuration: BenchmarkConfiguration(), cpuIndex: 0)
    }
  }

  private static let good = """
    if [ "$1" = --suites ]; then echo "slab other"; exit 0; fi
    echo "case slab.cycle 1000"; echo ready
    while read -r verb name; do echo "5000 4999 00000000000000ff"; done
    """

  @Test func driversOfTheSuiteAreSampled() throws {
    let folder = try DriverFolder()
    try folder.add("quick", Self.good)
    try folder.add("elsewhere", "echo rings")
    let peers = try folder.peers("slab")
    let peer = try #require(peers.first)
    #expect(peers.count == 1 && peer.operationCounts == ["slab.cycle": 1_000])
    let ours = BenchmarkCase(name: "slab.cycle", operationCount: 1) { 1 }
    let theirs = try #require(ours.peer(peer))
    #expect(theirs.name == "peer.quick.slab.cycle")
    #expect(BenchmarkCase(name: "slab.none", operationCount: 1) { 1 }.peer(peer) == nil)
    var samples = CaseSamples()
    for isWarmUp in [true, false, false] { try samples.take(.peer(theirs), isWarmUp: isWarmUp) }
    let result = samples.results(of: .peer(theirs))[0]
    #expect(result.median == 5 && result.samples == 2)
    #expect(result.resultHash == "00000000000000ff")
  }

  @Test func aDriverThatBreaksTheProtocolIsAnError() throws {
    for script in [
      "if [ \"$1\" = --suites ]; then echo slab; exit 0; fi; echo nonsense",
      "if [ \"$1\" = --suites ]; then echo slab; exit 0; fi; exit 3",
    ] {
      let folder = try DriverFolder()
      try folder.add("broken", script)
      #expect(throws: (any Error).self) { try folder.peers("slab") }
    }
    let folder = try DriverFolder()
    try folder.add(
      "early", Self.good.replacingOccurrences(of: "while read", with: "exit 0; while read"))
    let peer = try #require(try folder.peers("slab").first)
    #expect(throws: (any Error).self) { try peer.sample("slab.cycle") }
  }

  @Test func anAbsentFolderIsAnError() {
    #expect(throws: (any Error).self) {
      try PeerProcess.all(
        in: "/absent", suite: "slab", configuration: BenchmarkConfiguration(), cpuIndex: 0)
    }
  }
}
