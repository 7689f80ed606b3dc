// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
internal import ApusIO
internal import ApusJournal

extension ReplicationPrimary {
  /// Takes connections, reads what standbys say, and sends each the next records.
  ///
  /// - Parameter now: Of a clock that does not go back, always the same one.
  /// - Returns: What was done, in records, frames and connections; 0 when there was nothing to do.
  /// - Complexity: O(frames moved): at most one frame of records a standby.
  public mutating func step(now: Nanoseconds) -> Int {
    var done = takeEvents(now)
    var next: StandbySession?
    for session in sessions {
      done += takeFrames(session, now)
      if session.awaitsLook, session.turn < next?.turn ?? .max { next = session }
      if fencingEpoch != 0 { dismissFenced(session, now) }
      done += send(session, now)
      done += session.link.flush() > 0 ? 1 : 0
      endIfOver(session, now)
    }
    if let next { done += look(next, now) }
    // Last: whoever came before has had a look at what it says before it goes for a later one.
    makeRoom()
    done += removeClosed()
    // What is said now leaves now, and not with the next step.
    if done > 0 { loop.flush() }
    return done
  }

  /// Takes connections and what they say.
  private mutating func takeEvents(_ now: Nanoseconds) -> Int {
    var done = 0
    // Counted when somebody comes: most steps have nobody new.
    var room: Int?
    _ = loop.step(now: now, countMax: ReplicationLoop.primaryEventCountMax)
    while let event = loop.nextEvent() {
      done += 1
      switch event {
      case .accepted(let connection, _):
        let left = room ?? newcomerRoom
        room = left - 1
        if left > 0 { accept(connection, now) } else { turnAway(connection) }
      case .acceptFailed: counters.acceptFailureCount += 1
      case .stopped(_, let errno):
        // Nobody can connect any more.
        if failure == nil {
          failure = .system(operation: "accept", endpoint: endpoint, errno: errno)
        }
      case .received(let connection, _), .ended(let connection), .closed(let connection, _):
        guard let session = sessionsByPlace[connection.index],
          session.link.connection == connection
        else { continue }
        session.link.take(event, now: now)
        while session.link.absorb(now: now) { done += takeFrames(session, now) }
        // Whoever waits for a look has nothing more to say until then.
        if session.link.hasOffered { session.link.close(.fault(.unexpected)) }
      default: break
      }
    }
    return done
  }

  /// How many may come in this step: into free places, and in place of older ones that are unfinished.
  private var newcomerRoom: Int {
    configuration.handshakeCountMax + ReplicationLoop.displacingCountMax - unfinishedCount
  }

  /// Connections that are no standby's.
  private var unfinishedCount: Int { sessions.count { !$0.holdsPlace } }

  private mutating func accept(_ connection: ConnectionID, _ now: Nanoseconds) {
    counters.connectionCount += 1
    do throws(ReplicationError) {
      let short = ReplicationFormat.frameByteCountMin
      let link = try FrameLink(
        loop, connection, isConnected: true, context: context, taking: short,
        slackByteCount: ReplicationLoop.primaryBufferByteCount, sending: short, now: now)
      let session = StandbySession(link, turn: nextTurn(), now: now)
      sessions.append(session)
      sessionsByPlace[connection.index] = session
    } catch {
      // No memory for one more connection; those that are there stay.
      counters.note(.failed(errno: noMemory))
    }
  }

  /// One of too many that came at once.
  private mutating func turnAway(_ connection: ConnectionID) {
    counters.connectionCount += 1
    counters.note(.crowdedOut)
    loop.abort(connection)
  }

  private mutating func removeClosed() -> Int {
    let before = sessions.count
    for session in sessions {
      guard let closure = session.link.closure else { continue }
      counters.note(closure)
      keepSnapshot(of: session)
      remove(session)
    }
    if before > 0 { sessions.removeAll { $0.link.closure != nil } }
    return before - sessions.count
  }

  /// Gives its connection back.
  private mutating func remove(_ session: StandbySession) {
    let place = session.link.connection.index
    if sessionsByPlace[place] === session { sessionsByPlace[place] = nil }
    session.link.release()
  }

  /// Drops the oldest connections that are no standby's where there are too many of them.
  private mutating func makeRoom() {
    guard sessions.count > configuration.handshakeCountMax else { return }
    var excess =
      sessions.count { !$0.holdsPlace && $0.link.closure == nil } - configuration.handshakeCountMax
    for session in sessions where excess > 0 && !session.holdsPlace && session.link.closure == nil {
      session.link.close(.crowdedOut)
      excess -= 1
    }
  }

  /// Sends what belongs to the state of the session.
  private mutating func send(_ session: StandbySession, _ now: Nanoseconds) -> Int {
    guard failure == nil else { return 0 }
    if session.state == .sendingSnapshot { return sendPart(session, now) }
    guard session.state == .streaming else { return 0 }
    var count = 0
    switch session.sendRecords(epoch: configuration.epoch, now: now) {
    case .records(let records): count = records
    case .tooLarge(let sequence, let byteCount):
      refuse(
        session, Refusal(.recordTooLarge, first: UInt64(byteCount)), sequence: sequence, now: now)
    case .failed where isRemoved(session.sentSequence &+ 1):
      refuse(session, Refusal(.removed), sequence: session.sentSequence &+ 1, now: now)
    case .failed(let error):
      failure = .journal(error)
      refuse(session, Refusal(.stopped), now: now)
    }
    if count > 0 {
      counters.batchCount += 1
      counters.recordCount += UInt64(count)
    } else if now.elapsed(since: session.link.lastSent) >= configuration.heartbeatNanoseconds {
      session.link.send(
        .heartbeat, epoch: configuration.epoch, sequence: session.durableNow(),
        now: now)
      return 1
    }
    return count
  }

  /// Closes a connection that is silent or slow, or that was told why it is not wanted.
  private func endIfOver(_ session: StandbySession, _ now: Nanoseconds) {
    session.link.endIfSlow(silenceNanoseconds: configuration.silenceNanoseconds, now: now)
    // What is whole waits for this side.
    if session.awaitsLook { return }
    switch session.state {
    case .dismissed(let reason, let since):
      // The standby closes when it has read the refusal.
      if now.elapsed(since: since) > configuration.handshakeNanoseconds {
        session.link.close(.refused(reason))
      }
    case .greeting:
      // However often a byte comes.
      if now.elapsed(since: session.opened) > configuration.handshakeNanoseconds {
        session.link.close(.silent)
      }
    case .streaming, .sendingSnapshot, .parted:
      if now.elapsed(since: session.link.lastReceived) > configuration.silenceNanoseconds {
        session.link.close(.silent)
      }
      if let due = session.snapshot?.due, now > due { session.link.close(.slow) }
    }
  }

  private mutating func dismissFenced(_ session: StandbySession, _ now: Nanoseconds) {
    if session.isDismissed { return }
    refuse(session, Refusal(.staleEpoch, first: fencingEpoch), now: now)
  }

  mutating func refuse(
    _ session: StandbySession, _ refusal: Refusal, sequence: UInt64 = 0, now: Nanoseconds
  ) {
    counters.noteTurnedAway(refusal.reason)
    session.link.send(refusal, epoch: configuration.epoch, sequence: sequence, now: now)
    session.state = .dismissed(reason: refusal.reason, since: now)
  }
}
