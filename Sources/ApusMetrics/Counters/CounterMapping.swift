// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusCounters
internal import Glibc
internal import Synchronization

/// The writer's mapping of a counter file. The file and all handles of its counters share it; the
/// last to go marks the file as closed.
@safe
@usableFromInline
final class CounterMapping: Sendable {
  // SAFETY: what is behind the address is only reached by the registry, under its lock, and by
  // handles, each of which owns its slot. Both keep this object.
  nonisolated(unsafe) private let base: UnsafeMutableRawPointer
  let layout: CounterFileLayout
  let path: String
  /// Device and inode, to check whether the path still names this file.
  private let device: UInt64
  private let inode: UInt64

  /// Creates the file under a temporary name and renames it into place.
  init(path: String, layout: CounterFileLayout, mode: mode_t) throws(CounterFileError) {
    // Nobody can guess the name, so that nothing stands in its place.
    let number = String(UInt64.random(in: 0...(.max)), radix: 16)
    let temporaryPath = "\(path).\(number).partial"
    func failure(_ operation: String, _ error: Int32) -> CounterFileError {
      CounterFileError(path: path, reason: .system(operation: operation, errno: error))
    }
    let descriptor = unsafe open(
      temporaryPath, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw failure("open", errno) }
    defer { close(descriptor) }
    var isComplete = false
    defer { if !isComplete { unsafe unlink(temporaryPath) } }

    // Allocated, not only sized: a store into a hole of a full disk would raise SIGBUS.
    let allocation = posix_fallocate(descriptor, 0, off_t(layout.fileByteCount))
    guard allocation == 0 else { throw failure("posix_fallocate", allocation) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw failure("fstat", errno) }
    // SAFETY: a new mapping; it is checked for failure before use.
    let mapped = unsafe mmap(
      nil, layout.fileByteCount, PROT_READ | PROT_WRITE, MAP_SHARED | Int32(MAP_POPULATE),
      descriptor, 0)
    guard let mapped = unsafe mapped, Int(bitPattern: mapped) != -1 else {
      throw failure("mmap", errno)
    }
    unsafe base = mapped
    self.layout = layout
    self.path = path
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    // SAFETY: the header is at the front of the mapping, which is longer.
    unsafe mapped.storeBytes(
      of: layout.header(writer: .current()), as: capus_counters_header.self)
    guard unsafe rename(temporaryPath, path) == 0 else {
      // deinit unmaps: every property is set.
      throw failure("rename", errno)
    }
    isComplete = true
  }

  deinit {
    let offset = MemoryLayout<capus_counters_header>.offset(of: \.closed) ?? 0
    // Pairs with the reader's fence: the last values are seen by whoever sees the file closed.
    unsafe atomic(at: offset).pointee.store(1, ordering: .releasing)
    // SAFETY: exactly what was mapped; handles keep this object, so none is left.
    unsafe munmap(base, layout.fileByteCount)
  }

  /// The aligned word at an offset of the file.
  ///
  /// - Precondition: The offset is a multiple of 8 within the file.
  func atomic(at offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    precondition(
      offset >= 0 && offset & 7 == 0 && offset <= layout.fileByteCount - 8,
      "CounterMapping.atomic: expected an aligned offset within the file")
    // SAFETY: checked above; Atomic<UInt64> has the layout of UInt64, any pattern of it is valid.
    return unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  func storeUsedSlotCount(_ count: Int) {
    let offset = MemoryLayout<capus_counters_header>.offset(of: \.slotsUsed) ?? 0
    unsafe atomic(at: offset).pointee.store(UInt64(count), ordering: .releasing)
  }

  /// Zeroes a range.
  func zero(_ range: Range<Int>) {
    for offset in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
      unsafe atomic(at: offset).pointee.store(0, ordering: .relaxed)
    }
  }

  /// Writes a record so that a reader takes either none of it or all of it.
  ///
  /// Readers compare the whole record before and after they read its value; see
  /// `CounterReader.snapshot`.
  func publish(_ record: [UInt64], slot: Int, zeroing: Range<Int>) {
    let offset = layout.recordOffset(slot)
    let generation = record[0] & ~0xFFFF_FFFF
    unsafe atomic(at: offset).pointee.store(
      generation | UInt64(CAPUS_COUNTERS_STATE_RESERVED), ordering: .relaxed)
    // The reserved state is seen before anything of what follows is.
    atomicMemoryFence(ordering: .releasing)
    zero(zeroing)
    for word in 1..<CounterFileLayout.recordWordCount {
      unsafe atomic(at: offset + word * 8).pointee.store(record[word], ordering: .relaxed)
    }
    unsafe atomic(at: offset).pointee.store(record[0], ordering: .releasing)
  }

  func storeState(_ state: UInt64, slot: Int) {
    unsafe atomic(at: layout.recordOffset(slot)).pointee.store(state, ordering: .releasing)
  }

  /// Removes the file if its name still names this one.
  func removeFile() {
    var status = stat()
    // SAFETY: `status` is there to be written.
    guard unsafe stat(path, &status) == 0, UInt64(status.st_dev) == device,
      UInt64(status.st_ino) == inode
    else { return }
    unsafe unlink(path)
  }
}
