// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTLS
import ApusTestSupport
import Testing

@Suite struct TLSAllocationTests {
  /// Messages from one session to the other through memory that was taken before; the bytes that came.
  private func exchange(_ pair: SessionPair, _ memory: Memory, roundCount: Int) -> Int {
    var received = 0
    for _ in 0..<roundCount {
      received += Self.move(&pair.client.session, &pair.server.session, memory)
      received += Self.move(&pair.server.session, &pair.client.session, memory)
    }
    return received
  }

  private static func move(
    _ sender: inout TLSSession, _ receiver: inout TLSSession, _ memory: Memory
  ) -> Int {
    var rest = unsafe UnsafeRawBufferPointer(memory.message)
    var received = 0
    while unsafe !rest.isEmpty || sender.hasPendingOutput {
      // SAFETY: the areas are apart, and kept by `memory`.
      let sealed = unsafe sender.send(rest, into: memory.wire)
      unsafe rest = UnsafeRawBufferPointer(rebasing: rest[sealed.consumedByteCount...])
      var wire = unsafe UnsafeRawBufferPointer(
        rebasing: UnsafeRawBufferPointer(memory.wire)[..<sealed.producedByteCount])
      while true {
        let opened = unsafe receiver.receive(wire, into: memory.plaintext)
        received += opened.producedByteCount
        unsafe wire = UnsafeRawBufferPointer(rebasing: wire[opened.consumedByteCount...])
        guard opened.outcome == .wantsOutputSpace else { break }
      }
    }
    return received
  }

  @safe
  private final class Memory {
    @unsafe let message: UnsafeMutableRawBufferPointer
    @unsafe let wire: UnsafeMutableRawBufferPointer
    @unsafe let plaintext: UnsafeMutableRawBufferPointer

    init(message: Int, wire: Int, plaintext: Int) {
      unsafe self.message = .allocate(byteCount: message, alignment: 16)
      unsafe self.wire = .allocate(byteCount: wire, alignment: 16)
      unsafe self.plaintext = .allocate(byteCount: plaintext, alignment: 16)
      unsafe self.message.initializeMemory(as: UInt8.self, repeating: 7)
    }

    deinit {
      unsafe message.deallocate()
      unsafe wire.deallocate()
      unsafe plaintext.deallocate()
    }
  }

  /// OpenSSL 3.0 takes four blocks of 40 bytes for a record: three as it seals it (the subpackets in
  /// which it writes headers), one as it opens it. Nothing else allocates, of however many calls.
  ///
  /// Lengths of messages, and of the room on the wire and behind it: short ones, several records, and
  /// rooms that are always full, with hundreds of calls for a message.
  @Test(
    .enabled(if: allocationsAreCounted, "unoptimised code and sanitizers allocate on their own"),
    arguments: [(64, 4096, 4096), (65_536, 1 << 17, 1 << 17), (50_000, 700, 300)])
  func onlyOpenSSLAllocatesAndFourTimesARecord(message: Int, wire: Int, plaintext: Int) throws {
    let pair = try SessionPair.established()
    let memory = Memory(message: message, wire: wire, plaintext: plaintext)
    #expect(exchange(pair, memory, roundCount: 3) == 6 * message)
    var received = 0
    let count = allocationCount { received = exchange(pair, memory, roundCount: 100) }
    #expect(received == 200 * message)
    let recordCount = 200 * ((message + 16_383) / 16_384)
    #expect(count <= 4 * UInt64(recordCount))
  }
}
