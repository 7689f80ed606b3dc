// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTestBasics

/// Times of a Nasdaq day. Unit: nanoseconds since midnight.
enum SessionTime {
  static let second: UInt64 = 1_000_000_000
  static let minute: UInt64 = 60 * second
  static let startOfMessages = 3 * 60 * minute + 4 * minute
  static let directory = 3 * 60 * minute + 6 * minute
  static let startOfSystem = 4 * 60 * minute
  static let openingImbalance = 9 * 60 * minute + 28 * minute
  static let open = 9 * 60 * minute + 30 * minute
  static let closingImbalance = 15 * 60 * minute + 50 * minute
  static let close = 16 * 60 * minute
  static let endOfSystem = 20 * 60 * minute
  static let endOfMessages = 20 * 60 * minute + 5 * minute

  static func at(_ hour: UInt64, _ minutes: UInt64, _ seconds: UInt64 = 0) -> UInt64 {
    (hour * 60 + minutes) * minute + seconds * second
  }
}

/// Gives every order-flow message its time: a fixed number of messages a minute, in bursts.
///
/// The counts follow the shape of a real day (quiet before the open, a rush at the open, a flat
/// midday, a second rush into the close) and add up exactly to the number asked for, because
/// they are differences of one rounded running sum.
struct IntradayClock: Sendable {
  private static let minuteCount = 16 * 60

  /// Messages due before minute m of the system hours, which start at 04:00.
  private let dueCounts: [Int]
  private var minuteIndex = 0
  private var issuedCount = 0
  /// Time of the last message.
  private(set) var now = SessionTime.startOfSystem

  init(messageCount: Int) {
    let weights = (0..<Self.minuteCount).map(Self.weight(minuteIndex:))
    let total = weights.reduce(0, +)
    var sum = 0
    var dueCounts = [0]
    dueCounts.reserveCapacity(Self.minuteCount + 1)
    for weight in weights {
      sum += weight
      dueCounts.append(Int(Int64(messageCount) * Int64(sum) / Int64(total)))
    }
    self.dueCounts = dueCounts
  }

  /// Relative message rate of a minute, counted from 04:00.
  private static func weight(minuteIndex: Int) -> Int {
    let open = 330
    let close = 720
    switch minuteIndex {
    case ..<180: return 2
    case ..<300: return 6
    case ..<325: return 15
    case ..<open: return 40
    case ..<close:
      let sinceOpen = minuteIndex - open
      let untilClose = close - minuteIndex
      return 60 + 900 / (3 + sinceOpen) + 420 / (1 + untilClose) + abs(sinceOpen - 195) / 6
    case ..<(close + 10): return 160
    default: return 4
    }
  }

  /// Moves to the next message.
  ///
  /// - Parameter isBurst: The message belongs to the same event as the last one (an order that
  ///   sweeps several others) and follows within nanoseconds.
  /// - Returns: Its time, never below the last one. Unit: nanoseconds since midnight.
  @inline(__always)
  mutating func advance(isBurst: Bool, using random: inout SeededRandom) -> UInt64 {
    while dueCounts[minuteIndex + 1] <= issuedCount, minuteIndex + 2 < dueCounts.count {
      minuteIndex += 1
    }
    let start = SessionTime.startOfSystem + UInt64(minuteIndex) * SessionTime.minute
    if now < start { now = start }
    let spanLeft = start + SessionTime.minute - now
    let countLeft = UInt64(dueCounts[minuteIndex + 1] - issuedCount)
    let meanGap = spanLeft / (countLeft + 1)
    let draw = random.next()
    var gap: UInt64
    if isBurst {
      gap = draw & 31
    } else if draw & 7 < 5 {
      // Five of eight messages follow within 16 ns to 8 µs of the one before.
      let octave = ((draw >> 3) & 15) % 10
      gap = min((draw >> 32) & ((16 << octave) - 1), meanGap)
    } else {
      // The other three fill the minute: uniform up to five mean gaps.
      gap = (draw >> 3).multipliedFullWidth(by: meanGap * 40).high
    }
    gap = min(gap, spanLeft - 1)
    issuedCount += 1
    now += gap
    return now
  }
}
