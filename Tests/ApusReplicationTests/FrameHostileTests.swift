// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusReplicationTestKit
import ApusTestSupport
import Foundation
import Testing

@testable import ApusJournal
@testable import ApusReplication

@Suite struct FrameHostileTests {
  /// A frame as bytes.
  static func frame<M: ReplicationMessage>(
    _ message: M, epoch: UInt64 = 3, sequence: UInt64 = 17
  ) -> [UInt8] {
    unsafe frame(M.kind, body: M.byteCount, epoch: epoch, sequence: sequence) { base in
      unsafe message.encode(base)
    }
  }

  static func frame(
    _ kind: FrameKind, body count: Int, epoch: UInt64, sequence: UInt64,
    _ encode: (UnsafeMutableRawPointer) -> Void = { _ in }
  ) -> [UInt8] {
    let header = FrameHeader(
      kind: kind, bodyByteCount: count, epoch: epoch, sequence: sequence)
    var bytes = [UInt8](repeating: 0, count: header.byteCount)
    unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress else { return }
      unsafe encode(base + ReplicationFormat.headerByteCount)
      unsafe header.encode(base)
    }
    return bytes
  }

  static let hello = Hello(
    journal: JournalIdentifier(high: 5, low: 6), node: 2, checksum: 77, frameByteCountMax: 8_192)

  static func verdict(_ bytes: [UInt8], byteCountMax: Int = 1 << 16) -> FrameVerdict {
    unsafe FrameVerdict.of(bytes.span.bytes, byteCountMax: byteCountMax)
  }

  static func body(_ bytes: [UInt8]) -> [UInt8] {
    Array(bytes.dropFirst(ReplicationFormat.headerByteCount))
  }

  @Test func everyMessageComesBackAsItWas() {
    func check<M: ReplicationMessage>(_ message: M) {
      let bytes = Self.frame(message)
      guard case .frame(let header) = Self.verdict(bytes) else {
        Issue.record("\(M.self): \(Self.verdict(bytes))")
        return
      }
      #expect(header.kind == M.kind && header.epoch == 3 && header.sequence == 17)
      let body = Self.body(bytes)
      let read = unsafe M.read(body.span.bytes)
      #expect(read == message)
      for count in 0..<bytes.count {
        #expect(Self.verdict(Array(bytes.prefix(count))) == .incomplete)
      }
      let short = Array(body.dropLast())
      let cut = unsafe M.read(short.span.bytes)
      #expect(cut == nil)
    }
    check(Self.hello)
    check(Hello(journal: nil, node: .max, checksum: .max, frameByteCountMax: 4_096))
    check(
      Welcome(journal: JournalIdentifier(high: 1, low: .max), checksum: 9, durableSequence: 12))
    check(
      Acknowledgement(
        receivedSequence: 4, appliedSequence: 3, digestSequence: 2, digestCount: 1))
    var restoring = Self.hello
    restoring.takesSnapshots = true
    check(restoring)
    check(
      SnapshotOffer(
        journal: JournalIdentifier(high: .max, low: 2), digest: 3, contentByteCount: 4,
        contentVersion: 5, contentChecksum: 6, recordChecksum: .max))
    check(
      SnapshotOffer(
        journal: JournalIdentifier(high: 1, low: 2), digest: 3, contentByteCount: 4,
        contentVersion: 5, contentChecksum: 6, recordChecksum: 7, eventCount: 1 << 62)
    )
    check(Answer(checksum: 5))
    check(Answer(checksum: nil))
    for reason in RefusalReason.allCases { check(Refusal(reason, first: 1, second: 2)) }
  }

  @Test func anOfferWithMoreEventsThanThereCanBeIsNone() {
    let offer = SnapshotOffer(
      journal: JournalIdentifier(high: 1, low: 2), digest: 3, contentByteCount: 4,
      contentVersion: 5, contentChecksum: 6, recordChecksum: 7, eventCount: 8)
    var body = Self.body(Self.frame(offer))
    #expect(unsafe SnapshotOffer.read(body.span.bytes) != nil)
    body[55] = 0x41
    #expect(unsafe SnapshotOffer.read(body.span.bytes) == nil)
  }

  /// The bytes of docs/formats/replication.md, by hand.
  @Test func theBytesAreThoseOfTheDocument() {
    let bytes = Self.frame(Self.hello)
    #expect(Array(bytes[0..<4]) == Array("ARPL".utf8))
    #expect(Array(bytes[8..<12]) == [56, 0, 0, 0])
    #expect(Array(bytes[16..<24]) == [1, 0, 0, 0, 0, 0, 0, 0])
    #expect(bytes[24] == 3 && bytes[32] == 17)
    #expect(bytes[40] == 3 && bytes[44] == 1 && bytes[48] == 5 && bytes[56] == 6)
    #expect(bytes[64] == 2 && bytes[72] == 77 && bytes[77] == 0x20)
    #expect(bytes.count == 96)
    let sum = unsafe CRC32C.checksum(Array(bytes[40...]).span.bytes)
    #expect(Array(bytes[12..<16]) == (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) })
    let head = unsafe CRC32C.checksum(Array(bytes[8..<40]).span.bytes)
    #expect(Array(bytes[4..<8]) == (0..<4).map { UInt8(truncatingIfNeeded: head >> (8 * $0)) })
  }

  @Test func noBitOfAFrameCanChangeUnseen() {
    let bytes = Self.frame(Self.hello)
    for bit in 0..<bytes.count * 8 {
      var broken = bytes
      broken[bit / 8] ^= 1 << (bit % 8)
      guard case .refused = Self.verdict(broken) else {
        Issue.record("bit \(bit) changed and \(Self.verdict(broken)) came")
        return
      }
    }
    #expect(Self.verdict(bytes, byteCountMax: 87) == .refused(.tooLong))
  }

  /// The body of a frame with a few records.
  static func batch(_ random: inout SeededRandom) -> [UInt8] {
    var body = [UInt8](repeating: 0, count: 400)
    var encoder = RecordBatchEncoder()
    for sequence in 1...UInt64.random(in: 1...5, using: &random) {
      let payload = SampleRecord.payload(sequence, byteCountMax: 40)
      let record = JournalRecord(
        sequence: sequence, timeNanoseconds: sequence, type: 1, payloadByteCount: payload.count,
        checksum: 9)
      let fits = unsafe body.withUnsafeMutableBytes {
        unsafe encoder.append(record, payload.span.bytes, to: $0)
      }
      #expect(fits)
    }
    unsafe body.withUnsafeMutableBytes { unsafe encoder.finish($0) }
    return Array(body.prefix(encoder.byteCount))
  }

  @Test func bodiesOfRecordsMayBeAnything() {
    var random = SeededRandom(seed: 5)
    var valid = 0
    for _ in Campaign.rounds(5_000, campaign: 1_000_000) {
      var body = Self.batch(&random)
      // Whole, cut short, too long, or with a few bytes of something else.
      switch Int.random(in: 0..<5, using: &random) {
      case 0: break
      case 1: body.removeLast(Int.random(in: 0...body.count, using: &random))
      case 2: body += [UInt8](repeating: 0, count: Int.random(in: 1...40, using: &random))
      default:
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          body[Int.random(in: 0..<body.count, using: &random)] = .random(
            in: 0...255, using: &random)
        }
      }
      guard var cursor = unsafe RecordBatchCursor(body.span.bytes) else { continue }
      valid += 1
      var seen = 0
      while let record = unsafe cursor.next(body.span.bytes) {
        #expect(record.payload.upperBound <= body.count)
        seen += 1
      }
      #expect(cursor.recordsLeft == 0 && seen > 0)
    }
    #expect(valid > 500 && valid < 1_000_000)
  }

  /// Sends bytes to a primary and says which faults it counted.
  @Test func aPrimarySurvivesWhateverConnects() throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    let primary = try PrimaryReplica(a.path, epoch: 3)
    let endpoint = primary.link.endpoint
    var pair = Pair(primary: primary, standby: try openStandby(b.path, primary: endpoint))
    let isSettled = pair.submit(50)
    expect(isSettled)
    var random = SeededRandom(seed: 9)
    let valid = Self.frame(Self.hello)
    for round in Campaign.rounds(40, campaign: 3_000) {
      let socket = try TestSocket.connect(endpoint)
      var bytes: [UInt8]
      switch round % 5 {
      case 0:
        let count = Int.random(in: 4...300, using: &random)
        bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      case 1:
        bytes = valid
        bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(
          in: 1...255, using: &random)
      case 2:
        // Well formed, and not what a standby says first.
        bytes = unsafe Self.frame(
          .acknowledgement, body: 32, epoch: 3,
          sequence: .random(in: 0...UInt64.max, using: &random))
      case 3: bytes = Self.frame(Answer(checksum: 1))
      default: bytes = unsafe Self.frame(.hello, body: 48, epoch: 3, sequence: 0)
      }
      let connected = pair.run(limitSeconds: 2) { _ in socket.connectOutcome() == .moved(0) }
      expect(connected)
      _ = unsafe bytes.withUnsafeBytes { unsafe socket.send($0) }
      let before = UInt64(round)
      let isCounted = pair.run(limitSeconds: 3) {
        $0.primary.link.counters.faultCount > before
          || $0.primary.link.counters.turnedAwayCount(.version) > 0
      }
      expect(isCounted, "round \(round)")
    }
    expect(pair.primary.link.counters.faultCount > 20)
    expect(pair.primary.link.counters.count(.unexpected) > 0)
    // The standby that was there before is still served.
    let goesOn = pair.submit(50)
    expect(goesOn)
    expect(pair.primary.link.standbys.count == 1 && pair.primary.link.failure == nil)
  }

  /// A standby whose primary's bytes are changed on the way closes the connection, and takes nothing
  /// that is not the primary's: neither records nor a snapshot.
  @Test(arguments: [UInt64(1), 2, 3, 4], [false, true]) func aStandbyTakesNothingThatWasChanged(
    seed: UInt64, beginsFromSnapshot: Bool
  ) throws {
    let (a, b) = (try ScratchFolder(), try ScratchFolder())
    var primary = try PrimaryReplica(a.path, epoch: 3, release: .durable)
    primary.advance(to: beginsFromSnapshot ? 1_500 : 400)
    if beginsFromSnapshot {
      let snapshot = try primary.writeSnapshot(a.path)
      let first = try removeSegments(a.path, below: snapshot.sequence + 1)
      #expect(first > 1)
    }
    let listener = try TestSocket.listen(.init(address: "127.0.0.1", port: 0))
    var standby = try openRestoringStandby(b.path, primary: listener.endpoint)
    var random = SeededRandom(seed: seed)
    // A man in the middle who changes a byte now and then, and stops doing so at the end.
    var upstream: TestSocket?
    var downstream: TestSocket?
    let start = monotonicNow().rawValue
    var changes = 0
    while !(standby.lastSequence == primary.host.lastSequence) {
      let now = monotonicNow()
      if now.rawValue - start > 12_000_000_000 || standby.failure != nil { break }
      let done = primary.step() + standby.step(now: now)
      if let accepted = listener.accept() {
        downstream = consume accepted
        upstream = try TestSocket.connect(primary.link.endpoint)
      }
      var isOver = false
      let changesBytes = changes < 20
      if let toStandby = downstream.take(), let toPrimary = upstream.take() {
        isOver =
          Self.relay(toStandby, toPrimary, changes: nil, &random) == nil
        let relayed = Self.relay(
          toPrimary, toStandby, changes: changesBytes ? 2 : nil, &random)
        changes += relayed ?? 0
        isOver = isOver || relayed == nil
        if !isOver {
          downstream = consume toStandby
          upstream = consume toPrimary
        }
      }
      if done == 0 { usleep(50) }
    }
    expect(standby.failure == nil, "seed \(seed): \(String(describing: standby.failure))")
    expect(standby.lastSequence == primary.host.lastSequence, "seed \(seed): \(changes) changes")
    expect(standby.engine.digest == primary.host.engine.digest, "seed \(seed)")
    expect(standby.counters.snapshotCount == (beginsFromSnapshot ? 1 : 0), "seed \(seed)")
    expect(changes > 0 && standby.counters.faultCount > 0, "seed \(seed): \(changes) changes")
  }

  /// Passes bytes on, one of them changed in every so many pieces; the number of changes, nil at the
  /// end of either side.
  static func relay(
    _ source: borrowing TestSocket, _ target: borrowing TestSocket, changes interval: Int?,
    _ random: inout SeededRandom
  ) -> Int? {
    var bytes = [UInt8](repeating: 0, count: 1_024)
    let outcome = unsafe bytes.withUnsafeMutableBytes { unsafe source.receive(into: $0) }
    guard case .moved(let count) = outcome, count > 0 else { return outcome == .none ? 0 : nil }
    var changed = 0
    if let interval, Int.random(in: 0..<interval, using: &random) == 0 {
      bytes[Int.random(in: 0..<count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
      changed = 1
    }
    var sent = 0
    let end = patience()
    while sent < count, monotonicNow() < end {
      let outcome = unsafe bytes[sent..<count].withUnsafeBytes { unsafe target.send($0) }
      switch outcome {
      case .moved(let moved): sent += moved
      case .none: usleep(100)
      default: return nil
      }
    }
    return changed
  }
}
