// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCommand

/// The command with a system of one's own.
@main
enum Program {
  static func main() {
    var mine = SystemOffer(name: "mine", summary: "Says what it was asked.")
    mine.generators = [
      CommandOffer(
        name: "echo", operands: "WORD", summary: "a word",
        options: [Option("times", "N", "how often")]
      ) { request in
        for _ in 0..<(try request.options.integer("times", in: 1...9) ?? 1) {
          try request.console.print(request.options.operands.joined(separator: " "))
        }
        return .good
      }
    ]
    let code = Apus.run(
      ["generate", "echo", "word", "--times", "2"], systems: [mine],
      environment: CommandEnvironment())
    precondition(code == .good)
  }
}
