// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusReport
internal import Foundation

// The plots of the report.
extension ReplayReportPage {
  static func messagesPerSecondPlot(_ data: ReplayReportData) -> String {
    let id = "messages-per-second"
    let title = "Messages per second"
    let (length, buckets) = ReportSampling.rates(data.messagesPerSecond, bucketCountMax: 600)
    guard let first = buckets.first, let last = buckets.last else {
      return ReportPlot.empty(
        id: id, name: id, title: title, reason: "the replay had no message with a time of day.")
    }
    let peak = data.messagesPerSecond.max { $0.count < $1.count }
    let highest = Double(peak?.count ?? 0)
    func nanoseconds(_ second: Int) -> Double { Double(second) * 1e9 }
    func points(_ value: (ReportSampling.RateBucket) -> Double) -> [ReportSampling.Point] {
      buckets.map { ReportSampling.Point(x: nanoseconds($0.startSecond), y: value($0)) }
    }
    let mean = points { $0.mean }
    let high = points { Double($0.highest) }
    let low = points { Double($0.lowest) }
    let peakText =
      "Busiest second: \(ReportText.grouped(peak?.count ?? 0)) messages at "
      + ReportText.timeOfDay(nanoseconds: nanoseconds(peak?.secondOfDay ?? 0), stepNanoseconds: 1e9)
      + "."
    var plot = ReportPlot(
      id: id, name: id, title: title,
      caption: length == 1
        ? peakText
        : "The line is the mean of each \(durationName(length)); the band spans its quietest to its "
          + "busiest second. " + peakText,
      summary: "Messages per second over the day. \(peakText)",
      xAxis: .timeOfDay(nanoseconds(first.startSecond), nanoseconds(last.startSecond + length)),
      yAxis: .linear(0, max(1, highest)) {
        ReportText.axisCount($0, step: $1, largest: highest)
      },
      xTitle: "time of day", yTitle: "messages / s", axisKind: .timeOfDay, height: 280)
    if length == 1 {
      plot.marks = [ReportPlot.area(plot.stepArea(mean, base: 1_000), "main")]
    } else {
      // Up along the busiest seconds and back along the quietest.
      plot.marks = [ReportPlot.area(bandPath(plot, high, low), "main band")]
      plot.series.append(step("Busiest second", "main", "rate", high))
      plot.legend = [("main", "mean"), ("main faded", "quietest to busiest second")]
    }
    plot.marks.append(ReportPlot.line(plot.stepPath(mean), "main"))
    plot.series.insert(step(length == 1 ? "Messages" : "Mean", "main", "rate", mean), at: 0)
    if length > 1 { plot.series.append(step("Quietest second", "main", "rate", low)) }
    return plot.html()
  }

  static func latencyPlot(_ data: ReplayReportData) -> String {
    let id = "latency"
    let title = "Latency by percentile"
    let curve = ReportSampling.everyNth(
      data.latencyCurve.filter { $0.nanoseconds > 0 && $0.nanoseconds < 1e18 },
      countMax: ReportSampling.pointCountMax)
    let lowest = curve.map(\.nanoseconds).min()
    let highest = curve.map(\.nanoseconds).max()
    guard let lowest, let highest else {
      return ReportPlot.empty(id: id, name: id, title: title, reason: "latency was not measured.")
    }
    // 100 % lies infinitely far out: draw it one half distance beyond the last finite point.
    let finite = curve.filter { $0.percentile < 100 }
      .map { ReportScale.percentilePosition($0.percentile) }
    let end = max(1, (finite.max() ?? 0) + log10(2))
    let points = curve.map {
      ReportSampling.Point(
        x: $0.percentile < 100 ? ReportScale.percentilePosition($0.percentile) : end,
        y: $0.nanoseconds)
    }
    let label = { (value: Double) in ReportText.duration(nanoseconds: value) }
    let named = [50, 90, 99, 99.9].compactMap { percentile in
      latency(at: percentile, in: curve).map { (percentile, $0) }
    }
    var plot = ReportPlot(
      id: id, name: id, title: title, caption: data.latencyNote,
      summary: "Latency by percentile. "
        + named.map { "\(percentileName($0.0)) \(label($0.1))" }.joined(separator: ", ")
        + ", maximum \(label(highest)).",
      xAxis: .percentiles(upTo: end), yAxis: .logarithmic(lowest, highest, label: label),
      xTitle: "percentile", yTitle: "latency", axisKind: .percentile, height: 280)
    plot.marks = [
      ReportPlot.area(
        plot.linePath(points) + "V1000H\(ReportText.coordinate(plot.x(points[0].x)))Z", "main"),
      ReportPlot.line(plot.linePath(points), "main"),
    ]
    plot.series = [
      ReportPlot.Series(
        name: "Latency", colour: "main", unit: "duration", reading: .nearest, points: points)
    ]
    plot.annotations =
      named.map {
        (ReportScale.percentilePosition($0.0), $0.1, "\(percentileName($0.0)) \(label($0.1))")
      } + [(end, highest, "max \(label(highest))")]
    return plot.html()
  }

  static func quotesPlot(
    _ symbol: ReplayReportData.SymbolPlots, id: String, scale: Int
  ) -> String {
    let name = "bbo-\(symbol.symbol)"
    let title = "Best bid and offer"
    // Both sides from the same moments, so that no moment shows a bid of one and an offer of another.
    let kept = ReportSampling.extremes(
      symbol.quotes.map {
        ReportSampling.Pair(
          x: Double($0.timestampNanoseconds), low: $0.bidPrice.map { Double($0) },
          high: $0.askPrice.map { Double($0) })
      }, pairCountMax: ReportSampling.pointCountMax / 2)
    let bids = kept.map { ReportSampling.Point(x: $0.x, y: $0.low) }
    let asks = kept.map { ReportSampling.Point(x: $0.x, y: $0.high) }
    let prices = symbol.quotes.flatMap { [$0.bidPrice, $0.askPrice] }.compactMap { $0 }
    guard let range = ReportSampling.range(of: prices.map { Double($0) }),
      let first = symbol.quotes.first, let last = symbol.quotes.last
    else {
      return ReportPlot.empty(
        id: id, name: name, title: title, reason: "no bid or offer was ever quoted.")
    }
    var caption = "\(ReportText.grouped(symbol.quotes.count)) changes of the best bid or offer."
    if range.outside > 0 {
      caption += " \(ReportText.percent(range.outside, of: 1)) of the prices lie outside the scale."
    }
    var plot = ReportPlot(
      id: id, name: name, title: title, caption: caption,
      summary: "Best bid and offer of \(symbol.symbol) over time.",
      xAxis: .timeOfDay(Double(first.timestampNanoseconds), Double(last.timestampNanoseconds)),
      yAxis: priceAxis(range, scale: scale, keepsEnds: false, tickCount: 6),
      xTitle: "time of day", yTitle: "price", axisKind: .timeOfDay, height: 300)
    plot.legend = [("bid", "bid"), ("ask", "offer")]
    plot.marks = [
      ReportPlot.area(plot.stepArea(bids, base: 1_000), "bid"),
      ReportPlot.area(plot.stepArea(asks, base: 0), "ask"),
      ReportPlot.line(plot.stepPath(bids), "bid"), ReportPlot.line(plot.stepPath(asks), "ask"),
    ]
    plot.series = [step("Offer", "ask", "price", asks), step("Bid", "bid", "price", bids)]
    return plot.html()
  }

  static func depthPlot(_ symbol: ReplayReportData.SymbolPlots, id: String) -> String {
    let name = "depth-\(symbol.symbol)"
    let title = "Depth over time"
    // A mirrored ask side makes the extremes of both those furthest from the middle.
    let kept = ReportSampling.extremes(
      symbol.depth.map {
        ReportSampling.Pair(
          x: Double($0.timestampNanoseconds), low: -Double($0.askQuantity),
          high: Double($0.bidQuantity))
      }, pairCountMax: ReportSampling.pointCountMax / 2)
    let bids = kept.map { ReportSampling.Point(x: $0.x, y: $0.high) }
    let asks = kept.map { ReportSampling.Point(x: $0.x, y: $0.low.map { -$0 }) }
    let bidRange = ReportSampling.range(of: symbol.depth.map { Double($0.bidQuantity) })
    let askRange = ReportSampling.range(of: symbol.depth.map { Double($0.askQuantity) })
    guard let bidRange, let askRange, bidRange.upper + askRange.upper > 0,
      let first = symbol.depth.first, let last = symbol.depth.last
    else {
      return ReportPlot.empty(
        id: id, name: name, title: title, reason: "no quantity ever rested in the book.")
    }
    let outside = max(bidRange.outside, askRange.outside)
    var caption =
      "Shares on the best \(symbol.depthLevelCount) levels: bids upwards, offers downwards."
    if outside > 0 {
      caption += " Up to \(ReportText.percent(outside, of: 1)) of the points lie outside the scale."
    }
    var plot = ReportPlot(
      id: id, name: name, title: title, caption: caption,
      summary: "Quantity near the touch of \(symbol.symbol) over time.",
      xAxis: .timeOfDay(
        Double(first.timestampNanoseconds), Double(last.timestampNanoseconds), tickCount: 6),
      yAxis: .linear(-askRange.upper, bidRange.upper, tickCount: 5) {
        ReportText.axisCount(
          $0.magnitude, step: $1, largest: max(askRange.upper, bidRange.upper))
      },
      xTitle: "time of day", yTitle: "shares", axisKind: .timeOfDay, height: 240)
    plot.legend = [("bid", "bids"), ("ask", "offers")]
    let zero = plot.y(0)
    plot.marks = [
      ReportPlot.area(plot.stepArea(bids, base: zero), "bid band"),
      ReportPlot.area(plot.stepArea(asks, base: zero, isMirrored: true), "ask band"),
      ReportPlot.line(plot.stepPath(bids), "bid"),
      ReportPlot.line(plot.stepPath(asks, isMirrored: true), "ask"),
    ]
    var offers = step("Offers", "ask", "count", asks)
    offers.isMirrored = true
    plot.series = [step("Bids", "bid", "count", bids), offers]
    return plot.html()
  }

  static func profilePlot(
    _ symbol: ReplayReportData.SymbolPlots, id: String, scale: Int
  ) -> String {
    let name = "profile-\(symbol.symbol)"
    let title = "Depth profile at the end"
    let count = ReportSampling.pointCountMax / 2
    let bids = symbol.profile.filter { $0.side == .bid }.sorted { $0.price > $1.price }
    let asks = symbol.profile.filter { $0.side == .ask }.sorted { $0.price < $1.price }
    let range = ReportSampling.range(
      ofBids: bids.map { Double($0.price) }, asks: asks.map { Double($0.price) })
    guard let range else {
      return ReportPlot.empty(
        id: id, name: name, title: title, reason: "the book is empty at the end.")
    }
    let shown = symbol.profile.filter {
      (range.lower...range.upper).contains(Double($0.price))
    }
    let highest = shown.map(\.cumulativeQuantity).max() ?? 1
    var caption = "Shares resting at each price or better."
    if range.outside > 0 {
      caption += " \(ReportText.percent(range.outside, of: 1)) of the levels lie further out."
    }
    // A book of one price would have no width: half a per cent on both sides gives it some.
    let room = range.upper > range.lower ? 0 : max(1, range.upper.magnitude * 0.005)
    let padded = ReportSampling.Range(
      lower: range.lower - room, upper: range.upper + room, outside: 0)
    var plot = ReportPlot(
      id: id, name: name, title: title, caption: caption,
      summary: "Cumulative quantity by price of \(symbol.symbol) at the end.",
      xAxis: priceAxis(padded, scale: scale, keepsEnds: true, tickCount: 5),
      yAxis: .linear(0, Double(max(1, highest)), tickCount: 5) {
        ReportText.axisCount($0, step: $1, largest: Double(highest))
      },
      xTitle: "price", yTitle: "shares, cumulative", axisKind: .price, height: 240)
    plot.legend = [("bid", "bids"), ("ask", "offers")]
    let bidPoints = profilePoints(ReportSampling.everyNth(bids, countMax: count))
    let askPoints = profilePoints(ReportSampling.everyNth(asks, countMax: count))
    for (points, colour, edge) in [(bidPoints, "bid", 0.0), (askPoints, "ask", 1_000.0)] {
      let path = outwardsPath(plot, points, edge: edge)
      guard let first = points.first else { continue }
      plot.marks.append(
        ReportPlot.area(path + "V1000H\(ReportText.coordinate(plot.x(first.x)))Z", "\(colour) band")
      )
      plot.marks.append(ReportPlot.line(path, colour))
    }
    // Ascending in price for the script: a bid level holds from its price down to the next one.
    plot.series = [
      ReportPlot.Series(
        name: "Bids", colour: "bid", unit: "count", reading: .after, points: bidPoints.reversed()),
      ReportPlot.Series(
        name: "Offers", colour: "ask", unit: "count", reading: .before, points: askPoints),
    ].filter { !$0.points.isEmpty }
    return plot.html()
  }
}

// Parts of plots.
extension ReplayReportPage {
  private static func step(
    _ name: String, _ colour: String, _ unit: String, _ points: [ReportSampling.Point]
  ) -> ReportPlot.Series {
    ReportPlot.Series(name: name, colour: colour, unit: unit, reading: .before, points: points)
  }

  private static func profilePoints(
    _ levels: [ReplayReportData.ProfileLevel]
  ) -> [ReportSampling.Point] {
    levels.map {
      ReportSampling.Point(x: Double($0.price), y: Double($0.cumulativeQuantity))
    }
  }

  /// From the best price outwards: up at each level, then level to the next; on to the edge at last.
  private static func outwardsPath(
    _ plot: ReportPlot, _ points: [ReportSampling.Point], edge: Double
  ) -> String {
    guard let first = points.first else { return "" }
    var path = "M\(ReportText.coordinate(plot.x(first.x))) 1000"
    for point in points {
      path += "H\(ReportText.coordinate(plot.x(point.x)))"
      path += "V\(ReportText.coordinate(plot.y(point.y ?? 0)))"
    }
    return path + "H\(ReportText.coordinate(edge))"
  }

  private static func bandPath(
    _ plot: ReportPlot, _ high: [ReportSampling.Point], _ low: [ReportSampling.Point]
  ) -> String {
    let top = plot.stepPath(high)
    var path = top
    var right = 1_000.0
    for point in low.reversed() {
      path += "V\(ReportText.coordinate(plot.y(point.y ?? 0)))"
      right = plot.x(point.x)
      path += "H\(ReportText.coordinate(right))"
    }
    return path + "Z"
  }

  private static func priceAxis(
    _ range: ReportSampling.Range, scale: Int, keepsEnds: Bool, tickCount: Int
  ) -> ReportScale {
    // Ticks at round currency amounts: steps are worked out in currency and put back into units.
    let unit = Double(max(1, scale))
    let axis = ReportScale.linear(
      range.lower / unit, range.upper / unit, tickCount: tickCount, keepsEnds: keepsEnds
    ) { value, step in
      ReportText.fixed(value, digits: max(2, ReportScale.decimals(ofStep: step)))
    }
    return ReportScale(
      lower: axis.lower * unit, upper: axis.upper * unit, isLogarithmic: false,
      ticks: axis.ticks.map { ReportScale.Tick(value: $0.value * unit, label: $0.label) })
  }

  /// The latency that `percentile` per cent do not exceed.
  static func latency(
    at percentile: Double, in curve: [ReplayReportData.LatencyPoint]
  ) -> Double? {
    curve.first { $0.percentile >= percentile }?.nanoseconds
  }

  static func percentileName(_ percentile: Double) -> String {
    "p" + ReportText.trimmed(ReportText.plain(percentile, digits: 3))
  }

  private static func durationName(_ seconds: Int) -> String {
    seconds % 60 == 0
      ? (seconds == 60 ? "minute" : "\(seconds / 60) minutes") : "\(seconds) seconds"
  }
}
