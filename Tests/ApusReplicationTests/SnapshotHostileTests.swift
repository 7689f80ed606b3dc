// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusReplicationTestKit
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

@testable import ApusJournal
@testable import ApusReplication

/// Sides of a snapshot's transfer that do not keep to the protocol.
@Suite struct SnapshotHostileTests {
  static let journal = JournalIdentifier(high: 5, low: 6)
  static let sequence: UInt64 = 700

  /// A snapshot of an engine that nobody ever ran, and the offer of it.
  struct Sample {
    var offer: SnapshotOffer
    var bytes: [UInt8]

    init(
      sequence: UInt64 = SnapshotHostileTests.sequence, time: Nanoseconds = .zero
    ) throws {
      let target = SnapshotBytes()
      let engine = TallyEngine()
      let header = try EngineSnapshot.write(
        engine, sequence: sequence, time: time, to: target)
      let contents = target.bytes
      bytes = contents
      offer = SnapshotOffer(
        journal: SnapshotHostileTests.journal, digest: header.digest,
        contentByteCount: UInt64(contents.count), contentVersion: header.format.version,
        contentChecksum: unsafe CRC32C.checksum(contents.span.bytes), recordChecksum: 77)
    }
  }

  /// A primary that says what a test wants.
  struct FakePrimary: ~Copyable {
    let listener: LinkListener
    var standby: ReplicationStandby<TallyEngine>
    let link: FrameLink

    init(
      _ path: String, isRestoring: Bool = true, silenceNanoseconds: UInt64 = patientNanoseconds
    ) throws {
      let listener = try LinkListener()
      var standby =
        isRestoring
        ? try openRestoringStandby(
          path, primary: listener.endpoint, silenceNanoseconds: silenceNanoseconds)
        : try openStandby(
          path, primary: listener.endpoint, silenceNanoseconds: silenceNanoseconds)
      let end = monotonicNow().rawValue + 5_000_000_000
      var link: FrameLink?
      while link == nil, monotonicNow().rawValue < end {
        _ = standby.step(now: monotonicNow())
        link = try listener.accepted(now: monotonicNow())
      }
      guard let link else { throw AlreadyTaken() }
      self.link = link
      self.listener = listener
      self.standby = standby
    }

    func offer(_ offer: SnapshotOffer, sequence: UInt64 = SnapshotHostileTests.sequence) {
      link.send(offer, epoch: 3, sequence: sequence, now: monotonicNow())
    }

    /// Sends bytes of a snapshot, once those before have left.
    mutating func part(_ bytes: ArraySlice<UInt8>, at offset: Int, epoch: UInt64 = 3) {
      let end = patience()
      while !link.hasRoomForRecords, link.closure == nil, standby.failure == nil,
        standby.counters.faultCount == 0, monotonicNow() < end
      {
        move()
      }
      guard link.hasRoomForRecords else { return }
      _ = unsafe link.send(
        .snapshotPart, filling: 4_096, epoch: epoch, sequence: UInt64(offset),
        now: monotonicNow()
      ) { target in
        unsafe target.copyBytes(from: bytes.prefix(target.count))
        return min(target.count, bytes.count)
      }
    }

    mutating func parts(_ bytes: [UInt8]) {
      let count = 4_096 - ReplicationFormat.headerByteCount
      for start in stride(from: 0, to: bytes.count, by: count) {
        part(bytes[start..<min(start + count, bytes.count)], at: start)
      }
    }

    mutating func move() {
      link.flushAll()
      _ = standby.step(now: monotonicNow())
      _ = link.receive(now: monotonicNow())
    }

    /// Moves both until the standby counted a fault, or stopped, or said hello again.
    mutating func settle() -> Hello? {
      let end = patience()
      while monotonicNow() < end {
        move()
        if standby.counters.faultCount > 0 || standby.failure != nil { return nil }
        while let header = link.nextFrame() {
          let hello = header.kind == .hello ? link.withBody { Hello.read($0) } : nil
          link.takeFrame()
          if let hello, hello.journal != nil { return hello }
        }
        usleep(50)
      }
      return nil
    }
  }

  /// What a primary may do wrong, and what the standby calls it.
  enum Misdeed: String, CaseIterable {
    case partWithoutOffer, offerBehindIt, offerOfNothing, offerTwice, wrongOffset, tooLong
    case emptyPart, otherEpoch, recordsInBetween, otherContents

    var fault: FrameFault {
      switch self {
      case .partWithoutOffer, .offerTwice, .recordsInBetween: .unexpected
      case .offerBehindIt, .wrongOffset: .sequence
      case .offerOfNothing, .tooLong, .emptyPart: .body
      case .otherEpoch: .epoch
      case .otherContents: .bodyChecksum
      }
    }

    func commit(_ primary: inout FakePrimary, _ sample: Sample) {
      var offer = sample.offer
      let bytes = sample.bytes
      switch self {
      case .partWithoutOffer: return primary.part(bytes[0..<10], at: 0)
      case .offerBehindIt: return primary.offer(offer, sequence: 0)
      case .offerOfNothing:
        offer.contentByteCount = 0
        return primary.offer(offer)
      case .tooLong: offer.contentByteCount = 9
      case .otherContents: offer.contentChecksum ^= 1
      default: break
      }
      primary.offer(offer)
      switch self {
      case .offerTwice: primary.offer(offer)
      case .wrongOffset: primary.part(bytes[0..<10], at: 1)
      case .tooLong: primary.part(bytes[0..<10], at: 0)
      case .emptyPart:
        primary.link.send(.snapshotPart, epoch: 3, sequence: 0, now: monotonicNow())
      case .otherEpoch: primary.part(bytes[0..<10], at: 0, epoch: 4)
      case .recordsInBetween:
        primary.part(bytes[0..<4_056], at: 0)
        primary.link.send(.records, epoch: 3, sequence: 1, now: monotonicNow())
      case .otherContents: primary.parts(bytes)
      default: break
      }
    }
  }

  @Test(arguments: Misdeed.allCases) func aStandbyEndsWhatIsNoTransfer(misdeed: Misdeed) throws {
    let folder = try ScratchFolder()
    var primary = try FakePrimary(folder.path)
    misdeed.commit(&primary, try Sample())
    let hello = primary.settle()
    #expect(hello == nil)
    expect(primary.standby.counters.count(misdeed.fault) == 1)
    expect(primary.standby.counters.faultCount == 1 && primary.standby.failure == nil)
    expect(primary.standby.lastSequence == 0 && primary.standby.journalIdentifier == nil)
    #expect(SnapshotTransferTests.snapshotFiles(folder.path).isEmpty)
  }

  @Test func whatIsOfferedUnaskedIsNotTaken() throws {
    let folder = try ScratchFolder()
    var primary = try FakePrimary(folder.path, isRestoring: false)
    primary.offer(try Sample().offer)
    let hello = primary.settle()
    #expect(hello == nil)
    expect(primary.standby.counters.count(.unexpected) == 1)
  }

  @Test func aWholeSnapshotIsTaken() throws {
    let folder = try ScratchFolder()
    var primary = try FakePrimary(folder.path)
    let sample = try Sample()
    primary.offer(sample.offer)
    primary.parts(sample.bytes)
    let said = primary.settle()
    let hello = try #require(said)
    #expect(hello.journal == Self.journal && hello.checksum == 77)
    expect(primary.standby.lastSequence == Self.sequence)
    expect(primary.standby.counters.snapshotCount == 1)
  }

  /// Contents whose checksums hold and that are no state of the engine.
  @Test func aSnapshotOfSomethingElseStopsTheStandby() throws {
    var samples: [Sample] = []
    var other = try Sample()
    other.bytes[60] ^= 1
    samples.append(other)
    samples.append(try Sample(sequence: 699))
    samples.append(try Sample(time: Nanoseconds(.max)))
    other = try Sample()
    other.bytes.removeLast(8)
    samples.append(other)
    for (index, sample) in samples.enumerated() {
      let folder = try ScratchFolder()
      var primary = try FakePrimary(folder.path)
      var offer = sample.offer
      offer.contentByteCount = UInt64(sample.bytes.count)
      offer.contentChecksum = unsafe CRC32C.checksum(sample.bytes.span.bytes)
      primary.offer(offer)
      primary.parts(sample.bytes)
      let hello = primary.settle()
      #expect(hello == nil)
      guard case .snapshot? = primary.standby.failure else {
        Issue.record("sample \(index): \(String(describing: primary.standby.failure))")
        continue
      }
      expect(primary.standby.lastSequence == 0 && primary.standby.journalIdentifier == nil)
    }
  }

  /// Any offer and any parts in any order: the standby stays as it was or stands at the snapshot.
  @Test func transfersMayBeAnything() throws {
    var random = SeededRandom(seed: 21)
    let sample = try Sample()
    for round in Campaign.rounds(40, campaign: 3_000) {
      let folder = try ScratchFolder()
      var primary = try FakePrimary(folder.path)
      var offer = sample.offer
      if Bool.random(using: &random) {
        offer.contentByteCount = random.next() >> UInt64.random(in: 0..<64, using: &random)
      }
      if Int.random(in: 0..<4, using: &random) == 0 { offer.contentChecksum = random.nextWord() }
      if Int.random(in: 0..<4, using: &random) == 0 { offer.digest = random.next() }
      let sequence = Bool.random(using: &random) ? Self.sequence : random.next()
      primary.offer(offer, sequence: sequence)
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        let start = Int.random(in: 0..<sample.bytes.count, using: &random)
        let offset = Bool.random(using: &random) ? 0 : start
        let count = Int.random(in: 0...4_000, using: &random)
        primary.part(sample.bytes[start...].prefix(count), at: offset)
      }
      if Bool.random(using: &random) { primary.parts(sample.bytes) }
      for _ in 0..<20 { primary.move() }
      let last = primary.standby.lastSequence
      #expect(last == 0 || last == Self.sequence, "round \(round)")
    }
  }

  // MARK: The primary's side

  /// A standby that says what a test wants, of a primary without its first records.
  enum StandbyMisdeed: String, CaseIterable {
    case progressUnasked, progressTooFar, progressBack, progressAgain, otherEpoch, helloInBetween
    case bodyOfProgress

    var fault: FrameFault {
      switch self {
      case .progressUnasked, .helloInBetween: .unexpected
      case .progressTooFar, .progressBack, .progressAgain: .sequence
      case .otherEpoch: .epoch
      case .bodyOfProgress: .body
      }
    }
  }

  @Test(arguments: StandbyMisdeed.allCases) func aPrimaryEndsWhatIsNoTransfer(
    misdeed: StandbyMisdeed
  ) throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var primary = try PrimaryReplica(a.path, epoch: 3, release: .durable)
    _ = try SnapshotTransferTests.advance(&primary, a.path)
    let endpoint = primary.link.endpoint
    let link = try FrameLink.connect(endpoint, now: monotonicNow())
    let hello = Hello(
      journal: nil, node: 2, checksum: 0, frameByteCountMax: 4_096, takesSnapshots: true)
    func say(_ sequence: UInt64, epoch: UInt64 = 3) {
      link.send(.progress, epoch: epoch, sequence: sequence, now: monotonicNow())
    }
    if misdeed == .progressUnasked {
      say(0)
    } else {
      link.send(hello, epoch: 0, sequence: 1, now: monotonicNow())
      let isOffered = Self.move(&primary, link) { header, _ in header.kind == .snapshot }
      #expect(isOffered)
    }
    switch misdeed {
    case .progressUnasked: break
    case .progressTooFar: say(1)
    case .otherEpoch: say(0, epoch: 4)
    case .helloInBetween: link.send(hello, epoch: 0, sequence: 1, now: monotonicNow())
    case .bodyOfProgress:
      _ = unsafe link.send(
        .progress, filling: 64, epoch: 3, sequence: 0, now: monotonicNow()
      ) { _ in 8 }
    case .progressAgain:
      say(0)
      say(0)
    case .progressBack:
      say(0)
      let hasCome = Self.move(&primary, link) { header, _ in header.kind == .snapshotPart }
      #expect(hasCome)
      say(100)
      say(99)
    }
    _ = Self.move(&primary, link) { _, counters in counters.faultCount > 0 }
    expect(primary.link.counters.count(misdeed.fault) == 1, "\(primary.link.counters)")
    // Whoever keeps to it is served.
    var pair = Pair(
      primary: primary, standby: try openRestoringStandby(b.path, primary: endpoint))
    let isLevel = pair.run { $0.isLevel }
    expect(isLevel, "\(String(describing: pair.standby.failure))")
    expect(pair.primary.link.failure == nil)
  }

  /// Moves both until a frame came, or the primary's counters say so.
  private static func move(
    _ primary: inout PrimaryReplica, _ link: FrameLink,
    until holds: (FrameHeader, ReplicationCounters) -> Bool
  ) -> Bool {
    let none = FrameHeader(kind: .heartbeat, bodyByteCount: 0, epoch: 0, sequence: 0)
    let end = patience()
    while monotonicNow() < end {
      link.flushAll()
      primary.step()
      _ = link.receive(now: monotonicNow())
      if holds(none, primary.link.counters) { return true }
      while let header = link.nextFrame() {
        let isIt = holds(header, primary.link.counters)
        link.takeFrame()
        if isIt { return true }
      }
      usleep(50)
    }
    return false
  }
}

extension SeededRandom {
  fileprivate mutating func nextWord() -> UInt32 { UInt32(truncatingIfNeeded: next()) }
}
