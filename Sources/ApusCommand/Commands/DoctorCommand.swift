// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit
internal import ApusServiceKit

/// `apus doctor`: what this host lacks for low latency.
struct DoctorCommand: Command {
  let name = "doctor"
  let summary = "Says what this host has for low latency, and how to get what it lacks."
  let usage = "doctor [options]"
  let options = [Option("json", nil, "print the findings as one JSON object")]

  func run(_ options: ParsedOptions, _ environment: CommandEnvironment) throws -> ExitCode {
    guard options.operands.isEmpty else {
      throw UsageError("\(options.operands[0]): expected no operand")
    }
    let report = HostReport.inspect()
    if options.has("json") {
      try environment.console.printJSON(report)
    } else {
      try environment.console.print(report.renderText())
    }
    return .good
  }
}
