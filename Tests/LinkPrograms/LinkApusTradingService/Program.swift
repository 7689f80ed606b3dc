// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTradingService

/// The first command of a stream.
@main
enum Program {
  static func main() throws {
    var stream = OrderStream(
      try OrderStreamConfiguration(kind: .mixed, seed: 1, commandCount: 4_000))
    print(stream.next() != nil)
  }

  static func text(_ error: CaptureError, _ side: Side) -> String { "\(side): \(error)" }
}
