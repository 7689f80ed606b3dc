// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusTrading

extension RecordingInputs {
  /// A recording of a form that was found, not asked for: it has that form too.
  func take(_ index: Int, expecting format: MarketDataFormat?) throws(CaptureError)
    -> HeadedProducer
  {
    let stream = try take(index)
    if let format, RecordingFormat.detect(stream.head) != format {
      throw CaptureError(
        path: paths[index], offset: 0,
        reason: .foreign(
          "no \(format.rawValue), as the files before it are; replay them one by one"))
    }
    return stream
  }

  /// The form of all recordings: the one asked for, or the one they agree on.
  ///
  /// A pipe behind the first file is not looked at before its turn: its writer may wait for ours to
  /// read the one before it.
  func detect(
    _ asked: MarketDataFormat?, _ words: ReplayWords = ReplayWords()
  ) throws -> MarketDataFormat {
    if let asked {
      if asked == .itch50, let path = paths.first, try RecordingFormat.detect(head(0)) != .itch50 {
        throw CaptureError(
          path: path, offset: 0,
          reason: .foreign("no ITCH 5.0 message begins here; try \(words.anyForm)"))
      }
      return asked
    }
    var agreed: MarketDataFormat?
    for (index, path) in paths.enumerated() where index == 0 || FileUse.isRereadable(path) {
      let head = try head(index)
      if head.starts(with: OrderLogHeader.magic) {
        throw TradingReplayError.orderLogAmongRecordings(path: path)
      }
      guard let format = RecordingFormat.detect(head) else {
        throw CaptureError(
          path: path, offset: 0,
          reason: .foreign(
            "neither ITCH 5.0, pcap, pcapng, SoupBinTCP nor LOBSTER; try \(words.namedForm)"))
      }
      if index > 0 { close(index) }
      if let agreed, agreed != format {
        throw TradingReplayError.severalFormats(path: path, format, before: agreed)
      }
      agreed = format
    }
    return agreed ?? .itch50
  }
}
