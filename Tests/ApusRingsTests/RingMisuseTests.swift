// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

/// Wrong uses that the compiler has to refuse, compiled against the built modules.
@Suite struct RingMisuseTests {
  static let refused: [(name: String, code: String, diagnostic: String)] = [
    (
      "a copied producer",
      "func misuse(_ ends: consuming OneToOneEnds<UInt64>) {\n"
        + "let first = ends.producer\nlet second = ends.producer\n_ = (first.capacity, second.capacity) }",
      "consumed more than once"
    ),
    (
      "a copied consumer",
      "func misuse(_ consumer: borrowing OneToOneConsumer<UInt64>) { let other = consumer; "
        + "other.close() }",
      "cannot be consumed"
    ),
    (
      "a push after closing",
      "func misuse(_ producer: consuming OneToOneProducer<UInt64>) { var producer = producer; "
        + "producer.close(); _ = producer.tryPush(1) }",
      "used after consume"
    ),
    (
      "a broadcast consumer used after it moved to a thread",
      "import ApusThreads\n"
        + "func misuse(_ consumer: consuming BroadcastConsumer<UInt64>) throws {\n"
        + "var consumer = consumer\nlet thread = try PinnedThread(name: \"t\", cpuIndex: nil, "
        + "moving: consumer) { var c = $0; _ = c.tryPop() }\n"
        + "thread.join(); _ = consumer.tryPop() }",
      "used after consume"
    ),
    (
      "elements that are not plain bytes",
      "func misuse() throws { _ = try OneToOneRing<String>.makeEnds(RingConfiguration(capacity: 2)) }",
      "BitwiseCopyable"
    ),
    (
      "a class as a message of a many-to-many ring",
      "final class Order {}\nfunc misuse(_ end: borrowing ManyToManyConsumer<Order>) {}",
      "BitwiseCopyable"
    ),
    (
      "an array of producers",
      "func misuse(_ producers: [ManyToOneProducer<UInt64>]) {}",
      "Copyable"
    ),
    (
      "a peeked-at span that outlives the peek",
      "func misuse(_ consumer: inout OneToOneConsumer<UInt64>) {\nvar kept: Span<UInt64>? = nil\n"
        + "_ = consumer.withPeek(countMax: 1) { kept = $0; return 1 }\n_ = kept?.count }",
      "lifetime"
    ),
  ]

  @Test(.enabled(if: Compiler.isUsable, "needs swiftc and the modules beside the test program"))
  func theRightUseCompiles() throws {
    let output = try Compiler.diagnostics(
      """
      func use(_ ends: consuming OneToOneEnds<UInt64>) {
        var producer = ends.producer
        var consumer = ends.consumer
        _ = producer.tryPush(1)
        _ = consumer.tryPop()
        producer.close()
      }
      """)
    #expect(!output.contains("error:"), "\(output)")
  }

  @Test(
    .enabled(if: Compiler.isUsable, "needs swiftc and the modules beside the test program"),
    arguments: refused.indices)
  func theCompilerRefuses(index: Int) throws {
    let misuse = Self.refused[index]
    let output = try Compiler.diagnostics(misuse.code)
    #expect(
      output.contains("error:") && output.contains(misuse.diagnostic),
      "\(misuse.name) compiled, or failed for another reason: \(output)")
  }
}

private enum Compiler {
  static let products = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
  static var modules: URL { products.appendingPathComponent("Modules") }

  static let isUsable =
    executable != nil
    && FileManager.default.fileExists(
      atPath: modules.appendingPathComponent("ApusRings.swiftmodule").path)

  static let executable: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "")
    .split(separator: ":").map { "\($0)/swiftc" }
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  /// What the compiler says of a file that imports the rings.
  static func diagnostics(_ code: String) throws -> String {
    let folder = try ScratchFolder()
    let file = try folder.write("Snippet.swift", "import ApusRings\n\(code)\n")
    let log = try URL(fileURLWithPath: folder.write("log", ""))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(executable))
    // The checks of consumption run on the compiler's intermediate form, behind the type checker.
    var arguments = [
      "-emit-sil", "-o", "/dev/null", "-swift-version", "6", "-I", modules.path, file,
    ]
    for module in ["CApusPlatform", "CApusNUMA", "CApusRings"] {
      let map = products.appendingPathComponent("\(module).build/module.modulemap").path
      arguments += ["-Xcc", "-fmodule-map-file=\(map)"]
    }
    process.arguments = arguments
    process.standardOutput = try FileHandle(forWritingTo: log)
    process.standardError = try FileHandle(forWritingTo: log)
    try process.run()
    process.waitUntilExit()
    return String(decoding: try Data(contentsOf: log), as: UTF8.self)
  }
}
