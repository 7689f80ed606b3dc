// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCapture
internal import Foundation

/// An answer that could not be written.
public struct AnswerError: Error, CustomStringConvertible, Sendable {
  /// Why, as the kernel says it.
  public var errno: Int32

  /// Whether its reader has gone, having seen enough: nothing to complain of.
  public var isClosedPipe: Bool { errno == EPIPE }

  // SAFETY: the text is the C library's, copied at once.
  /// One line.
  public var description: String {
    "standard output: \(unsafe String(cString: strerror(errno))); what was printed is incomplete"
  }
}

/// The two streams that people and programs read.
public struct Console: Sendable {
  /// Where the answer goes.
  private let outputDescriptor: CInt
  /// Where errors and remarks go.
  private let errorDescriptor: CInt

  /// Those of the process.
  public static let standard = Console(
    outputDescriptor: STDOUT_FILENO, errorDescriptor: STDERR_FILENO)

  /// Streams of these descriptors, which their owner closes.
  public init(outputDescriptor: CInt, errorDescriptor: CInt) {
    self.outputDescriptor = outputDescriptor
    self.errorDescriptor = errorDescriptor
  }

  /// Writes a text and the end of its line.
  ///
  /// - Throws: ``AnswerError``: an answer that did not arrive is a failure of the command.
  public func print(_ text: String) throws(AnswerError) {
    try Self.write(Array((text + "\n").utf8), to: outputDescriptor)
  }

  /// Prints a text for people: on standard error where an output of the command has standard output.
  public func print(_ text: String, beside files: FileUse) throws(AnswerError) {
    if files.writesToStandardOutput { errorLines(text) } else { try print(text) }
  }

  /// Tells of an error in one line, whatever the names in it are.
  public func error(_ text: String) {
    errorLines(
      String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? "?" : $0 })))
  }

  /// Tells what is not the answer, line by line.
  public func errorLines(_ text: String) {
    // Where nobody hears it the exit code tells it all the same.
    try? Self.write(Array((text + "\n").utf8), to: errorDescriptor)
  }

  /// Prints one JSON document with keys in order.
  public func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  /// Closes the process's standard output: some file systems tell only then that they could not keep
  /// the bytes. Of other streams their owner hears it.
  public func finish() throws(AnswerError) {
    guard outputDescriptor == STDOUT_FILENO else { return }
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
