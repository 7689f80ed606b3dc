// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusServiceKit

/// What a configuration's file may be, and what is said of one that may not.
@Suite struct ServiceConfigurationTests {
  @Test(arguments: [
    ("{folder: '/x', wait: 'fast'}", "wait: "),
    ("{folder: '/x', cpus: 3}", "unknown key cpus; did you mean cpu?"),
    ("{folder: '/x', Clients: 3}", "unknown key Clients; did you mean clients?"),
    ("{folder: '/x', eventSegmentByte: 3}", "did you mean eventSegmentBytes?"),
    ("{folder: '/x', colour: 3}", "unknown key colour; the keys are in docs/formats/service.md"),
    ("{folder: '/x', clients: 'two'}", "clients: "),
    ("{folder: '/x', clients: 65}", "clients is 65, expected 1 to 64"),
    ("{folder: '/x', listen: '0.0.0.0:1'}", "listen is 0.0.0.0:1, expected an address"),
    ("{folder: ", "line 1, column 10: expected a value"),
    ("{\n  folder: '/x',\n  clients 8,\n}", "line 3, column 11: expected ':' after the key"),
    ("", "line 1, column 1: expected a value"),
    ("{folder: '/x'} {}", "line 1, column 16: expected the end of the file"),
  ])
  func aFileThatCannotBeSaysWhy(text: String, reason: String) throws {
    let folder = try ScratchFolder()
    let path = try folder.write("service.json5", text)
    do throws(ServiceError) {
      _ = try ServiceConfiguration.read(path: path)
      Issue.record("accepted")
    } catch {
      let text = error.description
      #expect(text.hasPrefix("\(path): ") && text.contains(reason), "\(text)")
      #expect(!error.description.contains("\n"))
    }
  }

  @Test(arguments: [
    ("127.0.0.1:1", "127.0.0.1", 1), ("127.8.9.10:65535", "127.8.9.10", 65_535),
    ("::1:7001", "::1", 7_001), ("[::1]:7001", "::1", 7_001),
  ])
  func anAddressOfThisMachineIsTakenApart(text: String, address: String, port: UInt16) throws {
    let endpoint = try ServiceConfiguration(folder: "x").endpoint("listen", text)
    #expect(endpoint.address == address && endpoint.port == port)
  }

  @Test func aFileThatCannotBeReadSaysWhatToDo() throws {
    let folder = try ScratchFolder()
    let bytes = try folder.write("bytes", [0xFF, 0xFE, 0x80])
    for (path, reason) in [
      (folder.path("absent"), "no such file; check the path"), (folder.path, "is a folder"),
      (bytes, "is not UTF-8"),
    ] {
      do throws(ServiceError) {
        _ = try ServiceConfiguration.read(path: path)
        Issue.record("accepted")
      } catch {
        #expect(error.description.hasPrefix("\(path): \(reason)"), "\(error)")
      }
    }
  }

  private struct Anything: Decodable {
    init(from decoder: any Decoder) {}
  }

  /// What Foundation reads is never called wrong.
  @Test(arguments: [
    "{}", " { } // nothing", "{a: 1, 'b': -2.5e3, \"c\": .5, $d_1: +0x1F,}", "[1, [], {},]",
    "/* a\n * b */ {a: 'it\\'s', b: \"x\\\ny\"}", "{a: true, b: false, c: null, d: 5.}", "{ü: '}'}",
  ])
  func noPlaceIsWrongInJSON5(text: String) throws {
    #expect(ConfigurationSyntax.problem(in: text) == nil)
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    #expect(throws: Never.self) { try decoder.decode(Anything.self, from: Data(text.utf8)) }
  }

  @Test(arguments: [
    ("{a: 1 b: 2}", 1, 7, "',' or '}'"), ("{a: 'x\n'}", 1, 5, "an end of the text"),
    ("{a: 1,,}", 1, 7, "a key or '}'"), ("{a: yes}", 1, 5, "a value"),
    ("[1, 2", 1, 6, "',' or ']'"),
    ("{\n\n /* x", 3, 2, "an end of the comment"), ("{a: 0x}", 1, 5, "a value"),
    ("{1a: 2}", 1, 2, "a key"),
    ("{a: \"x\\", 1, 5, "an end of the text"), ("{a: 01}", 1, 5, "a value"),
  ])
  func thePlaceIsFound(text: String, line: Int, column: Int, expected: String) throws {
    let problem = try #require(ConfigurationSyntax.problem(in: text))
    #expect((problem.line, problem.column) == (line, column), "\(problem)")
    #expect(problem.expected.hasPrefix(expected), "\(problem)")
  }

  /// A file that somebody else may have written ends no process.
  @Test func anyBytesGiveAnAnswer() throws {
    var random = SeededRandom(seed: 7)
    let words = [
      "{", "}", "[", "]", ":", ",", "'", "\"", "\\", "a", "1", "\n", "/*", "*/", "//", "-", "é",
    ]
    for _ in 0..<2_000 {
      let text = (0..<random.below(40)).map { _ in words[random.below(words.count)] }
      _ = ConfigurationSyntax.problem(in: text.joined())
    }
    let deep = String(repeating: "[", count: 100_000)
    #expect(ConfigurationSyntax.problem(in: deep)?.column == 101)
  }
}
