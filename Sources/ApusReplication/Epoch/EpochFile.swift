// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusJournal

/// What a replica has acknowledged to clients since it followed another one last.
public enum LeaderRecord: UInt32, Sendable {
  /// Nothing: it has not led.
  case none = 0
  /// Only what a standby had on its disk.
  case withStandby = 1
  /// Perhaps something that no standby had.
  case alone = 2

  /// What it becomes when it leads.
  func leading(waitsForStandby: Bool) -> LeaderRecord {
    self == .alone || !waitsForStandby ? .alone : .withStandby
  }
}

/// The highest epoch that a replica has seen, and whether it was its primary.
public struct EpochPromise: Equatable, Sendable {
  /// No lower one is followed or begun any more. 0 where none was seen.
  public var epoch: UInt64
  /// Whether this replica is the primary of that epoch.
  public var isPrimary: Bool
  /// What it has acknowledged as a primary: it decides what becomes of records that a later primary lacks.
  public var acknowledged: LeaderRecord

  /// A promise.
  public init(
    epoch: UInt64 = 0, isPrimary: Bool = false, acknowledged: LeaderRecord = .none
  ) {
    self.epoch = epoch
    self.isPrimary = isPrimary
    self.acknowledged = acknowledged
  }
}

/// The file beside a journal that keeps an ``EpochPromise``: 32 bytes, replaced as a whole.
///
/// ```
///  0  magic      "APUSEPOC"
///  8  version    1
/// 12  checksum   CRC32C of bytes 16..<32
/// 16  epoch
/// 24  isPrimary  0 or 1
/// 28  acknowledged  0 to 2: LeaderRecord
/// ```
public enum EpochFile {
  static let name = "replication.epoch"
  private static let partialName = "replication.epoch.partial"
  private static let byteCount = 32
  private static let magic: UInt64 = 0x434F_5045_5355_5041
  private static let version: UInt32 = 1

  /// What was promised; epoch 0 where there is no file.
  ///
  /// - Throws: ``ReplicationError/epochFile(path:detail:)`` for a file that does not hold and
  ///   ``ReplicationError/journal(_:)`` where it cannot be found out whether there is one: to take
  ///   either for none could let an old primary go on.
  public static func read(_ storage: any JournalStorage) throws(ReplicationError) -> EpochPromise {
    let path = storage.path(name)
    let file: StorageFile
    do throws(JournalError) {
      guard try storage.exists(name) else { return EpochPromise() }
      file = try storage.open(name, .read)
    } catch {
      throw .journal(error)
    }
    defer { storage.close(file) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
    defer { unsafe buffer.deallocate() }
    unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
    let found: Int
    do throws(JournalError) { found = try storage.byteCount(file, name: name) } catch {
      throw .journal(error)
    }
    let result = unsafe storage.read(file, at: 0, into: buffer)
    guard found == byteCount, result == .count(byteCount) else {
      throw .epochFile(
        path: path, detail: "expected \(byteCount) bytes, found \(found) and read \(result)")
    }
    // SAFETY: the buffer outlives the span.
    let bytes = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(buffer))
    let flag = bytes.integer(UInt32.self, at: 24)
    guard bytes.integer(UInt64.self, at: 0) == magic,
      bytes.integer(UInt32.self, at: 8) == version,
      CRC32C.checksum(bytes.extracting(16..<32)) == bytes.integer(UInt32.self, at: 12), flag <= 1,
      let acknowledged = LeaderRecord(rawValue: bytes.integer(UInt32.self, at: 28))
    else { throw .epochFile(path: path, detail: "the file does not hold") }
    // A primary that an older release began says nothing of it.
    return EpochPromise(
      epoch: bytes.integer(UInt64.self, at: 16), isPrimary: flag == 1,
      acknowledged: flag == 1 && acknowledged == .none ? .alone : acknowledged)
  }

  /// Keeps a promise; it is durable when this returns.
  ///
  /// - Throws: ``ReplicationError/epochFile(path:detail:)``, ``ReplicationError/journal(_:)``.
  static func write(
    _ promise: EpochPromise, _ storage: any JournalStorage
  ) throws(ReplicationError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
    defer { unsafe buffer.deallocate() }
    unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
    guard let base = buffer.baseAddress else { return }
    // SAFETY: all fields lie inside the buffer.
    unsafe base.put(magic, at: 0)
    unsafe base.put(version, at: 8)
    unsafe base.put(promise.epoch, at: 16)
    unsafe base.put(UInt32(promise.isPrimary ? 1 : 0), at: 24)
    unsafe base.put(promise.acknowledged.rawValue, at: 28)
    unsafe base.put(
      CRC32C.checksum(UnsafeRawBufferPointer(start: base + 16, count: 16)), at: 12)
    do throws(JournalError) {
      if try storage.exists(partialName) { try storage.remove(partialName) }
      let file = try storage.open(partialName, .readWrite)
      let written = unsafe storage.write(file, at: 0, UnsafeRawBufferPointer(buffer))
      let synced = storage.sync(file)
      storage.close(file)
      guard written == .count(byteCount), synced == .count(0) else {
        throw JournalError.system(
          operation: "write or fdatasync (\(written), \(synced))",
          path: storage.path(partialName), errno: 5)
      }
      try storage.rename(partialName, to: name)
      try storage.syncFolder()
    } catch {
      throw .journal(error)
    }
  }
}
