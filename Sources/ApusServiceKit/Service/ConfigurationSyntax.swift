// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Finds where a text stops being JSON5, since Foundation does not say where.
///
/// It need not accept exactly what Foundation does: it is asked only about a text that Foundation refused, and
/// nil means that it found nothing wrong.
struct ConfigurationSyntax {
  /// What is wrong, and where.
  struct Problem: Error, Equatable {
    /// From 1.
    var line: Int
    /// Characters from 1.
    var column: Int
    /// What was expected there.
    var expected: String
  }

  /// More than any configuration has, and far fewer than a thread's stack takes.
  private static let depthMax = 100

  private let text: [Unicode.Scalar]
  private var index = 0

  private init(_ text: String) { self.text = Array(text.unicodeScalars) }

  /// The first place that is no JSON5; nil where there is none.
  static func problem(in text: String) -> Problem? {
    var scan = ConfigurationSyntax(text)
    do throws(Problem) {
      try scan.value(depth: 0)
      try scan.skip()
      guard scan.next == nil else { throw scan.problem("the end of the file") }
      return nil
    } catch {
      return error
    }
  }

  private var next: Unicode.Scalar? { index < text.count ? text[index] : nil }

  private func problem(_ expected: String, at place: Int? = nil) -> Problem {
    let before = text[..<(place ?? index)]
    let lineStart = before.lastIndex(of: "\n").map { $0 + 1 } ?? 0
    return Problem(
      line: before.count { $0 == "\n" } + 1, column: before.count - lineStart + 1,
      expected: expected)
  }

  /// Passes over blanks and comments.
  private mutating func skip() throws(Problem) {
    while let one = next {
      if one.properties.isWhitespace || one == "\u{FEFF}" {
        index += 1
      } else if text[index...].starts(with: "//".unicodeScalars) {
        while next != nil, next != "\n" { index += 1 }
      } else if text[index...].starts(with: "/*".unicodeScalars) {
        let start = index
        index += 2
        while !text[index...].starts(with: "*/".unicodeScalars) {
          guard next != nil else {
            throw problem("an end of the comment that begins here", at: start)
          }
          index += 1
        }
        index += 2
      } else {
        return
      }
    }
  }

  private mutating func value(depth: Int) throws(Problem) {
    guard depth < Self.depthMax else { throw problem("values that are not nested so deep") }
    try skip()
    switch next {
    case "{":
      try list(until: "}", a: "a key or '}'") { (scan) throws(Problem) in
        try scan.key()
        try scan.skip()
        guard scan.next == ":" else { throw scan.problem("':' after the key") }
        scan.index += 1
        try scan.value(depth: depth + 1)
      }
    case "[":
      try list(until: "]", a: "a value or ']'") { (scan) throws(Problem) in
        try scan.value(depth: depth + 1)
      }
    case "\"", "'": try quoted()
    default: try plain()
    }
  }

  /// What stands between brackets, with commas between, and one behind the last where somebody wants it.
  private mutating func list(
    until end: Unicode.Scalar, a what: String,
    _ element: (inout ConfigurationSyntax) throws(Problem) -> Void
  ) throws(Problem) {
    index += 1
    while true {
      try skip()
      if next == end { break }
      guard next != nil, next != "," else { throw problem(what) }
      try element(&self)
      try skip()
      if next == end { break }
      guard next == "," else { throw problem("',' or '\(end)'") }
      index += 1
    }
    index += 1
  }

  private mutating func key() throws(Problem) {
    if next == "\"" || next == "'" { return try quoted() }
    guard let first = next, Self.isWord(first), !("0"..."9" ~= first) else {
      throw problem("a key")
    }
    while let one = next, Self.isWord(one) { index += 1 }
  }

  private mutating func quoted() throws(Problem) {
    let (quote, start) = (text[index], index)
    index += 1
    while let one = next, one != quote {
      guard one != "\n" else { break }
      // Whatever is escaped, a quote or the end of a line too, belongs to the text.
      index += one == "\\" ? 2 : 1
    }
    guard next == quote else { throw problem("an end of the text that begins here", at: start) }
    index += 1
  }

  /// A number, or one of JSON5's words.
  private mutating func plain() throws(Problem) {
    let start = index
    while let one = next, Self.isWord(one) || "+-.".unicodeScalars.contains(one) {
      index += 1
    }
    let word = String(String.UnicodeScalarView(text[start..<index]))
    let decimal = /[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?/
    let other = /[+-]?(0[xX][0-9a-fA-F]+|Infinity|NaN)/
    let isNumber = word.wholeMatch(of: decimal) != nil || word.wholeMatch(of: other) != nil
    guard isNumber || ["true", "false", "null"].contains(word) else {
      throw problem(
        "a value: a number, a text between quotes, true, false, null, an object or a list",
        at: start)
    }
  }

  private static func isWord(_ one: Unicode.Scalar) -> Bool {
    one.properties.isAlphabetic || one.properties.numericType != nil || one == "_" || one == "$"
  }
}
