// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusIO
internal import Glibc

// Bytes of connections: pieces go out as far as the receiver has room, and are kept until it has them.
extension SimulatedNetwork {
  // MARK: Packets

  /// Whether a packet that arrives now is swallowed.
  func swallows(_ path: NetworkPath) -> Bool {
    if path.isCut { counts.cutSegmentCount += 1 }
    return path.isCut
  }

  /// How long a packet takes.
  func latency(_ path: NetworkPath) -> UInt64 {
    let jitter = path.settings.jitterNanoseconds
    guard jitter > 0 else { return path.settings.latencyNanoseconds }
    return later(path.settings.latencyNanoseconds, random.below(wide: jitter))
  }

  /// A sum of times; the end of the range where there is none.
  func later(_ time: UInt64, _ delay: UInt64) -> UInt64 {
    let (sum, isOver) = time.addingReportingOverflow(delay)
    return isOver ? .max : sum
  }

  /// When a packet has left, behind those that left the same way.
  func departure(_ path: NetworkPath, byteCount: Int) -> UInt64 {
    guard path.settings.bytesPerSecond > 0 else { return time }
    let headerByteCount = 40
    let byteCount = UInt64(byteCount + headerByteCount)
    path.freeAt = later(
      max(path.freeAt, time), byteCount * 1_000_000_000 / path.settings.bytesPerSecond)
    return path.freeAt
  }

  /// Sends a packet of a stream, in order; what chance loses is sent again until it gets through, or until the
  /// connection's patience would be over.
  ///
  /// - Returns: Whether it will arrive.
  @discardableResult
  func send(
    _ kind: NetworkEvent.Kind, of end: StreamEnd, first: Int = 0, second: Int = 0
  ) -> Bool {
    let path = end.path
    guard !swallows(path) else { return false }
    var delay = latency(path)
    var wait =
      kind == .connect ? configuration.connectNanoseconds : configuration.retransmissionNanoseconds
    var attempt = 0
    while strikes(path.settings.lossPerMille) {
      counts.lostSegmentCount += 1
      attempt += 1
      guard attempt < 4 else { return false }
      delay = later(delay, wait)
      wait = later(wait, wait)
    }
    let arrival = max(later(departure(path, byteCount: second), delay), end.lastArrival)
    end.lastArrival = arrival
    plan(
      NetworkEvent(
        time: arrival, kind: kind, source: end.reference, target: end.peer, first: first,
        second: second))
    return true
  }

  /// Tells the other side what came, and for how much more there is room.
  func acknowledge(_ end: StreamEnd) {
    end.advertisedEnd = end.read + end.receiveByteCountMax
    guard !swallows(end.path) else { return }
    plan(
      NetworkEvent(
        time: later(departure(end.path, byteCount: 0), latency(end.path)), kind: .acknowledge,
        target: end.peer, first: end.received, second: end.advertisedEnd))
  }

  /// Answers a packet that nobody can take.
  func sendReset(to end: StreamEnd, _ errno: Int32) {
    guard !swallows(end.pathBack) else { return }
    plan(
      NetworkEvent(
        time: later(time, latency(end.pathBack)), kind: .reset, target: end.reference,
        first: Int(errno)))
  }

  // MARK: Sending

  /// Sends what may be sent now.
  func transmit(_ end: StreamEnd) {
    guard end.state == .open else { return }
    let written = end.written
    while end.transmitted < written {
      // After silence one packet asks whether the other side is there.
      if end.unansweredCount > 0, end.transmitted > end.acknowledged { break }
      let count = min(
        written - end.transmitted, end.windowEnd - end.transmitted,
        configuration.segmentByteCountMax)
      guard count > 0 else {
        counts.closedWindowCount += 1
        break
      }
      if strikes(end.path.settings.resetPerMille) { return injectReset(end) }
      counts.segmentCount += 1
      send(.segment, of: end, first: end.transmitted, second: count)
      end.transmitted += count
    }
    if end.isFinishing, end.transmitted == written, !end.isEndAcknowledged {
      counts.segmentCount += 1
      send(.segment, of: end, first: end.transmitted, second: 0)
      end.transmitted += 1
    }
    setTimer(end)
  }

  func segmentArrived(_ event: NetworkEvent) {
    // Bytes of a sender that is gone are lost with it.
    guard let sender = streams[event.source], sender.state != .failed,
      !swallows(sender.path)
    else { return }
    guard let end = streams[event.target], end.state != .failed, end.state != .resetting else {
      return refuse(event, of: sender)
    }
    if end.state == .accepting { opened(end) }
    guard end.state == .open else { return }
    let skipped = end.received - event.first
    let isEnd = sender.isFinishing && event.first == sender.written && event.second == 0
    if skipped >= 0, skipped < event.second {
      guard !end.isOrphan else {
        // Nobody is there who could read it.
        sendReset(to: sender, ECONNRESET)
        return remove(end)
      }
      let count = min(
        event.second - skipped, end.receiveByteCountMax - end.receiveBytes.count)
      let offset = end.received - sender.bytesStart
      if count > 0, offset >= 0, offset + count <= sender.sendBytes.count {
        end.receiveBytes.append(sender.sendBytes, from: offset, count: count)
        end.received += count
      }
    } else if isEnd, skipped == 0, !end.hasEnd {
      end.hasEnd = true
      end.received += 1
    }
    notice(end)
    acknowledge(end)
    removeIfOver(end)
  }

  /// A packet for an end that is gone.
  private func refuse(_ event: NetworkEvent, of sender: StreamEnd) {
    guard sender.peerHost.isUp else { return }
    if sender.isPeerGone {
      // The other side had everything before it went; only its answer was lost.
      plan(
        NetworkEvent(
          time: later(time, latency(sender.pathBack)), kind: .acknowledge, target: sender.reference,
          first: sender.written + (sender.isFinishing ? 1 : 0), second: sender.windowEnd))
    } else {
      sendReset(to: sender, ECONNRESET)
    }
  }

  func acknowledgeArrived(_ event: NetworkEvent) {
    guard let end = streams[event.target], !swallows(end.pathBack) else { return }
    if end.state == .accepting { opened(end) }
    guard end.state == .open else { return }
    end.unansweredCount = 0
    let gain = event.first - end.acknowledged
    if gain > 0, event.first <= end.written + (end.isFinishing ? 1 : 0) {
      let isEnd = end.isFinishing && event.first == end.written + 1
      end.sendBytes.drop(gain - (isEnd ? 1 : 0))
      end.acknowledged = event.first
      end.isEndAcknowledged = isEnd
      end.transmitted = max(end.transmitted, end.acknowledged)
      end.doublingCount = 0
      end.progressTime = time
      if end.wantsRoom, end.room * 3 >= end.sendByteCountMax { notice(end) }
    }
    if event.second > end.windowEnd {
      end.windowEnd = event.second
      end.doublingCount = 0
      end.progressTime = time
    }
    transmit(end)
    removeIfOver(end)
  }

  // MARK: What a loop does

  /// Takes bytes from a loop, as far as there is room.
  func write(_ end: StreamEnd, _ bytes: UnsafeRawBufferPointer) -> Int {
    let count = min(bytes.count, end.room)
    // SAFETY: `count` is at most what there is.
    unsafe end.sendBytes.append(UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
    return count
  }

  /// Gives bytes to a loop: a part of what is there, where chance wants it.
  func read(_ end: StreamEnd, into target: UnsafeMutableRawBufferPointer) -> Int {
    var count = min(target.count, end.receiveBytes.count)
    guard count > 0, let base = target.baseAddress else { return 0 }
    if count > 1, strikes(configuration.shortReadPerMille) {
      count = 1 + random.below(count - 1)
      counts.shortReadCount += 1
    }
    // SAFETY: the target has room for `count`.
    unsafe end.receiveBytes.take(count, to: base)
    end.read += count
    // Not every byte is worth a packet: as much as a segment, or half of the buffer.
    let gain = end.read + end.receiveByteCountMax - end.advertisedEnd
    if end.state == .open,
      gain >= min(configuration.segmentByteCountMax, (end.receiveByteCountMax + 1) / 2)
    {
      acknowledge(end)
    }
    return count
  }
}
