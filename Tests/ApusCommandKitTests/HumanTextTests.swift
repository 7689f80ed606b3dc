// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCommandKit
import Testing

@Suite struct HumanTextTests {
  @Test(arguments: [
    (0, "0"), (7, "7"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678"), (-1, "-1"),
    (-999, "-999"), (-1_000, "-1,000"), (Int.min, "-9,223,372,036,854,775,808"),
  ])
  func counts(value: Int, text: String) {
    #expect(HumanText.count(value) == text)
  }

  @Test func hexadecimalHasAllDigits() {
    #expect(HumanText.hexadecimal(UInt32(0x2A)) == "0000002a")
    #expect(HumanText.hexadecimal(UInt64.max) == "ffffffffffffffff")
    #expect(HumanText.hexadecimal(UInt8(0)) == "00")
    #expect(HumanText.hexadecimal([0, 0x0F, 0xFF]) == "000fff")
    #expect(HumanText.hexadecimal([]) == "")
  }

  @Test func countsOfOtherTypes() {
    #expect(HumanText.count(UInt64.max) == "18,446,744,073,709,551,615")
    #expect(HumanText.count(UInt8(255)) == "255")
  }

  @Test(
    arguments: [
      (0, "0 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (1_536, "1.5 KiB"), (1_048_575, "1.0 MiB"),
      (1 << 20, "1.0 MiB"), (1 << 30, "1.0 GiB"), (1 << 40, "1.0 TiB"), (1 << 50, "1.0 PiB"),
      (1 << 60, "1.0 EiB"), (.max, "16.0 EiB"), ((1 << 30) - 1, "1.0 GiB"),
      (1_023 << 10, "1023.0 KiB"),
    ] as [(UInt64, String)])
  func bytes(value: UInt64, text: String) {
    #expect(HumanText.bytes(value) == text)
  }

  @Test(
    arguments: [
      (0, "0:00"), (0.2, "0:01"), (42, "0:42"), (59.5, "1:00"), (60, "1:00"), (3_599, "59:59"),
      (3_600, "1:00:00"), (3_723, "1:02:03"), (3_599_999, "999:59:59"), (3_600_000, "–"), (-1, "–"),
      (.infinity, "–"), (-.infinity, "–"), (.nan, "–"), (1e300, "–"),
    ] as [(Double, String)])
  func durations(seconds: Double, text: String) {
    #expect(HumanText.duration(seconds: seconds) == text)
  }

  @Test(
    arguments: [
      (0, "0 ns"), (999, "999 ns"), (1_000, "1.0 µs"), (1_234, "1.2 µs"), (999_949, "999.9 µs"),
      (999_950, "1.0 ms"), (3_400_000, "3.4 ms"), (999_950_000, "1.00 s"),
      (61_500_000_000, "61.50 s"), (.max, "18446744073.71 s"),
    ] as [(UInt64, String)])
  func nanoseconds(value: UInt64, text: String) {
    #expect(HumanText.nanoseconds(value) == text)
  }

  @Test func decimals() {
    #expect(HumanText.decimal(1.005, 0) == "1")
    #expect(HumanText.decimal(-2.345, 1) == "-2.3")
    #expect(HumanText.decimal(1.0 / 3, 4) == "0.3333")
  }

  @Test func tablesAlign() {
    let table = HumanText.table(
      header: ["name", "µs"], rows: [["a", "1.5"], ["longer", "10"]], indent: ">")
    #expect(table == ">name     µs\n>a       1.5\n>longer   10")
    #expect(HumanText.table(header: ["x", "y"], rows: []) == "  x  y")
  }

  @Test func raggedTableIsAProgrammerError() async {
    await #expect(processExitsWith: .failure) {
      _ = HumanText.table(header: ["a", "b"], rows: [["1"]])
    }
  }
}

@Suite struct ExitCodeTests {
  @Test func codesAreTheDocumentedOnes() {
    #expect(ExitCode.good.rawValue == 0)
    #expect(ExitCode.failed.rawValue == 1)
    #expect(ExitCode.badUsage.rawValue == 2)
    #expect(ExitCode.badInput.rawValue == 3)
    #expect(ExitCode(rawValue: 4) == nil)
  }

  @Test func errorsAreTheirLine() {
    #expect("\(UsageError("--cpu 99: choose 0"))" == "--cpu 99: choose 0")
    #expect("\(WorkError("disk full"))" == "disk full")
    let error: any Error = UsageError("x")
    #expect(error is UsageError && !(error is WorkError))
  }
}
