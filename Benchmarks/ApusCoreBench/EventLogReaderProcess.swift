// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusBench
internal import ApusCommandKit
internal import ApusEventLog
internal import ApusThreads
internal import Foundation

/// The reader of the suite `eventlog.service`: this program once more, which answers like another
/// library's driver.
enum EventLogReaderProcess {
  static let caseName = "follow"
  /// The option that makes a process one.
  static let optionName = "event-reader"

  /// Starts one; it has a cursor in the log when this returns.
  static func start(path: String, count: Int, cpuIndex: Int?) throws -> PeerProcess {
    try PeerProcess(
      driver: URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath(),
      arguments: ["bench", "--\(optionName)", path, "--samples", "\(count)"]
        + (cpuIndex.map { ["--cpu", "\($0)"] } ?? []))
  }

  /// Reads so many events when asked to, and answers with the time, the CPU's time, a hash and how many
  /// events it was behind by at most.
  static func run(path: String, count: Int, cpuIndex: Int?) throws {
    if let cpuIndex { try pinCurrentThread(cpuIndex: cpuIndex) }
    var reader = try EventLogReader<BurstEvent>(
      path: path, format: BurstEngine.snapshotFormat, name: "bench")
    try answer("case \(caseName) \(count)\nready")
    guard readLine() == "run \(caseName)" else { return }
    let clock = CycleClock.shared
    while reader.position == 0, reader.writerState == .alive {
      _ = reader.wait(.spinThenYield(spinCount: 10_000, timeoutNanoseconds: 1_000_000_000))
    }
    let started = clock.now
    var sum: UInt64 = 0
    var left = count
    var behindCountMax: UInt64 = 0
    while left > 0 {
      behindCountMax = max(behindCountMax, reader.position &- reader.index)
      let outcome = reader.tryRead(countMax: 1 << 16) { events in
        // Every byte is looked at.
        for index in 0..<events.count {
          let event = events[index]
          sum = sum &+ (event.sequence ^ event.event.number ^ event.event.sum)
        }
        return events.count
      }
      switch outcome {
      case .read(let count): left -= count
      case .nothing:
        guard reader.writerState == .alive else { throw WorkError("\(path): its writer has ended") }
        _ = reader.wait(.spinThenYield(spinCount: 10_000, timeoutNanoseconds: 1_000_000_000))
      case .cut(let index): throw WorkError("\(path): events from \(index) on were cut off")
      case .removed(let first): throw WorkError("\(path): events before \(first) were removed")
      case .failed(let error): throw WorkError(error.description)
      }
    }
    let elapsed = clock.nanoseconds(cycles: clock.now &- started)
    try answer(
      "\(elapsed) 0 \(String(max(1, sum), radix: 16)) \(behindCountMax)")
    // Its owner closes the pipe when the log may go.
    while readLine() != nil {}
  }

  private static func answer(_ line: String) throws {
    try FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
  }
}
