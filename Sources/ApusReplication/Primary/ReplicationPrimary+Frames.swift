// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusJournal

/// What standbys say.
extension ReplicationPrimary {
  /// Takes what came, up to a frame that means to look into the journal: that waits for its turn.
  mutating func takeFrames(_ session: StandbySession, _ now: Nanoseconds) -> Int {
    session.awaitsLook = false
    var count = 0
    while let header = session.link.nextFrame() {
      if header.kind == .hello || header.kind == .query, !session.isDismissed {
        session.awaitsLook = true
        break
      }
      count += 1
      take(header, session, now)
      if session.link.closure != nil { return count }
      session.link.takeFrame()
    }
    return count
  }

  /// Takes the frame that waits for a look into the journal: one in a step, whoever sent it, because
  /// it may mean to read a segment or to check a snapshot, and all others wait meanwhile.
  mutating func look(_ session: StandbySession, _ now: Nanoseconds) -> Int {
    guard let header = session.link.nextFrame() else { return 0 }
    session.awaitsLook = false
    session.turn = nextTurn()
    take(header, session, now)
    if session.link.closure == nil {
      session.link.takeFrame()
      session.link.flush()
    }
    return 1
  }

  private mutating func take(
    _ header: FrameHeader, _ session: StandbySession, _ now: Nanoseconds
  ) {
    if session.isDismissed { return }
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
      guard header.bodyByteCount == 0 else { return session.link.close(.fault(.body)) }
      guard header.sequence <= ReplicationFormat.sequenceMax else {
        return session.link.close(.fault(.sequence))
      }
      session.queryCount += 1
      guard session.queryCount <= ReplicationFormat.queryCountMax else {
        return session.link.close(.fault(.unexpected))
      }
      session.link.send(
        Answer(checksum: checksum(of: header.sequence)), epoch: configuration.epoch,
        sequence: header.sequence, now: now)
    case (.refusal, _):
      guard let refusal = session.link.withBody({ Refusal.read($0) }) else {
        return session.link.close(.fault(.body))
      }
      counters.noteRefused(refusal.reason)
      if refusal.reason == .staleEpoch {
        guard hear(max(refusal.first, header.epoch), of: session) else { return }
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
      if hear(header.epoch, of: session) { session.link.close(.fault(.epoch)) }
      return
    }
    guard session.canBe(acknowledgement, durable: header.sequence) else {
      return session.link.close(.fault(.sequence))
    }
    counters.acknowledgementCount += 1
    if acknowledgement.digestCount > session.acknowledgement.digestCount {
      counters.digestCount = counters.digestCount.addingClamped(
        acknowledgement.digestCount - session.acknowledgement.digestCount)
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
    let own = configuration.engine?.fingerprint ?? 0
    guard hello.engine == own || hello.engine == 0 || own == 0 else {
      return refuse(session, Refusal(.engine, first: own, second: hello.engine), now: now)
    }
    guard hello.journal == nil || hello.journal == identifier else {
      return refuse(session, Refusal(.foreignJournal), now: now)
    }
    session.hasJournal = hello.journal != nil
    if header.epoch > configuration.epoch {
      guard hear(header.epoch, of: session) else { return }
      return refuse(session, Refusal(.staleEpoch, first: header.epoch), now: now)
    }
    guard header.sequence <= ReplicationFormat.sequenceMax else {
      return session.link.close(.fault(.sequence))
    }
    session.node = hello.node
    session.takesSnapshots = hello.takesSnapshots
    session.peerFrameByteCountMax = Int(hello.frameByteCountMax)
    guard hasPlace(session) else { return refuse(session, Refusal(.busy), now: now) }
    do throws(JournalError) {
      try begin(
        hello, JournalReader(storage: storage, from: header.sequence, mode: .durable),
        next: header.sequence, session, now)
    } catch {
      refuseStart(error, next: header.sequence, session, now)
    }
  }

  /// Whether ``takePlace(_:_:)`` would find a place; it takes none away.
  private func hasPlace(_ session: StandbySession) -> Bool {
    session.node == configuration.acknowledgingNode
      || sessions.count { $0 !== session && $0.node != session.node && $0.holdsPlace }
        < configuration.sessionCountMax
  }

  /// Gives a standby its place: earlier connections of its number go, and for the one whose
  /// acknowledgements count another goes where all places are taken, the one that is furthest behind.
  ///
  /// Only right before its welcome or the offer of a snapshot: peers are not authenticated, and one
  /// whose hello cannot be followed must not end others.
  mutating func takePlace(_ session: StandbySession, _ now: Nanoseconds) {
    for other in sessions where other !== session && other.node == session.node {
      switch other.state {
      case .streaming, .parted, .sendingSnapshot: other.link.close(.replaced)
      case .greeting, .dismissed: break
      }
    }
    let others = sessions.filter { $0 !== session && $0.holdsPlace }
    guard others.count >= configuration.sessionCountMax,
      let last = others.min(by: { $0.durableSequence < $1.durableSequence })
    else { return }
    keepSnapshot(of: last)
    refuse(last, Refusal(.busy), now: now)
  }

  /// Takes the memory for long frames, now that somebody is there who gets them.
  func widen(_ session: StandbySession) -> Bool {
    do throws(ReplicationError) {
      try session.link.widen(to: configuration.frameByteCountMax)
      return true
    } catch {
      session.link.close(.failed(errno: 12))
      return false
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
    guard next &- 1 <= durable else {
      return part(session, .ahead, next: next, last: durable, now)
    }
    guard widen(session) else { return }
    takePlace(session, now)
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
    case .missing, .noJournal: refuse(session, Refusal(.removed), sequence: next, now: now)
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
      return try JournalReader(storage: storage, from: sequence &+ 1, mode: .durable)
        .lastRecord.checksum
    } catch {
      return nil
    }
  }
}
