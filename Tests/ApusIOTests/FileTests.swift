// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import Glibc
import Testing

@Suite struct FileTests {
  private func outcome(_ driver: Driver, _ buffer: FileBufferID) -> FileOutcome? {
    guard driver.run(until: { driver.files.count == 1 }) else { return nil }
    let (done, outcome) = driver.files.removeLast()
    #expect(done == buffer)
    return outcome
  }

  @Test(arguments: systemChoices)
  func whatIsWrittenIsRead(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let folder = try ScratchFolder()
    let file = try driver.loop.openFile(folder.path + "/data", writes: true)
    let buffer = try #require(driver.loop.takeFileBuffer())
    let sent = pattern(10_000)
    driver.loop.withBytes(of: buffer) { span in
      for (place, byte) in sent.enumerated() {
        span.storeBytes(of: byte, toByteOffset: place, as: UInt8.self)
      }
    }
    #expect(driver.loop.write(file, at: 5_000, byteCount: 10_000, from: buffer))
    #expect(outcome(driver, buffer) == .done(byteCount: 10_000))
    #expect(driver.loop.sync(file, with: buffer))
    #expect(outcome(driver, buffer) == .done(byteCount: 0))
    // The end of the file is short.
    #expect(driver.loop.read(file, at: 14_000, byteCount: 60_000, into: buffer))
    #expect(outcome(driver, buffer) == .done(byteCount: 1_000))
    let got = driver.loop.withBytes(of: buffer) { array($0.bytes) }
    #expect(Array(got[..<1_000]) == Array(sent[9_000...]))
    #expect(driver.loop.read(file, at: 15_000, byteCount: 1, into: buffer))
    #expect(outcome(driver, buffer) == .done(byteCount: 0))
    driver.loop.give(buffer)
    driver.loop.close(file)
    driver.settle()
    #expect(driver.loop.socketCount == 0)
    let other = try #require(driver.loop.takeFileBuffer())
    #expect(!driver.loop.sync(file, with: other))
    #expect(driver.loop.counters.fileOperationCount == 4)
  }

  @Test(arguments: systemChoices)
  func failuresHaveTheirErrno(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let folder = try ScratchFolder()
    func failure(_ path: String) -> Int32? {
      do throws(IOError) {
        _ = try driver.loop.openFile(path)
      } catch .system(_, let operand, let errno) {
        #expect(operand == path)
        return errno
      } catch {}
      return nil
    }
    #expect(failure(folder.path + "/absent") == ENOENT)
    #expect(failure(folder.path) == EISDIR)
    _ = try driver.loop.openFile(folder.path + "/data", writes: true)
    let file = try driver.loop.openFile(folder.path + "/data")
    let buffer = try #require(driver.loop.takeFileBuffer())
    // Opened to be read.
    #expect(driver.loop.write(file, at: 0, byteCount: 10, from: buffer))
    #expect(outcome(driver, buffer) == .failed(errno: EBADF))
    #expect(driver.loop.counters.failedFileOperationCount == 1)
  }

  @Test(arguments: systemChoices)
  func aFileIsClosedAfterWhatIsUnderWay(_ choice: EventLoopChoice) throws {
    let driver = try Driver(choice)
    let folder = try ScratchFolder()
    let file = try driver.loop.openFile(folder.path + "/data", writes: true)
    var buffers: [FileBufferID] = []
    while let buffer = driver.loop.takeFileBuffer() { buffers.append(buffer) }
    #expect(buffers.count == 4)
    for (place, buffer) in buffers.enumerated() {
      #expect(driver.loop.write(file, at: UInt64(place) << 16, byteCount: 1 << 16, from: buffer))
    }
    driver.loop.close(file)
    #expect(driver.run(until: { driver.files.count == 4 }))
    #expect(driver.files.allSatisfy { $0.outcome == .done(byteCount: 1 << 16) })
    driver.settle()
    #expect(driver.loop.socketCount == 0)
    for buffer in buffers { driver.loop.give(buffer) }
  }
}
