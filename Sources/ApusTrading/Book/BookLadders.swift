// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

/// Where the ladders of all books are: copies of the books' pointers, to be used no longer than they
/// live.
@unsafe
struct BookLadders: BitwiseCopyable {
  let books: UnsafeMutablePointer<OrderBooks.Book>
  /// Bids and asks of every instrument, for every set with a ladder but `main`.
  let setLadders: UnsafeMutablePointer<Ladder>
  let entries: UnsafeMutablePointer<LadderEntry>

  @inline(__always)
  func ladder(_ locate: UInt16, _ side: Side) -> UnsafeMutablePointer<Ladder> {
    // SAFETY: every 16-bit locate is below bookCount; a book begins with its bids and its asks.
    let bids = unsafe UnsafeMutableRawPointer(books + Int(locate)).assumingMemoryBound(
      to: Ladder.self)
    return unsafe bids + (side == .buy ? 0 : 1)
  }

  /// The ladder of one side of a set that has one.
  ///
  /// - Precondition: The books were made with order sets, or the set is `main`.
  @inline(__always)
  func ladder(_ set: OrderSet, _ locate: UInt16, _ side: Side) -> UnsafeMutablePointer<Ladder> {
    if set == .main { return unsafe ladder(locate, side) }
    // SAFETY: five sets besides `main` have ladders, each of two for every locate.
    let pair = (Int(set.rawValue) &- 1) &* OrderBooks.bookCount &+ Int(locate)
    return unsafe setLadders + (pair &* 2 &+ (side == .buy ? 0 : 1))
  }

  @inline(__always)
  func base(_ ladder: Ladder) -> UnsafeMutablePointer<LadderEntry> {
    // SAFETY: blocks lie below the watermark.
    unsafe entries + Int(ladder.line) &* LadderStorage.entriesPerLine
  }
}
