// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Something in a feed that a correct feed does not have. Each is counted and none stops the rest.
public enum MarketAnomaly: UInt8, Sendable, CaseIterable {
  /// An execution, cancellation, deletion or replacement of an order that is not live.
  case unknownReference
  /// A new order with the reference of a live one; it was not added.
  case duplicateReference
  /// More executed or cancelled than was left; the order was taken off.
  case overExecution
  /// An order of no quantity; it was not added.
  case zeroQuantity
  /// No room in the books; the order was not added.
  case capacityExceeded
  /// An order for a locate that the directory has not named; it was added all the same.
  case unknownLocate
  /// A change whose locate is not that of its order; the order's own book was changed.
  case locateMismatch
  /// A side that is neither buy nor sell; the order was not added.
  case invalidSide
  /// A price that is negative or too large for a book; the order was not added.
  case invalidPrice
  /// A line of a text file that is no event; skipped.
  case malformedLine
  /// A message of a type that the specification does not have; skipped.
  case unknownMessageType
  /// A message whose length is not that of its type; skipped.
  case wrongMessageLength

  /// Whether the bytes themselves were wrong, rather than what they say.
  public var isMalformedInput: Bool {
    self == .unknownMessageType || self == .wrongMessageLength || self == .invalidSide
      || self == .invalidPrice || self == .malformedLine
  }

  init(_ outcome: BookOutcome) {
    switch outcome {
    case .applied:
      preconditionFailure("MarketAnomaly.init: expected an outcome that is not applied")
    case .unknownReference: self = .unknownReference
    case .duplicateReference: self = .duplicateReference
    case .overExecution: self = .overExecution
    case .zeroQuantity: self = .zeroQuantity
    case .capacityExceeded: self = .capacityExceeded
    }
  }
}

/// How often each anomaly occurred and where it occurred first.
public struct AnomalyCounts: Sendable, Equatable {
  /// Occurrences of one kind.
  public struct Entry: Sendable, Equatable {
    /// How often.
    public var count: UInt64 = 0
    /// Offset of the first one in the decoded stream. Unit: bytes.
    public var firstOffset: UInt64 = 0
  }

  private var entries: [12 of Entry] = .init(repeating: Entry())

  /// No anomalies.
  public init() {}

  /// Occurrences of a kind.
  public internal(set) subscript(kind: MarketAnomaly) -> Entry {
    get { entries[Int(kind.rawValue)] }
    set { entries[Int(kind.rawValue)] = newValue }
  }

  /// Occurrences of all kinds.
  public var total: UInt64 {
    MarketAnomaly.allCases.reduce(0) { $0 + self[$1].count }
  }

  /// Counts one occurrence.
  public mutating func count(_ kind: MarketAnomaly, offset: UInt64) {
    let index = Int(kind.rawValue)
    if entries[index].count == 0 { entries[index].firstOffset = offset }
    entries[index].count += 1
  }

  /// Equal when every kind has the same entry.
  public static func == (left: AnomalyCounts, right: AnomalyCounts) -> Bool {
    MarketAnomaly.allCases.allSatisfy { left[$0] == right[$0] }
  }
}
