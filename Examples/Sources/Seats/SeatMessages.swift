import ApusEngine

/// What a customer asks for: 16 bytes without gaps, since the journal keeps them as they are.
public struct SeatCommand: BitwiseCopyable, Sendable {
  /// From 0.
  public var seat: UInt32
  /// A ``SeatAction``, as a number: any bits may come in, and not all of them are an action.
  public var action: UInt32
  /// Who asks.
  public var customer: UInt64

  /// A command.
  public init(_ action: SeatAction, seat: UInt32, customer: UInt64) {
    self.seat = seat
    self.action = action.rawValue
    self.customer = customer
  }
}

/// What can be asked for. To hold a seat takes a name for the ticket, which is the attachment.
public enum SeatAction: UInt32, Sendable {
  case hold = 1
  case buy, release
}

/// What became of it.
public struct SeatEvent: BitwiseCopyable, Equatable, Sendable {
  /// As in the command.
  public var seat: UInt32
  /// A ``SeatOutcome``, as a number.
  public var outcome: UInt32
  /// As in the command.
  public var customer: UInt64
  /// The name on the ticket.
  public var name: SeatName
}

/// What can become of a command.
public enum SeatOutcome: UInt32, Sendable {
  case held = 1
  case bought, released
  case noSuchSeat, noSuchAction, noName, taken, notYours
}

/// Up to 32 bytes of text, and zeros behind them.
public struct SeatName: BitwiseCopyable, Equatable, Sendable {
  /// The longest name. Unit: bytes.
  public static let byteCountMax = 32
  var words = InlineArray<4, UInt64>(repeating: 0)

  init() {}

  /// The first bytes of an attachment, whatever they are.
  init(_ bytes: RawSpan) {
    for index in 0..<min(bytes.byteCount, Self.byteCountMax) {
      let byte = bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8)
    }
  }

  /// Up to the first zero; what is no UTF-8 shows as question marks.
  public var text: String {
    let bytes = (0..<Self.byteCountMax).map { index in
      UInt8(truncatingIfNeeded: words[index / 8] >> UInt64(index % 8 * 8))
    }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The same bytes.
  public static func == (one: SeatName, other: SeatName) -> Bool {
    one.words.indices.allSatisfy { one.words[$0] == other.words[$0] }
  }
}
