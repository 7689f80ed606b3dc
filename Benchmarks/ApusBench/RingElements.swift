// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore

/// What travels through rings in the benchmarks.
protocol RingElement: BitwiseCopyable, Sendable {
  /// `8B`: part of the names of cases.
  static var sizeName: String { get }
  /// How many fewer of them a sample has than of eight bytes.
  static var costFactor: Int { get }
  init(number: UInt64)
  /// Depends on every word.
  var folded: UInt64 { get }
}

extension UInt64: RingElement {
  static var sizeName: String { "8B" }
  static var costFactor: Int { 1 }
  @inline(__always) init(number: UInt64) { self = number }
  @inline(__always) var folded: UInt64 { self }
}

/// A cache line's worth of words.
struct LineElement: RingElement {
  var w0, w1, w2, w3, w4, w5, w6, w7: UInt64

  static var sizeName: String { "64B" }
  static var costFactor: Int { 2 }

  @inline(__always) init(number n: UInt64) {
    (w0, w1, w2, w3, w4, w5, w6, w7) = (n, n &+ 1, n &+ 2, n &+ 3, n &+ 4, n &+ 5, n &+ 6, n &+ 7)
  }

  @inline(__always) var folded: UInt64 {
    ((w0 &+ w1) &+ (w2 &+ w3)) &+ ((w4 &+ w5) &+ (w6 &+ w7))
  }
}

/// Two running sums of what was consumed: cheap, and the second one depends on the order.
struct ConsumedHash {
  private(set) var sum: UInt64 = 0
  private var sumOfSums: UInt64 = 0

  @inline(__always) mutating func take(_ word: UInt64) {
    sum &+= word
    sumOfSums &+= sum
  }

  /// For one stream of elements.
  var ordered: UInt64 { sum &* 0x9E37_79B9_7F4A_7C15 ^ sumOfSums }
}

/// Writing ends of all rings.
protocol ElementPushing<Element>: ~Copyable, Sendable {
  associatedtype Element: RingElement
  mutating func tryPush(_ element: Element) -> Bool
  mutating func tryPush(contentsOf source: Span<Element>) -> Int
}

/// Reading ends of all rings.
protocol ElementPopping<Element>: ~Copyable, Sendable {
  associatedtype Element: RingElement
  mutating func tryPop() -> Element?
  mutating func tryPop(into target: inout MutableSpan<Element>) -> Int
}

extension RingProducer: ElementPushing where Element: RingElement {}
extension RingConsumer: ElementPopping where Element: RingElement {}
extension ManyToOneConsumer: ElementPopping where Element: RingElement {}
extension ManyToManyProducer: ElementPushing where Element: RingElement {}
extension ManyToManyConsumer: ElementPopping where Element: RingElement {}
extension BroadcastProducer: ElementPushing where Element: RingElement {}
extension BroadcastConsumer: ElementPopping where Element: RingElement {}
