// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCommand
import ApusTestSupport
import Foundation

/// The command in this process, for a list of systems, and what it said.
struct InProcessRun {
  var exitCode: ExitCode
  var output: String
  var errors: String

  init(_ systems: [SystemOffer], _ arguments: String...) throws {
    try self.init(systems, arguments: arguments)
  }

  init(
    _ systems: [SystemOffer], arguments: [String], endRequest: EndRequest = EndRequest()
  ) throws {
    let folder = try ScratchFolder()
    for name in ["out", "err"] { try folder.write(name, "") }
    let output = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path("out")))
    let errors = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path("err")))
    exitCode = Apus.run(
      arguments, systems: systems,
      environment: CommandEnvironment(
        console: Console(
          outputDescriptor: output.fileDescriptor, errorDescriptor: errors.fileDescriptor),
        endRequest: endRequest))
    try output.close()
    try errors.close()
    self.output = try folder.text("out")
    self.errors = try folder.text("err")
  }

  func json() throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:]
  }
}
