// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMarketProtocols
public import ApusMemory

/// Feeds LOBSTER events to the same books, as one instrument.
///
/// A LOBSTER file begins in the middle of a day, so events of orders that rested before it are
/// counted as unknown references; that is the file's nature, not damage.
public struct LOBSTERBookBuilder: ~Copyable {
  /// The books; the instrument is at ``locate``.
  public private(set) var books: OrderBooks
  /// What was wrong in the events so far.
  public private(set) var anomalies = AnomalyCounts()
  /// Events taken so far.
  public private(set) var messageCount: UInt64 = 0

  private var countsByKind: [8 of UInt64] = .init(repeating: 0)

  /// Where the instrument's book is.
  public static let locate: UInt16 = 1

  /// An empty book.
  public init(configuration: OrderBooks.Configuration) throws(MemoryError) {
    books = try OrderBooks(configuration: configuration)
  }

  /// Events of one kind taken so far.
  public func messageCount(of kind: LOBSTERMessage.Kind) -> UInt64 {
    countsByKind[Int(kind.rawValue)]
  }

  /// Applies one event.
  ///
  /// - Parameter offset: Where it stands in the file, for the anomalies. Unit: bytes.
  public mutating func apply(_ message: LOBSTERMessage, offset: UInt64) {
    messageCount += 1
    countsByKind[Int(message.kind.rawValue)] += 1
    let outcome: BookOutcome
    switch message.kind {
    case .add:
      guard let price = UInt32(exactly: message.price) else {
        anomalies.count(.invalidPrice, offset: offset)
        return
      }
      outcome = books.add(
        reference: message.orderID, locate: Self.locate, side: message.side,
        quantity: message.size, priceTicks: price)
    case .cancel, .executeVisible:
      outcome = books.reduce(reference: message.orderID, quantity: message.size)
    case .delete:
      outcome = books.delete(reference: message.orderID)
    case .executeHidden, .cross, .halt:
      return
    }
    if outcome != .applied { anomalies.count(MarketAnomaly(outcome), offset: offset) }
  }

  /// Counts a line that is no event.
  public mutating func countMalformed(offset: UInt64) {
    messageCount += 1
    anomalies.count(.malformedLine, offset: offset)
  }

  /// Tells the best prices if they changed.
  public func tellBest(at timestampNanoseconds: UInt64, to changes: inout BestPriceChanges) {
    changes.tell(Self.locate, at: timestampNanoseconds, in: books)
  }
}
