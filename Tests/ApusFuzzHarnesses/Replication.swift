// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusHost
internal import ApusJournal
internal import ApusReplication
internal import ApusTestKit
internal import ApusTestSupport

/// The journal that both sides' inputs speak of: 60 records, of which a primary has lost the first 20
/// and keeps a snapshot of the first 30.
private struct SampleReplica {
  var journal: FuzzJournal
  var snapshot: [UInt8]
  var snapshotDigest: UInt64
  static let snapshotSequence: UInt64 = 30
  static let firstKept: UInt64 = 21

  static let shared: SampleReplica = {
    do {
      var journal = FuzzJournal()
      var snapshot: ([UInt8], UInt64) = ([], 0)
      for segment in 0..<3 as Range<UInt64> {
        journal.segment(pages: 6)
        for commit in 0..<2 as Range<UInt64> {
          var payloads: [(UInt16, [UInt8])] = (0..<9 as Range<UInt64>).map {
            (1, Frames.little(segment &* 100 + commit * 10 + $0))
          }
          // An epoch comes first; later a digest ends a commit.
          if segment == 0, commit == 0 { payloads[0] = (3, Frames.little(UInt64(3))) }
          journal.commit(payloads)
          journal.commit([(2, Frames.little(journal.engine.digest))])
        }
        if segment == 1 {
          // Behind record 40 there would be too much: the state of the first 30 is made again.
          let target = SnapshotBytes()
          var engine = SumEngine()
          for record in journal.records.prefix(Int(snapshotSequence)) where record.type == 1 {
            engine.take(
              record.payload.integer(UInt64.self, at: 0), at: Nanoseconds(record.time))
          }
          let header = try EngineSnapshot.write(
            engine, sequence: snapshotSequence, time: Nanoseconds(300), to: target)
          snapshot = (target.bytes, header.digest)
        }
      }
      journal.position(60)
      return SampleReplica(journal: journal, snapshot: snapshot.0, snapshotDigest: snapshot.1)
    } catch {
      fatalError("SampleReplica: \(error)")
    }
  }()

  func checksum(_ sequence: UInt64) -> UInt32 {
    guard (1...60).contains(sequence) else { return FuzzJournal.checksum(FuzzJournal.nameBytes) }
    return journal.records[Int(sequence) - 1].checksum
  }

  /// The primary's disk.
  func primaryDisk() -> SimulatedJournalStorage {
    let disk = journal.disk()
    if let first = journal.segmentNames.first { try? disk.remove(first) }
    disk.replaceContents(
      FuzzJournal.name(Self.snapshotSequence, ".snapshot"),
      with: FuzzJournal.snapshotFile(
        sequence: Self.snapshotSequence, digest: snapshotDigest, contents: snapshot))
    let promise = Frames.little(UInt64(3)) + Frames.little(UInt64(1))
    disk.replaceContents(
      "replication.epoch",
      with: Array("APUSEPOC".utf8) + Frames.little(UInt32(1))
        + Frames.little(FuzzJournal.checksum(promise)) + promise)
    return disk
  }

  /// A message of a standby.
  func ofStandby(_ number: UInt8, _ argument: UInt8) -> (UInt16, UInt64, [UInt8]) {
    let sequence = UInt64(argument % 64)
    switch number {
    case 3, 4:
      return (
        1, sequence,
        FuzzFrames.hello(
          checksum: checksum(sequence &- 1), hasJournal: number == 3,
          takesSnapshots: argument & 64 != 0, node: argument & 128 == 0 ? 2 : 9)
      )
    case 5...8:
      return (5, sequence, FuzzFrames.acknowledgement(sequence, digests: UInt64(argument >> 6)))
    case 9, 10: return (6, sequence, [])
    case 11, 12: return (11, sequence, [])
    default:
      return (8, sequence, FuzzFrames.refusal(1 + UInt32(argument % 10), first: UInt64(argument)))
    }
  }

  /// A message of a primary to a standby that stands at a record.
  func ofPrimary(
    _ number: UInt8, _ argument: UInt8, at last: UInt64, sent: inout Int
  ) -> (UInt16, UInt64, [UInt8]) {
    switch number {
    case 3, 4:
      sent = 0
      return (2, last &+ 1, FuzzFrames.welcome(checksum: checksum(last), durable: 60))
    case 5...8:
      let start = Int(min(last, 60))
      let end = min(60, start + 1 + Int(argument % 16))
      return (3, last &+ 1, FuzzFrames.records(journal.records[start..<end]))
    case 9: return (4, 60, [])
    case 10:
      let answer =
        Frames.little(UInt32(argument & 1)) + Frames.little(checksum(UInt64(argument >> 1)))
      return (7, UInt64(argument >> 1), answer)
    case 11, 12:
      sent = 0
      return (
        9, Self.snapshotSequence,
        FuzzFrames.offer(
          snapshot, digest: snapshotDigest, recordChecksum: checksum(Self.snapshotSequence))
      )
    case 13, 14:
      let end = min(snapshot.count, sent + 1 + Int(argument))
      defer { sent = end }
      return (10, UInt64(sent), Array(snapshot[sent..<end]))
    default:
      return (8, 0, FuzzFrames.refusal(1 + UInt32(argument % 10), first: UInt64(argument)))
    }
  }
}

extension FuzzHarness {
  /// Two standbys that say anything: the primary does not fail, takes nothing for replicated that it
  /// does not have, and serves whoever comes after.
  static let replicationPrimary = FuzzHarness("replicationPrimary") {
    let talk = FuzzTalk.input
    let follow = talk(3, 61, [0]) + talk(5, 60, [0]) + talk(5, 63, [4, 125])
    let part =
      talk(3, 40, [32, 0, 9, 9, 9, 9, 9, 9, 9, 9, 32]) + talk(9, 39, [0]) + talk(9, 50, [0])
    let restore =
      talk(4, 1 + 64, [0]) + talk(11, 0, [0]) + talk(11, 48, [0]) + talk(3, 31, [0])
    let newer = talk(3, 61, [8, 5]) + talk(14, 2, [0])
    return [
      follow, part, restore, newer, follow.map { $0 } + [0, 200] + restore + [2, 4, 3, 1, 2, 3],
    ]
  } run: { bytes in
    let sample = SampleReplica.shared
    let disk = sample.primaryDisk()
    let position = ReplicatedPosition()
    var primary = try ReplicationPrimary(
      storage: disk, position: position,
      configuration: ReplicationPrimaryConfiguration(
        endpoint: .init(address: "127.0.0.1", port: 0), epoch: 3, acknowledgingNode: 2,
        frameByteCountMax: 4_096))
    let port = primary.endpoint.port
    var peers: [FuzzSocket?] = [nil, nil]
    var input = FuzzInput(bytes)
    var now: UInt64 = 1_000_000_000
    for _ in 0..<32 where !input.isAtEnd {
      let talk = FuzzTalk(&input) { sample.ofStandby($0, $1) }
      switch talk.action {
      case .wait(let time): now &+= time
      case .reconnect: peers[talk.connection] = nil
      case .say(let said):
        if peers[talk.connection] == nil { peers[talk.connection] = FuzzSocket(port: port) }
        peers[talk.connection]?.send(said)
      }
      for _ in 0..<3 {
        now &+= 1_000
        _ = primary.step(now: Nanoseconds(now))
      }
      for index in peers.indices where peers[index] != nil && peers[index]?.receive() == nil {
        peers[index] = nil
      }
      try checkPrimary(primary, position)
    }
    peers = []
    guard let honest = FuzzSocket(port: port) else { return }
    let hello = FuzzFrames.hello(
      checksum: sample.checksum(60), hasJournal: true, takesSnapshots: true)
    honest.send(FuzzFrames.frame(1, epoch: 3, sequence: 61, body: hello))
    var answer: [UInt8] = []
    for _ in 0..<20 where answer.count < 40 {
      now &+= 1_000
      _ = primary.step(now: Nanoseconds(now))
      answer += honest.receive() ?? []
    }
    // What another peer had said before may fence it in the same moment.
    try law(
      answer.count >= 40 && (answer[16] == 2 || answer[16] == 8 && primary.fencingEpoch != 0),
      "a standby that says hello gets \(answer), fenced by \(primary.fencingEpoch)")
    try checkPrimary(primary, position)
  }

  private static func checkPrimary(
    _ primary: borrowing ReplicationPrimary, _ position: ReplicatedPosition
  ) throws {
    let failure = primary.failure
    try law(failure == nil, "failed: \(String(describing: failure))")
    try law(position.sequence <= 60, "\(position.sequence) of 60 records are replicated")
  }

  /// A primary that says anything: whatever the standby has taken, it can be opened again with.
  static let replicationStandby = FuzzHarness("replicationStandby") {
    let talk = FuzzTalk.input
    let follow = talk(3, 0, [0]) + talk(5, 9, [0]) + talk(9, 0, [0]) + talk(5, 15, [0])
    let restore = talk(11, 0, [0]) + talk(13, 40, [0]) + talk(13, 60, [0]) + talk(3, 0, [0])
    let compare = follow + [2] + talk(15, 5, [0]) + talk(10, 21, [0]) + talk(10, 31, [0])
    return [
      [1] + follow, [1] + restore + talk(5, 4, [0]), [0] + follow + [2] + follow, [0] + compare,
      [1] + follow + [2] + talk(3, 0, [8, 5]) + talk(5, 3, [8, 5]) + [0, 255],
    ]
  } run: { bytes in
    guard let listener = FuzzSocket.Listener() else { return }
    let sample = SampleReplica.shared
    let disk = SimulatedJournalStorage(seed: 1)
    let configuration = ReplicationStandbyConfiguration(
      primary: .init(address: "127.0.0.1", port: listener.port), node: 2,
      journal: JournalConfiguration(segmentByteCount: 16_384, bufferByteCount: 4_096),
      frameByteCountMax: 4_096, retryNanoseconds: 1_000)
    var input = FuzzInput(bytes)
    let takesSnapshots = input.byte() & 1 == 1
    func open() throws -> ReplicationStandby<SumEngine> {
      try ReplicationStandby.open(
        engineConfiguration: .init(), storage: disk, configuration: configuration)
    }
    var durable: UInt64
    var failure: ReplicationError?
    do {
      var standby =
        takesSnapshots
        ? try open()
        : try ReplicationStandby(
          engine: SumEngine(), after: 0, storage: disk, configuration: configuration)
      talk(&input, listener, &standby, sample)
      (durable, failure) = (standby.durableSequence, standby.failure)
      let last = standby.lastSequence
      try law(durable <= last, "\(durable) durable, \(last) applied")
    }
    disk.killProcess()
    // What it has taken can be wrong, as a digest or a record's kind; then it says so again.
    do {
      let standby = try open()
      let last = standby.lastSequence
      try law(last >= durable, "\(durable) were acknowledged, \(last) are there")
    } catch let error as ReplicationError {
      try law(failure != nil, "it does not open again: \(error)")
    }
  }

  private static func talk(
    _ input: inout FuzzInput, _ listener: FuzzSocket.Listener,
    _ standby: inout ReplicationStandby<SumEngine>, _ sample: SampleReplica
  ) {
    var peer: FuzzSocket?
    var now: UInt64 = 1_000_000_000
    var sent = 0
    for _ in 0..<32 where !input.isAtEnd {
      for _ in 0..<6 where peer == nil {
        now &+= 2_000
        _ = standby.step(now: Nanoseconds(now))
        peer = listener.accept()
      }
      _ = standby.step(now: Nanoseconds(now))
      let last = standby.lastSequence
      let talk = FuzzTalk(&input) { sample.ofPrimary($0, $1, at: last, sent: &sent) }
      switch talk.action {
      case .wait(let time): now &+= time
      case .reconnect: peer = nil
      case .say(let said): peer?.send(said)
      }
      for _ in 0..<4 {
        now &+= 1_000
        _ = standby.step(now: Nanoseconds(now))
      }
      if let open = peer, open.receive() == nil { peer = nil }
    }
  }
}
