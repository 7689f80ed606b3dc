// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// One event of a LOBSTER message file.
///
/// - Source: docs/formats/lobster.md
public struct LOBSTERMessage: Equatable, Sendable, BitwiseCopyable {
  /// What happened.
  public enum Kind: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    /// A new limit order.
    case add = 1
    /// Part of an order was cancelled.
    case cancel = 2
    /// An order was deleted.
    case delete = 3
    /// A visible order traded.
    case executeVisible = 4
    /// A hidden order traded; the book is unchanged.
    case executeHidden = 5
    /// An auction traded; the book is unchanged.
    case cross = 6
    /// Trading was halted or resumed; the book is unchanged.
    case halt = 7
  }

  /// Unit: nanoseconds since midnight; from a file less than a day.
  public var timestampNanoseconds: UInt64
  /// What happened.
  public var kind: Kind
  /// Number of the order; 0 for hidden ones.
  public var orderID: UInt64
  /// Unit: shares.
  public var size: UInt32
  /// Unit: 1/10,000 dollar; −1, 0 or 1 where trading was halted or resumed.
  public var price: Int64
  /// Side of the resting order.
  public var side: Side

  /// An event of these values.
  public init(
    timestampNanoseconds: UInt64, kind: Kind, orderID: UInt64, size: UInt32, price: Int64,
    side: Side
  ) {
    self.timestampNanoseconds = timestampNanoseconds
    self.kind = kind
    self.orderID = orderID
    self.size = size
    self.price = price
    self.side = side
  }
}

/// Why a line is no LOBSTER event or row.
public enum LOBSTERRejection: String, Equatable, Sendable {
  /// Fewer fields than the format has.
  case tooFewFields
  /// More fields than the format has.
  case tooManyFields
  /// A field that is no number or does not fit.
  case invalidNumber
  /// An event type that does not exist.
  case invalidType
  /// A direction other than 1 and −1.
  case invalidDirection
  /// A row whose number of fields is no multiple of four.
  case incompleteLevel
}

/// What parsing a line gave.
public enum LOBSTERVerdict<Value: Equatable & Sendable>: Equatable, Sendable {
  /// A well-formed line.
  case value(Value)
  /// A line that is none.
  case rejected(LOBSTERRejection)
}

/// Parses lines of LOBSTER files.
public enum LOBSTERParser {
  /// Parses a line of a message file: `seconds,type,id,size,price,direction`.
  ///
  /// A seventh field (the participant, in some files) is passed over; an eighth is refused.
  ///
  /// - Complexity: O(bytes); no allocation.
  public static func message(_ line: RawSpan) -> LOBSTERVerdict<LOBSTERMessage> {
    var fields = FieldCursor(byteCount: line.byteCount)
    guard let time = fields.seconds(in: line) else { return rejection(fields) }
    guard let type = fields.integer(in: line) else { return rejection(fields) }
    guard let id = fields.integer(in: line) else { return rejection(fields) }
    guard let size = fields.integer(in: line) else { return rejection(fields) }
    guard let price = fields.integer(in: line) else { return rejection(fields) }
    guard let direction = fields.integer(in: line) else { return rejection(fields) }
    fields.skip(in: line)
    guard fields.isAtEnd else { return .rejected(.tooManyFields) }
    guard let kind = UInt8(exactly: type).flatMap(LOBSTERMessage.Kind.init(rawValue:)) else {
      return .rejected(.invalidType)
    }
    guard direction == 1 || direction == -1 else { return .rejected(.invalidDirection) }
    guard id >= 0, let shares = UInt32(exactly: size) else { return .rejected(.invalidNumber) }
    return .value(
      LOBSTERMessage(
        timestampNanoseconds: time, kind: kind, orderID: UInt64(id), size: shares, price: price,
        side: direction == 1 ? .buy : .sell))
  }

  /// Parses a line of an order-book file into `row`: ask price, ask size, bid price, bid size for
  /// each level.
  ///
  /// - Returns: nil, or why the line is no row.
  public static func row(_ line: RawSpan, into row: inout LOBSTERBookRow) -> LOBSTERRejection? {
    var fields = FieldCursor(byteCount: line.byteCount)
    row.asks.removeAll(keepingCapacity: true)
    row.bids.removeAll(keepingCapacity: true)
    while !fields.isAtEnd {
      guard let askPrice = fields.integer(in: line), let askSize = fields.integer(in: line),
        let bidPrice = fields.integer(in: line), let bidSize = fields.integer(in: line)
      else { return fields.isMissing ? .incompleteLevel : .invalidNumber }
      guard askSize >= 0, bidSize >= 0 else { return .invalidNumber }
      row.asks.append(LOBSTERLevel(price: askPrice, size: askSize))
      row.bids.append(LOBSTERLevel(price: bidPrice, size: bidSize))
    }
    return row.asks.isEmpty ? .tooFewFields : nil
  }

  /// Calls `body` with each line of a window without its end, and the line's offset.
  ///
  /// - Parameter isLast: Whether the last line may lack its line feed.
  /// - Returns: Bytes consumed.
  public static func forEachLine(
    in window: RawSpan, isLast: Bool, _ body: (_ line: RawSpan, _ offset: Int) -> Void
  ) -> Int {
    var start = 0
    var cursor = 0
    while cursor < window.byteCount {
      // SAFETY: cursor < byteCount.
      if unsafe window.unsafeLoad(fromByteOffset: cursor, as: UInt8.self) == 0x0A {
        give(window, start, cursor, body)
        start = cursor + 1
      }
      cursor += 1
    }
    if isLast, start < cursor {
      give(window, start, cursor, body)
      start = cursor
    }
    return start
  }

  private static func give(
    _ window: RawSpan, _ start: Int, _ end: Int, _ body: (RawSpan, Int) -> Void
  ) {
    var end = end
    // SAFETY: end > start is checked first.
    if end > start, unsafe window.unsafeLoad(fromByteOffset: end - 1, as: UInt8.self) == 0x0D {
      end -= 1
    }
    if end > start { body(window.extracting(start..<end), start) }
  }

  private static func rejection(_ fields: FieldCursor) -> LOBSTERVerdict<LOBSTERMessage> {
    .rejected(fields.isMissing ? .tooFewFields : .invalidNumber)
  }
}

/// One level of one side in an order-book file.
public struct LOBSTERLevel: Equatable, Sendable, BitwiseCopyable {
  /// Unit: 1/10,000 dollar; ±9,999,999,999 where the level is empty.
  public var price: Int64
  /// Unit: shares.
  public var size: Int64

  /// A level of these values.
  public init(price: Int64, size: Int64) {
    self.price = price
    self.size = size
  }

  /// Whether the book has no such level.
  public var isEmpty: Bool { price == 9_999_999_999 || price == -9_999_999_999 }
}

/// One line of an order-book file: both sides, best first.
public struct LOBSTERBookRow: Equatable, Sendable {
  /// Offers, lowest first.
  public var asks: [LOBSTERLevel] = []
  /// Bids, highest first.
  public var bids: [LOBSTERLevel] = []

  /// A row without levels.
  public init() {}
}

/// Reads numbers between commas.
private struct FieldCursor {
  private let byteCount: Int
  /// Where the next field begins: behind a comma, or past the end when no comma came.
  private var position: Int
  /// Whether the last field asked for was not there at all.
  private(set) var isMissing = false

  init(byteCount: Int) {
    self.byteCount = byteCount
    position = byteCount == 0 ? 1 : 0
  }

  /// Whether there is no further field, not even an empty one.
  var isAtEnd: Bool { position > byteCount }

  /// Passes over the next field, if there is one, whatever it holds.
  mutating func skip(in line: RawSpan) {
    while position < byteCount {
      // SAFETY: position < byteCount of the line.
      let byte = unsafe line.unsafeLoad(fromByteOffset: position, as: UInt8.self)
      position += 1
      if byte == 0x2C { return }
    }
    position = byteCount + 1
  }

  /// The next field as a signed integer; nil where it is none or does not fit 64 bits.
  mutating func integer(in line: RawSpan) -> Int64? {
    guard let (value, fraction, isNegative) = number(in: line), fraction == nil else { return nil }
    return isNegative ? Int64(exactly: value).map { -$0 } : Int64(exactly: value)
  }

  /// The next field as decimal seconds of a day, in nanoseconds; digits past the ninth are cut. Nil
  /// past the end of the day.
  mutating func seconds(in line: RawSpan) -> UInt64? {
    guard let (whole, fraction, isNegative) = number(in: line), !isNegative else { return nil }
    guard whole < 86_400 else { return nil }
    return whole * 1_000_000_000 + (fraction ?? 0)
  }

  private mutating func number(
    in line: RawSpan
  ) -> (whole: UInt64, fraction: UInt64?, isNegative: Bool)? {
    isMissing = isAtEnd
    guard !isMissing else { return nil }
    var whole: UInt64 = 0
    var fraction: UInt64?
    var fractionScale: UInt64 = 100_000_000
    var digitCount = 0
    let start = position
    var isNegative = false
    while position < byteCount {
      // SAFETY: position < byteCount of the line.
      let byte = unsafe line.unsafeLoad(fromByteOffset: position, as: UInt8.self)
      position += 1
      switch byte {
      case 0x30...0x39:
        digitCount += 1
        let digit = UInt64(byte - 0x30)
        if let sum = fraction {
          fraction = sum + digit * fractionScale
          fractionScale /= 10
        } else {
          let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
          let (sum, carry) = product.addingReportingOverflow(digit)
          if overflow || carry { return nil }
          whole = sum
        }
      case 0x2C: return digitCount > 0 ? (whole, fraction, isNegative) : nil
      case 0x2E where fraction == nil: fraction = 0
      case 0x2D where position == start + 1: isNegative = true
      default: return nil
      }
    }
    position = byteCount + 1
    return digitCount > 0 ? (whole, fraction, isNegative) : nil
  }
}
