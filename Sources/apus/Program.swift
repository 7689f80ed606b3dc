// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommand
internal import ApusCoreSystem
internal import ApusTradingSystem

/// The command with the systems that stand in this package.
@main
enum Program {
  static func main() {
    Apus.main(systems: [.trading, .core])
  }
}
