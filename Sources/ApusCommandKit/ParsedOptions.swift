// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusOptions
internal import Glibc
internal import Synchronization

/// A command line taken apart by `getopt_long`: options anywhere, `--` ends them.
public struct ParsedOptions: Sendable {
  private var values: [String: [String]] = [:]
  /// The words that are no options, in order.
  public private(set) var operands: [String] = []

  /// Whether an option was given.
  public func has(_ name: String) -> Bool { values[name] != nil }

  /// The value of an option; nil where it was not given.
  public func string(_ name: String) -> String? { values[name]?.last }

  /// The value of an option as a whole number; nil where it was not given.
  ///
  /// - Throws: `UsageError` for what is no number of the range.
  public func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
    guard let text = string(name) else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw UsageError(
        "--\(name) \(text): expected a whole number from \(range.lowerBound) to \(range.upperBound)"
      )
    }
    return value
  }

  /// The value of an option as a seed; 1 where it was not given.
  ///
  /// - Throws: `UsageError` for what is none.
  public func seed(_ name: String = "seed") throws(UsageError) -> UInt64 {
    let text = string(name) ?? "1"
    guard let seed = UInt64(text) else {
      throw UsageError("--\(name) \(text): expected a whole number from 0 to 2^64 - 1")
    }
    return seed
  }

  /// The value of an option as one of a few words; nil where it was not given.
  ///
  /// - Throws: `UsageError` that tells the words.
  public func word<Word: RawRepresentable<String> & CaseIterable>(
    _ name: String, as type: Word.Type = Word.self
  ) throws(UsageError) -> Word? {
    guard let text = string(name) else { return nil }
    guard let word = Word(rawValue: text) else {
      let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError("--\(name) \(text): expected one of \(known)")
    }
    return word
  }

  /// Those that were given, in the order of `options`.
  public func given(_ options: [Option]) -> [Option] { options.filter { has($0.name) } }

  /// The same without the first operand: for what that one chose.
  public var withoutFirstOperand: ParsedOptions {
    var rest = self
    rest.operands = Array(operands.dropFirst())
    return rest
  }

  /// Words between commas, empty ones left out.
  public func list(_ name: String) -> [String]? {
    values[name].map { $0.flatMap { $0.split(separator: ",").map(String.init) } }
  }

  /// Takes a command line apart.
  ///
  /// - Throws: `UsageError` for what no option is, what lacks its value, what is given twice though only
  ///   one can count, and a file without a name.
  public init(_ arguments: [String], options: [Option]) throws(UsageError) {
    self = try Self.parsing.withLock { _ throws(UsageError) in
      try ParsedOptions(words: arguments, options: options)
    }
    for option in options where option.argument != nil {
      let given = values[option.name] ?? []
      if given.count > 1, option.role != .list {
        throw UsageError("--\(option.name): is given \(given.count) times; give it once")
      }
      if [.input, .output].contains(option.role), given.contains("") {
        throw UsageError("--\(option.name): expected the name of a file, not an empty one")
      }
    }
    if operands.contains("") {
      throw UsageError("expected the name of a file, not an empty operand")
    }
  }

  /// `getopt_long` keeps where it is in variables of the process.
  private static let parsing = Mutex(())

  private init(words arguments: [String], options: [Option]) throws(UsageError) {
    let all = [Option("help", nil, "", letter: "h")] + options
    let letters =
      ":"
      + all.compactMap { option in
        option.letter.map { "\($0)" + (option.argument == nil ? "" : ":") }
      }.joined()
    // SAFETY: every string is duplicated and freed below; the table ends with a zeroed entry and
    // outlives the calls that read it.
    var words: [UnsafeMutablePointer<CChar>?] = unsafe (["apus"] + arguments).map {
      unsafe strdup($0)
    }
    var table: [option] = unsafe all.map {
      unsafe option(
        name: UnsafePointer(strdup($0.name)), has_arg: $0.argument == nil ? 0 : 1, flag: nil, val: 1
      )
    }
    defer {
      unsafe words.forEach { unsafe free($0) }
      unsafe table.forEach { unsafe free(UnsafeMutablePointer(mutating: $0.name)) }
    }
    unsafe table.append(option())
    unsafe words.append(nil)
    let count = CInt(arguments.count + 1)
    capus_options_reset()
    var next = 1
    while true {
      let found = unsafe capus_options_next(count, &words, letters, table)
      let argument = unsafe found.argument.map { unsafe String(cString: $0) }
      next = unsafe Int(found.nextWord)
      switch unsafe found.index {
      case -1:
        operands = unsafe words[next..<Int(count)].compactMap {
          unsafe $0.map { unsafe String(cString: $0) }
        }
        return
      case -2, -3:
        let word = unsafe words[max(1, next - 1)].map { unsafe String(cString: $0) } ?? ""
        throw UsageError(
          unsafe found.index == -2
            ? "\(word): no such option" : "\(word): expected a value after this option")
      case -4:
        let letter = unsafe Character(UnicodeScalar(UInt8(truncatingIfNeeded: found.letter)))
        let name = all.first { $0.letter == letter }?.name ?? ""
        values[name, default: []].append(argument ?? "")
      case let index:
        values[all[Int(index)].name, default: []].append(argument ?? "")
      }
    }
  }
}
