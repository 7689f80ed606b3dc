// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusIO
import ApusTestSupport
import Testing

@Suite struct ConnectionTests {
  @Test(arguments: systemChoices)
  func bytesGoThereAndBack(_ choice: EventLoopChoice) throws {
    let server = try Driver(choice)
    let (listener, address) = try server.loop.listen(at: loopback())
    let client = try server.loop.connect(to: address)
    var accepted: ConnectionID?
    var back: [UInt8] = []
    let sent = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var offset = 0
    func feed() {
      offset += server.loop.send(sent.span.bytes.extracting(offset..<sent.count), on: client)
    }
    let isDone = try server.run { event in
      switch event {
      case .accepted(let connection, let from):
        #expect(from == listener)
        accepted = connection
      case .connected(let connection):
        #expect(connection == client)
        feed()
      case .writable(let connection) where connection == client: feed()
      case .received(let connection, let received):
        if connection == client {
          server.loop.withBytes(of: received) { span in
            for index in 0..<span.byteCount {
              back.append(span.unsafeLoad(fromByteOffset: index, as: UInt8.self))
            }
          }
        } else {
          #expect(server.loop.send(received, on: connection) == received.byteCount)
        }
      default: Issue.record("\(event)")
      }
      return back.count == sent.count
    }
    #expect(isDone)
    #expect(back == sent)
    #expect(accepted != nil)
    server.loop.close(client)
    var closed: [CloseReason] = []
    _ = server.run(seconds: 2) { event in
      switch event {
      case .ended(let connection): server.loop.close(connection)
      case .closed(_, let reason): closed.append(reason)
      default: Issue.record("\(event)")
      }
      return closed.count == 2
    }
    #expect(closed == [.requested, .requested])
    server.loop.close(listener)
    server.settle()
    #expect(server.loop.socketCount == 0)
  }
}
