// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusServiceKit
internal import Foundation

/// An answer that could not be written.
struct AnswerError: Error, CustomStringConvertible {
  var errno: Int32

  /// Whether its reader has gone, having seen enough: nothing to complain of.
  var isClosedPipe: Bool { errno == EPIPE }

  // SAFETY: the text is the C library's, copied at once.
  var description: String {
    "standard output: \(unsafe String(cString: strerror(errno))); what was printed is incomplete"
  }
}

/// The two streams that people and programs read.
enum Console {
  /// Writes a text and the end of its line.
  ///
  /// - Throws: ``AnswerError``: an answer that did not arrive is a failure of the command.
  static func print(_ text: String) throws(AnswerError) {
    try write(Array((text + "\n").utf8), to: STDOUT_FILENO)
  }

  /// Prints a text for people: on standard error where an output of the command has standard output.
  static func print(_ text: String, beside files: FileUse) throws(AnswerError) {
    if files.writesToStandardOutput { errorLines(text) } else { try print(text) }
  }

  /// Tells of an error in one line, whatever the names in it are.
  static func error(_ text: String) {
    errorLines(
      String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? "?" : $0 })))
  }

  static func errorLines(_ text: String) {
    // Where nobody hears it the exit code tells it all the same.
    try? write(Array((text + "\n").utf8), to: STDERR_FILENO)
  }

  /// Prints one JSON document with keys in order.
  static func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  /// Closes standard output: some file systems tell only then that they could not keep the bytes.
  static func finish() throws(AnswerError) {
    guard close(STDOUT_FILENO) == 0 || errno == EBADF else { throw AnswerError(errno: errno) }
  }

  private static func write(_ bytes: [UInt8], to descriptor: CInt) throws(AnswerError) {
    var done = 0
    while done < bytes.count {
      // SAFETY: the bytes are those that the call is told of.
      let written = unsafe bytes[done...].withUnsafeBytes { source in
        unsafe Foundation.write(descriptor, source.baseAddress, source.count)
      }
      if written > 0 {
        done += written
      } else if written == 0 || errno != EINTR {
        throw AnswerError(errno: written == 0 ? EIO : errno)
      }
    }
  }
}

/// What `--json` prints where there is nothing else to print.
struct FailureDocument: Encodable {
  /// What went wrong, in one line.
  var error: String
  /// The process's exit code.
  var exitCode: Int32
}

/// What `--help --json` prints.
struct HelpDocument: Encodable {
  struct OptionHelp: Encodable {
    var name: String
    var letter: String?
    var argument: String?
    var help: String
  }

  var command: String
  var summary: String
  var usage: String
  var options: [OptionHelp]

  init(_ command: any Command.Type) {
    self.command = command.name
    summary = command.summary
    usage = command.usage
    options = command.options.map {
      OptionHelp(
        name: $0.name, letter: $0.letter.map(String.init), argument: $0.argument, help: $0.help)
    }
  }
}
