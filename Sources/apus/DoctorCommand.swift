// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusServiceKit

/// `apus doctor`: what this host lacks for low latency.
enum DoctorCommand: Command {
  static let name = "doctor"
  static let summary = "Says what this host has for low latency, and how to get what it lacks."
  static let usage = "doctor [options]"
  static let options = [Option("json", nil, "print the findings as one JSON object")]

  static func run(_ options: ParsedOptions) throws -> ExitCode {
    guard options.operands.isEmpty else {
      throw UsageError("\(options.operands[0]): expected no operand")
    }
    let report = HostReport.inspect()
    if options.has("json") {
      try Console.printJSON(report)
    } else {
      try Console.print(report.renderText())
    }
    return .good
  }
}
