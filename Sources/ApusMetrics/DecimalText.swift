// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// Numbers as the histogram text formats print them: C's `printf`, without Foundation.
enum DecimalText {
  /// `value` with `digits` decimals, padded with spaces on the left to `width`.
  static func fixed(_ value: Double, digits: Int, width: Int = 0) -> String {
    // SAFETY: the format takes two ints and a double, which is what the list holds; snprintf writes
    // at most the capacity given, and the longest Double with 17 decimals has 327 characters.
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
      let arguments: [any CVarArg] = [Int32(clamping: width), Int32(clamping: digits), value]
      let count = unsafe withVaList(arguments) { list in
        unsafe vsnprintf(buffer.baseAddress, buffer.count, "%*.*f", list)
      }
      guard count > 0, count < buffer.count else { return "" }
      return unsafe String(
        decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<Int(count)]),
        as: UTF8.self)
    }
  }

  /// `value` padded with spaces on the left to `width`.
  static func integer(_ value: some BinaryInteger, width: Int = 0) -> String {
    padded(String(value), width: width)
  }

  /// `text` padded with spaces on the left to `width`.
  static func padded(_ text: String, width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.utf8.count)) + text
  }

  /// Date and time of day in UTC as `2026-03-01T09:30:00Z`; Unit: seconds since 1970-01-01.
  static func utc(secondsSinceEpoch: Double) -> String {
    // Years 0000 to 9999; everything else is not a time that a log can have.
    guard secondsSinceEpoch.isFinite,
      (-62_167_219_200..<253_402_300_800).contains(secondsSinceEpoch)
    else { return "?" }
    let seconds = Int(secondsSinceEpoch.rounded(.down))
    let secondOfDay = ((seconds % 86_400) + 86_400) % 86_400
    // Days from 0000-03-01, so that the leap day is the last of its year.
    let day = (seconds - secondOfDay) / 86_400 + 719_468
    let era = (day >= 0 ? day : day - 146_096) / 146_097
    let dayOfEra = day - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func zeroPadded(_ value: Int, _ width: Int) -> String {
      String(String(repeating: "0", count: width) + String(value)).suffix(width).description
    }
    return "\(zeroPadded(year, 4))-\(zeroPadded(month, 2))-\(zeroPadded(dayOfMonth, 2))"
      + "T\(zeroPadded(secondOfDay / 3_600, 2)):\(zeroPadded(secondOfDay / 60 % 60, 2))"
      + ":\(zeroPadded(secondOfDay % 60, 2))Z"
  }
}
