// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
internal import ApusIO
internal import ApusJournal

extension ReplicationStandby where E: ~Copyable {
  /// Refusals for want of a record after which it stops.
  private static var removedCountMax: UInt64 { 20 }

  /// Takes what the primary sent, gives it to the journal and the engine, and acknowledges what the
  /// disk has.
  ///
  /// - Parameter now: Of a clock that does not go back, always the same one.
  /// - Returns: What was done, in records and frames; 0 when there was nothing to do.
  public mutating func step(now: Nanoseconds) -> Int {
    guard failure == nil else { return 0 }
    pollJournal(now)
    guard let link else {
      // Of connections that are closing.
      drainLoop(now)
      return connect(now)
    }
    // A frame that waits for the journal keeps the bytes behind it out; what a step brings has room.
    let hasRoom = link.incomingRoom >= ReplicationLoop.standbySlackByteCount
    if hasRoom {
      loop.resumeReceiving(link.connection)
    } else {
      loop.pauseReceiving(link.connection)
      // Who is not listened to is not silent.
      link.isHeard(at: now)
    }
    var done = takeEvents(link, now)
    if !hasConnected { return done + finishConnecting(link, now) }
    done += takeFrames(link, now)
    pollJournal(now)
    reportProgress(link, now)
    done += acknowledge(link, now)
    done += link.flush() > 0 ? 1 : 0
    // What is said now leaves now, and not with the next step.
    if done > 0 { loop.flush() }
    guard failure == nil, self.link != nil else { return done }
    endIfOver(link, now)
    if let closure = link.closure { disconnect(closure, retryAt: later(now)) }
    return done
  }

  private mutating func endIfOver(_ link: FrameLink, _ now: Nanoseconds) {
    if now.elapsed(since: link.lastReceived) > configuration.silenceNanoseconds {
      link.close(.silent)
    }
    link.endIfSlow(silenceNanoseconds: configuration.silenceNanoseconds, now: now)
    if let due = transfer?.due, now > due { link.close(.slow) }
  }

  private func later(_ now: Nanoseconds) -> Nanoseconds {
    now.adding(configuration.retryNanoseconds)
  }

  private mutating func pollJournal(_ now: Nanoseconds) {
    _ = journal?.poll()
    guard let error = journal?.failure else { return }
    stop(.journal(error), telling: Refusal(.stopped), now: now)
  }

  // MARK: Connecting

  private mutating func connect(_ now: Nanoseconds) -> Int {
    guard now >= retryAt else { return 0 }
    do throws(ReplicationError) {
      let address = try configuration.security.address(of: configuration.primary)
      let connection: ConnectionID
      do throws(IOError) { connection = try loop.connect(to: address) } catch {
        throw ReplicationLoop.error(error, configuration.primary)
      }
      link = try FrameLink(
        loop, connection, isConnected: false, context: context,
        taking: configuration.frameByteCountMax,
        slackByteCount: ReplicationLoop.standbySlackByteCount,
        sending: ReplicationFormat.frameByteCountMin, now: now)
      phase = .connecting
      counters.connectionCount += 1
    } catch {
      if case .configuration = error { stop(error, now: now) }
      retryAt = later(now)
    }
    return 1
  }

  func drainLoop(_ now: Nanoseconds) {
    _ = loop.step(now: now, countMax: ReplicationLoop.standbyEventCountMax)
    while loop.nextEvent() != nil {}
  }

  /// Takes what came; nothing of it waits elsewhere, since there was room for a step's buffers.
  private func takeEvents(_ link: FrameLink, _ now: Nanoseconds) -> Int {
    var done = 0
    _ = loop.step(now: now, countMax: ReplicationLoop.standbyEventCountMax)
    while let event = loop.nextEvent() {
      switch event {
      case .connected(let connection), .received(let connection, _), .ended(let connection),
        .closed(let connection, _):
        guard connection == link.connection else { continue }
        link.take(event, now: now)
        while link.absorb(now: now) { done += 1 }
        if link.hasOffered { link.close(.fault(.unexpected)) }
      default: break
      }
    }
    return done
  }

  /// Says hello, once the connection stands and both sides have proved who they are.
  private mutating func finishConnecting(_ link: FrameLink, _ now: Nanoseconds) -> Int {
    if let closure = link.closure {
      disconnect(closure, retryAt: later(now))
      return 1
    }
    guard link.isOpen else {
      if let reason = link.endReason {
        disconnect(reason, retryAt: later(now))
        return 1
      }
      // However often a byte comes.
      if now.elapsed(since: link.opened) > configuration.silenceNanoseconds {
        disconnect(.silent, retryAt: later(now))
      }
      return 0
    }
    hasConnected = true
    sendHello(link, now)
    link.flush()
    loop.flush()
    return 1
  }

  mutating func sendHello(_ link: FrameLink, _ now: Nanoseconds) {
    let hello = Hello(
      journal: journal?.identifier, node: configuration.node,
      checksum: journal?.lastChecksum ?? 0,
      frameByteCountMax: UInt32(configuration.frameByteCountMax),
      takesSnapshots: engineConfiguration != nil && !keepsItsRecords,
      engine: configuration.engine?.fingerprint ?? 0)
    link.send(hello, epoch: promisedEpoch, sequence: lastSequence &+ 1, now: now)
  }

  // MARK: What the primary says

  private mutating func takeFrames(_ link: FrameLink, _ now: Nanoseconds) -> Int {
    var done = 0
    // Bounded, so that a fast primary does not keep acknowledgements from leaving.
    for _ in 0..<16 {
      guard failure == nil, self.link != nil, let header = link.nextFrame() else { break }
      done += 1
      if header.kind == .records {
        guard takeRecords(header, link, now) else { break }
      } else {
        take(header, link, now)
      }
      if failure != nil || link.closure != nil { break }
      link.takeFrame()
    }
    return done
  }

  private mutating func take(_ header: FrameHeader, _ link: FrameLink, _ now: Nanoseconds) {
    switch (header.kind, phase) {
    case (.welcome, .connecting):
      guard let welcome = link.withBody({ Welcome.read($0) }) else {
        return link.close(.fault(.body))
      }
      enter(welcome, header, link, now)
    case (.snapshot, .connecting):
      guard let offer = link.withBody({ SnapshotOffer.read($0) }) else {
        return link.close(.fault(.body))
      }
      beginTransfer(offer, header, link, now)
    case (.snapshotPart, .restoring): takePart(header, link, now)
    case (.heartbeat, .following):
      guard header.bodyByteCount == 0 else { return link.close(.fault(.body)) }
      guard header.epoch == promisedEpoch else { return link.close(.fault(.epoch)) }
      guard header.sequence <= ReplicationFormat.sequenceMax else {
        return link.close(.fault(.sequence))
      }
      primarySequence = max(primarySequence, header.sequence)
      owesAcknowledgement = true
    case (.answer, .comparing):
      guard let answer = link.withBody({ Answer.read($0) }) else {
        return link.close(.fault(.body))
      }
      compare(answer, header, link, now)
    case (.refusal, _):
      guard let refusal = link.withBody({ Refusal.read($0) }) else {
        return link.close(.fault(.body))
      }
      counters.noteRefused(refusal.reason)
      takeRefusal(refusal, header, link, now)
    default: link.close(.fault(.unexpected))
    }
  }

  /// Follows the primary, unless a later one was seen.
  private mutating func enter(
    _ welcome: Welcome, _ header: FrameHeader, _ link: FrameLink, _ now: Nanoseconds
  ) {
    guard welcome.version == ReplicationFormat.version else {
      return stop(
        .refused(.version, sequence: 0, first: UInt64(welcome.version), second: 0), now: now)
    }
    guard isCurrent(header, link, now) else { return }
    guard header.sequence == lastSequence &+ 1, welcome.durableSequence >= lastSequence,
      welcome.durableSequence <= ReplicationFormat.sequenceMax
    else { return link.close(.fault(.sequence)) }
    if let own = journal?.identifier, own != welcome.journal {
      return stop(.foreignJournal(own: own, primary: welcome.journal), now: now)
    }
    if let checksum = journal?.lastChecksum, checksum != welcome.checksum {
      return stop(
        .checksum(sequence: lastSequence, expected: welcome.checksum, found: checksum), now: now)
    }
    do throws(ReplicationError) {
      try adoptEpoch(header.epoch, isFollowed: true)
      if journal == nil { try beginJournal(welcome.journal, checksum: welcome.checksum) }
      // Of a transfer that was interrupted: a recovery must not take it for this journal's once the
      // journal has passed it.
      try removeSnapshots(after: lastSequence)
    } catch {
      return stop(error, telling: Refusal(.stopped), now: now)
    }
    // Its checksum is the primary's: what it has is a beginning of what the primary has.
    replay.collected.release()
    phase = .following
    primarySequence = welcome.durableSequence
    // A restarted primary knows of nothing that was acknowledged before.
    owesAcknowledgement = true
  }

  /// Whether the primary is the last one that was seen, or a later one.
  mutating func isCurrent(
    _ header: FrameHeader, _ link: FrameLink, _ now: Nanoseconds
  ) -> Bool {
    if header.epoch >= promisedEpoch, header.epoch > 0 {
      if header.epoch - promisedEpoch <= configuration.epochStepMax { return true }
      counters.noteFar(header.epoch)
      link.close(.fault(.epoch))
      return false
    }
    // The old primary learns here that its time is over.
    counters.noteTurnedAway(.staleEpoch)
    link.send(
      Refusal(.staleEpoch, first: promisedEpoch), epoch: promisedEpoch, sequence: 0, now: now)
    link.flush()
    link.close(.refused(.staleEpoch))
    return false
  }

  /// Promises an epoch: on the disk before anything of it is acknowledged.
  ///
  /// - Parameter isFollowed: Whether what it has is a beginning of what that primary has.
  mutating func adoptEpoch(_ epoch: UInt64, isFollowed: Bool) throws(ReplicationError) {
    let promise = EpochPromise(
      epoch: max(epoch, promisedEpoch), acknowledged: isFollowed ? .none : acknowledged)
    guard promise.epoch > promisedEpoch || promise.acknowledged != acknowledged else { return }
    try EpochFile.write(promise, storage)
    promisedEpoch = promise.epoch
    acknowledged = promise.acknowledged
  }

  /// Begins a journal of the primary's name behind the last record of the engine.
  mutating func beginJournal(
    _ identifier: JournalIdentifier, checksum: UInt32
  ) throws(ReplicationError) {
    var own = configuration.journal
    own.identifier = identifier
    own.firstSequence = lastSequence &+ 1
    own.precedingChecksum = checksum
    do throws(JournalError) {
      journal = try JournalWriter(storage: storage, configuration: own)
    } catch {
      throw .journal(error)
    }
    guard lastSequence == 0, let makeOutput else { return }
    replay.collected = makeOutput(
      StandbyBeginning(journal: identifier, sequence: 0, eventCount: 0))
  }

  /// Whether another hello may be answered with a snapshot: a primary that has none says so again and again.
  private var mayBeOfferedSnapshot: Bool {
    guard engineConfiguration != nil, !keepsItsRecords else { return false }
    return phase == .following || counters.refusedCount(.removed) <= Self.removedCountMax
  }

  private mutating func takeRefusal(
    _ refusal: Refusal, _ header: FrameHeader, _ link: FrameLink, _ now: Nanoseconds
  ) {
    switch refusal.reason {
    case .busy, .stopped, .staleEpoch:
      // Another attempt may find another primary, or a place.
      link.close(.refused(refusal.reason))
    case .removed where mayBeOfferedSnapshot:
      // It fell behind too far, or the primary was removing segments as it looked; at its next hello it is
      // offered a snapshot.
      link.close(.refused(.removed))
    case .ahead, .diverged:
      guard phase == .connecting, journalIdentifier != nil else { fallthrough }
      beginComparison(primaryLast: refusal.first, link, now)
    default:
      stop(
        .refused(
          refusal.reason, sequence: header.sequence, first: refusal.first, second: refusal.second),
        now: now)
    }
  }
}
