// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusServiceKit
internal import ApusCore
internal import Foundation

/// Follows a counter file, and the one that takes its place when its writer is started again.
public struct CounterWatch: ~Copyable {
  /// Name of the file.
  public let path: String
  private var reader: CounterReader
  private var earlier: (snapshot: CounterSnapshot, time: ContinuousClock.Instant)?

  /// Opens a file.
  ///
  /// - Throws: ``TopError`` where it cannot be read.
  public init(path: String) throws(TopError) {
    self.path = path
    reader = try Self.open(path)
  }

  /// The counter file that a name stands for: a service's where it is the service's data folder.
  public static func file(of path: String) -> String {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    let isFolder = attributes?[.type] as? FileAttributeType == .typeDirectory
    return isFolder ? ServiceFolder(path).counters : path
  }

  /// Reads the file; from the second time on with rates since the time before.
  ///
  /// - Parameter isRecent: Whether percentiles are of the interval alone.
  /// - Throws: ``TopError`` for a file that is damaged.
  public mutating func next(isRecent: Bool = false) throws(TopError) -> TopReport {
    // Until the new file can be read the old one is better than nothing.
    if reader.isReplaced(), let replacement = try? Self.open(path) {
      reader = replacement
      earlier = nil
    }
    let snapshot: CounterSnapshot
    do throws(CounterFileError) {
      snapshot = try reader.snapshot()
    } catch {
      throw TopError(description: error.description)
    }
    let now = ContinuousClock.now
    let before = earlier.map {
      TopReport.Earlier(snapshot: $0.snapshot, seconds: (now - $0.time) / .seconds(1))
    }
    earlier = (snapshot, now)
    do throws(HistogramError) {
      return try TopReport(snapshot, of: reader, earlier: before, isRecent: isRecent)
    } catch {
      throw TopError(description: "\(path): \(error)")
    }
  }

  /// The file as Prometheus scrapes it.
  ///
  /// - Throws: ``TopError`` for a file that cannot be read.
  public static func prometheusText(path: String) throws(TopError) -> String {
    do {
      let reader = try CounterReader(path: path)
      return try PrometheusText.render(reader.snapshot())
    } catch let error as CounterFileError {
      throw TopError(description: error.description)
    } catch {
      throw TopError(description: "\(path): \(error)")
    }
  }

  private static func open(_ path: String) throws(TopError) -> CounterReader {
    do throws(CounterFileError) {
      return try CounterReader(path: path)
    } catch {
      throw TopError(description: error.description)
    }
  }
}

/// A counter file that cannot be shown.
public struct TopError: Error, CustomStringConvertible, Sendable {
  /// One line: the file, the field, what is wrong and what to do.
  public var description: String
}

/// The live view of a counter file in a terminal.
public enum LiveTop {
  /// Whether standard output is a terminal.
  public static var isOnTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Redraws in place until the process is stopped. What was on the screen above stays in the
  /// terminal's history; the size of the window is looked up for each picture.
  ///
  /// - Throws: ``TopError`` for a file that is damaged, and what writing to the terminal throws.
  public static func run(
    _ watch: inout CounterWatch, intervalSeconds: Double, isRecent: Bool
  ) throws {
    var isFirst = true
    while true {
      let report = try watch.next(isRecent: isRecent)
      let size = SystemProbe.terminalSize(descriptor: STDOUT_FILENO)
      let window = TopReport.Window(
        columnCount: size?.columnCount ?? 80, rowCount: size?.rowCount ?? 24)
      let picture = frame(report.renderLines(window: window), isFirst: isFirst)
      try FileHandle.standardOutput.write(contentsOf: Data(picture.utf8))
      isFirst = false
      Thread.sleep(forTimeInterval: intervalSeconds)
    }
  }

  /// Bytes that draw lines over the picture before: each is cleared to its end, and so is what
  /// lies below. The first clears the screen.
  static func frame(_ lines: [String], isFirst: Bool) -> String {
    (isFirst ? "\u{1B}[2J" : "") + "\u{1B}[H"
      + lines.map { $0 + "\u{1B}[K\r\n" }.joined() + "\u{1B}[J"
  }
}
