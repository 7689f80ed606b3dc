// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusCapture

@Suite struct ByteStreamTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func gzipped(_ bytes: [UInt8], level: Int = 6) throws -> [UInt8] {
    let name = "\(UUID().uuidString).gz"
    let writer = try AtomicFileWriter(path: folder.path(name), compression: .gzip(level: level))
    try writer.write(bytes)
    try writer.commit()
    return try folder.bytes(name)
  }

  private func open(
    _ bytes: [UInt8], sourceByteCount: Int = 1 << 18
  ) throws -> GzipChunkProducer {
    let path = try folder.write(UUID().uuidString, bytes)
    return try GzipChunkProducer(FileChunkProducer(path: path), sourceByteCount: sourceByteCount)
  }

  // MARK: Plain

  @Test func aFileIsDeliveredWhateverTheBuffers() throws {
    let bytes = sampleBytes(10_000, seed: 1)
    let path = try folder.write("plain", bytes)
    for sizes in [[1], [2, 3, 5], [4_096], [9_999], [10_000], [10_001]] {
      let producer = try openByteStream(path)
      #expect(producer.inputByteCount == 10_000)
      #expect(drain(producer, sizes: sizes) == Delivery(bytes: bytes), "sizes \(sizes)")
      #expect(producer.inputBytesRead == 10_000)
    }
  }

  @Test func aFileOfOneByteIsNoGzip() throws {
    let path = try folder.write("one", [0x1F])
    #expect(try drain(openByteStream(path)) == Delivery(bytes: [0x1F]))
  }

  @Test func whatCannotBeOpenedSaysWhy() throws {
    let empty = try folder.write("empty", [])
    let cases: [(String, CaptureError.Reason)] = [
      (folder.path("absent"), .missing), (empty + "/below", .missing), (empty, .empty),
      (folder.path(""), .isDirectory),
    ]
    for (path, reason) in cases {
      let expected = CaptureError(path: path, reason: reason)
      #expect(throws: expected) { try openByteStream(path) }
      #expect(throws: expected) { try PcapReader(path: path) }
      #expect(expected.description.hasPrefix("\(path): "))
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may read every file"))
  func aForbiddenFileSaysSo() throws {
    let path = try folder.write("forbidden", [1, 2, 3])
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
    #expect(throws: CaptureError(path: path, reason: .notPermitted)) { try openByteStream(path) }
  }

  @Test func errorsOfOpenNameTheirCause() {
    func reason(_ errno: Int32) -> CaptureError.Reason {
      CaptureError(path: "x", errno: errno, operation: "open").reason
    }
    #expect(reason(EACCES) == .notPermitted && reason(EPERM) == .notPermitted)
    #expect(reason(ENOENT) == .missing && reason(ENOTDIR) == .missing)
    #expect(reason(EISDIR) == .isDirectory)
    #expect(reason(EMFILE) == .system(operation: "open", errno: EMFILE))
    #expect(!CaptureError(path: "x", reason: .notPermitted).isUsageError)
    #expect(CaptureError(path: "x", reason: .isDirectory).isUsageError)
    #expect(!CaptureError(path: "x", reason: .empty).isUsageError)
    let damage = CaptureError(path: "a.gz", offset: 7, reason: .corrupt("why"))
    #expect(damage.description == "a.gz: offset 7: damaged: why")
  }

  // MARK: Gzip

  @Test func gzipIsFoundByItsFirstBytes() throws {
    let bytes = sampleBytes(5_000, seed: 2)
    let path = try folder.write("no-suffix", gzipped(bytes))
    let producer = try openByteStream(path)
    #expect(producer is GzipChunkProducer)
    #expect(drain(producer) == Delivery(bytes: bytes))
    #expect(producer.inputBytesRead == producer.inputByteCount)
  }

  @Test func membersAreJoinedWhereverReadsAndBuffersEnd() throws {
    let parts = [
      sampleBytes(3_000, seed: 3), [], sampleBytes(1, seed: 4), sampleBytes(2_000, seed: 5),
      [UInt8](repeating: 7, count: 5_000),
    ]
    var file: [UInt8] = []
    for (level, part) in zip([1, 9, 6, 1, 9], parts) { file += try gzipped(part, level: level) }
    let whole = parts.flatMap { $0 }
    for sourceByteCount in Array(1...40) + [511, 512, file.count - 1, file.count] {
      for sizes in [[1 << 16], [1, 7, 300], [whole.count], [1]] {
        let delivery = try drain(open(file, sourceByteCount: sourceByteCount), sizes: sizes)
        #expect(
          delivery == Delivery(bytes: whole), "reads of \(sourceByteCount), buffers of \(sizes)")
      }
    }
  }

  @Test func highlyCompressedBytesFitSmallBuffers() throws {
    let whole = [UInt8](repeating: 0x41, count: 300_000)
    let file = try gzipped(whole, level: 9)
    #expect(file.count < 1_000)
    for sizes in [[1, 2, 3, 5], [257], [258], [259], [32_768], [65_536]] {
      #expect(try drain(open(file), sizes: sizes) == Delivery(bytes: whole), "buffers of \(sizes)")
    }
  }

  @Test func everyTruncationDeliversWhatIsThereAndSaysSo() throws {
    let whole = sampleBytes(1_500, seed: 6)
    let file = try gzipped(whole) + gzipped([1, 2, 3])
    let firstMember = try gzipped(whole).count
    for count in 1..<file.count {
      let delivery = try drain(open(Array(file.prefix(count)), sourceByteCount: 64), sizes: [100])
      #expect(whole.starts(with: delivery.bytes.prefix(whole.count)), "\(count) bytes")
      if count == firstMember {
        #expect(delivery == Delivery(bytes: whole))
        continue
      }
      #expect(delivery.error?.offset == UInt64(count), "\(count) bytes")
      guard case .truncated = delivery.error?.reason else {
        Issue.record("\(count) bytes: \(String(describing: delivery.error))")
        continue
      }
      if count > firstMember { #expect(delivery.bytes.count >= whole.count) }
    }
  }

  @Test func aWrongChecksumOrLengthIsToldAfterTheBytes() throws {
    let whole = sampleBytes(100_000, seed: 7)
    let file = try gzipped(whole)
    for place in 1...8 {
      var damaged = file
      damaged[file.count - place] ^= 0x10
      let delivery = try drain(open(damaged))
      #expect(delivery.bytes == whole, "byte \(place) from the end")
      guard case .corrupt = delivery.error?.reason else {
        Issue.record("byte \(place) from the end: \(String(describing: delivery.error))")
        continue
      }
    }
  }

  @Test func errorsRepeat() throws {
    let producer = try open(Array(gzipped([1, 2, 3]).dropLast()))
    let first = drain(producer)
    #expect(first.bytes == [1, 2, 3] && first.error != nil)
    #expect(drain(producer) == Delivery(error: first.error))
  }

  @Test(arguments: [[0x00], [0x20, 0x1F, 0x8B], [0x1F, 0x00], Array("garbage".utf8)])
  func trailingGarbageIsToldAfterTheBytes(garbage: [UInt8]) throws {
    let whole = sampleBytes(2_000, seed: 8)
    let file = try gzipped(whole)
    for sourceByteCount in [1, 100, file.count, 1 << 18] {
      let delivery = try drain(open(file + garbage, sourceByteCount: sourceByteCount))
      #expect(delivery.bytes == whole)
      #expect(delivery.error != nil, "reads of \(sourceByteCount)")
    }
  }

  @Test func mutatedGzipNeverTrapsNorHangs() throws {
    let whole = sampleBytes(2_000, seed: 9)
    let file = try gzipped(whole)
    var mutator = ByteMutator(seed: 10)
    var errorCount = 0
    let rounds = allocationsAreCounted ? 10_000 : 1_500
    for _ in 0..<rounds {
      let damaged = mutator.mutated(file)
      guard !damaged.isEmpty else { continue }
      let delivery = try drain(open(damaged, sourceByteCount: 97), sizes: [333])
      // Deflate turns a byte into 1,032 at most.
      #expect(delivery.bytes.count <= damaged.count * 1_032)
      errorCount += delivery.error == nil ? 0 : 1
    }
    #expect(errorCount > rounds * 3 / 4)
  }
}
