// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols
internal import ApusTrading

/// An order of the recording, as the recording has it and as the engine may have it.
struct RecordedOrder {
  /// The order's id in the engine.
  var orderId: UInt64
  var locate: UInt16
  var side: Side
  var price: UInt32
  /// What is left of it by the recording. Unit: shares.
  var leaves: UInt32
  /// What the engine has traded of it, less what the recording has executed of it: above zero where it
  /// traded in another's place, below where another traded in its place. Unit: shares.
  var ahead: Int64 = 0
  /// Of what it is ahead, what no execution had asked for. Unit: shares.
  var unasked: UInt32 = 0

  /// What is left of it in the engine.
  var engineLeaves: UInt32 { UInt32(clamping: Int64(leaves) - ahead) }
}

/// Executions and trades of one instrument.
struct RecordedInstrument {
  var symbol: ITCHSymbol
  /// Whether the recording has stopped it.
  var isStopped = false
  var recordedCount: UInt64 = 0
  var recordedQuantity: UInt64 = 0
  var tradeCount: UInt64 = 0
  var tradedQuantity: UInt64 = 0

  var isUsed: Bool { recordedCount > 0 || tradeCount > 0 }
  var isEqual: Bool { recordedCount == tradeCount && recordedQuantity == tradedQuantity }
  var quantityDifference: UInt64 {
    max(recordedQuantity, tradedQuantity) - min(recordedQuantity, tradedQuantity)
  }
}

/// Why a recorded execution is not one trade of the engine.
enum ExecutionDifference: String, CaseIterable {
  /// An order of a better price was there: the recording executed one that was not at the touch.
  case notBestPrice
  /// Another order was first at the price.
  case notFirstInQueue
  /// The engine had traded it, in part or whole, before: unasked, since it crossed another order or in an
  /// auction, or in another's place.
  case tradedEarlier
  /// The engine has less of it than was executed, for none of these reasons.
  case notThere
  /// The instrument was stopped.
  case stopped
}
