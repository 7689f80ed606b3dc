// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

/// Puts the packets of one session in order.
///
/// A packet that comes before its turn waits for those before it: the other line of a redundant feed
/// may bring them. When ``waitingPacketCountMax`` packets have come and the turn was none of theirs,
/// what is missing is a gap, and the feed continues behind it. While the feed continues without it, a
/// packet far ahead only waits. A heartbeat brings nothing, so it moves nothing: what it announces and
/// nobody brings is a gap at the end.
struct MoldUDP64Sequencer {
  /// Where a packet stands.
  struct Place {
    var path: String
    var packetNumber: UInt64
    var captureOffset: UInt64
  }

  private struct Waiting {
    var sequence: UInt64
    var count: UInt64
    var payload: [UInt8]
    var place: Place
  }

  /// Packets that may come before a missing one does.
  static let waitingPacketCountMax = 1_024
  /// Bytes of packets that wait. A packet has 64 KiB at most.
  static let waitingByteCountMax = 8 << 20
  /// Gaps that a late message is looked for in; older ones are forgotten.
  static let gapsKeptMax = 1_024

  let session: MoldUDP64.Session
  /// Sequence number expected next; 0 before the session begins.
  private(set) var next: UInt64 = 0
  /// Where the session begins; nil before that is known.
  private var first: UInt64?
  private var announced: (sequence: UInt64, place: Place)?
  /// By sequence number.
  private var waiting: [Waiting] = []
  private var waitingByteCount = 0
  /// Packets that came before their turn since the last one in turn.
  private var arrivedSinceTurn = 0
  /// Gaps in ascending order.
  private var gaps: [ClosedRange<UInt64>] = []

  /// A session of which no message was taken.
  init(session: MoldUDP64.Session) { self.session = session }

  /// Whether it is known where the session begins.
  var hasBegun: Bool { first != nil }

  /// Begins the session: messages below this number come too late.
  mutating func begin(at sequence: UInt64) {
    first = sequence
    next = sequence
  }

  /// Notes that messages below a number were sent.
  mutating func announce(_ sequence: UInt64, at place: Place) {
    guard sequence >= next, sequence > announced?.sequence ?? 0 else { return }
    announced = (sequence, place)
  }

  /// Takes a packet with messages.
  ///
  /// - Parameters:
  ///   - count: Messages in the packet, at least 1; the number of the last one fits 64 bits.
  ///   - payload: The whole packet, whose messages were checked to fill it.
  ///   - output: Gets the framed messages whose turn it is.
  /// - Precondition: The session has begun.
  mutating func take(
    _ sequence: UInt64, count: UInt64, payload: RawSpan, at place: Place,
    into output: inout [UInt8], _ statistics: inout MoldUDP64Statistics
  ) {
    if sequence > next {
      wait(sequence, count, payload, place, into: &output, &statistics)
      return
    }
    guard sequence + count > next else {
      countSeen(sequence..<sequence + count, &statistics)
      return
    }
    deliver(sequence, count, payload, into: &output, &statistics)
    arrivedSinceTurn = 0
    deliverWaiting(into: &output, &statistics)
  }

  /// Gives up waiting: what is missing before the packets that wait are gaps.
  mutating func flush(into output: inout [UInt8], _ statistics: inout MoldUDP64Statistics) {
    while !waiting.isEmpty { skipGap(into: &output, &statistics) }
  }

  /// Ends the session: what was announced and did not come is a gap.
  mutating func finish(into output: inout [UInt8], _ statistics: inout MoldUDP64Statistics) {
    flush(into: &output, &statistics)
    if let announced, announced.sequence > next {
      // Where nothing came, nothing says where it should have begun.
      if first != nil { addGap(upTo: announced.sequence, announced.place, &statistics) }
      next = announced.sequence
    }
    announced = nil
  }

  // MARK: Order

  private mutating func wait(
    _ sequence: UInt64, _ count: UInt64, _ payload: RawSpan, _ place: Place,
    into output: inout [UInt8], _ statistics: inout MoldUDP64Statistics
  ) {
    let index = waitingIndex(sequence)
    if index < waiting.count, waiting[index].sequence == sequence, waiting[index].count == count {
      statistics.duplicateMessageCount += count
      return
    }
    let bytes = unsafe payload.withUnsafeBytes { unsafe Array($0) }
    waiting.insert(
      Waiting(sequence: sequence, count: count, payload: bytes, place: place), at: index)
    waitingByteCount += bytes.count
    arrivedSinceTurn += 1
    statistics.reorderedPacketCount += 1
    let isFull =
      waiting.count >= 2 * Self.waitingPacketCountMax
      || waitingByteCount > Self.waitingByteCountMax
    guard isFull || arrivedSinceTurn >= Self.waitingPacketCountMax else { return }
    if arrivedSinceTurn * 2 >= waiting.count {
      // Nothing else comes any more: the feed is there where these packets are.
      skipGap(into: &output, &statistics)
    } else {
      let stray = waiting.removeLast()
      waitingByteCount -= stray.payload.count
      statistics.strayPacketCount += 1
    }
  }

  /// Index of the first waiting packet of at least this number.
  private func waitingIndex(_ sequence: UInt64) -> Int {
    var low = 0
    var high = waiting.count
    while low < high {
      let middle = (low + high) / 2
      if waiting[middle].sequence < sequence { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func skipGap(
    into output: inout [UInt8], _ statistics: inout MoldUDP64Statistics
  ) {
    guard let lowest = waiting.first else { return }
    addGap(upTo: lowest.sequence, lowest.place, &statistics)
    next = lowest.sequence
    arrivedSinceTurn = 0
    deliverWaiting(into: &output, &statistics)
  }

  private mutating func deliverWaiting(
    into output: inout [UInt8], _ statistics: inout MoldUDP64Statistics
  ) {
    var count = 0
    while count < waiting.count, waiting[count].sequence <= next {
      let packet = waiting[count]
      unsafe deliver(
        packet.sequence, packet.count, packet.payload.span.bytes, into: &output, &statistics)
      waitingByteCount -= packet.payload.count
      count += 1
    }
    waiting.removeFirst(count)
  }

  /// Hands on those messages of a packet that were not handed on before.
  ///
  /// - Precondition: None is missing before it.
  private mutating func deliver(
    _ sequence: UInt64, _ count: UInt64, _ payload: RawSpan, into output: inout [UInt8],
    _ statistics: inout MoldUDP64Statistics
  ) {
    let repeated = min(count, next - sequence)
    countSeen(sequence..<sequence + repeated, &statistics)
    guard repeated < count,
      let start = MoldUDP64.endOfMessages(payload, count: Int(repeated))
    else { return }
    next = sequence + count
    // SAFETY: the messages were checked to lie inside the payload.
    unsafe payload.extracting(start..<payload.byteCount).withUnsafeBytes {
      unsafe output.append(contentsOf: $0)
    }
  }

  // MARK: What is not taken

  private mutating func addGap(
    upTo end: UInt64, _ place: Place, _ statistics: inout MoldUDP64Statistics
  ) {
    statistics.gapCount += 1
    statistics.gapMessageCount &+= end - next
    if gaps.count == Self.gapsKeptMax { gaps.removeFirst(Self.gapsKeptMax / 2) }
    gaps.append(next...end - 1)
    guard statistics.gaps.count < MoldUDP64Statistics.gapsListedMax else { return }
    statistics.gaps.append(
      MoldUDP64Gap(
        session: session, firstSequence: next, lastSequence: end - 1, path: place.path,
        packetNumber: place.packetNumber, captureOffset: place.captureOffset))
  }

  /// Counts messages below ``next``: those that were taken are repeated, the others came too late.
  private func countSeen(
    _ sequences: Range<UInt64>, _ statistics: inout MoldUDP64Statistics
  ) {
    guard !sequences.isEmpty else { return }
    var late: UInt64 = 0
    if let first, sequences.lowerBound < first {
      late += min(first, sequences.upperBound) - sequences.lowerBound
    }
    for gap in gaps.reversed() {
      // Ascending: those before it lie lower still.
      if gap.upperBound < sequences.lowerBound { break }
      let low = max(gap.lowerBound, sequences.lowerBound)
      let high = min(gap.upperBound, sequences.upperBound - 1)
      if low <= high { late += high - low + 1 }
    }
    statistics.lateMessageCount += late
    statistics.duplicateMessageCount += UInt64(sequences.count) - late
  }
}
