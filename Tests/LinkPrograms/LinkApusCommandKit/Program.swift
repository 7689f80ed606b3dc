// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCommandKit

/// A command line that cannot be taken apart.
@main
enum Program {
  static let depth = Option("depth", "N", "levels to show")

  static func main() throws {
    do throws(UsageError) {
      let options = try ParsedOptions(["--depth", "many"], options: [depth])
      print(try options.integer("depth", in: 1...10) ?? 0)
    } catch {
      print(error, ExitCode.badUsage.rawValue)
    }
    try FileUse(outputs: []).check()
  }
}
