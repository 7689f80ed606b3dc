// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Copies as much of a text as fits, with its NUL.
func copy(_ text: String, to place: UnsafeMutablePointer<CChar>?, byteCount: Int) {
  guard let place = unsafe place, byteCount != 0 else { return }
  var index = 0
  for byte in text.utf8 where byteCount < 0 || index < byteCount - 1 {
    // SAFETY: index < byteCount - 1, or the caller said that there is room for any text.
    unsafe place[index] = CChar(bitPattern: byte)
    index += 1
  }
  unsafe place[index] = 0
}
