// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit
public import Foundation

/// Another library's driver: a process that takes a sample when asked (Benchmarks/Peers).
///
/// It keeps its data between samples as ours does, so that the two are measured in turn in one run.
public final class PeerProcess {
  /// What a driver reports of one sample.
  public struct Sample: Sendable {
    /// Of the sample.
    public var nanoseconds: Double
    /// That its thread had a CPU.
    public var cpuNanoseconds: Double
    /// Hash of what it did.
    public var hash: UInt64
    /// Percentiles of single operations, where the case is about them. Unit: nanoseconds.
    public var latencies: [Double] = []
  }

  /// Name of the library: the driver's file name.
  public let name: String
  /// What it can measure, and how many operations a sample of each has.
  public private(set) var operationCounts: [String: Int] = [:]
  private let process = Process()
  private let requests = Pipe()
  private let replies = Pipe()
  private var unread = Data()

  /// Starts a driver and reads what it can measure.
  ///
  /// - Throws: `WorkError` for one that cannot be started or breaks the protocol.
  public init(driver: URL, arguments: [String]) throws {
    name = driver.lastPathComponent
    // A driver that has ended is an error to report, not a signal to die from.
    signal(SIGPIPE, SIG_IGN)
    process.executableURL = driver
    process.arguments = arguments
    process.standardInput = requests
    process.standardOutput = replies
    do {
      try process.run()
    } catch {
      throw WorkError("\(driver.path): cannot be started: \(error.localizedDescription)")
    }
    while true {
      let words = try readLine().split(separator: " ").map(String.init)
      if words == ["ready"] { break }
      guard words.count == 3, words[0] == "case", let count = Int(words[2]), count > 0 else {
        throw WorkError("\(name): unexpected words from the driver: \(words)")
      }
      operationCounts[words[1]] = count
    }
  }

  deinit {
    // The driver ends with its input.
    try? requests.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Asks for one sample and waits for it.
  public func sample(_ caseName: String) throws -> Sample {
    try begin(caseName)
    return try end()
  }

  /// Asks for one sample, which ``end()`` waits for.
  public func begin(_ caseName: String) throws {
    try requests.fileHandleForWriting.write(contentsOf: Data("run \(caseName)\n".utf8))
  }

  /// Waits for the sample that was asked for.
  public func end() throws -> Sample {
    let words = try readLine().split(separator: " ")
    let latencies = words.dropFirst(3).compactMap { Double($0) }
    guard words.count == 3 + latencies.count, let elapsed = Double(words[0]),
      let cpu = Double(words[1]), let hash = UInt64(words[2], radix: 16)
    else { throw WorkError("\(name): unexpected words from the driver: \(words)") }
    return Sample(nanoseconds: elapsed, cpuNanoseconds: cpu, hash: hash, latencies: latencies)
  }

  private func readLine() throws -> String {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: unread[..<end], as: UTF8.self)
        unread = Data(unread[(end + 1)...])
        return line
      }
      let more = replies.fileHandleForReading.availableData
      guard !more.isEmpty else { throw WorkError("\(name): the driver ended early") }
      unread.append(more)
    }
  }
}

extension PeerProcess {
  /// Starts every driver of a folder that measures something of this suite.
  static func all(
    in folder: String, suite: String, configuration: BenchmarkConfiguration, cpuIndex: Int,
    otherCPUIndex: Int? = nil, moreArguments: [String] = []
  ) throws -> [PeerProcess] {
    let url = URL(fileURLWithPath: folder)
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    } catch {
      throw UsageError("--peers \(folder): cannot be read; make bench-peers builds the drivers")
    }
    var arguments = ["--cpu", "\(cpuIndex)"] + moreArguments
    if let otherCPUIndex {
      arguments += [
        "--other-cpu", "\(otherCPUIndex)", "--size", configuration.size("full", smoke: "smoke"),
      ]
    }
    if let file = configuration.filePath { arguments += ["--file", file] }
    return try names.compactMap { name in
      let driver = url.appendingPathComponent(name)
      guard FileManager.default.isExecutableFile(atPath: driver.path),
        try suites(of: driver).contains(suite)
      else { return nil }
      return try PeerProcess(driver: driver, arguments: arguments)
    }
  }

  /// The suites that a driver is for: the words it prints when asked for `--suites`.
  private static func suites(of driver: URL) throws -> [String] {
    let process = Process()
    let output = Pipe()
    process.executableURL = driver
    process.arguments = ["--suites"]
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(
      String.init)
  }
}
