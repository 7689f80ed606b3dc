// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Testing

@Suite struct DocumentationTests {
  /// The code of the page is code that a test compiles and runs.
  @Test func thePageShowsWhatIsTested() throws {
    let own = URL(fileURLWithPath: #filePath)
    let root = own.deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    func lines(_ text: some StringProtocol) -> [String] {
      text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let page = try String(
      contentsOf: root.appendingPathComponent("docs/testing-an-engine.md"), encoding: .utf8)
    let code = try ["DocumentedEngine.swift", "Network/DocumentedNetwork.swift"].map { name in
      lines(
        try String(
          contentsOf: own.deletingLastPathComponent().appendingPathComponent(name),
          encoding: .utf8)
      ).joined(separator: "\n")
    }.joined(separator: "\n")
    // The first block is of a manifest.
    let blocks = page.components(separatedBy: "```swift\n").dropFirst(2)
    #expect(blocks.count == 4)
    for block in blocks {
      let shown = lines(block.components(separatedBy: "```")[0]).joined(separator: "\n")
      #expect(code.contains(shown), "\(shown)")
    }
  }
}
