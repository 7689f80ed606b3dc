// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusReplicationTestKit
import ApusTestSupport
import Foundation

@testable import ApusJournal
@testable import ApusReplication

/// Stands between a primary and a standby, reads their frames and passes on what it likes: every frame
/// that it changes has checksums that hold.
struct LyingRelay: ~Copyable {
  /// A record as a standby may have got it.
  struct Delivered: Hashable {
    var sequence: UInt64
    var time: UInt64
    var type: UInt16
    var payload: [UInt8]
  }

  struct Frame {
    var header: FrameHeader
    var body: [UInt8]

    var bytes: [UInt8] {
      let body = body
      return unsafe FrameHostileTests.frame(
        header.kind, body: body.count, epoch: header.epoch, sequence: header.sequence
      ) { target in
        unsafe body.withUnsafeBytes { source in
          if let base = source.baseAddress {
            unsafe target.copyMemory(from: base, byteCount: source.count)
          }
        }
      }
    }
  }

  /// One way.
  struct Way {
    var arrived: [UInt8] = []
    var leaving: [UInt8] = []
    var kept: Frame?
    var isOver = false
  }

  let listener: TestListener
  let primary: ReplicationEndpoint
  private var toStandby: TestSocket?
  private var toPrimary: TestSocket?
  private var down = Way()
  private var up = Way()
  var random: SeededRandom
  /// One frame in so many is a lie; none for nil.
  var downLies: Int?
  var upLies: Int?
  /// What a standby of this promise may have taken.
  private(set) var delivered: Set<Delivered> = []
  private(set) var lieCount = 0
  /// Checksum of the last record that was passed on.
  private var chain: UInt32 = 0

  init(to primary: ReplicationEndpoint, seed: UInt64) throws {
    listener = try TestSocket.listen(.init(address: "127.0.0.1", port: 0))
    self.primary = primary
    random = SeededRandom(seed: seed)
  }

  var isConnected: Bool { toStandby != nil }

  /// Moves what there is; false when a connection has ended.
  mutating func move(promised: UInt64) -> Bool {
    if toStandby == nil {
      guard let accepted = listener.accept() else { return true }
      toStandby = consume accepted
      toPrimary = try? TestSocket.connect(primary)
      (down, up) = (Way(), Way())
    }
    guard let standby = toStandby.take(), let upstream = toPrimary.take() else { return false }
    Self.receive(standby, &up)
    Self.receive(upstream, &down)
    while let frame = Self.frame(&up) { pass(frame, isDown: false, promised) }
    while let frame = Self.frame(&down) { pass(frame, isDown: true, promised) }
    Self.send(standby, &down)
    Self.send(upstream, &up)
    if down.isOver || up.isOver { return false }
    toStandby = consume standby
    toPrimary = consume upstream
    return true
  }

  private static func receive(_ socket: borrowing TestSocket, _ way: inout Way) {
    var bytes = [UInt8](repeating: 0, count: 32_768)
    let outcome = unsafe bytes.withUnsafeMutableBytes { unsafe socket.receive(into: $0) }
    switch outcome {
    case .moved(let count): way.arrived += bytes.prefix(count)
    case .none: break
    case .ended, .failed: way.isOver = true
    }
  }

  private static func send(_ socket: borrowing TestSocket, _ way: inout Way) {
    guard !way.leaving.isEmpty else { return }
    let outcome = unsafe way.leaving.withUnsafeBytes { unsafe socket.send($0) }
    switch outcome {
    case .moved(let count): way.leaving.removeFirst(count)
    case .none: break
    case .ended, .failed: way.isOver = true
    }
  }

  private static func frame(_ way: inout Way) -> Frame? {
    let verdict = unsafe FrameVerdict.of(way.arrived.span.bytes, byteCountMax: 1 << 20)
    guard case .frame(let header) = verdict else { return nil }
    let body = Array(way.arrived[ReplicationFormat.headerByteCount..<header.byteCount])
    way.arrived.removeFirst(header.byteCount)
    return Frame(header: header, body: body)
  }

  // MARK: Lies

  private mutating func pass(_ frame: Frame, isDown: Bool, _ promised: UInt64) {
    var frames = [frame]
    var tail: [UInt8] = []
    if let interval = isDown ? downLies : upLies, Int.random(in: 0..<interval, using: &random) == 0
    {
      lieCount += 1
      frames = lie(frame, isDown: isDown, &tail)
    }
    for frame in frames {
      if isDown { note(frame, promised) }
      if isDown { down.leaving += frame.bytes } else { up.leaving += frame.bytes }
    }
    if isDown { down.leaving += tail } else { up.leaving += tail }
  }

  private mutating func note(_ frame: Frame, _ promised: UInt64) {
    if frame.header.kind == .welcome, let welcome = unsafe Welcome.read(frame.body.span.bytes) {
      chain = welcome.checksum
    }
    guard frame.header.kind == .records,
      var cursor = unsafe RecordBatchCursor(frame.body.span.bytes)
    else { return }
    chain = cursor.lastChecksum
    var sequence = frame.header.sequence
    while let record = unsafe cursor.next(frame.body.span.bytes) {
      if frame.header.epoch >= promised {
        delivered.insert(
          Delivered(
            sequence: sequence, time: record.timeNanoseconds, type: record.type,
            payload: Array(frame.body[record.payload])))
      }
      sequence &+= 1
    }
  }

  private mutating func lie(
    _ frame: Frame, isDown: Bool, _ tail: inout [UInt8]
  ) -> [Frame] {
    var own = frame
    switch Int.random(in: 0..<14, using: &random) {
    case 0: return []
    case 1: return [frame, frame]
    case 2:
      // Changes places with a later one.
      let before = isDown ? down.kept : up.kept
      if isDown { down.kept = frame } else { up.kept = frame }
      return before.map { [$0] } ?? []
    case 3: own.header.sequence = number(near: frame.header.sequence)
    case 4: own.header.epoch = number(near: frame.header.epoch)
    case 5: own.header.kind = FrameKind(rawValue: .random(in: 1...11, using: &random)) ?? .hello
    case 6, 7: overwrite(&own.body)
    case 8: own.body.removeLast(Int.random(in: 0...own.body.count, using: &random))
    case 9: own.body += [UInt8](repeating: 0, count: Int.random(in: 1...64, using: &random))
    case 10: return [frame, invented(frame, isDown: isDown)]
    case 11: return [invented(frame, isDown: isDown), frame]
    case 12:
      tail = (0..<Int.random(in: 1...200, using: &random)).map { _ in
        .random(in: 0...255, using: &random)
      }
    default:
      if own.header.kind == .records {
        forge(&own)
      } else {
        own.body = [UInt8](repeating: 0, count: Bool.random(using: &random) ? 4_056 : 16_344)
      }
    }
    return [own]
  }

  private mutating func number(near value: UInt64) -> UInt64 {
    switch Int.random(in: 0..<9, using: &random) {
    case 0: 0
    case 1: value &+ 1
    case 2: value &- 1
    case 3: .max
    case 4: .max &- UInt64.random(in: 0...4, using: &random)
    case 5: 1 << UInt64.random(in: 0..<64, using: &random)
    case 6: (1 << 62) &+ UInt64.random(in: 0...2, using: &random) &- 1
    case 7: value &+ UInt64.random(in: 0...(1 << 21), using: &random)
    default: random.next()
    }
  }

  /// Some bytes become a number that is wrong.
  private mutating func overwrite(_ body: inout [UInt8]) {
    let size = 1 << Int.random(in: 0...3, using: &random)
    guard body.count >= size else { return }
    let at = Int.random(in: 0...(body.count - size) / size, using: &random) * size
    let value = number(near: UInt64(body[at]))
    for index in 0..<size { body[at + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
  }

  /// A message that nobody sent, most of whose fields can be.
  private mutating func invented(_ frame: Frame, isDown: Bool) -> Frame {
    let journal = JournalIdentifier(high: random.next(), low: 1)
    let some = number(near: frame.header.sequence)
    func encoded<M: ReplicationMessage>(_ message: M) -> Frame {
      let bytes = FrameHostileTests.frame(
        message, epoch: frame.header.epoch, sequence: frame.header.sequence)
      let header = FrameHeader(
        kind: M.kind, bodyByteCount: M.byteCount, epoch: frame.header.epoch,
        sequence: frame.header.sequence)
      return Frame(header: header, body: FrameHostileTests.body(bytes))
    }
    let reason = RefusalReason.allCases.randomElement(using: &random) ?? .busy
    switch Int.random(in: 0..<9, using: &random) {
    case 0:
      return encoded(Welcome(journal: journal, checksum: chain, durableSequence: some))
    case 1:
      return encoded(
        SnapshotOffer(
          journal: journal, digest: some, contentByteCount: max(1, some >> 1), contentVersion: 1,
          contentChecksum: 1, recordChecksum: 1, eventCount: some))
    case 2: return encoded(Refusal(reason, first: some, second: some))
    case 3: return encoded(Answer(checksum: Bool.random(using: &random) ? 1 : nil))
    case 4:
      return encoded(
        Acknowledgement(
          receivedSequence: some, appliedSequence: number(near: some), digestSequence: some,
          digestCount: number(near: some)))
    case 5:
      return encoded(
        Hello(
          journal: Bool.random(using: &random) ? journal : nil, node: some & 3, checksum: chain,
          frameByteCountMax: 4_096, takesSnapshots: Bool.random(using: &random)))
    default:
      // Without a body: a heartbeat, a query or a progress.
      let kind = [FrameKind.heartbeat, .query, .progress].randomElement(using: &random)
      return Frame(
        header: FrameHeader(
          kind: kind ?? .heartbeat, bodyByteCount: 0, epoch: frame.header.epoch, sequence: some),
        body: [])
    }
  }

  /// Changes records and makes their chain hold again, as only a primary could.
  private mutating func forge(_ frame: inout Frame) {
    guard var cursor = unsafe RecordBatchCursor(frame.body.span.bytes) else { return }
    var body = [UInt8](repeating: 0, count: frame.body.count + 64)
    var encoder = RecordBatchEncoder()
    var sequence = frame.header.sequence
    var checksum = chain
    while let record = unsafe cursor.next(frame.body.span.bytes) {
      var own = Delivered(
        sequence: sequence, time: record.timeNanoseconds, type: record.type,
        payload: Array(frame.body[record.payload]))
      if Int.random(in: 0..<4, using: &random) == 0 {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: own.type = .random(in: 0...4, using: &random)
        case 1: own.time = number(near: own.time)
        case 2 where !own.payload.isEmpty: own.payload.removeLast()
        default: overwrite(&own.payload)
        }
      }
      checksum = Self.checksum(own, after: checksum)
      let header = JournalRecord(
        sequence: sequence, timeNanoseconds: own.time, type: own.type,
        payloadByteCount: own.payload.count, checksum: checksum)
      let payload = own.payload
      _ = unsafe body.withUnsafeMutableBytes {
        unsafe encoder.append(header, payload.span.bytes, to: $0)
      }
      sequence &+= 1
    }
    unsafe body.withUnsafeMutableBytes { unsafe encoder.finish($0) }
    frame.body = Array(body.prefix(encoder.byteCount))
  }

  /// As docs/formats/journal.md has it.
  private static func checksum(_ record: Delivered, after chain: UInt32) -> UInt32 {
    var bytes: [UInt8] = []
    func put(_ value: UInt64, _ count: Int) {
      for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
    put(UInt64(record.payload.count), 4)
    put(record.sequence, 8)
    put(record.time, 8)
    put(UInt64(record.type), 8)
    bytes += record.payload
    while (bytes.count + 4) % 8 != 0 { bytes.append(0) }
    return unsafe CRC32C.checksum(bytes.span.bytes, seed: chain)
  }
}
