// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusHost
internal import ApusJournal
internal import ApusReplication
internal import ApusTestKit
internal import ApusTestSupport

extension FuzzHarness {
  /// Journals whose checksums hold and whose fields are anything: inspection and reader agree, and what
  /// a writer or a recovery takes can be gone on with.
  static let journal = FuzzHarness("journal") {
    let commits: [UInt8] = [1, 0, 3, 1, 0, 2, 0, 3, 0, 1, 0, 2, 1, 1, 1]
    let whole: [UInt8] = [0, 0x10] + commits + [0, 0x24] + commits + [2, 0, 5, 0]
    // The last sequences there are.
    let far: [UInt8] = [0, 0x11] + [UInt8](repeating: 0xFF, count: 8) + commits
    return [
      whole, far, [0, 0x10] + commits + [3, 0x40, 0x10, 9] + commits,
      [0, 0x20] + commits + [4, 0, 0x20],
      [0, 0x10, 1, 2, 1, 1] + [UInt8](repeating: 0xFF, count: 8),
      [0, 0x10] + commits + [6, 1, 7, 0],
    ]
  } run: { bytes in
    var input = FuzzInput(bytes)
    var journal = FuzzJournal()
    for _ in 0..<24 where !input.isAtEnd { try build(&journal, &input) }
    try checkReading(journal)
    try checkEngine(journal)
    try checkWriting(journal)
    try checkCutting(journal)
  }

  private static func build(_ journal: inout FuzzJournal, _ input: inout FuzzInput) throws {
    let operation = input.byte() % 8
    let flags = input.byte()
    func lie<T: FixedWidthInteger & UnsignedInteger>(_ bit: UInt8, _ type: T.Type) -> T? {
      flags >> bit & 1 == 1 ? input.integer(type) : nil
    }
    switch operation {
    case 0:
      journal.segment(
        pages: 2 + Int(flags >> 4), alignment: flags & 4 == 0 ? 4_096 : 512,
        first: lie(0, UInt64.self), chain: lie(1, UInt32.self), name: lie(3, UInt64.self))
    case 1:
      var payloads: [(UInt16, [UInt8])] = []
      for _ in 0..<input.byte() % 8 {
        let type = UInt16(input.byte() % 5)
        let value = input.byte()
        payloads.append(
          type == 2
            ? (2, Frames.little(journal.engine.digest))
            : (type, Frames.little(UInt64(value)) + input.take(type == 4 ? Int(value) : 0)))
      }
      journal.commit(
        payloads,
        .init(
          firstSequence: lie(0, UInt64.self), byteCount: lie(2, UInt32.self),
          recordCount: lie(3, UInt32.self), sequence: lie(1, UInt64.self),
          payloadByteCount: lie(5, UInt32.self), time: lie(4, UInt64.self)))
    case 2: journal.position(lie(0, UInt64.self) ?? journal.next &- 1)
    case 3: journal.patch(Int(input.integer(UInt16.self)) << 1 | Int(flags & 1), input.byte())
    case 4: journal.truncate(Int(input.integer(UInt16.self)))
    case 5: try journal.snapshot(named: lie(0, UInt64.self))
    case 6:
      let names = ["journal.spare", "journal.lock", "journal.position", "replication.epoch"]
      journal.replace(names[Int(flags & 3)], with: input.take(Int(flags >> 2)))
    default:
      let names = journal.segmentNames
      if !names.isEmpty { journal.replace(names[Int(flags) % names.count], with: nil) }
    }
  }

  /// An inspection of everything finds what a reader reads.
  private static func checkReading(_ journal: FuzzJournal) throws {
    let disk = journal.disk()
    let report: JournalReport
    _ = try? JournalInspection.report(disk, depth: .tail)
    do throws(JournalError) {
      report = try JournalInspection.report(disk, depth: .everything)
    } catch {
      for mode in [JournalReader.Mode.recorded, .live, .durable] { _ = try? readAll(disk, mode) }
      return
    }
    guard report.identifier != nil else { return }
    do {
      let found = try readAll(disk, .recorded)
      guard found.count == report.recordCount, found.last == report.lastSequence,
        found.checksum == report.lastChecksum, found.isInOrder
      else { throw BrokenLaw(description: "\(found) read, \(report) reported") }
      _ = try readAll(disk, .live)
      _ = try readAll(disk, .durable)
    } catch let error as BrokenLaw {
      throw error
    } catch {
      throw BrokenLaw(description: "\(report) is reported, and reading it: \(error)")
    }
  }

  private struct Found {
    var count: UInt64 = 0
    var last: UInt64
    var checksum: UInt32
    var isInOrder = true
  }

  private static func readAll(
    _ disk: any JournalStorage, _ mode: JournalReader.Mode
  ) throws(JournalError) -> Found {
    var reader = try JournalReader(storage: disk, mode: mode)
    var found = Found(last: reader.lastRecord.sequence, checksum: reader.lastRecord.checksum)
    while try reader.read(
      countMax: 7,
      { record, payload in
        found.isInOrder =
          found.isInOrder && record.sequence == found.last &+ 1
          && payload.byteCount == record.payloadByteCount
        (found.last, found.checksum) = (record.sequence, record.checksum)
        found.count += 1
        return true
      }) > 0
    {}
    return found
  }

  private static func checkEngine(_ journal: FuzzJournal) throws {
    let disk = journal.disk()
    guard let report = try? JournalInspection.report(disk, depth: .tail),
      let identifier = report.identifier
    else { return }
    let snapshots = try JournalSnapshots(storage: disk, journal: identifier)
    let found: ReplayReport
    do {
      let recovered = try EngineRecovery.recover(
        SumEngine.self, configuration: .init(), snapshots: snapshots,
        journalSequence: report.lastSequence,
        openRecording: { sequence throws(ReplayError) in
          do throws(JournalError) { return try JournalReader(storage: disk, from: sequence) } catch
          {
            throw .recording(description: error.description)
          }
        })
      found = recovered.report.replay
    } catch {
      return
    }
    try law(
      found.lastSequence <= report.lastSequence,
      "recovered to \(found.lastSequence), the journal ends at \(report.lastSequence)")
  }

  /// Whoever can open a journal can go on with it.
  private static func checkWriting(_ journal: FuzzJournal) throws {
    let disk = journal.disk()
    let configuration = JournalConfiguration(segmentByteCount: 16_384, bufferByteCount: 4_096)
    guard var writer = try? JournalWriter(storage: disk, configuration: configuration) else {
      return
    }
    let before = writer.lastSequence
    // Close to the last sequence there is, a writer may end instead.
    guard before < 1 << 62 else { return }
    let payload: [UInt8] = [7, 0, 0, 0, 0, 0, 0, 0]
    let outcome = payload.withRawSpan {
      writer.tryAppend(sequence: before &+ 1, timeNanoseconds: 9, type: 1, payload: $0)
    }
    guard case .appended(let sequence) = outcome else { return }
    do {
      try writer.flush()
      var reader = try JournalReader(storage: disk, from: sequence)
      var last: UInt64 = 0
      _ = try reader.read { record, _ in
        last = record.sequence
        return true
      }
      guard last == sequence, writer.durableSequence == sequence else {
        throw BrokenLaw(description: "\(sequence) is written, \(last) is read")
      }
      try writer.close()
    } catch let error as BrokenLaw {
      throw error
    } catch {
      throw BrokenLaw(
        description: "a journal that ended at \(before) is not gone on with: \(error)")
    }
  }

  private static func checkCutting(_ journal: FuzzJournal) throws {
    let disk = journal.disk()
    guard let report = try? JournalRecovery.recover(disk) else { return }
    disk.killProcess()
    guard let again = try? JournalInspection.report(disk, depth: .tail) else {
      throw BrokenLaw(description: "\(report) was recovered and cannot be looked at")
    }
    try law(
      again.lastSequence == report.lastSequence && again.tail == .clean,
      "recovered to \(report), then \(again)")
    for back in [0, 1, 3] as [UInt64] where report.lastSequence > back {
      let target = report.lastSequence - back
      guard (try? JournalRecovery.cutBack(disk, after: target)) != nil else { return }
      disk.killProcess()
      let cut = try? JournalInspection.report(disk, depth: .everything)
      try law(
        cut?.lastSequence == target, "cut behind \(target): \(String(describing: cut))")
    }
  }

  /// A snapshot's file: 84 bytes of its header, then its contents. The first byte says whether the
  /// checksums are put right.
  static let snapshotFile = FuzzHarness("snapshotFile") {
    let file = FuzzJournal.snapshotFile(sequence: 700, digest: 9, contents: [1, 2, 3, 4, 5])
    let short = Array(file.prefix(84) + file.dropFirst(4_096))
    return [[0] + short, [3] + short, [1] + short.prefix(84)]
  } run: { bytes in
    var input = FuzzInput(bytes)
    let mode = input.byte()
    var header = input.take(84)
    let contents = input.rest()
    header += [UInt8](repeating: 0, count: 84 - header.count)
    if mode & 2 != 0 {
      header.put(FuzzJournal.checksum(contents), at: 36)
      header.put(UInt64(contents.count), at: 40)
    }
    let end = header.integer(UInt32.self, at: 8) == 1 ? 68 : 80
    if mode & 1 != 0 { header.put(FuzzJournal.checksum(Array(header.prefix(end))), at: end) }
    let sequence = header.integer(UInt64.self, at: 16)
    let disk = SimulatedJournalStorage(seed: 1)
    disk.replaceContents(
      FuzzJournal.name(sequence, ".snapshot"),
      with: header + [UInt8](repeating: 0, count: 4_012) + contents)
    let store = try SnapshotStore(storage: disk)
    var rejected: [SnapshotStore.Rejected] = []
    guard var reader = try store.newestValid(rejected: &rejected) else {
      // A name that is no sequence of a journal is passed over, and `verify` reports it.
      let isName = sequence <= Sequencer.sequenceMax
      return try law(rejected.count == (isName ? 1 : 0), "neither taken nor refused")
    }
    var read: [UInt8] = []
    while true {
      let part = try reader.read(byteCountMax: 7)
      if part.isEmpty { break }
      read += part
    }
    try law(read == contents, "\(read) read, \(contents) are there")
    try law(reader.header.sequence == sequence, "\(reader.header)")
    let snapshots = try JournalSnapshots(storage: disk, journal: FuzzJournal.identifier)
    if let source = try? snapshots.open(sequence: sequence) {
      _ = try? EngineSnapshot.restore(SumEngine.self, configuration: .init(), from: source)
    }
  }

  /// The file of an epoch; the first byte says whether its checksum is put right.
  static let epochFile = FuzzHarness("epochFile") {
    var file = Array("APUSEPOC".utf8) + Frames.little(UInt32(1)) + Frames.little(UInt32(0))
    file += Frames.little(UInt64(7)) + Frames.little(UInt64(1))
    return [[1] + file, [0] + file, [1] + file.dropLast()]
  } run: { bytes in
    var file = Array(bytes.dropFirst())
    if bytes.first ?? 0 & 1 == 1, file.count == 32 {
      file.put(FuzzJournal.checksum(Array(file[16...])), at: 12)
    }
    let disk = SimulatedJournalStorage(seed: 1)
    disk.replaceContents("replication.epoch", with: file)
    guard let promise = try? EpochFile.read(disk) else { return }
    try law(
      file.count >= 32 && promise.epoch == file.integer(UInt64.self, at: 16)
        && promise.isPrimary == (file[24] == 1), "\(promise) of \(file)")
  }
}
