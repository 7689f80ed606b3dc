// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols
internal import ApusTestBasics

/// What the generator knows of one listed symbol.
struct GeneratedSymbol: Sendable {
  /// The name, as the messages carry it.
  var name: ITCHSymbol
  /// Where new orders gather. Unit: 1/10,000 dollar.
  var fairPrice: UInt32
  /// Usual half spread of a symbol this active. Unit: parts in 65,536 of the price.
  var spreadFraction: UInt32
  /// Bit set of ``HaltReason``; executions need it empty.
  var halts: UInt8 = 0
}

/// Why a symbol does not trade.
enum HaltReason {
  static let trading: UInt8 = 1
  static let operational: UInt8 = 2
}

/// The listed symbols, how active each one is, and a constant-time draw of one by activity.
struct SymbolUniverse: Sendable {
  /// By locate code; entry 0 is unused, as in the feed.
  var symbols: [GeneratedSymbol]
  /// Locate codes from the most to the least active.
  let locatesByActivity: [UInt16]
  private let columns: [AliasColumn]

  /// One column of Walker's alias method: below the threshold its own symbol, else the alias.
  private struct AliasColumn {
    var threshold: UInt32
    var locate: UInt16
    var alias: UInt16
  }

  init(symbolCount: Int, random: inout SeededRandom) {
    var locates = (1...symbolCount).map { UInt16($0) }
    for index in stride(from: symbolCount - 1, to: 0, by: -1) {
      locates.swapAt(index, Int(random.below(narrow: UInt32(index + 1))))
    }
    locatesByActivity = locates
    columns = Self.aliasColumns(locates: locates)

    let unused = GeneratedSymbol(name: ITCHSymbol(""), fairPrice: 0, spreadFraction: 0)
    symbols = Array(repeating: unused, count: symbolCount + 1)
    for (rank, locate) in locates.enumerated() {
      symbols[Int(locate)].spreadFraction = Self.spreadFraction(rank: rank, of: symbolCount)
    }
    for locate in 1...symbolCount {
      symbols[locate].name = ITCHSymbol(
        Self.name(locate: locate, of: symbolCount, random: &random))
      symbols[locate].fairPrice = Self.openingPrice(random: &random)
    }
  }

  /// Draws a locate code in proportion to its symbol's activity.
  @inline(__always)
  func drawLocate(using random: inout SeededRandom) -> UInt16 {
    let draw = random.next()
    let index = Int(truncatingIfNeeded: ((draw >> 32) &* UInt64(columns.count)) >> 32)
    let column = columns[index]
    return UInt32(truncatingIfNeeded: draw) < column.threshold ? column.locate : column.alias
  }

  /// Zipf's law with a flattened head: the busiest of 4,000 symbols gets about 3 % of the orders.
  private static func aliasColumns(locates: [UInt16]) -> [AliasColumn] {
    let count = UInt64(locates.count)
    var scaled = locates.indices.map { (UInt64(1) << 24) / UInt64($0 + 6) }
    let total = scaled.reduce(0, +)
    for rank in scaled.indices { scaled[rank] *= count }
    var columns = locates.map { AliasColumn(threshold: .max, locate: $0, alias: $0) }
    var small = scaled.indices.filter { scaled[$0] < total }
    var large = scaled.indices.filter { scaled[$0] >= total }
    while let poor = small.popLast(), let rich = large.last {
      columns[poor].threshold = UInt32((scaled[poor] << 32) / total)
      columns[poor].alias = locates[rich]
      scaled[rich] -= total - scaled[poor]
      if scaled[rich] < total {
        large.removeLast()
        small.append(rich)
      }
    }
    return columns
  }

  private static func spreadFraction(rank: Int, of count: Int) -> UInt32 {
    switch rank * 100 / count {
    case ..<5: 8
    case ..<25: 24
    case ..<55: 80
    default: 200
    }
  }

  /// Names in alphabetical order by locate, as a listing exchange assigns them; one to four
  /// letters. Stripping trailing A's of distinct four-letter words keeps them distinct.
  private static func name(locate: Int, of count: Int, random: inout SeededRandom) -> String {
    let span = 26 * 26 * 26 * 26 / (count + 1)
    let start = locate * span
    var word = start + Int(random.below(narrow: UInt32(span)))
    for (base, chance) in [(26 * 26, UInt32(4)), (26, 2)] where random.oneIn(chance) {
      let rounded = (start + base - 1) / base * base
      if rounded < start + span {
        word = rounded
        break
      }
    }
    var letters: [UInt8] = []
    for divisor in [17_576, 676, 26, 1] {
      letters.append(UInt8(ascii: "A") + UInt8(word / divisor % 26))
    }
    while letters.count > 1, letters.last == UInt8(ascii: "A") { letters.removeLast() }
    return String(decoding: letters, as: UTF8.self)
  }

  /// Twenty cents to 3,000 dollars, most of them between 5 and 100.
  private static func openingPrice(random: inout SeededRandom) -> UInt32 {
    let octave = random.weightedIndex([1, 2, 4, 6, 8, 12, 18, 18, 14, 9, 5, 2, 1, 1])
    let floor = UInt32(2_000) << UInt32(octave)
    return PriceGrid.roundedDown(min(floor + random.below(narrow: floor), 30_000_000))
  }
}

/// The price grid: cents from one dollar up, hundredths of a cent below.
enum PriceGrid {
  static let dollar: UInt32 = 10_000
  static let highest: UInt32 = 1_999_990_000

  @inline(__always)
  static func tick(_ price: UInt32) -> UInt32 { price >= dollar ? 100 : 1 }

  @inline(__always)
  static func roundedDown(_ price: UInt32) -> UInt32 {
    price >= dollar ? price - price % 100 : price
  }

  @inline(__always)
  static func roundedUp(_ price: UInt32) -> UInt32 {
    price >= dollar ? (price + 99) / 100 * 100 : price
  }
}
