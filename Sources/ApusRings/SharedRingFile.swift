// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads
internal import CApusRings
internal import Glibc
internal import Synchronization

/// Whether somebody is at the other end of a ring.
public enum RingPeerState: UInt8, Sendable, Equatable {
  /// It is there.
  case present
  /// Nobody has it now: not opened yet, or closed.
  case absent
  /// The process that had it has died without closing it.
  case dead
}

/// A ring's file, mapped by this process.
@safe
final class SharedRingFile: @unchecked Sendable {
  // SAFETY: constant after `init` but for the mapped bytes, whose owner words are atomic.
  let path: String
  let layout: RingLayout
  let base: UnsafeMutableRawPointer

  private init(path: String, layout: RingLayout, base: UnsafeMutableRawPointer) {
    self.path = path
    self.layout = layout
    unsafe self.base = base
  }

  deinit {
    // SAFETY: exactly what was mapped, once; every end retains self.
    _ = unsafe munmap(base, layout.totalByteCount)
  }

  /// Makes a ring's file. It appears under its name when it is complete, and never in place of
  /// another one.
  static func create(
    path: String, layout: RingLayout, upstream: [UInt8] = []
  ) throws(RingError) {
    let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0...(.max))).new"
    let descriptor = unsafe Glibc.open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure(temporary, "open") }
    defer {
      close(descriptor)
      unsafe unlink(temporary)
    }
    // Reserves the blocks: a full disk is reported here and not by a signal at the first use.
    let reserved = posix_fallocate(descriptor, 0, off_t(layout.totalByteCount))
    guard reserved == 0 else {
      throw .file(path: path, problem: .system(operation: "posix_fallocate", errno: reserved))
    }
    let base = unsafe try map(descriptor, path, byteCount: layout.totalByteCount)
    var header = capus_ring_header()
    header.magic = CAPUS_RING_MAGIC
    header.version = CAPUS_RING_VERSION
    header.kind = layout.kind.rawValue
    header.element_byte_count = UInt64(layout.elementByteCount)
    header.element_alignment = UInt64(layout.elementAlignment)
    header.capacity = UInt64(layout.capacity)
    header.width = UInt32(layout.width)
    header.data_offset = UInt64(layout.dataOffset)
    header.total_byte_count = UInt64(layout.totalByteCount)
    unsafe withUnsafeMutableBytes(of: &header.upstream) { bytes in
      for (index, mask) in upstream.prefix(bytes.count).enumerated() {
        unsafe bytes[index] = mask
      }
    }
    // SAFETY: the mapping is longer than the header.
    unsafe base.storeBytes(of: header, as: capus_ring_header.self)
    _ = unsafe munmap(base, layout.totalByteCount)
    guard unsafe link(temporary, path) == 0 else {
      throw errno == EEXIST ? .file(path: path, problem: .exists) : failure(path, "link")
    }
  }

  /// Maps a ring's file and checks that it is the ring the caller expects.
  ///
  /// - Parameters:
  ///   - kind: What ring it has to be.
  ///   - layout: Makes the layout for the capacity and the width that the file has.
  static func open(
    path: String, kind: RingLayout.Kind,
    layout: (_ capacity: Int, _ width: Int) throws(RingError) -> RingLayout
  ) throws(RingError) -> SharedRingFile {
    // A pipe or a terminal is opened without waiting, and refused for its size.
    let descriptor = unsafe Glibc.open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw failure(path, "open") }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw failure(path, "fstat") }
    guard status.st_size >= RingLayout.lineByteCount else {
      throw .file(
        path: path,
        problem: .fileSize(
          found: UInt64(status.st_size), expected: UInt64(RingLayout.lineByteCount)))
    }
    var header = capus_ring_header()
    // SAFETY: the header is as long as the call is given.
    let count = unsafe pread(descriptor, &header, MemoryLayout<capus_ring_header>.size, 0)
    guard count == MemoryLayout<capus_ring_header>.size else { throw failure(path, "pread") }
    try check(path, "magic", 0, header.magic, CAPUS_RING_MAGIC)
    try check(path, "version", 8, UInt64(header.version), UInt64(CAPUS_RING_VERSION))
    try check(path, "kind", 12, UInt64(header.kind), UInt64(kind.rawValue))
    try checkShape(path, header, kind)
    let expected = try layout(Int(header.capacity), Int(header.width))
    try check(
      path, "elementByteCount", 16, header.element_byte_count, UInt64(expected.elementByteCount))
    try check(
      path, "elementAlignment", 24, header.element_alignment, UInt64(expected.elementAlignment))
    try check(path, "dataOffset", 48, header.data_offset, UInt64(expected.dataOffset))
    try check(path, "totalByteCount", 56, header.total_byte_count, UInt64(expected.totalByteCount))
    guard status.st_size == expected.totalByteCount else {
      throw .file(
        path: path,
        problem: .fileSize(
          found: UInt64(status.st_size), expected: UInt64(expected.totalByteCount)))
    }
    let base = unsafe try map(descriptor, path, byteCount: expected.totalByteCount)
    return unsafe SharedRingFile(path: path, layout: expected, base: base)
  }

  /// For each consumer of a broadcast ring, those it follows.
  var upstream: [UInt8] {
    // SAFETY: the mapping is longer than the header.
    let header = unsafe base.load(as: capus_ring_header.self)
    return unsafe withUnsafeBytes(of: header.upstream) { unsafe Array($0) }
  }

  /// Values that the rest of the header, and the layout, are computed from.
  private static func checkShape(
    _ path: String, _ header: capus_ring_header, _ kind: RingLayout.Kind
  ) throws(RingError) {
    let capacityMax = UInt64(RingLayout.capacityMax)
    guard header.capacity.nonzeroBitCount == 1, header.capacity <= capacityMax else {
      throw .file(
        path: path,
        problem: .value(
          name: "capacity", offset: 32, found: header.capacity,
          expected: "a power of two of at most \(capacityMax)"))
    }
    let widthMax = kind == .broadcast ? RingLayout.broadcastConsumerCountMax : 1
    guard (1...UInt32(widthMax)).contains(header.width) else {
      throw .file(
        path: path,
        problem: .value(
          name: "width", offset: 40, found: UInt64(header.width), expected: "1...\(widthMax)"))
    }
    let upstream = unsafe withUnsafeBytes(of: header.upstream) { unsafe Array($0) }
    for (consumer, mask) in upstream.enumerated()
    where mask >> UInt8(consumer) != 0 || (mask != 0 && consumer >= Int(header.width)) {
      throw .file(
        path: path,
        problem: .value(
          name: "upstream[\(consumer)]", offset: 64 + consumer, found: UInt64(mask),
          expected: "only consumers before it"))
    }
  }

  private static func check(
    _ path: String, _ name: String, _ offset: Int, _ found: UInt64, _ expected: UInt64
  ) throws(RingError) {
    guard found == expected else {
      throw .file(
        path: path,
        problem: .field(name: name, offset: offset, found: found, expected: expected))
    }
  }

  private static func map(
    _ descriptor: Int32, _ path: String, byteCount: Int
  ) throws(RingError) -> UnsafeMutableRawPointer {
    let base = unsafe mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, 0)
    guard let base = unsafe base, unsafe base != MAP_FAILED else { throw failure(path, "mmap") }
    return unsafe base
  }

  private static func failure(_ path: String, _ operation: String) -> RingError {
    .file(path: path, problem: .system(operation: operation, errno: errno))
  }
}

extension SharedRingFile {
  private func owner(_ end: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    precondition(end < layout.ownerCount, "SharedRingFile.owner: expected an end's index")
    // SAFETY: owners lie between the positions and the data; zero or written by another process.
    return unsafe (base + layout.ownersOffset + end * RingLayout.ownerByteCount)
      .assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// Who has an end now. 0 is the producer, then come the consumers.
  func state(ofEnd end: Int) -> RingPeerState {
    // SAFETY: the word lies in the mapping.
    let identity = unsafe owner(end).pointee.load(ordering: .acquiring)
    if identity == 0 { return .absent }
    return ProcessIdentity.Word(rawValue: identity).mayRun ? .present : .dead
  }

  /// How many have taken an end so far: it changes when a peer is restarted.
  func epoch(ofEnd end: Int) -> UInt64 {
    // SAFETY: the word follows the identity.
    unsafe (owner(end) + 1).pointee.load(ordering: .acquiring)
  }

  /// Takes an end for this process, from nobody or from a process that has died.
  func take(end: Int, name: String) throws(RingError) {
    let mine = ProcessIdentity.Word.current().rawValue
    while true {
      // SAFETY: the words lie in the mapping.
      let holder = unsafe owner(end).pointee.load(ordering: .acquiring)
      let process = ProcessIdentity.Word(rawValue: holder)
      if holder != 0, process.mayRun {
        throw .file(path: path, problem: .endInUse(end: name, processID: process.processID))
      }
      let (exchanged, _) = unsafe owner(end).pointee.compareExchange(
        expected: holder, desired: mine, ordering: .acquiringAndReleasing)
      if exchanged { break }
    }
    unsafe (owner(end) + 1).pointee.wrappingAdd(1, ordering: .releasing)
  }

  /// Takes an end whose process has died; `false` where none has.
  func takeDead(end: Int) -> Bool {
    // SAFETY: the word lies in the mapping.
    let holder = unsafe owner(end).pointee.load(ordering: .acquiring)
    guard holder != 0, !ProcessIdentity.Word(rawValue: holder).mayRun else { return false }
    return unsafe owner(end).pointee.compareExchange(
      expected: holder, desired: ProcessIdentity.Word.current().rawValue,
      ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// Gives an end back.
  func leave(end: Int) {
    // SAFETY: the word lies in the mapping.
    unsafe owner(end).pointee.store(0, ordering: .releasing)
  }
}

extension ProcessIdentity.Word {
  /// Whether an end that has this word is taken: also where the process can only be guessed at.
  fileprivate var mayRun: Bool { state() != .dead }
}
