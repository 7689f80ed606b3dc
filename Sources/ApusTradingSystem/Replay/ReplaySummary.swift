// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit
internal import ApusTradingService

/// The figures of a replay as text for people.
enum ReplaySummary {
  /// Several short tables, widest facts first.
  static func render(_ figures: ReplayFigures) -> String {
    var parts = [overview(figures), mix(figures)]
    if !figures.busiestSymbols.isEmpty { parts.append(instruments(figures)) }
    if !figures.depth.isEmpty { parts += figures.depth.map(depth) }
    if let transport = figures.transport { parts.append(packets(transport)) }
    if let verification = figures.verification { parts.append(verified(verification)) }
    if !figures.anomalies.isEmpty { parts.append(anomalies(figures)) }
    return parts.joined(separator: "\n\n")
  }

  private static func overview(_ figures: ReplayFigures) -> String {
    let latency = figures.latencyNanoseconds
    let rows: [(String, String)] = [
      ("format", figures.format),
      ("messages", HumanText.count(figures.messageCount)),
      (
        "data",
        "\(HumanText.bytes(figures.bytes)) stored, \(HumanText.bytes(figures.decodedBytes)) decoded"
      ),
      ("books", HumanText.count(figures.bookCount)),
      (
        "orders",
        "\(HumanText.count(figures.orderCount)) live at the end, "
          + "\(HumanText.count(figures.orderCountMax)) at most"
      ),
      (
        "time",
        "\(HumanText.decimal(figures.elapsedSeconds, 3)) s, "
          + "\(HumanText.decimal(figures.nanosecondsPerMessage, 1)) ns a message, "
          + "\(HumanText.count(Int(figures.messagesPerSecond))) messages/s"
      ),
      (
        "latency",
        "p50 \(HumanText.nanoseconds(latency.p50))  p90 \(HumanText.nanoseconds(latency.p90))  "
          + "p99 \(HumanText.nanoseconds(latency.p99))  "
          + "p99.9 \(HumanText.nanoseconds(latency.p999))  max \(HumanText.nanoseconds(latency.max))"
          + "  (\(latency.kind), \(HumanText.count(latency.sampleCount)) messages timed, clock "
          + "\(HumanText.decimal(latency.timerOverheadNanoseconds, 0)) ns)"
      ),
      (
        "memory",
        "\(HumanText.bytes(figures.memoryBytes)) of books "
          + "(\(HumanText.decimal(figures.memoryBytesPerOrder, 1)) B an order), "
          + "\(HumanText.bytes(figures.processMemoryBytes)) of process at most"
      ),
      ("digest", figures.digest),
    ]
    return rows.map { "\($0.0.padding(12))\($0.1)" }.joined(separator: "\n")
  }

  private static func mix(_ figures: ReplayFigures) -> String {
    let format = MarketDataFormat(rawValue: figures.format) ?? .itch50
    let total = Double(max(1, figures.messageCount))
    let rows = figures.messagesByType.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
      [
        "\($0.key)  \(MessageNames.name($0.key, format))", HumanText.count($0.value),
        HumanText.decimal(Double($0.value) / total * 100, 2) + " %",
      ]
    }
    return "Message mix\n" + HumanText.table(header: ["type", "messages", "share"], rows: rows)
  }

  private static func instruments(_ figures: ReplayFigures) -> String {
    func row(_ instrument: ReplayFigures.Instrument) -> [String] {
      [
        instrument.symbol, HumanText.count(instrument.messageCount), price(instrument.bidPrice),
        price(instrument.askPrice),
        instrument.spread.map { HumanText.decimal(Double($0) / 10_000, 4) } ?? "–",
      ]
    }
    let header = ["symbol", "messages", "bid", "ask", "spread"]
    return [
      ("Busiest symbols", figures.busiestSymbols), ("Tightest spreads", figures.tightestSpreads),
      ("Widest spreads", figures.widestSpreads),
    ].filter { !$0.1.isEmpty }
      .map { "\($0.0)\n" + HumanText.table(header: header, rows: $0.1.map(row)) }
      .joined(separator: "\n\n")
  }

  private static func depth(_ depth: ReplayFigures.Depth) -> String {
    let count = max(depth.bids.count, depth.asks.count)
    let rows = (0..<count).map { level -> [String] in
      let bid = level < depth.bids.count ? depth.bids[level] : nil
      let ask = level < depth.asks.count ? depth.asks[level] : nil
      return [
        "\(level + 1)", bid.map { HumanText.count($0.quantity) } ?? "", price(bid?.price),
        price(ask?.price), ask.map { HumanText.count($0.quantity) } ?? "",
      ]
    }
    return "Depth of \(depth.symbol) at the end\n"
      + HumanText.table(
        header: ["level", "bid quantity", "bid", "ask", "ask quantity"], rows: rows)
  }

  private static func packets(_ transport: ReplayFigures.Transport) -> String {
    "Packets\n"
      + HumanText.table(
        header: ["", "count"],
        rows: [
          ["feed packets", HumanText.count(transport.packetCount)],
          ["heartbeats", HumanText.count(transport.heartbeatCount)],
          ["sequence gaps", HumanText.count(transport.gapCount)],
          ["messages missing", HumanText.count(transport.gapMessageCount)],
          ["messages repeated", HumanText.count(transport.duplicateMessageCount)],
          ["messages too late", HumanText.count(transport.lateMessageCount)],
          ["packets out of turn", HumanText.count(transport.reorderedPacketCount)],
          ["packets too far ahead", HumanText.count(transport.strayPacketCount)],
          ["packets not followed", HumanText.count(transport.unfollowedPacketCount)],
          ["malformed packets", HumanText.count(transport.malformedPacketCount)],
          ["other packets", HumanText.count(transport.ignoredPacketCount)],
        ])
      + transport.gaps.map {
        "\n  missing: session \($0.session), messages \($0.firstSequence) to \($0.lastSequence), "
          + "before packet \($0.packet) of \($0.file)"
      }.joined()
  }

  private static func verified(_ verification: ReplayFigures.Verification) -> String {
    let verdict =
      verification.rowsEqual == verification.rowsCompared
      ? "all rows equal" : verification.firstDifference ?? ""
    return "Verification\n  rows compared \(verification.rowsCompared), "
      + "rows equal \(verification.rowsEqual): \(verdict)"
  }

  private static func anomalies(_ figures: ReplayFigures) -> String {
    "Anomalies\n"
      + HumanText.table(
        header: ["kind", "count", "first offset"],
        rows: figures.anomalies.sorted { $0.key < $1.key }.map {
          [$0.key, HumanText.count($0.value.count), "\($0.value.firstOffset)"]
        })
  }

  private static func price(_ ticks: UInt32?) -> String {
    ticks.map { HumanText.decimal(Double($0) / 10_000, 4) } ?? "–"
  }
}

extension String {
  fileprivate func padding(_ width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(1, width - count))
  }
}
