// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
internal import ApusJournal

extension ReplicationPrimary {
  /// Takes connections, reads what standbys say, and sends each the next records.
  ///
  /// - Parameter now: Of a clock that does not go back, always the same one.
  /// - Returns: What was done, in records, frames and connections; 0 when there was nothing to do.
  /// - Complexity: O(frames moved): at most one frame of records a standby.
  public mutating func step(now: Nanoseconds) -> Int {
    var done = acceptConnections(now)
    for session in sessions {
      done += session.link.receive(now: now) > 0 ? 1 : 0
      done += takeFrames(session, now)
      if fencingEpoch != 0 { dismissFenced(session, now) }
      done += send(session, now)
      done += session.link.flush() > 0 ? 1 : 0
      endIfOver(session, now)
    }
    let before = sessions.count
    for session in sessions {
      guard let closure = session.link.closure else { continue }
      counters.note(closure)
      keepSnapshot(of: session)
    }
    sessions.removeAll { $0.link.closure != nil }
    return done + before - sessions.count
  }

  private mutating func acceptConnections(_ now: Nanoseconds) -> Int {
    var count = 0
    // What waits beyond this is taken by the next step.
    while count < 8, let socket = listener.accept() {
      count += 1
      counters.connectionCount += 1
      do throws(ReplicationError) {
        let link = try FrameLink(
          socket, frameByteCountMax: configuration.frameByteCountMax, now: now)
        let session = StandbySession(link, now: now)
        if sessions.count >= configuration.sessionCountMax {
          refuse(session, Refusal(.busy), now: now)
          _ = link.flush()
          link.close(.refused(.busy))
          counters.note(.refused(.busy))
        } else {
          sessions.append(session)
        }
      } catch {
        // No memory for one more connection; those that are there go on.
        counters.note(.failed(errno: 12))
      }
    }
    return count
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
    case .failed where isRemoved(session.sentSequence + 1):
      refuse(session, Refusal(.removed), sequence: session.sentSequence + 1, now: now)
    case .failed(let error):
      failure = .journal(error)
      refuse(session, Refusal(.stopped), now: now)
    }
    if count > 0 {
      counters.batchCount += 1
      counters.recordCount += UInt64(count)
    } else if elapsed(since: session.link.lastSent, now) >= configuration.heartbeatNanoseconds {
      session.link.send(
        .heartbeat, epoch: configuration.epoch, sequence: session.durableNow(),
        now: now)
    }
    return count
  }

  /// Closes a connection that is silent, or that was told why it is not wanted.
  private func endIfOver(_ session: StandbySession, _ now: Nanoseconds) {
    if case .dismissed(let reason, let since) = session.state {
      // The standby closes when it has read the refusal.
      if elapsed(since: since, now) > configuration.silenceNanoseconds {
        session.link.close(.refused(reason))
      }
      return
    }
    // Who has not said hello by then holds a place, however often a byte comes.
    let last = session.state == .greeting ? session.opened : session.link.lastReceived
    if elapsed(since: last, now) > configuration.silenceNanoseconds {
      session.link.close(.silent)
    }
  }

  func elapsed(since start: Nanoseconds, _ now: Nanoseconds) -> UInt64 {
    now > start ? now.rawValue - start.rawValue : 0
  }

  private mutating func dismissFenced(_ session: StandbySession, _ now: Nanoseconds) {
    if case .dismissed = session.state { return }
    refuse(session, Refusal(.staleEpoch, first: fencingEpoch), now: now)
  }

  private mutating func refuse(
    _ session: StandbySession, _ refusal: Refusal, sequence: UInt64 = 0, now: Nanoseconds
  ) {
    counters.noteTurnedAway(refusal.reason)
    session.link.send(refusal, epoch: configuration.epoch, sequence: sequence, now: now)
    session.state = .dismissed(reason: refusal.reason, since: now)
  }

  // MARK: What standbys say

  private mutating func takeFrames(_ session: StandbySession, _ now: Nanoseconds) -> Int {
    var count = 0
    while count < 64, let header = session.link.nextFrame() {
      count += 1
      take(header, session, now)
      if session.link.closure != nil { return count }
      session.link.takeFrame()
      // A look into the journal may take a while; one a step.
      if header.kind == .query { break }
    }
    return count
  }

  private mutating func take(
    _ header: FrameHeader, _ session: StandbySession, _ now: Nanoseconds
  ) {
    if case .dismissed = session.state { return }
    switch (header.kind, session.state) {
    case (.hello, .greeting), (.hello, .sendingSnapshot):
      guard session.isSnapshotSent else { return session.link.close(.fault(.unexpected)) }
      session.snapshot = nil
      guard let hello = session.link.withBody({ Hello.read($0) }), header.sequence > 0 else {
        return session.link.close(.fault(.body))
      }
      greet(hello, header, session, now)
    case (.acknowledgement, .streaming): takeAcknowledgement(header, session)
    case (.progress, .sendingSnapshot): takeProgress(header, session)
    case (.query, .parted):
      guard header.bodyByteCount == 0, header.sequence < .max else {
        return session.link.close(.fault(.body))
      }
      session.link.send(
        Answer(checksum: checksum(of: header.sequence)), epoch: configuration.epoch,
        sequence: header.sequence, now: now)
    case (.refusal, _):
      guard let refusal = session.link.withBody({ Refusal.read($0) }) else {
        return session.link.close(.fault(.body))
      }
      counters.noteRefused(refusal.reason)
      if refusal.reason == .staleEpoch, session.hasJournal {
        fence(by: max(refusal.first, header.epoch))
      }
      session.link.close(.refused(refusal.reason))
    default: session.link.close(.fault(.unexpected))
    }
  }

  private mutating func takeAcknowledgement(_ header: FrameHeader, _ session: StandbySession) {
    guard let acknowledgement = session.link.withBody({ Acknowledgement.read($0) }) else {
      return session.link.close(.fault(.body))
    }
    guard header.epoch == configuration.epoch else {
      if header.epoch > configuration.epoch, session.hasJournal { fence(by: header.epoch) }
      return session.link.close(.fault(.epoch))
    }
    // Nobody has what was not sent, or has it on the disk before it has it.
    guard header.sequence >= session.durableSequence,
      acknowledgement.receivedSequence <= session.sentSequence,
      header.sequence <= acknowledgement.receivedSequence,
      acknowledgement.appliedSequence <= acknowledgement.receivedSequence
    else { return session.link.close(.fault(.sequence)) }
    counters.acknowledgementCount += 1
    if acknowledgement.digestCount > session.acknowledgement.digestCount {
      counters.digestCount += acknowledgement.digestCount - session.acknowledgement.digestCount
    }
    session.acknowledgement = acknowledgement
    session.durableSequence = header.sequence
    if session.node == configuration.acknowledgingNode { position.advance(to: header.sequence) }
  }

  private mutating func greet(
    _ hello: Hello, _ header: FrameHeader, _ session: StandbySession, _ now: Nanoseconds
  ) {
    guard hello.version == ReplicationFormat.version else {
      return refuse(
        session, Refusal(.version, first: UInt64(ReplicationFormat.version)), now: now)
    }
    guard hello.journal == nil || hello.journal == identifier else {
      return refuse(session, Refusal(.foreignJournal), now: now)
    }
    session.hasJournal = hello.journal != nil
    if header.epoch > configuration.epoch {
      // Who has no journal, or another one, may have its epoch from another primary.
      if session.hasJournal { fence(by: header.epoch) }
      return refuse(session, Refusal(.staleEpoch, first: header.epoch), now: now)
    }
    session.node = hello.node
    session.takesSnapshots = hello.takesSnapshots
    session.peerFrameByteCountMax = Int(hello.frameByteCountMax)
    for other in sessions where other !== session && other.node == hello.node {
      switch other.state {
      case .streaming, .parted, .sendingSnapshot: other.link.close(.replaced)
      case .greeting, .dismissed: break
      }
    }
    do throws(JournalError) {
      try begin(
        hello, JournalReader(storage: storage, from: header.sequence, mode: .durable),
        next: header.sequence, session, now)
    } catch {
      refuseStart(error, next: header.sequence, session, now)
    }
  }

  private mutating func begin(
    _ hello: Hello, _ opened: consuming JournalReader, next: UInt64, _ session: StandbySession,
    _ now: Nanoseconds
  ) throws(JournalError) {
    var reader = opened
    let durable = try reader.acknowledgedSequenceNow()
    // Its checksums hold all records before: equal ones, equal journals up to there.
    let checksum = reader.lastRecord.checksum
    guard hello.journal == nil || hello.checksum == checksum else {
      return part(session, .diverged, next: next, last: durable, now)
    }
    guard next <= durable + 1 else {
      return part(session, .ahead, next: next, last: durable, now)
    }
    let welcome = Welcome(journal: identifier, checksum: checksum, durableSequence: durable)
    session.link.send(welcome, epoch: configuration.epoch, sequence: next, now: now)
    session.start(reader, next: next)
  }

  private mutating func refuseStart(
    _ error: JournalError, next: UInt64, _ session: StandbySession, _ now: Nanoseconds
  ) {
    switch error {
    case .sequenceUnavailable(_, let asked, let first, let last):
      if asked < first {
        if session.takesSnapshots, offerSnapshot(session, first: first, now) { return }
        refuse(session, Refusal(.removed, first: first), sequence: next, now: now)
      } else {
        part(session, .ahead, next: next, last: last, now)
      }
    case .missing: refuse(session, Refusal(.removed), sequence: next, now: now)
    default:
      failure = .journal(error)
      refuse(session, Refusal(.stopped), now: now)
    }
  }

  /// Tells a standby that its journal is no beginning of this one; it may ask where they part.
  private mutating func part(
    _ session: StandbySession, _ reason: RefusalReason, next: UInt64, last: UInt64,
    _ now: Nanoseconds
  ) {
    refuse(session, Refusal(reason, first: last), sequence: next, now: now)
    session.state = .parted
  }

  /// The checksum of a record; nil where the journal no longer has it, or not yet.
  private func checksum(of sequence: UInt64) -> UInt32? {
    do throws(JournalError) {
      return try JournalReader(storage: storage, from: sequence + 1, mode: .durable)
        .lastRecord.checksum
    } catch {
      return nil
    }
  }
}
