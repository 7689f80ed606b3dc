import ApusEngine

/// Sells the seats of a house. A customer holds a seat, for ten minutes, and then buys it.
public struct SeatEngine: Engine {
  /// How large the house is.
  public struct Configuration: Sendable {
    /// Seats.
    public var seatCount: Int

    /// A house with so many seats.
    public init(seatCount: Int) { self.seatCount = seatCount }
  }

  private struct Seat {
    /// Whose it is.
    var customer: UInt64 = 0
    /// Until then. The end of time: it was bought.
    var until = Nanoseconds.zero
    var name = SeatName()
  }

  /// How long a seat is held.
  public static let holdNanoseconds: UInt64 = 600_000_000_000
  private var seats: [Seat]

  // MARK: The contract

  /// Names the engine and the layout of its snapshots.
  public static let snapshotFormat = SnapshotFormat(name: "seats", version: 1)
  /// The longest attachment.
  public static let attachmentByteCountMax = SeatName.byteCountMax
  /// Every command has one event.
  public let eventCountMax = 1

  /// An empty house.
  public init(configuration: Configuration) {
    seats = [Seat](repeating: Seat(), count: configuration.seatCount)
  }

  /// Does what a command asks for, or says why not.
  public mutating func apply(
    _ command: SeatCommand, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<SeatEvent>
  ) {
    let (outcome, name) = outcome(of: command, SeatName(attachment), at: time)
    events.emit(
      SeatEvent(
        seat: command.seat, outcome: outcome.rawValue, customer: command.customer, name: name))
  }

  private mutating func outcome(
    of command: SeatCommand, _ name: SeatName, at time: Nanoseconds
  ) -> (SeatOutcome, SeatName) {
    let index = Int(command.seat)
    guard index < seats.count else { return (.noSuchSeat, name) }
    let seat = seats[index]
    let isTaken = seat.until > time
    let isOwn = isTaken && seat.customer == command.customer
    switch SeatAction(rawValue: command.action) {
    case .hold:
      guard !isTaken || isOwn else { return (.taken, name) }
      guard name != SeatName() else { return (.noName, name) }
      // The time is from outside too: `&+` cannot trap.
      let end = Nanoseconds(time.rawValue &+ Self.holdNanoseconds)
      let until = isOwn ? max(seat.until, end) : end
      seats[index] = Seat(customer: command.customer, until: until, name: name)
      return (.held, name)
    case .buy:
      guard isOwn else { return (.notYours, name) }
      seats[index].until = Nanoseconds(.max)
      return (.bought, seat.name)
    case .release:
      guard isOwn else { return (.notYours, name) }
      seats[index] = Seat()
      return (.released, seat.name)
    case nil:
      return (.noSuchAction, name)
    }
  }

  /// A hash of all that decides what later commands do.
  public var digest: UInt64 {
    var digest = StateDigest()
    for seat in seats {
      digest.mix(seat.customer)
      digest.mix(seat.until.rawValue)
      for index in seat.name.words.indices { digest.mix(seat.name.words[index]) }
    }
    return digest.value
  }

  /// Writes the same.
  public func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(UInt64(seats.count))
    for seat in seats {
      try writer.write(seat.customer)
      try writer.write(seat.until.rawValue)
      for index in seat.name.words.indices { try writer.write(seat.name.words[index]) }
    }
  }

  /// Reads it. The bytes may be anything.
  public init(
    configuration: Configuration, snapshot: inout SnapshotReader
  ) throws(SnapshotError) {
    self.init(configuration: configuration)
    let count = UInt64(seats.count)
    _ = try snapshot.read(count...count, field: "seatCount")
    for index in seats.indices {
      seats[index].customer = try snapshot.read(field: "customer")
      seats[index].until = Nanoseconds(try snapshot.read(field: "until"))
      for word in seats[index].name.words.indices {
        seats[index].name.words[word] = try snapshot.read(field: "name")
      }
    }
  }
}
