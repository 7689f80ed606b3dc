// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// Small files of the kernel.
public enum SystemFile {
  /// Of a longer file this much is read. Unit: bytes.
  static let byteCountMax = 65_536

  /// The contents without the white space at its ends; nil where there is no such file.
  public static func read(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    // Files under /proc come a page at a time, however much is asked for.
    while bytes.count < byteCountMax {
      // SAFETY: the array has as many bytes as the call is given.
      let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
      if count == 0 { break }
      guard count > 0 else { return nil }
      bytes.append(contentsOf: chunk[..<min(count, byteCountMax - bytes.count)])
    }
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x0A || $0 == 0x09 || $0 == 0 }
    var text = bytes[...]
    while let last = text.last, isSpace(last) { text.removeLast() }
    while let first = text.first, isSpace(first) { text.removeFirst() }
    return String(decoding: text, as: UTF8.self)
  }

  /// The contents as a number.
  public static func integer(_ path: String) -> Int? { read(path).flatMap { Int($0) } }

  /// A kernel list such as `0-2,5`, ascending and each once.
  ///
  /// What is no number, no ascending range or above 65,535 is left out, so that no text can ask for
  /// more than 65,536 numbers.
  ///
  /// - Complexity: O(n log n) of the text's length, and the numbers.
  public static func list(_ text: String) -> [Int] {
    let ranges = text.split(separator: ",").compactMap { part -> ClosedRange<Int>? in
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      guard ends.count <= 2, let first = number(ends[0]), let last = number(ends[ends.count - 1]),
        first <= last
      else { return nil }
      return first...last
    }
    var numbers: [Int] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      let start = max(range.lowerBound, (numbers.last ?? -1) + 1)
      if start <= range.upperBound { numbers.append(contentsOf: start...range.upperBound) }
    }
    return numbers
  }

  private static func number(_ text: Substring) -> Int? {
    let digits = text.drop { $0 == " " }
    guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(digits),
      number < 65_536
    else { return nil }
    return number
  }
}
