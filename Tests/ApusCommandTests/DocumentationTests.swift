// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Testing

/// What the documents say is true of the tree they stand in.
@Suite struct DocumentationTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: root.appendingPathComponent(path)), as: UTF8.self)
  }

  /// The program of the README is the one that the examples package builds and runs.
  @Test func theProgramOfTheReadMeIsTheExample() throws {
    let example = try Self.text("Examples/Sources/ReplayBooks/ReplayBooks.swift")
    #expect(try Self.text("README.md").contains("```swift\n\(example)```"))
    #expect(example.split(separator: "\n").count <= 20)
  }

  @Test func everyLinkedFileIsThere() throws {
    for document in [
      "README.md", "CONTRIBUTING.md", "docs/ARCHITECTURE.md", "docs/MEASURING.md",
      "docs/embedding.md", "docs/replay-json.md", "docs/testing-an-engine.md",
    ] {
      let folder = Self.root.appendingPathComponent(document).deletingLastPathComponent()
      for link in try Self.text(document).matches(of: /\]\(([^)#:]+)\)/) {
        let target = folder.appendingPathComponent(String(link.1)).standardized.path
        #expect(FileManager.default.fileExists(atPath: target), "\(document): \(link.1)")
      }
    }
  }

  @Test func everyTargetIsInTheArchitecture() throws {
    let architecture = try Self.text("docs/ARCHITECTURE.md")
    let sources = Self.root.appendingPathComponent("Sources").path
    for target in try FileManager.default.contentsOfDirectory(atPath: sources) {
      #expect(architecture.contains("`\(target)`"), "\(target)")
    }
  }
}
