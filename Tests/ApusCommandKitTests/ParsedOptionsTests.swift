// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCommandKit
import ApusTestSupport
import Foundation
import Testing

@Suite struct ParsedOptionsTests {
  static let options = [
    Option("depth", "N", "levels"), Option("list", "A,B", "names", role: .list),
    Option("all", nil, "everything"), Option("output", "FILE", "file", letter: "o", role: .output),
    Option("form", "FORM", "form"),
  ]

  enum Form: String, CaseIterable { case plain, packed }

  @Test func optionsStandAnywhere() throws {
    let parsed = try ParsedOptions(
      ["one", "--depth", "3", "-o", "file", "two", "--list", "a,b", "--list=c", "--", "--all"],
      options: Self.options)
    #expect(parsed.operands == ["one", "two", "--all"])
    #expect(try parsed.integer("depth", in: 1...9) == 3 && parsed.string("output") == "file")
    #expect(parsed.list("list") == ["a", "b", "c"] && !parsed.has("all"))
    #expect(parsed.withoutFirstOperand.operands == ["two", "--all"])
    #expect(parsed.given(Self.options).map(\.name) == ["depth", "list", "output"])
  }

  private func message(_ arguments: [String], _ body: (ParsedOptions) throws -> Void = { _ in })
    -> String
  {
    do {
      try body(try ParsedOptions(arguments, options: Self.options))
      return "nothing"
    } catch {
      return "\(error)"
    }
  }

  @Test func whatCannotBeSaysWhatCan() {
    #expect(message(["--wings"]) == "--wings: no such option")
    #expect(message(["--depth"]) == "--depth: expected a value after this option")
    #expect(
      message(["--depth", "10"]) { _ = try $0.integer("depth", in: 1...9) }
        == "--depth 10: expected a whole number from 1 to 9")
    #expect(
      message(["--form", "flat"]) { _ = try $0.word("form", as: Form.self) }
        == "--form flat: expected one of plain, packed")
    #expect(message(["--output", ""]) == "--output: expected the name of a file, not an empty one")
    #expect(
      message(["--depth", "1", "--depth", "2"]) == "--depth: is given 2 times; give it once")
    #expect(message([""]) == "expected the name of a file, not an empty operand")
  }

  @Test func aSeedIsOneUnlessItIsGiven() throws {
    let seed = [Option("seed", "N", "seed")]
    #expect(try ParsedOptions([], options: seed).seed() == 1)
    #expect(try ParsedOptions(["--seed", "\(UInt64.max)"], options: seed).seed() == .max)
    for text in ["-1", "x", "18446744073709551616"] {
      #expect(throws: UsageError.self) {
        try ParsedOptions(["--seed=\(text)"], options: seed).seed()
      }
    }
  }

  /// `getopt_long` has variables of the process: command lines are taken apart one at a time.
  @Test func severalThreadsTakeCommandLinesApart() async {
    await withTaskGroup(of: Bool.self) { group in
      for index in 0..<64 {
        group.addTask {
          (0..<50).allSatisfy { round in
            let words = ["a\(index)", "--depth", "\(round + 1)", "b\(index)"]
            guard let parsed = try? ParsedOptions(words, options: Self.options) else {
              return false
            }
            return parsed.operands == ["a\(index)", "b\(index)"]
              && parsed.string("depth") == "\(round + 1)"
          }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }
}

@Suite struct OptionTests {
  @Test func linesStandUnderEachOther() {
    let lines = [Option("a", nil, "one"), Option("long", "FILE", "two", letter: "l")].helpLines()
    #expect(lines == ["  --a              one", "  -l, --long FILE  two"])
    #expect([Option("a", nil, "one")].helpLines(width: 5) == ["  --a    one"])
  }

  @Test func theFormDecidesWhetherTwoMayShareAName() {
    let one = Option("count", "N", "apples")
    #expect(one.hasFormOf(Option("count", "NUMBER", "pears")))
    for other in [
      Option("count", nil, "apples"), Option("counts", "N", "apples"),
      Option("count", "N", "apples", letter: "c"), Option("count", "N", "apples", role: .output),
    ] { #expect(!one.hasFormOf(other), "\(other)") }
  }
}

@Suite struct ConsoleTests {
  @Test func eachStreamHasItsDescriptor() throws {
    let folder = try ScratchFolder(["out": "", "err": ""])
    let output = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path("out")))
    let errors = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path("err")))
    let console = Console(
      outputDescriptor: output.fileDescriptor, errorDescriptor: errors.fileDescriptor)
    try console.print("answer")
    try console.printJSON(["b": 2, "a": 1])
    console.error("a name of\ntwo lines")
    try console.finish()
    #expect(try folder.text("out") == "answer\n{\n  \"a\" : 1,\n  \"b\" : 2\n}\n")
    #expect(try folder.text("err") == "a name of?two lines\n")
  }

  @Test func anAnswerThatDoesNotArriveIsAnError() throws {
    let full = try FileHandle(forWritingTo: URL(fileURLWithPath: "/dev/full"))
    let console = Console(
      outputDescriptor: full.fileDescriptor, errorDescriptor: full.fileDescriptor)
    let error = #expect(throws: AnswerError.self) { try console.print("answer") }
    #expect(error?.errno == ENOSPC && error?.isClosedPipe == false)
    // Nobody hears it, and nothing traps.
    console.errorLines("remark")
  }

  @Test func aRequestIsExpectedThenMade() {
    let request = EndRequest()
    #expect(!request.isAwaited && !request.isRequested)
    request.expect()
    #expect(request.isAwaited && !request.isRequested)
    request.request()
    #expect(request.isRequested)
  }
}
