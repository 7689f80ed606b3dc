// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols
import ApusTrading

extension MatchingEvent {
  /// An event as the examples write it: what is told apart from what the command said already.
  var text: String {
    switch kind {
    case .accepted: "accepted \(orderId)" + (value == 0 ? "" : ", trigger \(value)")
    case .rejected:
      "rejected: \(reasonText)"
        + (value == 0 ? "" : " \(value), limit \(relatedClientOrderId)")
    case .trade: "trade \(pairText)"
    case .cancelled: "cancelled \(orderId): \(quantity) \(reasonText)"
    case .reduced:
      "reduced \(orderId): by \(quantity) to \(leavesQuantity)"
        + (reason == .linked ? ", linked" : "")
    case .replaced:
      "replaced \(relatedOrderId) by \(orderId): \(leavesQuantity)"
        + (priceTicks == 0 ? "" : " at \(priceTicks)")
        + (value == 0 ? "" : ", trigger \(value)")
        + (flags.contains(.keptPriority) ? ", kept" : "")
    case .replenished: "replenished \(orderId): \(quantity) of \(leavesQuantity)"
    case .selfTradePrevented: "prevented \(pairText)"
    case .triggered: "triggered \(orderId) at \(value)"
    case .activated: "activated \(orderId)" + (value == 0 ? "" : ", trigger \(value)")
    case .massCancelled: "mass cancelled \(value)"
    case .instrumentDefined: "defined \(instrument)"
    case .instrumentChanged: "changed \(instrument)"
    case .phaseChanged: "phase \(phaseText)" + (reason == .volatility ? ", volatility" : "")
    case .referencePriceSet: "reference \(priceTicks)"
    case .ownerLimitSet: "limit of \(owner)"
    case .killSwitchSet: "kill switch \(flags.contains(.on) ? "on" : "off"), \(value)"
    case .auction:
      "auction \(value) at \(priceTicks), imbalance \(Int64(bitPattern: relatedClientOrderId))"
    case .timeExpired: "expired \(value)"
    case .sumsReset:
      "reset of \(owner): bought \(relatedOrderId), sold \(relatedClientOrderId), fees \(value)"
    case nil: "kind \(kindCode)"
    }
  }

  private var reasonText: String { reason.map { "\($0)" } ?? "reason \(reasonCode)" }

  private var phaseText: String {
    MarketPhase(rawValue: detailCode & 15).map { "\($0)" } ?? "\(detailCode)"
  }

  private var pairText: String {
    "\(orderId) with \(relatedOrderId): \(quantity) at \(priceTicks),"
      + " left \(leavesQuantity) and \(relatedLeavesQuantity)"
      + (flags.contains(.auction) ? ", auction" : "")
      + (flags.contains(.hidden) ? ", hidden" : "")
  }
}
