// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Snapshots in a folder, which may be the journal's own.
///
/// - Threading: one thread at a time; a store of its own for each thread.
public struct SnapshotStore {
  /// A file that was passed over, and why.
  public struct Rejected: Equatable, Sendable {
    /// File name.
    public var name: String
    /// What is wrong with it.
    public var error: JournalError
  }

  /// Snapshots to keep, the newest among them; at least 1.
  public let keptCount: Int
  private let storage: any JournalStorage

  /// A store that keeps this many snapshots.
  ///
  /// - Throws: ``JournalError/configuration(field:value:expected:)`` for a count below 1.
  public init(storage: any JournalStorage, keptCount: Int = 2) throws(JournalError) {
    guard keptCount >= 1 else {
      throw .configuration(field: "keptCount", value: "\(keptCount)", expected: "1 or more")
    }
    self.storage = storage
    self.keptCount = keptCount
  }

  /// Begins a snapshot.
  ///
  /// - Parameters:
  ///   - header: What it is of.
  ///   - bufferByteCount: The most that is copied at once, and so how long a copying engine is held
  ///     up. Unit: bytes.
  /// - Throws: ``JournalError`` for a folder that cannot be written.
  public func begin(
    _ header: SnapshotHeader, bufferByteCount: Int
  ) throws(JournalError) -> SnapshotFileWriter {
    try SnapshotFileWriter(storage: storage, header: header, bufferByteCount: bufferByteCount)
  }

  /// Sequences of the snapshots that are there, newest first; none was looked into.
  public func sequences() throws(JournalError) -> [UInt64] {
    try storage.list().compactMap {
      JournalFormat.number(inName: $0, suffix: SnapshotHeader.suffix)
    }.sorted(by: >)
  }

  /// Opens the newest snapshot that holds, after checking all of it; nil where none does.
  ///
  /// - Parameters:
  ///   - journal: Only those of this journal, or of none.
  ///   - sequenceMax: Only those up to this sequence: a journal's last.
  ///   - rejected: Gets what was passed over.
  /// - Throws: ``JournalError`` of the folder; a bad snapshot is passed over.
  /// - Complexity: O(bytes of the snapshots looked at).
  public func newestValid(
    journal: JournalIdentifier? = nil, sequenceMax: UInt64 = .max,
    rejected: inout [Rejected]
  ) throws(JournalError) -> SnapshotFileReader? {
    for sequence in try sequences() where sequence <= sequenceMax {
      let name = JournalFormat.numberedName(sequence, suffix: SnapshotHeader.suffix)
      do throws(JournalError) {
        let reader = try SnapshotFileReader(storage: storage, name: name)
        guard let journal, let own = reader.header.journal, own != journal else { return reader }
        throw JournalError.foreign(
          path: storage.path(name), found: "is of journal \(own), not of \(journal)")
      } catch {
        rejected.append(Rejected(name: name, error: error))
      }
    }
    return nil
  }

  /// Checks every snapshot, reserved bytes included.
  ///
  /// - Parameter journal: Whose they have to be, where they are of one.
  /// - Returns: What they say of themselves, oldest first.
  /// - Throws: ``JournalError`` of the first that does not hold, is foreign or has a name that is no
  ///   sequence's.
  /// - Complexity: O(bytes of all).
  public func verified(journal: JournalIdentifier?) throws(JournalError) -> [SnapshotHeader] {
    var headers: [SnapshotHeader] = []
    for name in try storage.list().sorted()
    where JournalFormat.isNumbered(name, suffix: SnapshotHeader.suffix) {
      do throws(JournalError) {
        let reader = try SnapshotFileReader(storage: storage, name: name)
        if let at = try reader.firstReservedNonZero() {
          throw JournalError.damaged(
            path: storage.path(name), offset: UInt64(at),
            detail: "a reserved byte of the header is not zero")
        }
        if let journal, let own = reader.header.journal, own != journal {
          throw JournalError.foreign(
            path: storage.path(name), found: "is of journal \(own), not of \(journal)")
        }
        headers.append(reader.header)
      } catch {
        // A follower may have removed it meanwhile.
        if case .missing = error, try !storage.exists(name) { continue }
        throw error
      }
    }
    return headers
  }

  /// Removes the snapshots beyond those to keep, oldest first, and what an interrupted one left.
  ///
  /// - Returns: Names of the files that were removed.
  /// - Throws: ``JournalError`` for a file that could not be removed.
  @discardableResult
  public func removeOld() throws(JournalError) -> [String] { try removeOld(notCounting: []) }

  /// As ``removeOld()``, where snapshots that are known not to hold do not count among those to
  /// keep, and go once all that do count are newer.
  @discardableResult
  func removeOld(notCounting refused: Set<UInt64>) throws(JournalError) -> [String] {
    let found = try sequences()
    let oldestKept = try oldestKept(notCounting: refused) ?? 0
    var doomed = found.filter { $0 < oldestKept }.reversed().map {
      JournalFormat.numberedName($0, suffix: SnapshotHeader.suffix)
    }
    let newest = found.first ?? 0
    // A partial file above the newest may be one that is being written.
    doomed += try storage.list().filter { name in
      JournalFormat.number(inName: name, suffix: SnapshotHeader.partialSuffix)
        .map { $0 <= newest } ?? false
    }
    for name in doomed { try storage.remove(name) }
    if !doomed.isEmpty { try storage.syncFolder() }
    return doomed
  }

  /// Removes the snapshots of records behind one, whole or not: those that a journal no longer has, or
  /// does not have yet.
  ///
  /// - Returns: Names of the files that were removed.
  /// - Throws: ``JournalError`` for a file that could not be removed.
  @discardableResult
  public func removeAll(after sequence: UInt64) throws(JournalError) -> [String] {
    let doomed = try storage.list().sorted().filter { name in
      let number =
        JournalFormat.number(inName: name, suffix: SnapshotHeader.suffix)
        ?? JournalFormat.number(inName: name, suffix: SnapshotHeader.partialSuffix)
      return number.map { $0 > sequence } ?? false
    }
    for name in doomed { try storage.remove(name) }
    if !doomed.isEmpty { try storage.syncFolder() }
    return doomed
  }

  /// The oldest of those to keep; nil while there are fewer than that.
  func oldestKept(notCounting refused: Set<UInt64>) throws(JournalError) -> UInt64? {
    let counted = try sequences().filter { !refused.contains($0) }
    return counted.count < keptCount ? nil : counted[keptCount - 1]
  }
}
