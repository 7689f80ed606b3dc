// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// One plot: a frame of HTML with labelled axes around an SVG that stretches with the page.
///
/// The SVG holds only marks, in a square of 1,000 units that is stretched to the frame; lines keep
/// their width. Everything with letters is HTML placed by percentages, so it stays readable at any
/// width.
public struct ReportPlot {
  /// How the tooltip reads the horizontal axis; the script knows these names.
  public enum AxisKind: String, Sendable {
    /// Nanoseconds since midnight.
    case timeOfDay = "time"
    /// Positions of ``ReportScale/percentilePosition(_:)``.
    case percentile = "percentile"
    /// Prices in units of the recording.
    case price = "price"
  }

  /// Which point of a series tells the value between two of them; the script knows these names.
  public enum Reading: String, Sendable {
    /// A value holds from its point on.
    case before
    /// A value holds up to its point.
    case after
    /// Points are samples of a curve.
    case nearest
  }

  /// A line that the tooltip can point at.
  public struct Series: Sendable {
    /// What the tooltip calls it.
    public let name: String
    /// Colour: a class of the style sheet.
    public let colour: String
    /// How the script writes values: count, rate, price or duration.
    public let unit: String
    /// Which point tells the value.
    public let reading: Reading
    /// Whether the line is drawn below zero though its values are positive.
    public var isMirrored: Bool
    /// Ascending in x.
    public let points: [ReportSampling.Point]

    /// A line of these points.
    public init(
      name: String, colour: String, unit: String, reading: Reading, isMirrored: Bool = false,
      points: [ReportSampling.Point]
    ) {
      self.name = name
      self.colour = colour
      self.unit = unit
      self.reading = reading
      self.isMirrored = isMirrored
      self.points = points
    }
  }

  /// Of the figure, for links.
  public let id: String
  /// Of the plot, for checkers.
  public let name: String
  /// Its heading.
  public let title: String
  /// What stands below the heading.
  public let caption: String
  /// What a person who cannot see the plot should know.
  public let summary: String
  /// From left to right.
  public let xAxis: ReportScale
  /// From bottom to top.
  public let yAxis: ReportScale
  /// What x is, with its unit.
  public let xTitle: String
  /// What y is, with its unit.
  public let yTitle: String
  /// How the tooltip reads x.
  public let axisKind: AxisKind
  /// Unit: pixels.
  public var height: Int
  /// Colours and what they stand for.
  public var legend: [(colour: String, name: String)] = []
  /// SVG elements, back to front.
  public var marks: [String] = []
  /// What the tooltip tells.
  public var series: [Series] = []
  /// Dots with labels: class, x, y, text.
  public var annotations: [(x: Double, y: Double, text: String)] = []

  /// A plot without marks.
  public init(
    id: String, name: String, title: String, caption: String, summary: String,
    xAxis: ReportScale, yAxis: ReportScale, xTitle: String, yTitle: String, axisKind: AxisKind,
    height: Int = 260, legend: [(colour: String, name: String)] = [], marks: [String] = [],
    series: [Series] = []
  ) {
    self.id = id
    self.name = name
    self.title = title
    self.caption = caption
    self.summary = summary
    self.xAxis = xAxis
    self.yAxis = yAxis
    self.xTitle = xTitle
    self.yTitle = yTitle
    self.axisKind = axisKind
    self.height = height
    self.legend = legend
    self.marks = marks
    self.series = series
  }

  /// Where a value of x is in the SVG.
  public func x(_ value: Double) -> Double { clamped(xAxis.fraction(value) * 1_000) }
  /// Where a value of y is in the SVG, from the top.
  public func y(_ value: Double) -> Double { clamped(1_000 - yAxis.fraction(value) * 1_000) }

  /// Values far outside still get a coordinate that every renderer accepts.
  private func clamped(_ value: Double) -> Double { min(max(value, -500), 1_500) }
}

// Marks.
extension ReportPlot {
  /// A line that stays level until the next point; ends where the value does, and at the axis' end.
  public func stepPath(_ points: [ReportSampling.Point], isMirrored: Bool = false) -> String {
    var path = ""
    var isDrawing = false
    for point in points {
      let left = ReportText.coordinate(x(point.x))
      guard let value = point.y else {
        if isDrawing { path += "H\(left)" }
        isDrawing = false
        continue
      }
      let top = ReportText.coordinate(y(isMirrored ? -value : value))
      path += isDrawing ? "H\(left)V\(top)" : "M\(left) \(top)"
      isDrawing = true
    }
    if isDrawing { path += "H1000" }
    return path
  }

  /// The surface between a step line and `base`, in the same stretches as the line.
  public func stepArea(
    _ points: [ReportSampling.Point], base: Double, isMirrored: Bool = false
  ) -> String {
    let floor = ReportText.coordinate(base)
    var path = ""
    var isDrawing = false
    for point in points {
      let left = ReportText.coordinate(x(point.x))
      guard let value = point.y else {
        if isDrawing { path += "H\(left)V\(floor)Z" }
        isDrawing = false
        continue
      }
      let top = ReportText.coordinate(y(isMirrored ? -value : value))
      path += isDrawing ? "H\(left)V\(top)" : "M\(left) \(floor)V\(top)"
      isDrawing = true
    }
    if isDrawing { path += "H1000V\(floor)Z" }
    return path
  }

  /// Straight lines from point to point.
  public func linePath(_ points: [ReportSampling.Point]) -> String {
    points.enumerated().map { index, point in
      (index == 0 ? "M" : "L") + ReportText.coordinate(x(point.x)) + " "
        + ReportText.coordinate(y(point.y ?? yAxis.lower))
    }.joined()
  }

  /// A path drawn as a line of a colour.
  public static func line(_ path: String, _ colour: String) -> String {
    path.isEmpty ? "" : "<path class=\"line \(colour)\" d=\"\(path)\"/>"
  }

  /// A path filled with a colour.
  public static func area(_ path: String, _ colour: String) -> String {
    path.isEmpty ? "" : "<path class=\"area \(colour)\" d=\"\(path)\"/>"
  }
}

// HTML.
extension ReportPlot {
  /// The whole figure.
  public func html() -> String {
    let name = ReportText.escape(name)
    let isWide = yAxis.ticks.map(\.label.count).max() ?? 0
    var html = figureStart(id: id, title: title, caption: caption, legend: legend)
    html += "<div class=\"frame\" style=\"--gutter:\(isWide)ch;--height:\(height)px\">"
    html += "<div class=\"axis-title\">\(ReportText.escape(yTitle))</div>"
    html += "<div class=\"y-axis\" aria-hidden=\"true\">"
    for tick in yAxis.ticks {
      html += "<span style=\"top:\(percent(1 - yAxis.fraction(tick.value)))\">"
      html += "\(ReportText.escape(tick.label))</span>"
    }
    html +=
      "</div><div class=\"canvas\" tabindex=\"0\" aria-label=\"\(ReportText.escape(summary))\">"
    html += "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\""
    html += " aria-label=\"\(ReportText.escape(summary))\""
    html += " data-plot=\"\(name)\" data-drawn=\"true\"><g class=\"grid\">"
    for tick in yAxis.ticks {
      html += gridLine(horizontalAt: y(tick.value), isZero: tick.value == 0)
    }
    for tick in xAxis.ticks {
      let position = ReportText.coordinate(x(tick.value))
      html += "<path d=\"M\(position) 0V1000\"/>"
    }
    html += "</g><g class=\"marks\">\(marks.joined())</g></svg>"
    for each in annotations { html += annotation(each) }
    html += "<div class=\"cursor\" hidden></div><div class=\"tip\" hidden></div></div>"
    html += xLabels()
    html += "</div><script type=\"application/json\">\(json())</script></figure>\n"
    return html
  }

  /// A figure that says that there is nothing to draw, and why.
  public static func empty(id: String, name: String, title: String, reason: String) -> String {
    figureStart(id: id, title: title, caption: "", legend: [])
      + "<div class=\"frame none\"><svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\""
      + " role=\"img\" aria-label=\"No data\" data-plot=\"\(ReportText.escape(name))\""
      + " data-drawn=\"empty\"></svg>"
      + "<p>No data: \(ReportText.escape(reason))</p></div></figure>\n"
  }

  private static func figureStart(
    id: String, title: String, caption: String, legend: [(colour: String, name: String)]
  ) -> String {
    var html = "<figure class=\"plot\" id=\"\(ReportText.escape(id))\"><figcaption>"
    html += "<h3>\(ReportText.escape(title))</h3>"
    if !legend.isEmpty {
      html += "<ul class=\"legend\">"
      for entry in legend {
        html += "<li><i class=\"swatch \(entry.colour)\"></i>\(ReportText.escape(entry.name))</li>"
      }
      html += "</ul>"
    }
    if !caption.isEmpty { html += "<p>\(ReportText.escape(caption))</p>" }
    return html + "</figcaption>"
  }

  private func figureStart(
    id: String, title: String, caption: String, legend: [(colour: String, name: String)]
  ) -> String {
    Self.figureStart(id: id, title: title, caption: caption, legend: legend)
  }

  private func gridLine(horizontalAt top: Double, isZero: Bool) -> String {
    "<path\(isZero ? " class=\"zero\"" : "") d=\"M0 \(ReportText.coordinate(top))H1000\"/>"
  }

  /// Where labels are too many for a narrow page, every other one may be hidden there.
  private func xLabels() -> String {
    var html = "<div class=\"x-axis\" aria-hidden=\"true\">"
    for (index, tick) in xAxis.ticks.enumerated() {
      let fraction = xAxis.fraction(tick.value)
      let side = fraction > 0.97 ? "end" : ""
      let minor = xAxis.ticks.count > 5 && !index.isMultiple(of: 2) ? "minor" : ""
      html += "<span class=\"\([side, minor].filter { !$0.isEmpty }.joined(separator: " "))\""
      html += " style=\"left:\(percent(fraction))\">\(ReportText.escape(tick.label))</span>"
    }
    return html + "</div><div class=\"x-title\">\(ReportText.escape(xTitle))</div>"
  }

  private func annotation(_ each: (x: Double, y: Double, text: String)) -> String {
    let left = xAxis.fraction(each.x)
    // Labels stand above and to the left of a rising curve; at the left edge there is no room.
    let side = left < 0.1 ? " below" : ""
    return "<div class=\"note\(side)\" style=\"left:\(percent(left));"
      + "top:\(percent(1 - yAxis.fraction(each.y)))\"><b>\(ReportText.escape(each.text))</b></div>"
  }

  private func percent(_ fraction: Double) -> String {
    ReportText.plain(min(max(fraction, 0), 1) * 100, digits: 2) + "%"
  }

  /// What the tooltip needs, in the units of the data.
  private func json() -> String {
    let all = series.map { each in
      let positions = each.points.map { ReportText.coordinate(x($0.x)) }
      let values = each.points.map {
        $0.y.map { ReportText.trimmed(ReportText.plain($0, digits: 2)) }
      }
      return "{\"name\":\(ReportText.json(each.name)),\"colour\":\"\(each.colour)\""
        + ",\"unit\":\"\(each.unit)\",\"reading\":\"\(each.reading.rawValue)\",\"mirrored\":\(each.isMirrored)"
        + ",\"x\":[\(positions.joined(separator: ","))]"
        + ",\"y\":[\(values.map { $0 ?? "null" }.joined(separator: ","))]}"
    }
    return
      "{\"kind\":\"\(axisKind.rawValue)\",\"x\":[\(number(xAxis.lower)),\(number(xAxis.upper))]"
      + ",\"y\":[\(number(yAxis.lower)),\(number(yAxis.upper))],\"log\":\(yAxis.isLogarithmic)"
      + ",\"series\":[\(all.joined(separator: ","))]}"
  }

  private func number(_ value: Double) -> String { ReportText.plain(value, digits: 4) }
}
