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

  private static func lines(_ text: some StringProtocol) -> [String] {
    text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
  }

  /// The blocks of a page that are in a language.
  private static func blocks(_ page: String, _ language: String) throws -> [String] {
    try text(page).components(separatedBy: "```\(language)\n").dropFirst().map {
      $0.components(separatedBy: "\n```")[0]
    }
  }

  private static func example(_ path: String) throws -> [String] {
    lines(try text("Examples/\(path)"))
  }

  /// Who types what the page shows has the example: nothing is left out, and nothing is added.
  @Test func thePageOfTheEngineIsTheExample() throws {
    let page = "docs/adding-an-engine.md"
    let blocks = try Self.blocks(page, "swift")
    let files = [
      "Sources/Seats/SeatMessages.swift", "Sources/Seats/SeatEngine.swift",
      "Sources/SeatService/SeatService.swift", "Sources/SeatClient/SeatClient.swift",
      "Tests/SeatsTests/SeatsTests.swift",
    ]
    let shown = blocks.dropFirst().flatMap { Self.lines($0) }
    #expect(shown == (try files.flatMap(Self.example)))
    let values = try Self.blocks(page, "json5").flatMap { Self.lines($0) }
    #expect(values == (try Self.example("seats.json5")))
    for file in files + ["seats.json5"] {
      #expect(try Self.text(page).contains("`\(file)`"), "\(file)")
    }
  }

  /// The manifest of the page has the targets of the examples.
  @Test func theManifestOfThePageIsTheExamples() throws {
    let manifest = try #require(try Self.blocks("docs/adding-an-engine.md", "swift").first)
    let targets = Self.lines(manifest).drop { $0 != "targets: [" }.dropFirst()
    let examples = try Self.example("Package.swift").joined(separator: "\n")
    #expect(targets.count > 8 && examples.contains(targets.joined(separator: "\n")))
  }

  @Test func thePageOfTheSystemIsTheExample() throws {
    let blocks = try Self.blocks("docs/adding-a-system.md", "swift")
    let example = try Self.example("Sources/SeatCommand/SeatCommand.swift")
    #expect(blocks.count == 1 && Self.lines(blocks.joined()) == example)
  }

  @Test func theProgramOfTheEmbeddingIsTheExample() throws {
    let programs = try Self.blocks("docs/embedding.md", "swift").filter { $0.contains("@main") }
    let example = try Self.example("Sources/DurableMatching/DurableMatching.swift")
    #expect(programs.count == 1 && Self.lines(programs.joined()) == example)
  }

  @Test func everyLinkedFileIsThere() throws {
    for document in [
      "README.md", "CONTRIBUTING.md", "docs/ARCHITECTURE.md", "docs/MEASURING.md",
      "docs/adding-a-system.md", "docs/adding-an-engine.md", "docs/command.md", "docs/embedding.md",
      "docs/public-api.md",
      "docs/replay-json.md", "docs/testing-an-engine.md", "docs/formats/service.md",
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
    let folders = ["Sources", "Benchmarks"].map { Self.root.appendingPathComponent($0).path }
    let targets = try folders.flatMap(FileManager.default.contentsOfDirectory(atPath:))
    #expect(targets.count > 20)
    for target in targets where target != "Peers" {
      #expect(architecture.contains("`\(target)`"), "\(target)")
    }
  }
}
