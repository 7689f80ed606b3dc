// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Shares of the kinds of order flow, and how many orders should live at each point of the day.
struct OrderFlowPlan: Sendable {
  /// Order-flow messages of the day.
  let flowCount: Int
  /// Most orders that should live at the same time.
  let livePeakTarget: Int

  // Chances in 2³² of one order-flow message, cumulative in the order in which they are tested.
  let replaceLimit: UInt32
  let cancelLimit: UInt32
  let hiddenTradeLimit: UInt32
  let pricedExecutionLimit: UInt32
  let executionLimit: UInt32

  /// Executions due, in 2³² of a message: sweeps make several at once and then wait.
  private(set) var executionCredit: Int64 = 0
  private let executionShare: Int64

  /// The curve of living orders: at `part` 1,024ths of the order flow, `level` 1,024ths of all
  /// messages.
  private static let curve: [(part: Int, level: Int)] = [
    (0, 0), (100, 20), (300, 42), (860, 49), (950, 46), (1_000, 18), (1_024, 8),
  ]
  private let messageCount: Int
  private let steepness: Int

  init(messageCount: Int, flowCount: Int) {
    self.messageCount = messageCount
    self.flowCount = flowCount
    livePeakTarget = messageCount * 49 / 1_024
    steepness = max(8, messageCount / 4_000)

    // Shares of all messages, in 1/10,000; adds and deletes get the rest, about 87 %. Days that
    // are mostly directory have little order flow, of which at most twice the share is taken.
    let base = UInt64(max(1, min(messageCount, 2 * flowCount)))
    func chance(_ share: UInt64) -> UInt32 {
      let ofAll = (share << 32) / 10_000
      return UInt32(clamping: ofAll * base / UInt64(max(1, flowCount)))
    }
    let execution = chance(195)
    executionShare = Int64(execution)
    replaceLimit = chance(800)
    cancelLimit = replaceLimit + chance(90)
    hiddenTradeLimit = cancelLimit + chance(125)
    pricedExecutionLimit = hiddenTradeLimit + chance(16)
    // Tested twice as often as due; the credit lets half of them through.
    executionLimit = pricedExecutionLimit + 2 * execution
  }

  /// Orders that should live now.
  private var liveTarget = 0

  /// Moves along the curve of living orders.
  mutating func updateLiveTarget(flowIndex: Int) {
    let curve = Self.curve
    let scaled = flowIndex * 1_024
    var index = 1
    while index < curve.count - 1, scaled >= curve[index].part * flowCount { index += 1 }
    let (from, to) = (curve[index - 1], curve[index])
    let begin = from.part * flowCount
    let length = max(1, (to.part - from.part) * flowCount)
    let rise = (to.level - from.level) * messageCount / 1_024
    let progress = (scaled - begin) * 65_536 / length
    liveTarget = from.level * messageCount / 1_024 + rise * progress / 65_536
  }

  /// Chance in 1,024 that an add comes next rather than a delete.
  @inline(__always)
  func addChance(liveCount: Int) -> Int {
    512 + max(-490, min(490, (liveTarget - liveCount) * 128 / steepness))
  }

  @inline(__always)
  mutating func earnExecution() { executionCredit += executionShare }

  @inline(__always)
  mutating func payExecution() { executionCredit -= 1 << 32 }
}
