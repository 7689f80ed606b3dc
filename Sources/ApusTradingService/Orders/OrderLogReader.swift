// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCapture
public import ApusTrading

/// Reads an order log, plain or compressed with gzip, in batches; a thread of its own reads ahead.
///
/// - Threading: one thread at a time.
public struct OrderLogReader: ~Copyable {
  /// The file.
  public let path: String
  /// What the log begins with.
  public let header: OrderLogHeader
  /// Records handed out.
  public private(set) var recordCount: UInt64 = 0
  private let reader: ReadAhead
  private var lastTime: UInt64 = 0
  /// What was read together with the header.
  private var waiting: [OrderLogRecord] = []
  /// What is wrong behind the records handed out.
  private var failure: CaptureError?

  /// Opens a log and reads its header.
  ///
  /// - Throws: `CaptureError` naming the file, and the offset of what is wrong in it.
  public init(path: String) throws(CaptureError) {
    try self.init(openByteStream(path))
  }

  /// Reads the header from a stream of the log's bytes, decompressed.
  ///
  /// - Throws: `CaptureError` naming the file, and the offset of what is wrong in it.
  public init(_ stream: any ChunkProducer) throws(CaptureError) {
    let path = stream.path
    let reader = try ReadAhead(producer: stream)
    var found: Result<OrderLogHeader, OrderLogHeader.Rejection>?
    var first: [OrderLogRecord] = []
    var more = true
    while more, found == nil {
      more = try reader.nextWindow { window, _, isLast in
        guard window.byteCount >= OrderLogHeader.byteCount || isLast else { return 0 }
        do throws(OrderLogHeader.Rejection) {
          found = .success(try OrderLogHeader(bytes: window))
        } catch {
          found = .failure(error)
          return 0
        }
        let rest = window.extracting(OrderLogHeader.byteCount...)
        return OrderLogHeader.byteCount + Self.decode(rest, into: &first)
      }
    }
    guard let found else { throw CaptureError(path: path, reason: .empty) }
    do throws(OrderLogHeader.Rejection) {
      header = try found.get()
    } catch {
      throw Self.error(path, error, byteCount: reader.inputBytesRead)
    }
    self.path = path
    self.reader = reader
    waiting = first
  }

  /// How much of the file was read. Unit: bytes.
  public var inputBytesRead: UInt64 { reader.inputBytesRead }

  /// Size of the file as stored; nil where it is not known. Unit: bytes.
  public var inputByteCount: UInt64? { reader.inputByteCount }

  /// Puts the next records in place of those in an array.
  ///
  /// - Returns: False, and no records, at the end.
  /// - Throws: `CaptureError` for a log that ends early, goes on after its last record or has a time
  ///   that goes back, after every record before that was handed out.
  public mutating func next(into records: inout [OrderLogRecord]) throws(CaptureError) -> Bool {
    records.removeAll(keepingCapacity: true)
    if let failure { throw failure }
    swap(&records, &waiting)
    var more = true
    while more, records.isEmpty {
      do throws(CaptureError) {
        more = try reader.nextWindow { window, _, _ in Self.decode(window, into: &records) }
      } catch {
        failure = error
        throw error
      }
    }
    check(&records)
    if records.isEmpty { try finish() }
    return !records.isEmpty
  }

  private static func decode(_ bytes: RawSpan, into records: inout [OrderLogRecord]) -> Int {
    let count = bytes.byteCount / OrderLogRecord.byteCount
    for index in 0..<count {
      records.append(OrderLogRecord(bytes: bytes, at: index * OrderLogRecord.byteCount))
    }
    return count * OrderLogRecord.byteCount
  }

  private func offset(_ recordIndex: UInt64) -> UInt64 {
    UInt64(OrderLogHeader.byteCount) + recordIndex * UInt64(OrderLogRecord.byteCount)
  }

  /// Cuts the records off before the first one that cannot be.
  private mutating func check(_ records: inout [OrderLogRecord]) {
    var good = 0
    for record in records {
      if recordCount == header.recordCount {
        failure = CaptureError(
          path: path, offset: offset(recordCount),
          reason: .corrupt("data follows the last of its \(header.recordCount) records"))
        break
      }
      if record.timeNanoseconds < lastTime {
        failure = CaptureError(
          path: path, offset: offset(recordCount),
          reason: .corrupt("the time goes back from \(lastTime) to \(record.timeNanoseconds)"))
        break
      }
      lastTime = record.timeNanoseconds
      recordCount += 1
      good += 1
    }
    records.removeLast(records.count - good)
  }

  private func finish() throws(CaptureError) {
    if let failure { throw failure }
    let trailing = reader.trailingByteCount
    if recordCount == header.recordCount, trailing == 0 { return }
    if recordCount == header.recordCount {
      throw CaptureError(
        path: path, offset: offset(recordCount),
        reason: .corrupt("data follows the last of its \(header.recordCount) records"))
    }
    throw CaptureError(
      path: path, offset: offset(recordCount),
      reason: .truncated(
        "\(recordCount) of \(header.recordCount) records are there"
          + (trailing > 0 ? ", and \(trailing) bytes of the next" : "")))
  }

  private static func error(
    _ path: String, _ rejection: OrderLogHeader.Rejection, byteCount: UInt64
  ) -> CaptureError {
    let reason: CaptureError.Reason =
      switch rejection {
      case .short: .truncated("the data ends in the header, after \(byteCount) bytes")
      case .magic: .foreign("no order log")
      case .version(let version):
        .foreign(
          "version \(version) of the order log, expected \(OrderLogHeader.version); "
            + "use the apus that wrote it")
      case .recordByteCount(let count):
        .foreign("records of \(count) bytes, expected \(OrderLogRecord.byteCount)")
      case .kind: .corrupt("the name of its kind is no printable text")
      case .reserved: .foreign("reserved bytes that are not zero; use the apus that wrote it")
      }
    return CaptureError(path: path, offset: UInt64(rejection.byteOffset), reason: reason)
  }
}
