// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCapture
public import ApusThreads

/// Why a replay cannot be, or could not be done; its description is one line.
///
/// What is wrong with a recording is none of these: it ends the reading, and the figures name it.
public enum TradingReplayError: Error, Sendable, CustomStringConvertible {
  /// No recording was named.
  case noRecording
  /// An order log is replayed alone: each has orders of its own.
  case severalOrderLogs
  /// The asked-for CPU.
  case cpu(index: Int, ThreadError)
  /// A name that no instrument can have.
  case symbol(String)
  /// A choice of instruments for a form that has one.
  case symbolsOfOneInstrument
  /// Rows to compare with, for another form than LOBSTER.
  case nothingToVerify(path: String, MarketDataFormat)
  /// A form whose recordings cannot be turned into orders.
  case noOrders(MarketDataFormat)
  /// A pipe or device, where the recording has to be read twice.
  case readOnce(path: String)
  /// An order log among recordings.
  case orderLogAmongRecordings(path: String)
  /// Recordings of several forms.
  case severalFormats(path: String, MarketDataFormat, before: MarketDataFormat)
  /// A directory, or a file that is used twice.
  case file(CaptureError)
  /// An output that could not be written.
  case output(CaptureError)
  /// The host or the books could not be made.
  case resources(String)

  /// One line.
  public var description: String {
    switch self {
    case .noRecording: "no recording is named"
    case .severalOrderLogs: "an order log is replayed alone, since each has orders of its own"
    case .cpu(let index, let error): "CPU \(index): \(error)"
    case .symbol(let name): "\(name): names of instruments have 1 to 8 printable characters"
    case .symbolsOfOneInstrument: "a LOBSTER file is of one instrument, which cannot be chosen"
    case .nothingToVerify(let path, let format):
      "\(path): is compared with LOBSTER messages, and the recording is \(format.rawValue)"
    case .noOrders(let format): "\(format.rawValue): begins with orders that it does not name"
    case .readOnce(let path): "\(path): is a pipe or device, and a report reads twice"
    case .orderLogAmongRecordings(let path):
      "\(path): is an order log, and the others are none; replay it alone"
    case .severalFormats(let path, let format, let before):
      "\(path): is \(format.rawValue) and the files before it are \(before.rawValue); "
        + "replay them one by one"
    case .file(let error), .output(let error): error.description
    case .resources(let text): text
    }
  }

  /// What is wrong with a file that is to be written.
  static func writing(_ error: CaptureError) -> TradingReplayError {
    error.isUsageError ? .file(error) : .output(error)
  }
}

/// How far a replay is.
public struct ReplayProgress: Sendable {
  /// What is being done.
  public enum Phase: Sendable {
    /// Applying the recording.
    case replaying
    /// Reading it again for a report's plots.
    case plotting
  }

  /// What is being done.
  public var phase: Phase
  /// Index of the file, from 0.
  public var fileIndex: Int
  /// How much of the file is done. Unit: bytes, or commands of an order log.
  public var done: UInt64
  /// How much there is; nil where it is not known.
  public var total: UInt64?
  /// Messages or commands that were applied.
  public var appliedCount: UInt64
}

/// Is told now and then how far a replay is.
public typealias ReplayProgressReport = (ReplayProgress) -> Void
