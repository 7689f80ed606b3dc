// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads
internal import CApusCounters
internal import Glibc
internal import Synchronization

/// Reads a counter file of another process, or of one that has ended.
///
/// The file is copied with `pread`, not mapped: one that is cut short while it is read is then an
/// error to be reported, where a mapping would raise SIGBUS. The kernel copies aligned words whole on
/// the CPUs Apus runs on, so no value is seen half written.
///
/// - Threading: one thread at a time.
@safe
public struct CounterReader: ~Copyable {
  /// Name of the file.
  public let path: String
  private let descriptor: CInt
  private let device: UInt64
  private let inode: UInt64
  let layout: CounterFileLayout
  private let writer: ProcessIdentity
  /// When the file was made. Unit: nanoseconds since 1970-01-01 UTC.
  public let createdNanoseconds: UInt64

  /// Passes over the file in search of a state that does not change; see ``snapshot()``.
  static let passCountMax = 8

  /// Opens a file and checks its header.
  ///
  /// - Throws: ``CounterFileError`` naming the field that cannot be so; no file can trap or hang it.
  public init(path: String) throws(CounterFileError) {
    self.path = path
    func failure(_ reason: CounterFileError.Reason) -> CounterFileError {
      CounterFileError(path: path, reason: reason)
    }
    // Without O_NONBLOCK opening a pipe waits for its writer.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw failure(.system(operation: "open", errno: errno)) }
    var isOpen = false
    defer { if !isOpen { close(descriptor) } }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw failure(.system(operation: "fstat", errno: errno))
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw failure(.notARegularFile) }
    let size = UInt64(status.st_size)
    let words = try Self.read(
      descriptor, path, offset: 0,
      wordCount: min(CounterFileLayout.headerByteCount, Int(clamping: size)) / 8)
    guard words.first == CAPUS_COUNTERS_MAGIC else { throw failure(.foreign) }
    guard words.count * 8 == CounterFileLayout.headerByteCount else {
      throw failure(
        .truncated(byteCount: size, expected: UInt64(CounterFileLayout.headerByteCount)))
    }
    // SAFETY: as many bytes as the header has; any pattern is a valid struct of integers.
    let header = unsafe words.withUnsafeBytes {
      unsafe $0.loadUnaligned(as: capus_counters_header.self)
    }
    layout = try Self.checked(header, size: size, path: path)
    self.descriptor = descriptor
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    writer = ProcessIdentity(
      processID: header.processID, startTicks: header.processStartTicks,
      namespace: header.processNamespace, bootIDHigh: header.bootIDHigh,
      bootIDLow: header.bootIDLow)
    createdNanoseconds = header.createdNanoseconds
    isOpen = true
  }

  deinit { close(descriptor) }

  /// Number of the process that writes, or wrote, in its own namespace.
  public var writerProcessID: Int { Int(clamping: writer.processID) }

  /// Slots the file has.
  public var slotCapacity: Int { layout.slotCapacity }

  /// What became of the writer.
  ///
  /// A number that was given to another process since is no life: its start is compared as well.
  public func writerState() -> CounterWriterState {
    let offset = MemoryLayout<capus_counters_header>.offset(of: \.closed) ?? 0
    let closed = try? Self.read(descriptor, path, offset: offset, wordCount: 1).first
    return closed == 1 ? .closed : CounterWriterState(writer.state())
  }

  /// Whether the name now names another file, or none: its writer was started again.
  public func isReplaced() -> Bool {
    var status = stat()
    // SAFETY: `status` is there to be written.
    return unsafe stat(path, &status) != 0 || UInt64(status.st_dev) != device
      || UInt64(status.st_ino) != inode
  }

  func read(offset: Int, wordCount: Int) throws(CounterFileError) -> [UInt64] {
    try Self.read(descriptor, path, offset: offset, wordCount: wordCount)
  }

  private static func read(
    _ descriptor: CInt, _ path: String, offset: Int, wordCount: Int
  ) throws(CounterFileError) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: wordCount)
    let byteCount = wordCount * 8
    var done = 0
    var interruptions = 0
    while done < byteCount {
      // SAFETY: done < byteCount, which is the length of the array.
      let count = unsafe words.withUnsafeMutableBytes { bytes in
        unsafe pread(
          descriptor, bytes.baseAddress.map { unsafe $0 + done }, byteCount - done,
          off_t(offset + done))
      }
      if count > 0 {
        done += count
        continue
      }
      guard count != 0 else {
        throw CounterFileError(
          path: path,
          reason: .truncated(
            byteCount: UInt64(offset + done), expected: UInt64(offset + byteCount)))
      }
      interruptions += 1
      guard errno == EINTR, interruptions < 100 else {
        throw CounterFileError(path: path, reason: .system(operation: "pread", errno: errno))
      }
    }
    return words
  }

  /// Everything in the header follows from two capacities; each field is checked against them.
  private static func checked(
    _ header: capus_counters_header, size: UInt64, path: String
  ) throws(CounterFileError) -> CounterFileLayout {
    func field(_ name: String, _ offset: Int?, _ value: UInt64, _ expected: String)
      -> CounterFileError
    {
      CounterFileError(
        path: path,
        reason: .invalidField(
          name: name, offset: UInt64(offset ?? 0), value: "\(value)", expected: expected))
    }
    typealias Header = MemoryLayout<capus_counters_header>
    guard header.layoutVersion == UInt32(CAPUS_COUNTERS_LAYOUT_VERSION) else {
      throw CounterFileError(path: path, reason: .unsupportedVersion(header.layoutVersion))
    }
    guard CounterFileLayout.slotCapacityRange.contains(Int(header.slotCapacity)) else {
      throw field(
        "slotCapacity", Header.offset(of: \.slotCapacity), UInt64(header.slotCapacity),
        "1 to \(CAPUS_COUNTERS_SLOT_CAPACITY_MAX)")
    }
    guard header.histogramsByteCount <= UInt64(CAPUS_COUNTERS_HISTOGRAMS_BYTE_COUNT_MAX),
      header.histogramsByteCount % UInt64(CounterFileLayout.pageByteCount) == 0
    else {
      throw field(
        "histogramsByteCount", Header.offset(of: \.histogramsByteCount),
        header.histogramsByteCount, "pages, at most 2^30")
    }
    let layout = CounterFileLayout(
      slotCapacity: Int(header.slotCapacity),
      histogramByteCapacity: Int(header.histogramsByteCount))
    let fields: [(String, Int?, UInt64, Int)] = [
      (
        "headerByteCount", Header.offset(of: \.headerByteCount), UInt64(header.headerByteCount),
        CounterFileLayout.headerByteCount
      ),
      (
        "recordByteCount", Header.offset(of: \.recordByteCount), UInt64(header.recordByteCount),
        CounterFileLayout.recordByteCount
      ),
      (
        "valueByteStride", Header.offset(of: \.valueByteStride), UInt64(header.valueByteStride),
        CounterFileLayout.valueByteStride
      ),
      (
        "histogramHeaderByteCount", Header.offset(of: \.histogramHeaderByteCount),
        UInt64(header.histogramHeaderByteCount), CounterFileLayout.histogramHeaderByteCount
      ),
      (
        "recordsOffset", Header.offset(of: \.recordsOffset), header.recordsOffset,
        layout.recordsOffset
      ),
      (
        "valuesOffset", Header.offset(of: \.valuesOffset), header.valuesOffset,
        layout.valuesOffset
      ),
      (
        "histogramsOffset", Header.offset(of: \.histogramsOffset), header.histogramsOffset,
        layout.histogramsOffset
      ),
      (
        "fileByteCount", Header.offset(of: \.fileByteCount), header.fileByteCount,
        layout.fileByteCount
      ),
    ]
    for (name, offset, value, expected) in fields where value != UInt64(expected) {
      throw field(name, offset, value, "\(expected)")
    }
    guard size == header.fileByteCount else {
      throw CounterFileError(
        path: path, reason: .truncated(byteCount: size, expected: header.fileByteCount))
    }
    return layout
  }
}
