// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit
public import ApusCore
internal import ApusReplication

/// What `apus journal` finds, as JSON and as text. The JSON keys are stable.
public struct JournalSummary: Encodable, Sendable {
  /// One segment.
  public struct Segment: Encodable, Sendable {
    /// File name.
    public var name: String
    /// Sequence of its first record.
    public var firstSequence: UInt64
    /// Records that were checked.
    public var records: UInt64
    /// Group commits that were checked.
    public var commits: UInt64
    /// Length of its file.
    public var bytes: UInt64
  }

  /// How the journal ends.
  public struct Tail: Encodable, Sendable {
    /// `clean` or `torn`.
    public var state: String
    /// File of the unfinished commit.
    public var file: String?
    /// Where it begins to hold no record.
    public var offset: UInt64?
    /// Bytes from there that are not zero.
    public var bytes: UInt64?
  }

  /// The folder.
  public var folder: String
  /// Name of the journal.
  public var journal: String
  /// First record.
  public var firstSequence: UInt64
  /// Last record that holds.
  public var lastSequence: UInt64
  /// Records from the first to the last, as the headers of the segments and the last segment tell.
  public var records: UInt64
  /// Records that were read and held: all of them after a verification, those of the last segment
  /// after a recovery.
  public var recordsChecked: UInt64
  /// Chained checksum of the last record, hexadecimal: equal checksums, equal history.
  public var lastChecksum: String
  /// Up to where records were acknowledged for certain.
  public var acknowledgedSequence: UInt64?
  /// Whether the file that says so holds: `holds`, `torn` or `missing`.
  public var position: String
  /// Highest epoch that this replica has seen; nil where there is none or it was not looked at.
  public var epoch: UInt64?
  /// Sequences of the snapshots, which were checked; nil where they were not.
  public var snapshots: [UInt64]?
  /// Files that others than their owner may read or write, and what to do.
  public var exposed: [String] = []
  /// In ascending order.
  public var segments: [Segment]
  /// How it ends.
  public var tail: Tail

  init(folder: String, report: JournalReport) {
    self.folder = folder
    journal = report.identifier?.description ?? ""
    firstSequence = report.firstSequence
    lastSequence = report.lastSequence
    records = report.recordCount
    recordsChecked = report.segments.reduce(0) { $0 &+ $1.recordCount }
    lastChecksum = HumanText.hexadecimal(report.lastChecksum)
    acknowledgedSequence = report.acknowledgedSequence
    position = report.positionHolds.map { $0 ? "holds" : "torn" } ?? "missing"
    segments = report.segments.map {
      Segment(
        name: $0.name, firstSequence: $0.firstSequence, records: $0.recordCount,
        commits: $0.commitCount, bytes: $0.byteCount)
    }
    switch report.tail {
    case .clean: tail = Tail(state: "clean")
    case .torn(let path, let offset, let byteCount):
      tail = Tail(state: "torn", file: path, offset: offset, bytes: byteCount)
    }
  }

  /// A few lines for people. `isCut` says that the unfinished commit is gone.
  public func renderText(isCut: Bool = false) -> String {
    let isChecked = recordsChecked == records
    var lines = [
      "journal   \(journal)",
      "records   \(HumanText.count(records))\(isChecked ? "" : " by the headers"), "
        + "sequences \(firstSequence) to \(lastSequence)",
      "segments  \(segments.count), "
        + HumanText.bytes(segments.reduce(0) { $0 &+ $1.bytes }),
      "checked   \(HumanText.count(recordsChecked)) records"
        + (isChecked ? "" : " (last segment; 'apus journal verify' checks all)")
        + ", chained checksum \(lastChecksum)",
    ]
    if let acknowledgedSequence {
      lines.append("durable   at least up to \(acknowledgedSequence)")
    } else {
      lines.append("durable   not known: journal.position is \(position)")
    }
    if let epoch { lines.append("epoch     \(epoch)") }
    if let snapshots, !snapshots.isEmpty {
      lines.append("snapshots at \(snapshots.map(String.init).joined(separator: ", "))")
    }
    lines += exposed.map { "access    \($0)" }
    if let offset = tail.offset, let bytes = tail.bytes, let file = tail.file {
      let state = isCut ? "was cut off" : "is there ('apus journal recover' cuts it off)"
      lines.append(
        "tail      torn: \(file): offset \(offset): \(HumanText.count(bytes)) bytes of a commit that "
          + "was not finished; it \(state)")
    } else {
      lines.append("tail      clean")
    }
    return lines.joined(separator: "\n")
  }
}

/// One record as `apus journal dump` prints it. The JSON keys are stable.
public struct JournalDumpRecord: Encodable, Sendable {
  /// Number in the journal.
  public var sequence: UInt64
  /// When it was appended, in nanoseconds as the appender counts.
  public var time: UInt64
  /// What it is, as the appender counts.
  public var type: UInt16
  /// Length of the payload.
  public var bytes: Int
  /// Chained checksum, hexadecimal.
  public var checksum: String
  /// The payload, hexadecimal.
  public var payload: String

  /// One line for people, with at most 32 bytes of the payload.
  public func renderText() -> String {
    "\(sequence)  time \(time)  type \(type)  \(bytes) B  \(checksum)  "
      + (payload.count > 64 ? payload.prefix(64) + "…" : payload[...])
  }
}

/// The work of `apus journal`.
public enum JournalTool {
  /// Checks every byte of a journal's folder: segments, snapshots, the position and the epoch. Changes
  /// nothing.
  public static func verify(
    folder: String, progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(JournalError) -> JournalSummary {
    let storage = try open(folder)
    var summary = try verify(storage, progress: progress)
    summary.exposed = try storage.exposures().map(\.description)
    return summary
  }

  /// As for a folder, wherever the files are.
  public static func verify(
    _ storage: any JournalStorage,
    progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(JournalError) -> JournalSummary {
    let report = try JournalInspection.report(storage, depth: .everything, progress: progress)
    guard let identifier = report.identifier else {
      throw .noJournal(path: storage.location)
    }
    var summary = JournalSummary(folder: storage.location, report: report)
    summary.snapshots = try SnapshotStore(storage: storage).verified(journal: identifier)
      .map(\.sequence)
    summary.epoch = try epoch(storage)
    return summary
  }

  private static func epoch(_ storage: any JournalStorage) throws(JournalError) -> UInt64? {
    do throws(ReplicationError) {
      let promise = try EpochFile.read(storage)
      return promise.epoch == 0 ? nil : promise.epoch
    } catch {
      switch error {
      case .journal(let error): throw error
      case .epochFile(let path, let detail): throw .damaged(path: path, offset: 0, detail: detail)
      default: throw .damaged(path: storage.location, offset: 0, detail: error.description)
      }
    }
  }

  /// Cuts an unfinished commit off and makes what stays durable. Records are read of the last segment
  /// alone, as when a writer opens the journal: ``JournalSummary/recordsChecked``.
  public static func recover(folder: String) throws(JournalError) -> JournalSummary {
    let storage = try open(folder)
    return JournalSummary(folder: folder, report: try JournalRecovery.recover(storage))
  }

  /// Hands out records from a sequence on.
  ///
  /// - Throws: `JournalError`, behind the records before it, and whatever `body` throws.
  public static func dump(
    folder: String, from sequence: UInt64?, countMax: Int, type: UInt16?,
    _ body: (JournalDumpRecord) throws -> Void
  ) throws {
    var reader = try JournalReader(storage: try open(folder), from: sequence)
    var left = countMax
    while left > 0 {
      let records = try reader.copies(countMax: 256)
      if records.isEmpty { return }
      for (record, payload) in records where (type ?? record.type) == record.type {
        try body(
          JournalDumpRecord(
            sequence: record.sequence, time: record.timeNanoseconds, type: record.type,
            bytes: record.payloadByteCount,
            checksum: HumanText.hexadecimal(record.checksum),
            payload: HumanText.hexadecimal(payload)))
        left -= 1
        if left == 0 { return }
      }
    }
  }

  private static func open(_ folder: String) throws(JournalError) -> FileJournalStorage {
    try FileJournalStorage(path: folder, options: .init(createsFolder: false))
  }
}
