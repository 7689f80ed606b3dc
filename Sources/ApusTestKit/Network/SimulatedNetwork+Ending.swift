// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

// How connections end, and how silence is noticed.
extension SimulatedNetwork {
  /// How long a closed end waits for the end of the other side, as Linux does. Unit: nanoseconds.
  private var finishNanoseconds: UInt64 { 60_000_000_000 }

  // MARK: Notices

  /// Tells the loop of an end that it has something.
  func notice(_ end: StreamEnd) {
    guard let owner = end.owner, !end.isNoticed else { return }
    end.isNoticed = true
    owner.notices.append(.stream(end.reference))
  }

  func notice(_ listener: NetworkListener) {
    guard !listener.isNoticed else { return }
    listener.isNoticed = true
    listener.owner.notices.append(.listener(listener.reference))
  }

  // MARK: Ending

  /// Nothing follows what is written.
  func finish(_ end: StreamEnd) {
    guard end.state == .open, !end.isFinishing else { return }
    end.isFinishing = true
    transmit(end)
  }

  /// A loop lets an end go. What was written is still sent, unless it is reset, or something came that nobody
  /// has read.
  func release(_ end: StreamEnd, resets: Bool) {
    end.owner = nil
    end.isNoticed = false
    guard end.state == .open else { return remove(end) }
    if resets || end.receiveBytes.count > 0 {
      end.state = .resetting
      // It stays until the reset arrives: so long what was sent before is under way.
      if !send(.reset, of: end, first: Int(ECONNRESET)) { remove(end) }
      return
    }
    finish(end)
    end.progressTime = max(end.progressTime, time)
    setTimer(end)
    removeIfOver(end)
  }

  func resetArrived(_ event: NetworkEvent) {
    let sender = streams[event.source]
    defer { if let sender { remove(sender) } }
    guard let end = streams[event.target] else { return }
    guard !(sender.map { swallows($0.path) } ?? swallows(end.pathBack)) else { return }
    fail(end, Int32(truncatingIfNeeded: event.first))
  }

  /// An end fails: what it wanted to send is lost, what it has received can be read.
  func fail(_ end: StreamEnd, _ errno: Int32) {
    guard end.state != .failed else { return }
    if end.state == .accepting {
      listeners[end.listener]?.waitingCount -= 1
      return remove(end)
    }
    end.state = .failed
    end.errno = errno
    end.sendBytes.removeAll()
    if end.isOrphan { remove(end) } else { notice(end) }
  }

  /// An orderly end whose two directions are over needs no memory.
  func removeIfOver(_ end: StreamEnd) {
    guard end.isOrphan, end.state == .open, end.isEndAcknowledged, end.hasEnd else { return }
    streams[end.peer]?.isPeerGone = true
    remove(end)
  }

  func remove(_ end: StreamEnd) {
    end.owner = nil
    end.listener = .none
    streams.remove(end.reference)
  }

  // MARK: Silence

  private enum Waiting {
    case nothing
    /// For an answer to what was sent.
    case answer
    /// For room at the other side.
    case room
    /// For the other side's end.
    case finish
  }

  private func waiting(_ end: StreamEnd) -> Waiting {
    switch end.state {
    case .connecting, .accepting: return .answer
    case .resetting, .failed: return .nothing
    case .open: break
    }
    if end.transmitted > end.acknowledged { return .answer }
    if end.transmitted < end.written { return .room }
    return end.isOrphan && end.isEndAcknowledged ? .finish : .nothing
  }

  /// When an end has waited too long.
  private func deadline(_ end: StreamEnd) -> UInt64 {
    if waiting(end) == .finish { return later(end.progressTime, finishNanoseconds) }
    // The last packet's answer may still be under way.
    let back = end.pathBack.settings
    let heard = max(
      end.progressTime,
      later(later(end.lastArrival, back.latencyNanoseconds), back.jitterNanoseconds))
    let first =
      end.state == .connecting
      ? configuration.connectNanoseconds : configuration.retransmissionNanoseconds
    let doubled = first.multipliedReportingOverflow(by: 1 << UInt64(min(end.doublingCount, 30)))
    let limit = end.state == .connecting ? .max : configuration.retransmissionNanosecondsMax
    return later(heard, doubled.overflow ? limit : min(doubled.partialValue, limit))
  }

  /// Sets the timer of an end that waits. One that is set looks again when it is due.
  func setTimer(_ end: StreamEnd) {
    guard !end.timerIsSet, waiting(end) != .nothing else { return }
    end.timerIsSet = true
    if end.progressTime < time { end.progressTime = time }
    plan(NetworkEvent(time: deadline(end), kind: .timer, source: end.reference))
  }

  func timerFired(_ event: NetworkEvent) {
    guard let end = streams[event.source] else { return }
    end.timerIsSet = false
    let waiting = waiting(end)
    if waiting == .nothing { return }
    let due = deadline(end)
    guard due <= time else {
      end.timerIsSet = true
      return plan(NetworkEvent(time: due, kind: .timer, source: end.reference))
    }
    if waiting == .finish { return remove(end) }
    counts.timeoutCount += 1
    end.unansweredCount += 1
    end.doublingCount += 1
    end.progressTime = time
    let countMax =
      end.state == .connecting
      ? configuration.connectAttemptCountMax - 1 : configuration.retransmissionCountMax
    guard end.unansweredCount <= countMax else {
      counts.timedOutCount += 1
      return fail(end, ETIMEDOUT)
    }
    switch end.state {
    case .connecting: send(.connect, of: end)
    case .accepting: send(.accept, of: end)
    case .open where waiting == .room:
      // Nothing, in place of which the other side says how much room it has.
      send(.segment, of: end, first: end.transmitted, second: 0)
    case .open:
      end.transmitted = end.acknowledged
      transmit(end)
    case .resetting, .failed: break
    }
    setTimer(end)
  }
}
