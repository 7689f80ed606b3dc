// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTradingSystem

/// The command with trading alone.
@main
enum Program {
  static func main() {
    _ = Apus.run(
      ["generate", "--help"], systems: [.trading], environment: CommandEnvironment())
  }
}
