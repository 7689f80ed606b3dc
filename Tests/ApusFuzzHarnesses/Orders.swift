// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusTestSupport
internal import ApusTrading
internal import ApusTradingService

extension FuzzHarness {
  /// Order logs: the header is written as it was read, and every record is as it stands in the file.
  /// The first byte says whether the header's count is put right.
  static let orderLog = FuzzHarness("orderLog") {
    let commands: [MatchingCommand] = [
      .defineInstrument(1), .new(orderId: 1, owner: 1, instrument: 1, side: .buy, quantity: 5),
    ]
    let records = commands.enumerated().map {
      OrderLogRecord(timeNanoseconds: UInt64($0.offset), command: $0.element)
    }
    let body = OrderLogRecord.withBytes(of: records.span) { $0.copiedPrefix(.max) }
    let header = OrderLogHeader(kind: "steady", seed: 7, recordCount: 2)
    return [[0] + header.bytes + body, [1] + header.bytes + body + body.dropLast(70), [0]]
  } run: { bytes in
    guard bytes.count > 1 else { return }
    var file = Array(bytes.dropFirst())
    let recordCount = max(0, file.count - OrderLogHeader.byteCount) / OrderLogRecord.byteCount
    if bytes[0] & 1 == 1 { file.put(UInt64(recordCount), at: 40) }
    var records: [OrderLogRecord] = []
    var isWhole = false
    do {
      var reader = try OrderLogReader(path: FuzzFile.write(file, "any.orders"))
      guard reader.header.bytes == Array(file.prefix(OrderLogHeader.byteCount)) else {
        throw BrokenLaw(description: "the header is written otherwise: \(reader.header)")
      }
      var batch: [OrderLogRecord] = []
      while true {
        let more: Bool
        do throws(CaptureError) { more = try reader.next(into: &batch) } catch {
          records += batch
          guard records.count <= recordCount else {
            throw BrokenLaw(description: "\(records.count) of \(recordCount) records")
          }
          return
        }
        records += batch
        if !more { break }
      }
      isWhole = true
    } catch let error as BrokenLaw {
      throw error
    } catch {
      return
    }
    let again = OrderLogRecord.withBytes(of: records.span) { $0.copiedPrefix(.max) }
    try law(
      !isWhole || again == Array(file.dropFirst(OrderLogHeader.byteCount)),
      "\(records.count) records are written otherwise")
  }

  /// Commands of any bits at tiny capacities: every command has events that can be told, the books
  /// stay whole, and an engine that comes back from a snapshot goes on as the one that wrote it.
  static let matchingCommands = FuzzHarness("matchingCommands", isSlow: true) {
    FuzzCommands.seeds
  } run: { bytes in
    var input = FuzzInput(bytes)
    let configuration = FuzzCommands.configuration(&input)
    let market = try FuzzMarket(MatchingEngine(configuration: configuration), configuration)
    let mode = input.byte()
    var commands = FuzzCommands(beginning: mode & 7 != 7)
    var step = 0
    while let command = commands.next(&input), step < 400 {
      step += 1
      _ = try market.apply(command, at: commands.time)
      if step % 128 == 0 { try market.checkInvariants() }
    }
    try market.checkInvariants()
    // A snapshot and a digest look at every instrument and owner that there could be: most of the
    // time goes there, so that only one input in four does it.
    guard mode & 24 == 0 else { return }
    let restored = try FuzzMarket(restoring: market.snapshot(), configuration)
    try law(
      restored.digest == market.digest, "a snapshot restores to another digest after \(step) steps")
    for command in FuzzCommands.ending {
      let (ours, theirs) = (
        try market.apply(command, at: commands.time), try restored.apply(command, at: commands.time)
      )
      try law(ours == theirs, "\(command) gives \(ours), and after the snapshot \(theirs)")
    }
    try law(restored.digest == market.digest, "another digest some commands after the snapshot")
    try restored.checkInvariants()
  }
}

/// An engine and room for its events.
final class FuzzMarket {
  private var engine: MatchingEngine
  private var queue: EventQueue<MatchingEvent>
  private var sequence: UInt64 = 0

  init(_ engine: consuming MatchingEngine, _ configuration: MatchingEngine.Configuration) throws {
    let queue = try EventQueue<MatchingEvent>(capacity: configuration.eventCountMax)
    self.engine = engine
    self.queue = queue
  }

  convenience init(
    restoring bytes: [UInt8], _ configuration: MatchingEngine.Configuration
  ) throws {
    var reader = SnapshotReader(source: SnapshotBytes(bytes))
    let engine = try MatchingEngine(configuration: configuration, snapshot: &reader)
    try reader.finish()
    try self.init(engine, configuration)
  }

  var digest: UInt64 { engine.digest }

  func apply(_ command: MatchingCommand, at time: UInt64) throws -> [MatchingEvent] {
    sequence += 1
    queue.withSink(sequence: sequence, countMax: engine.eventCountMax) { sink in
      engine.apply(command, at: Nanoseconds(time), sequence: sequence, into: &sink)
    }
    var events: [MatchingEvent] = []
    queue.removeAll { events.append($0.event) }
    try law(!events.isEmpty, "no event of \(command)")
    for event in events {
      try law(event.kind != nil && event.reason != nil, "\(command) gives \(event)")
    }
    return events
  }

  func checkInvariants() throws { try FuzzHarness.checkInvariants(engine.books) }

  func snapshot() throws -> [UInt8] {
    let target = SnapshotBytes()
    var writer = SnapshotWriter(target: target)
    try engine.writeSnapshot(to: &writer)
    try writer.finish()
    return target.bytes
  }
}
