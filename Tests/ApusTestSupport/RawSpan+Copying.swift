// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

extension RawSpan {
  /// A copy of the first bytes, at most `countMax`. Allocates.
  public func copiedPrefix(_ countMax: Int) -> [UInt8] {
    unsafe extracting(0..<Swift.min(byteCount, countMax)).withUnsafeBytes { unsafe Array($0) }
  }
}
