// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What is done to a file.
package struct FileOperation: BitwiseCopyable {
  package enum Kind: UInt8, BitwiseCopyable { case read, write, sync }
  package var kind: Kind
  package var buffer: FileBufferID
  package var byteCount: Int
  package var offset: UInt64
}

/// Where each file buffer is, and what is to be done with it.
@safe
package struct FileBufferStates: ~Copyable {
  package enum State: UInt8, BitwiseCopyable {
    /// `shown`: its operation is over, and the event of that was not taken.
    case free, taken, busy, shown
  }
  private let states: UnsafeMutablePointer<State>
  private let operations: UnsafeMutablePointer<(operation: FileOperation, slot: UInt32)>
  private let count: Int

  package init(count: Int) {
    self.count = count
    // SAFETY: as long as `count` says, initialised, freed in `deinit`.
    unsafe states = .allocate(capacity: max(1, count))
    unsafe states.initialize(repeating: .free, count: max(1, count))
    // Set before they are read.
    unsafe operations = .allocate(capacity: max(1, count))
  }

  deinit {
    unsafe states.deallocate()
    unsafe operations.deallocate()
  }

  /// Keeps what is to be done with a buffer that is taken.
  package func keep(_ operation: FileOperation, slot: UInt32) {
    self[operation.buffer] = .busy
    unsafe operations[Int(operation.buffer.index)] = (operation, slot)
  }

  /// What was kept for a buffer.
  package func kept(_ buffer: UInt32) -> (operation: FileOperation, slot: UInt32) {
    precondition(
      self[FileBufferID(index: buffer)] == .busy, "FileBufferStates: expected an operation")
    // SAFETY: the buffer is one of these, and busy since its operation was kept.
    return unsafe operations[Int(buffer)]
  }

  package subscript(buffer: FileBufferID) -> State {
    get {
      precondition(Int(buffer.index) < count, "FileBufferStates: expected a buffer of this loop")
      return unsafe states[Int(buffer.index)]
    }
    nonmutating set {
      precondition(Int(buffer.index) < count, "FileBufferStates: expected a buffer of this loop")
      unsafe states[Int(buffer.index)] = newValue
    }
  }
}

extension EventLoop {
  /// Opens a file; with `writes` it is made where there is none, private to its owner.
  ///
  /// - Throws: ``IOError`` with the path and the kernel's errno.
  public final func openFile(_ path: String, writes: Bool = false) throws(IOError) -> FileID {
    guard configuration.fileBufferCount > 0 else {
      throw .configuration(
        field: "fileBufferCount", value: "0", expected: "buffers to read files into")
    }
    return FileID(try makeFile(path, writes: writes))
  }

  /// Closes a file, after what is under way.
  public final func close(_ file: FileID) {
    if let index = slots.index(file.handle) { end(index, .requested, resets: false) }
  }

  /// A buffer for operations on files; nil where all are taken.
  public final func takeFileBuffer() -> FileBufferID? {
    guard let block = fileBlocks.take() else { return nil }
    let buffer = FileBufferID(index: block)
    fileStates[buffer] = .taken
    return buffer
  }

  /// Gives a buffer back.
  ///
  /// - Precondition: It was taken, and nothing is under way with it.
  public final func give(_ buffer: FileBufferID) {
    precondition(
      fileStates[buffer] == .taken, "EventLoop.give: expected a buffer with which nothing happens")
    fileStates[buffer] = .free
    fileBlocks.give(buffer.index)
  }

  /// Lets `body` read or write the bytes of a buffer.
  ///
  /// - Precondition: It was taken, and nothing is under way with it.
  public final func withBytes<T>(
    of buffer: FileBufferID, _ body: (inout MutableRawSpan) -> T
  ) -> T {
    precondition(
      fileStates[buffer] == .taken,
      "EventLoop.withBytes: expected a buffer with which nothing happens")
    // SAFETY: the buffer is the caller's, and the kernel has nothing to do with it.
    var span = unsafe MutableRawSpan(
      _unsafeStart: fileBlocks.bytes(buffer.index), byteCount: configuration.fileBufferByteCount)
    return body(&span)
  }

  /// Begins to read; ``IOEvent/fileDone(_:_:)`` says how it went.
  ///
  /// - Returns: `false` for a file that is closed.
  public final func read(
    _ file: FileID, at offset: UInt64, byteCount: Int, into buffer: FileBufferID
  ) -> Bool {
    start(FileOperation(kind: .read, buffer: buffer, byteCount: byteCount, offset: offset), file)
  }

  /// Begins to write; durable after ``sync(_:with:)``.
  ///
  /// - Returns: `false` for a file that is closed.
  public final func write(
    _ file: FileID, at offset: UInt64, byteCount: Int, from buffer: FileBufferID
  ) -> Bool {
    start(FileOperation(kind: .write, buffer: buffer, byteCount: byteCount, offset: offset), file)
  }

  /// Begins to make durable what was written and reported (`fdatasync`). The buffer only names it.
  ///
  /// - Returns: `false` for a file that is closed.
  public final func sync(_ file: FileID, with buffer: FileBufferID) -> Bool {
    start(FileOperation(kind: .sync, buffer: buffer, byteCount: 0, offset: 0), file)
  }

  private final func start(_ operation: FileOperation, _ file: FileID) -> Bool {
    precondition(
      fileStates[operation.buffer] == .taken,
      "EventLoop: expected a buffer that was taken, and whose last event was too")
    precondition(
      (0...configuration.fileBufferByteCount).contains(operation.byteCount)
        && operation.offset <= UInt64(Int64.max) - UInt64(operation.byteCount),
      "EventLoop: expected no more bytes than a buffer has, and an offset of a file")
    guard let index = slots.index(file.handle), !slots[index].flags.contains(.tearing) else {
      return false
    }
    // Begun with the next step, on every backend, so that a buffer has one event a step at most.
    fileStates.keep(operation, slot: index)
    slots[index].inFlightCount += 1
    waitingFiles.append(operation.buffer.index)
    return true
  }

  /// For backends, with the others of what they hand to the kernel: begins the operations that wait.
  package final func beginFiles() {
    while let buffer = waitingFiles.pop() {
      let (operation, index) = fileStates.kept(buffer)
      guard begin(operation, on: index) else { return waitingFiles.append(buffer) }
    }
  }

  /// For backends: an operation is over.
  package final func fileEnded(_ index: UInt32, _ buffer: FileBufferID, _ result: Int64) {
    fileStates[buffer] = .shown
    slots[index].inFlightCount -= 1
    unsafe state.pointee.counters.fileOperationCount &+= 1
    if result < 0 { unsafe state.pointee.counters.failedFileOperationCount &+= 1 }
    events.append(
      .fileDone(
        buffer,
        result < 0 ? .failed(errno: Int32(-result)) : .done(byteCount: Int(result))))
  }
}
