// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusThreads
internal import Glibc
internal import Synchronization

/// The file with the published position, mapped: what writer and readers of a log share beside its
/// segments.
@safe
final class EventLogControl: @unchecked Sendable {
  // SAFETY: constant after `init` but for the mapped words, which are atomic.
  let path: String
  let header: EventLogHeader
  let isWritable: Bool
  private let descriptor: CInt
  private let base: UnsafeMutableRawPointer
  private let byteCount: Int

  private init(
    path: String, header: EventLogHeader, isWritable: Bool, descriptor: CInt,
    base: UnsafeMutableRawPointer, byteCount: Int
  ) {
    self.path = path
    self.header = header
    self.isWritable = isWritable
    self.descriptor = descriptor
    unsafe self.base = base
    self.byteCount = byteCount
  }

  deinit {
    // SAFETY: exactly what was mapped, once; every user of a word retains self.
    _ = unsafe munmap(base, byteCount)
    close(descriptor)
  }

  /// Makes the file, durable before it has its name.
  static func create(_ folder: EventLogFolder, _ header: EventLogHeader) throws(EventLogError) {
    let file = try folder.create(
      EventLogFormat.positionName,
      byteCount: EventLogFormat.positionByteCount(cursorCount: Int(header.cursorCount)),
      header: header.encode(), isDurable: true)
    close(file)
  }

  /// Puts a new log's file in the place of this one, with the same cursors. Segments that it has no use for are
  /// removed when it is opened.
  func replace(_ folder: EventLogFolder, by header: EventLogHeader) throws(EventLogError) {
    var bytes = header.encode()
    bytes += [UInt8](repeating: 0, count: EventLogFormat.headerByteCount - bytes.count)
    unsafe bytes += try withCursorsLocked {
      // SAFETY: the table lies in the mapping.
      unsafe UnsafeRawBufferPointer(start: base, count: byteCount)
        .dropFirst(EventLogFormat.headerByteCount)
        .prefix(min(cursorCount, Int(header.cursorCount)) * EventLogFormat.cursorByteCount)
    }
    let file = try folder.create(
      EventLogFormat.positionName,
      byteCount: EventLogFormat.positionByteCount(cursorCount: Int(header.cursorCount)),
      header: bytes, isDurable: true)
    close(file)
    // Who has the old one open finds nothing below, nothing new, and nobody who writes.
    store(header.firstIndex, .firstIndex)
    store(0, .writer)
    spot.wake()
  }

  /// Maps the file of a log after checking that it is one.
  static func open(
    _ folder: EventLogFolder, isWritable: Bool
  ) throws(EventLogError) -> EventLogControl {
    let name = EventLogFormat.positionName
    let file = try folder.open(name, isWritable ? O_RDWR : O_RDONLY)
    do throws(EventLogError) {
      let header = try EventLogHeader.decode(
        folder.header(file, name), magic: EventLogFormat.positionMagic, path: folder.path(name))
      let expected = EventLogFormat.positionByteCount(cursorCount: Int(header.cursorCount))
      let found = try folder.byteCount(file, name)
      guard found == UInt64(expected) else {
        throw .fileSize(path: folder.path(name), found: found, expected: UInt64(expected))
      }
      let base = unsafe mmap(
        nil, expected, isWritable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED | MAP_POPULATE,
        file, 0)
      guard let base = unsafe base, unsafe base != MAP_FAILED else {
        throw .failed("mmap", path: folder.path(name), errno: errno)
      }
      return unsafe EventLogControl(
        path: folder.path(name), header: header, isWritable: isWritable, descriptor: file,
        base: base, byteCount: expected)
    } catch {
      close(file)
      throw error
    }
  }

  // MARK: Words

  /// Words of the file that are not in the table of cursors.
  enum Word: Int {
    /// Index after the last published event: written by the writer with a release store.
    case position = 128
    /// Index of the first event that is still there.
    case firstIndex = 256
    /// All events of commands up to this one are in the log.
    case completeSequence = 264
    /// Which process writes: ``ProcessIdentity/Word``; 0 for none.
    case writer = 272
    /// The start of the host during which ``position`` was written.
    case bootHigh = 280
    case bootLow = 288
    /// How often the log was cut back.
    case cutCount = 296
    /// Where to, plus 1, while a cut is under way; else 0.
    case cutPending = 304
  }

  private static let parkingOffset = 384
  /// Where the last cuts led back to.
  private static let cutsOffset = 320
  private static let cutsKept: UInt64 = 8

  func atomic(_ word: Word) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe atomic(at: word.rawValue)
  }

  private func atomic(at offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    precondition(
      offset >= 0 && offset + 8 <= byteCount, "EventLogControl: expected an offset of the file")
    // SAFETY: eight aligned bytes of the mapping; any bits are an integer.
    return unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// A word as it is; another process may have written anything.
  func raw(_ word: Word) -> UInt64 {
    // SAFETY: the word lies in self's memory.
    unsafe atomic(word).pointee.load(ordering: .sequentiallyConsistent)
  }

  /// An index or a sequence, at most as great as one can be: nothing has to fear to count on from it.
  func load(_ word: Word) -> UInt64 { min(raw(word), Sequencer.sequenceMax) }

  func store(_ value: UInt64, _ word: Word) {
    precondition(isWritable, "EventLogControl.store: expected a file opened for writing")
    // SAFETY: as above.
    unsafe atomic(word).pointee.store(value, ordering: .sequentiallyConsistent)
  }

  /// Where readers sleep.
  var spot: ParkingSpot {
    // SAFETY: four aligned bytes of the mapping; users of the spot retain self.
    unsafe ParkingSpot(
      word: (base + Self.parkingOffset).assumingMemoryBound(to: Atomic<UInt32>.self), isShared: true
    )
  }

  // MARK: Cuts

  /// Notes that the log was cut back to an index, for readers that have read on from there.
  func recordCut(to index: UInt64) {
    let count = raw(.cutCount)
    // SAFETY: eight aligned bytes of the mapping.
    unsafe atomic(at: Self.cutsOffset + Int(count % Self.cutsKept) * 8).pointee.store(
      index, ordering: .sequentiallyConsistent)
    store(count &+ 1, .cutCount)
    store(0, .cutPending)
    spot.wake()
  }

  /// The lowest index that cuts led back to after the first `seen`; nil where there were none. The log's
  /// first where there were more than are kept.
  func lowestCut(after seen: UInt64) -> UInt64? {
    let count = raw(.cutCount)
    guard count != seen else { return nil }
    guard count &- seen <= Self.cutsKept else { return header.firstIndex }
    return (1...(count &- seen)).map { back in
      // SAFETY: eight aligned bytes of the mapping.
      unsafe atomic(at: Self.cutsOffset + Int((count &- back) % Self.cutsKept) * 8).pointee.load(
        ordering: .sequentiallyConsistent)
    }.min()
  }

  // MARK: Marks

  private static let markOffsets = [1_024, 1_536]

  /// The marks that hold, newest first.
  var marks: [EventLogMark] {
    Self.markOffsets.compactMap { offset in
      // SAFETY: 64 bytes of the mapping.
      unsafe EventLogMark.decode(
        UnsafeRawBufferPointer(start: base + offset, count: EventLogMark.byteCount))
    }.sorted { $0.number > $1.number }
  }

  /// Writes a mark over the older of the two and makes it durable.
  func write(_ mark: EventLogMark) throws(EventLogError) {
    let offset = Self.markOffsets[Int(mark.number % 2)]
    // SAFETY: 64 bytes of the mapping, within one sector of the disk.
    unsafe mark.encode(
      UnsafeMutableRawBufferPointer(start: base + offset, count: EventLogMark.byteCount))
    guard fdatasync(descriptor) == 0 else {
      throw .failed("fdatasync", path: path, errno: errno)
    }
  }

  // MARK: Cursors

  var cursorCount: Int { Int(header.cursorCount) }

  /// Does something while no other process changes the table of cursors.
  func withCursorsLocked<Result>(
    _ body: () throws(EventLogError) -> Result
  ) throws(EventLogError) -> Result {
    // The lock belongs to the open file: it ends with the process, however that ends.
    for _ in 0..<1_000 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
        defer { flock(descriptor, LOCK_UN) }
        return try body()
      }
      guard errno == EWOULDBLOCK || errno == EINTR else {
        throw .failed("flock", path: path, errno: errno)
      }
      usleep(1_000)
    }
    throw .busy(path: path)
  }

  private func cursorOffset(_ slot: Int) -> Int {
    precondition(slot >= 0 && slot < cursorCount, "EventLogControl: expected a slot of the table")
    return EventLogFormat.headerByteCount + slot * EventLogFormat.cursorByteCount
  }

  /// Index of the next event that a cursor wants.
  func cursorIndex(_ slot: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe atomic(at: cursorOffset(slot))
  }

  /// Which process has a cursor: ``ProcessIdentity/Word``; 0 for none.
  func cursorOwner(_ slot: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe atomic(at: cursorOffset(slot) + 8)
  }

  /// Length of a cursor's name, which is not 0 exactly where it is registered.
  func cursorNameByteCount(_ slot: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe atomic(at: cursorOffset(slot) + 16)
  }

  /// Not 0 where a cursor was moved back and its reader is to be told.
  func cursorCut(_ slot: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    unsafe atomic(at: cursorOffset(slot) + 24)
  }

  func cursorName(_ slot: Int) -> [UInt8]? {
    // SAFETY: the word and the 32 bytes of the name lie in the slot.
    let count = unsafe cursorNameByteCount(slot).pointee.load(ordering: .sequentiallyConsistent)
    guard count > 0 else { return nil }
    let bytes = unsafe UnsafeRawBufferPointer(
      start: base + cursorOffset(slot) + 32, count: EventLogFormat.cursorNameByteCountMax)
    return unsafe Array(bytes.prefix(Int(min(count, UInt64(bytes.count)))))
  }

  func setCursorName(_ slot: Int, _ name: [UInt8]) {
    precondition(
      name.count <= EventLogFormat.cursorNameByteCountMax,
      "EventLogControl.setCursorName: expected at most 32 bytes")
    let target = unsafe base + cursorOffset(slot) + 32
    for index in 0..<EventLogFormat.cursorNameByteCountMax {
      // SAFETY: the 32 bytes of the name lie in the slot.
      unsafe target.storeBytes(
        of: index < name.count ? name[index] : 0, toByteOffset: index, as: UInt8.self)
    }
    unsafe cursorNameByteCount(slot).pointee.store(
      UInt64(name.count), ordering: .sequentiallyConsistent)
  }

  /// Index of the next event that the hindmost registered cursor wants; nil where none is.
  var hindmostCursor: UInt64? {
    (0..<cursorCount).compactMap { slot in
      // SAFETY: the words lie in the slot.
      guard unsafe cursorNameByteCount(slot).pointee.load(ordering: .sequentiallyConsistent) > 0
      else { return nil }
      return unsafe cursorIndex(slot).pointee.load(ordering: .sequentiallyConsistent)
    }.min()
  }
}
