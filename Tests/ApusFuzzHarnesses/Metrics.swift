// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMetrics
internal import ApusTestSupport

extension FuzzHarness {
  /// Encoded histograms: plain, compressed as they are, and plain ones in a whole stream.
  static let histogram = FuzzHarness("histogram") {
    var histogram = try Histogram(highestTrackable: 100_000, significantDigits: 2)
    for value in [0, 1, 5, 5, 700, 99_000] as [UInt64] { histogram.record(value) }
    var wide = try Histogram(
      lowestDiscernible: 1_000, highestTrackable: 3_600_000_000_000, significantDigits: 1)
    wide.record(5_000_000, count: 1 << 40)
    return try [
      [0] + histogram.encodedV2(), [2] + histogram.encodedV2(), [0] + wide.encodedV2(),
      [1] + wide.encodedV2Compressed(),
    ]
  } run: { bytes in
    let encoded = Array(bytes.dropFirst())
    do {
      let histogram =
        switch (bytes.first ?? 0) % 3 {
        case 0: try Histogram(decodingV2: encoded)
        case 1: try Histogram(decodingV2Compressed: encoded)
        default: try Histogram(decodingV2Compressed: stored(encoded))
        }
      if let broken = checkHistogram(histogram) { throw broken }
    } catch let error as BrokenLaw {
      throw error
    } catch {
      return
    }
  }

  /// What is decoded is encoded to something that decodes to the same.
  private static func checkHistogram(_ histogram: borrowing Histogram) -> BrokenLaw? {
    do throws(HistogramError) {
      var total: UInt64 = 0
      histogram.forEachRecorded { total += $1 }
      let plain = try histogram.encodedV2()
      let again = try Histogram(decodingV2: plain)
      let text = try histogram.encodedBase64()
      let third = try Histogram(decodingBase64: text)
      let (encodedAgain, encodedThird) = (try again.encodedV2(), try third.encodedV2())
      guard total == histogram.totalCount, encodedAgain == plain, encodedThird == plain,
        histogram.value(atPercentile: 100) >= histogram.value(atPercentile: 50)
      else { return BrokenLaw(description: "\(histogram.totalCount) values, \(total) in \(text)") }
      return nil
    } catch {
      return BrokenLaw(description: "what was decoded is not encoded: \(error)")
    }
  }

  /// A zlib stream without compression, in the outer form.
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var (low, high): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      low = (low + UInt32(byte)) % 65_521
      high = (high + low) % 65_521
    }
    let length = UInt16(truncatingIfNeeded: bytes.count)
    let stream =
      [0x78, 0x01, 1] + Frames.little(length) + Frames.little(~length) + bytes.prefix(Int(length))
      + Frames.big(high << 16 | low)
    return Frames.big(UInt32(0x1C84_9314)) + Frames.big(UInt32(stream.count)) + stream
  }

  /// The text of a histogram log.
  static let histogramLog = FuzzHarness("histogramLog") {
    var histogram = try Histogram(highestTrackable: 1_000, significantDigits: 1)
    histogram.record(7)
    var log = HistogramLog.formatVersionLine() + HistogramLog.startTimeLine(secondsSinceEpoch: 9)
    log += HistogramLog.baseTimeLine(secondsSinceEpoch: 1.5) + HistogramLog.legendLine()
    for tag in [nil, "a"] {
      log += try HistogramLog.intervalLine(
        histogram, tag: tag, startSeconds: 1, lengthSeconds: 1)
    }
    return [Array(log.utf8)]
  } run: { bytes in
    var reader = HistogramLogReader(String(decoding: bytes, as: UTF8.self))
    let lineCount = bytes.count { $0 == 10 } + 1
    for _ in 0...lineCount {
      let before = reader.lineNumber
      do {
        guard let interval = try reader.next() else { return }
        if let broken = checkInterval(interval) { throw broken }
      } catch let error as BrokenLaw {
        throw error
      } catch {
        guard reader.lineNumber > before else { throw BrokenLaw(description: "stays at \(error)") }
      }
    }
    throw BrokenLaw(description: "\(lineCount) lines, and the reader is at \(reader.lineNumber)")
  }

  private static func checkInterval(_ interval: borrowing HistogramLogInterval) -> BrokenLaw? {
    guard interval.startSeconds.isFinite, interval.lengthSeconds.isFinite,
      interval.maximumField.isFinite
    else { return BrokenLaw(description: "an interval of \(interval.startSeconds)") }
    return checkHistogram(interval.histogram)
  }

  /// A counter file with changes: refused by name, or values that can be shown.
  static let counterFile = FuzzHarness("counterFile") {
    [[], [UInt8].change(4_096 + 8, to: 3), [UInt8].change(128, to: 2), [0, 16, 15]]
  } run: { bytes in
    var input = FuzzInput(bytes)
    var file = sampleCounters
    file.edit(&input)
    let path = FuzzFile.write(file, "any.counters")
    do {
      let reader = try CounterReader(path: path)
      let (first, second) = (try reader.snapshot(), try reader.snapshot())
      _ = (reader.writerState(), reader.isReplaced(), reader.writerProcessID)
      guard first.entries.map(\.identity) == second.entries.map(\.identity),
        Set(first.entries.map(\.identity)).count == first.entries.count,
        first.entries.count <= reader.slotCapacity
      else { throw BrokenLaw(description: "\(first.entries.map(\.identity))") }
      guard (try? PrometheusText.render(first)) != nil else { return }
    } catch let error as BrokenLaw {
      throw error
    } catch let error as CounterFileError {
      guard error.path == path else { throw BrokenLaw(description: "another file: \(error)") }
    }
  }

  /// A file with one counter, one gauge and one histogram.
  private static let sampleCounters: [UInt8] = {
    do throws(CounterFileError) {
      let file = try CounterFile(
        path: FuzzFile.path("sample.counters"),
        configuration: .init(slotCapacity: 4, histogramByteCapacity: 8_192))
      var orders = try file.counter(
        "orders_total", help: "Orders.", labels: [.init("venue", "XNAS"), .init("side", "buy")])
      orders.increment()
      var gauge = try file.gauge("depth")
      guard
        let layout = try? HistogramLayout(
          lowestDiscernible: 1, highestTrackable: 1_000, significantDigits: 1)
      else { return [] }
      var latency = try file.histogram("latency_nanoseconds", layout: layout)
      _ = latency.record(7)
      let bytes = FuzzFile.read("sample.counters")
      // They are live in the copy because they are used after it.
      gauge.set(3)
      _ = latency.record(8)
      orders.increment()
      return bytes
    } catch {
      fatalError("sampleCounters: \(error)")
    }
  }()
}
