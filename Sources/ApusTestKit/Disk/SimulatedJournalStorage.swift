// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusJournal
internal import ApusTestBasics

/// A disk in memory with the faults of a real one, from a seed: for tests and simulators.
///
/// Writes land in a page cache and reach the disk when they are synced; until then a power cut keeps
/// any of their sectors and loses or tears the others. Names change in order, and a power cut keeps
/// a beginning of what was not synced. After a failed sync unsynced sectors are on the disk or not,
/// and a later sync that succeeds says nothing of them.
///
/// The same seed and the same calls give the same disk.
///
/// - Threading: one thread at a time.
@safe
public final class SimulatedJournalStorage: JournalStorage {
  /// What goes wrong; it may be changed at any time.
  public var faults: SimulatedDiskFaults
  /// Calls that wrote, and that synced, since the disk was made.
  public private(set) var writeCount = 0
  /// Calls that made data durable.
  public private(set) var syncCount = 0
  /// Called at each write and sync, before it: a simulator's way to cut the power at any point.
  public var onOperation: ((_ operationIndex: Int) -> Void)?

  /// The folder.
  public let location: String
  /// How commits reach the disk.
  public var modeDescription: String { "simulated disk" }

  private var random: SeededRandom
  private var files: [Int: SimulatedFile] = [:]
  private var nextFileNumber = 0
  private var names: [String: Int] = [:]
  private var durableNames: [String: Int] = [:]
  fileprivate enum NameChange {
    case set(String, Int)
    case clear(String)
  }
  private var unsyncedNames: [NameChange] = []
  private var openFiles: [Int32: Int] = [:]
  private var nextHandle: Int32 = 3
  private var isLocked = false

  private struct Commit {
    var handle: Int32
    var offset: Int
    var bytes: [UInt8]
    var looksLeft: Int
    var settled: CommitProgress?
  }
  private var commit: Commit?
  private var background: StorageResult?

  /// An empty disk.
  public init(seed: UInt64, faults: SimulatedDiskFaults = .init(), location: String = "simulated") {
    random = SeededRandom(seed: seed)
    self.faults = faults
    self.location = location
  }

  // MARK: Crashes

  /// The machine loses its power: what was not synced is there in part, and every open file and the
  /// lock are gone. What the disk has then may be opened by a new writer.
  public func cutPower() {
    applyCommitInPart()
    for number in files.keys.sorted() {
      guard var file = files[number] else { continue }
      file.scatter(faults, &random)
      file.cached = file.durable
      files[number] = file
    }
    let kept = unsyncedNames.isEmpty ? 0 : random.below(unsyncedNames.count + 1)
    for change in unsyncedNames.prefix(kept) { apply(change, to: &durableNames) }
    unsyncedNames.removeAll()
    names = durableNames
    endProcess()
  }

  /// The process dies and the machine goes on: the page cache stays, and of a commit in flight a
  /// beginning is written.
  public func killProcess() {
    applyCommitInPart()
    endProcess()
  }

  /// The same disk for who opens it next. What was left of this one is an empty disk: an owner that should
  /// be gone, and still closes and removes its files, does nothing to the other.
  ///
  /// Call it after ``cutPower()`` or ``killProcess()``, which end the files that are open.
  public func successor() -> SimulatedJournalStorage {
    let other = SimulatedJournalStorage(seed: random.next(), faults: faults, location: location)
    other.contents = contents
    other.nextHandle = nextHandle
    contents = Contents()
    return other
  }

  /// What is on the disk.
  struct Contents {
    fileprivate var files: [Int: SimulatedFile] = [:]
    fileprivate var names: [String: Int] = [:]
    fileprivate var durableNames: [String: Int] = [:]
    fileprivate var unsyncedNames: [NameChange] = []
  }

  var contents: Contents {
    get {
      Contents(
        files: files, names: names, durableNames: durableNames, unsyncedNames: unsyncedNames)
    }
    set {
      (files, names) = (newValue.files, newValue.names)
      (durableNames, unsyncedNames) = (newValue.durableNames, newValue.unsyncedNames)
      nextFileNumber = max(nextFileNumber, newValue.files.keys.max() ?? 0)
    }
  }

  private func applyCommitInPart() {
    guard let commit, commit.settled == nil, let number = openFiles[commit.handle] else { return }
    let count = random.below(commit.bytes.count + 1)
    unsafe commit.bytes.withUnsafeBytes { bytes in
      let part = unsafe UnsafeRawBufferPointer(rebasing: bytes.prefix(count))
      unsafe files[number]?.write(part, at: commit.offset)
    }
  }

  private func endProcess() {
    openFiles.removeAll()
    commit = nil
    background = nil
    isLocked = false
    var used = Set(names.values).union(durableNames.values)
    for case .set(_, let number) in unsyncedNames { used.insert(number) }
    files = files.filter { used.contains($0.key) }
  }

  /// Bytes of a file as programs see it; nil where there is none.
  public func contents(_ name: String) -> [UInt8]? { names[name].flatMap { files[$0]?.cached } }

  /// Puts a file there, durable: for tests that damage one.
  public func replaceContents(_ name: String, with bytes: [UInt8]) {
    let number = names[name] ?? makeFile(name)
    files[number] = SimulatedFile(cached: bytes, durable: bytes)
    durableNames[name] = number
  }

  // MARK: Names

  /// Takes the folder for one writer.
  public func lock() throws(JournalError) {
    guard !isLocked else { throw .locked(path: location) }
    isLocked = true
  }

  /// Names of the files.
  public func list() throws(JournalError) -> [String] { names.keys.sorted() }

  /// Whether there is a file of this name.
  public func exists(_ name: String) throws(JournalError) -> Bool {
    if strikes(faults.lookupError) { throw .failed("stat", path: path(name), errno: Self.EIO) }
    return names[name] != nil
  }

  /// Opens a file.
  public func open(_ name: String, _ access: StorageAccess) throws(JournalError) -> StorageFile {
    guard
      let number = names[name] ?? (access == .read || access == .alignedRead ? nil : makeFile(name))
    else {
      throw .missing(path: path(name))
    }
    nextHandle += 1
    openFiles[nextHandle] = number
    return StorageFile(rawValue: nextHandle)
  }

  private func makeFile(_ name: String) -> Int {
    nextFileNumber += 1
    files[nextFileNumber] = SimulatedFile()
    change(.set(name, nextFileNumber))
    return nextFileNumber
  }

  private func change(_ change: NameChange) {
    apply(change, to: &names)
    unsyncedNames.append(change)
  }

  private func apply(_ change: NameChange, to names: inout [String: Int]) {
    switch change {
    case .set(let name, let number): names[name] = number
    case .clear(let name): names[name] = nil
    }
  }

  /// Closes a file, after waiting for what is in flight on it.
  public func close(_ file: StorageFile) {
    if commit?.handle == file.rawValue { commit?.settled = finishCommit() }
    openFiles[file.rawValue] = nil
  }

  /// Renames a file, over one that is there.
  public func rename(_ source: String, to target: String) throws(JournalError) {
    guard let number = names[source] else { throw .missing(path: path(source)) }
    change(.set(target, number))
    change(.clear(source))
  }

  /// Removes a file.
  public func remove(_ name: String) throws(JournalError) {
    guard names[name] != nil else { throw .missing(path: path(name)) }
    change(.clear(name))
  }

  /// Makes names durable.
  public func syncFolder() throws(JournalError) {
    begin()
    syncCount += 1
    if random.chance(faults.syncError) { throw .syncFailed(path: location, errno: Self.EIO) }
    for change in unsyncedNames { apply(change, to: &durableNames) }
    unsyncedNames.removeAll()
  }

  // MARK: Sizes

  /// Length of a file. Unit: bytes.
  public func byteCount(_ file: StorageFile, name: String) throws(JournalError) -> Int {
    openFiles[file.rawValue].flatMap { files[$0]?.cached.count } ?? 0
  }

  /// Makes the file this long and takes the space for it.
  public func allocate(
    _ file: StorageFile, name: String, byteCount: Int
  ) throws(JournalError) {
    guard let number = openFiles[file.rawValue] else {
      throw .system(operation: "fallocate", path: path(name), errno: Self.EBADF)
    }
    guard hasSpace(for: byteCount - (files[number]?.cached.count ?? 0)) else {
      throw .failed("fallocate", path: path(name), errno: Self.ENOSPC)
    }
    if byteCount > files[number]?.cached.count ?? 0 { files[number]?.resize(byteCount) }
  }

  /// Cuts the file to a length.
  public func truncate(
    _ file: StorageFile, name: String, byteCount: Int
  ) throws(JournalError) {
    if let number = openFiles[file.rawValue] { files[number]?.resize(byteCount) }
  }

  private func hasSpace(for byteCount: Int) -> Bool {
    let used = Set(names.values).reduce(0) { $0 + (files[$1]?.cached.count ?? 0) }
    return byteCount <= 0 || used <= faults.capacityByteCount - byteCount
  }

  // MARK: Bytes

  static let EIO: Int32 = 5
  static let EBADF: Int32 = 9
  static let ENOSPC: Int32 = 28

  /// Whether a fault strikes; without it the same seed brings the same as before there was this one.
  private func strikes(_ probability: Double) -> Bool {
    probability > 0 && random.chance(probability)
  }

  private func begin() { onOperation?(writeCount + syncCount) }

  /// Reads at an offset; the count may be short.
  public func read(
    _ file: StorageFile, at offset: Int, into target: UnsafeMutableRawBufferPointer
  ) -> StorageResult {
    guard let number = openFiles[file.rawValue], let cached = files[number]?.cached else {
      return .failed(errno: Self.EBADF)
    }
    if strikes(faults.readError) { return .failed(errno: Self.EIO) }
    let count = max(0, min(target.count, cached.count - offset))
    // SAFETY: count is at most what either side has.
    unsafe cached.withUnsafeBytes { bytes in
      guard count > 0 else { return }
      unsafe target.copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
    }
    return .count(count)
  }

  /// Writes at an offset; the count may be short.
  public func write(
    _ file: StorageFile, at offset: Int, _ source: UnsafeRawBufferPointer
  ) -> StorageResult {
    begin()
    writeCount += 1
    guard let number = openFiles[file.rawValue], let size = files[number]?.cached.count else {
      return .failed(errno: Self.EBADF)
    }
    if random.chance(faults.writeError) { return .failed(errno: Self.EIO) }
    guard hasSpace(for: offset + source.count - size) else { return .failed(errno: Self.ENOSPC) }
    var count = source.count
    if count > 1, random.chance(faults.shortWrite) { count = random.below(count) }
    let part = unsafe UnsafeRawBufferPointer(rebasing: source.prefix(count))
    unsafe files[number]?.write(part, at: offset)
    return .count(count)
  }

  /// Makes the file's data durable.
  public func sync(_ file: StorageFile) -> StorageResult {
    begin()
    syncCount += 1
    guard let number = openFiles[file.rawValue] else { return .failed(errno: Self.EBADF) }
    if random.chance(faults.syncError) {
      files[number]?.scatter(faults, &random)
      return .failed(errno: Self.EIO)
    }
    files[number]?.sync()
    return .count(0)
  }

  // MARK: Commits

  /// Begins a write and the sync after it.
  public func beginCommit(
    _ file: StorageFile, at offset: Int, _ source: UnsafeRawBufferPointer
  ) {
    precondition(
      commit == nil, "SimulatedJournalStorage.beginCommit: expected the one before to be told of")
    let looks = random.below(max(0, faults.commitLookCountMax) + 1)
    commit = Commit(
      handle: file.rawValue, offset: offset, bytes: unsafe Array(source), looksLeft: looks)
  }

  /// Where the commit is.
  public func commitProgress(wait: Bool) -> CommitProgress {
    guard var current = commit else { return .idle }
    if let settled = current.settled {
      commit = nil
      return settled
    }
    if !wait, current.looksLeft > 0 {
      current.looksLeft -= 1
      commit = current
      return .inFlight
    }
    let progress = finishCommit()
    commit = nil
    return progress
  }

  private func finishCommit() -> CommitProgress {
    guard let current = commit else { return .idle }
    let file = StorageFile(rawValue: current.handle)
    let result = unsafe current.bytes.withUnsafeBytes {
      unsafe write(file, at: current.offset, $0)
    }
    switch result {
    case .failed(let errno): return .failed(operation: "write", errno: errno)
    case .count(let count) where count < current.bytes.count: return .short(byteCount: count)
    case .count: break
    }
    if case .failed(let errno) = sync(file) {
      return .failed(operation: "fdatasync", errno: errno)
    }
    return .durable
  }

  /// Begins a write beside the commit.
  public func beginBackgroundWrite(
    _ file: StorageFile, at offset: Int, _ source: UnsafeRawBufferPointer
  ) -> Bool {
    guard background == nil else { return false }
    background = unsafe write(file, at: offset, source)
    return true
  }

  /// Where the write beside the commit is.
  public func backgroundResult(wait: Bool) -> StorageResult? {
    defer { background = nil }
    return background
  }
}
