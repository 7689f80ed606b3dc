// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCore
import ApusTestSupport
import Foundation
import Testing

@testable import ApusCommand
@testable import ApusThreads

@Suite struct HostReportTests {
  /// Names that scripts may look for.
  static let names = [
    "cpu frequency", "cpu isolation", "hyper-threads", "clock source", "invariant TSC",
    "huge pages", "transparent huge pages", "locked memory", "NUMA", "swap", "io_uring",
    "event loop",
    "real-time priority", "timer slack", "CPU quota",
  ]

  private func expectWhole(_ findings: [HostReport.Finding], _ comment: Comment? = nil) {
    #expect(Array(findings.map(\.name).prefix(Self.names.count)) == Self.names, comment)
    let others = findings.dropFirst(Self.names.count)
    #expect(!others.isEmpty && others.allSatisfy { $0.name.hasPrefix("NIC queues") }, comment)
    for finding in findings {
      #expect(
        !finding.found.isEmpty && !finding.wanted.isEmpty && !finding.remedy.isEmpty,
        "\(finding.name)")
    }
  }

  @Test func everyCheckIsThereAndSaysHowToChangeIt() {
    let report = HostReport.inspect()
    expectWhole(report.findings)
    #expect(report.machine.contains("CPU") && report.machine.contains("Linux "))
  }

  /// Some things can only be found by trying; the thread is as before when the report is there.
  @Test func inspectionChangesNothing() {
    func settings() -> [String] { ["\(sched_getscheduler(0))", "\(allowedCPUs())"] }
    let before = settings()
    _ = HostReport.inspect()
    #expect(settings() == before)
  }

  @Test func emptyHostIsUnknownAndNothingElse() throws {
    let tree = try ScratchFolder()
    for root in [tree.path, tree.path + "/absent"] {
      let findings = HostInspection(root: root, probes: HostInspectionTests.goodProbes).findings()
      expectWhole(findings)
      let unknown = findings.filter { $0.status == .unknown }.map(\.name)
      #expect(
        unknown == [
          "cpu frequency", "hyper-threads", "clock source", "huge pages",
          "transparent huge pages", "swap", "NIC queues",
        ])
    }
    #expect(MachineDescription.line(root: tree.path) == "unknown CPU, 1 CPUs, Linux unknown")
  }

  @Test func machineLineKeepsColons() throws {
    let tree = try ScratchFolder([
      "proc/cpuinfo": "processor\t: 0\nmodel name\t: Vendor: Model 7\n",
      "proc/sys/kernel/osrelease": "6.1.0\n", "sys/devices/system/cpu/online": "0-3\n",
    ])
    #expect(MachineDescription.line(root: tree.path) == "Vendor: Model 7, 4 CPUs, Linux 6.1.0")
  }

  /// Whatever the files hold, every check answers, and both forms can be printed.
  @Test(arguments: [1, 2, 3, 0xD0C] as [UInt64])
  func garbageNeverFails(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    for _ in 0..<8 {
      let tree = try ScratchFolder()
      let files = Array(HostInspectionTests.goodFiles.keys).sorted() + ["proc/cpuinfo"]
      for file in files where !file.hasSuffix("net/bonding_masters") {
        let count = Int.random(in: 0...200, using: &random)
        let bytes = (0..<count).map { _ in
          random.next() % 3 == 0
            ? UInt8(random.next() & 0xFF)
            : Array("0-9,:[] /\n".utf8)[
              Int(random.next() % 10)]
        }
        try tree.write(file, bytes)
      }
      let probes = HostProbes(
        ioUringErrno: Int32(truncatingIfNeeded: random.next()),
        timerSlackNanoseconds: Int(truncatingIfNeeded: random.next()),
        realTimePriorityMax: Int(truncatingIfNeeded: random.next()),
        memlockLimitByteCount: Int(random.next() >> 1), hasInvariantTimeStampCounter: false,
        allowedCPUs: [])
      let findings = HostInspection(root: tree.path, probes: probes).findings()
      expectWhole(findings, "seed \(seed)")
      let report = HostReport(machine: MachineDescription.line(root: tree.path), findings: findings)
      #expect(!report.renderText().isEmpty, "seed \(seed)")
      #expect(try !JSONEncoder().encode(report).isEmpty, "seed \(seed)")
    }
  }

  @Test func keysOfTheJSONAreStable() throws {
    let data = try JSONEncoder().encode(HostReport.inspect())
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object.keys.sorted() == ["findings", "machine"])
    let findings = try #require(object["findings"] as? [[String: Any]])
    for finding in findings {
      #expect(finding.keys.sorted() == ["found", "name", "remedy", "status", "wanted"])
      #expect(finding.values.allSatisfy { $0 is String })
      let status = try #require(finding["status"] as? String)
      #expect(["good", "attention", "missing", "unknown"].contains(status))
    }
  }

  @Test func textShowsTheRemedyOfWhatIsNotGood() {
    func finding(_ name: String, _ status: HostReport.Status) -> HostReport.Finding {
      .init(name: name, status: status, found: "f", wanted: "w", remedy: "r")
    }
    let report = HostReport(
      machine: "m",
      findings: [
        finding("a", .good), finding("long", .attention), finding("b", .missing),
        finding("c", .unknown),
      ])
    let below = "\n        wanted: w\n        do: r"
    #expect(
      report.renderText()
        == "m\n\n✓ a     f\n! long  f\(below)\n✗ b     f\(below)\n? c     f\(below)")
  }
}
