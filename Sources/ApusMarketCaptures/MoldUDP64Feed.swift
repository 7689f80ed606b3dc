// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusMarketProtocols

/// The sessions of a feed, and the packets that are held while one of them begins.
///
/// The first packet seen of a session need not be its first one: lines and switches reorder them, and
/// a packet with a far number may come before all others. So the packets of the whole feed are held
/// from a new session's first one on, for as many as a packet out of turn waits; then each session
/// begins at the lowest number held of it, and the packets are taken in the order in which they came.
/// Nothing that was held comes too late, and sessions that run side by side stay in step.
struct MoldUDP64Feed {
  private struct HeldPacket {
    var position: Int
    var sequence: UInt64
    var count: UInt64
    var payload: [UInt8]
    var place: MoldUDP64Sequencer.Place
  }

  /// Few sessions: a scan is fastest.
  private var sessions: [MoldUDP64Sequencer] = []
  /// In the order in which they came; empty where every session has begun.
  private var held: [HeldPacket] = []
  private var heldByteCount = 0
  /// Packets held since the last new session's first one.
  private var heldSinceNewSession = 0
  /// The lowest number held of a session that has not begun, by its place.
  private var lowest: [Int: UInt64] = [:]

  /// Place of a session, which is new where it was not seen; nil where it is one too many.
  mutating func position(
    of session: MoldUDP64.Session, _ statistics: inout MoldUDP64Statistics
  ) -> Int? {
    if let known = sessions.firstIndex(where: { $0.session == session }) { return known }
    guard sessions.count < MoldUDP64Producer.sessionCountMax else { return nil }
    sessions.append(MoldUDP64Sequencer(session: session))
    statistics.sessionCount += 1
    return sessions.count - 1
  }

  /// Notes that messages of a session below a number were sent.
  mutating func announce(
    _ position: Int, _ sequence: UInt64, at place: MoldUDP64Sequencer.Place
  ) {
    sessions[position].announce(sequence, at: place)
  }

  /// Takes a packet with messages; see ``MoldUDP64Sequencer/take(_:count:payload:at:into:_:)``.
  mutating func take(
    _ position: Int, _ sequence: UInt64, count: UInt64, payload: RawSpan,
    at place: MoldUDP64Sequencer.Place, into output: inout [UInt8],
    _ statistics: inout MoldUDP64Statistics
  ) {
    if held.isEmpty, sessions[position].hasBegun {
      sessions[position].take(
        sequence, count: count, payload: payload, at: place, into: &output, &statistics)
      return
    }
    hold(position, sequence, count, payload, place)
    if heldSinceNewSession >= MoldUDP64Sequencer.waitingPacketCountMax
      || heldByteCount > MoldUDP64Sequencer.waitingByteCountMax
    {
      release(into: &output, &statistics)
    }
  }

  /// Ends every session.
  mutating func finish(into output: inout [UInt8], _ statistics: inout MoldUDP64Statistics) {
    release(into: &output, &statistics)
    for index in sessions.indices { sessions[index].finish(into: &output, &statistics) }
  }

  // MARK: Beginnings

  private mutating func hold(
    _ position: Int, _ sequence: UInt64, _ count: UInt64, _ payload: RawSpan,
    _ place: MoldUDP64Sequencer.Place
  ) {
    if !sessions[position].hasBegun {
      if lowest[position] == nil { heldSinceNewSession = 0 }
      lowest[position] = min(sequence, lowest[position] ?? sequence)
    }
    let bytes = unsafe payload.withUnsafeBytes { unsafe Array($0) }
    held.append(
      HeldPacket(
        position: position, sequence: sequence, count: count, payload: bytes, place: place))
    heldByteCount += bytes.count
    heldSinceNewSession += 1
  }

  /// Begins the sessions that have not begun and takes the packets held.
  private mutating func release(
    into output: inout [UInt8], _ statistics: inout MoldUDP64Statistics
  ) {
    let packets = held
    held = []
    heldByteCount = 0
    heldSinceNewSession = 0
    var last = [Int](repeating: -1, count: sessions.count)
    for (index, packet) in packets.enumerated() { last[packet.position] = index }
    for (index, packet) in packets.enumerated() {
      if let first = lowest.removeValue(forKey: packet.position) {
        // Where a session takes the place of another, nothing that the other waits for comes any more.
        for other in sessions.indices where last[other] < index {
          sessions[other].flush(into: &output, &statistics)
        }
        sessions[packet.position].begin(at: first)
      }
      unsafe sessions[packet.position].take(
        packet.sequence, count: packet.count, payload: packet.payload.span.bytes,
        at: packet.place, into: &output, &statistics)
    }
  }
}
